# SPDX-License-Identifier: MIT
"""Compares the rows of a dump with the waits that tests/targets/wrap_waits has printed for its
threads: state, object, owner. Usage: wait_rows.py DUMP WAITS PID native|agent"""
import json
import re
import sys

dump, said, pid, way = sys.argv[1:]
NAMES = {}
with open("src/core/state.def", encoding="utf-8") as table:
    for line in table:
        found = re.match(r'STATE\((\d+), \w+, \w+, "([^"]+)"', line)
        if found:
            NAMES[found.group(1)] = found.group(2)

# For each beginning of a name: the kind of object, its text with ADDRESS, FD and OWNER to be replaced,
# and its holder: the main thread, the target of a join, a process, or none.
PIPE = r"fd FD pipe:\[\d+\], with wrap_waits OTHER"
UNIX = r"fd FD unix, with wrap_waits OTHER and 1 more"
FILE = r"fd FD /tmp/\S*wrap_waits\.\w+, held by wrap_waits OTHER"
SLEEP = r"(16m40s|1d\d+h|1d3h)(, until about .+)?"
QUEUE = r"fd FD /wrap_waits-\d+ \(deleted\)"
ROWS = [
    (r"mutex_.*|mtx_.*", "mutex", r"mutex ADDRESS, held by tMAIN", "main"),
    (r".*rdlock|.*wrlock", "rwlock", r"rwlock ADDRESS, held by tMAIN", "main"),
    (r"cond_.*|cnd_.*", "cond", r"cond ADDRESS", None),
    (r"sem_.*", "semaphore", r"semaphore ADDRESS", None),
    (r"barrier", "barrier", r"barrier ADDRESS", None),
    (r"join|timedjoin|clockjoin|thrd_join", "thread", r"tFD", "join"),
    (r"syscall_futex|syscall_bitset", "futex", r"futex ADDRESS", None),
    (r"syscall_lock_pi", "mutex", r"mutex ADDRESS, held by tMAIN", "main"),
    (r"main_read", "fd", r"fd 0 .*/in(, with .*)?", "any"),
    (r"syscall_poll|poll|ppoll|select|pselect", "fd", PIPE.replace("FD", "READ"), "process"),
    (r"epoll_.*", "fds?", r"epoll FD without fds", None),
    (r"aio_suspend", "fds", r"(aio requests at|fds) 0x[0-9a-f]+", None),
    (r"syscall_read|readv?|preadv2|splice|tee", "fd", PIPE, "process"),
    (r"recv.*", "fd", UNIX, "process"),
    (r"send\w*", "fd", UNIX, "process"),
    (r"writev?|pwritev2", "fd", PIPE + " and 1 more", "process"),
    (r"eventfd_read", "fd", r"fd FD eventfd, count 0", None),
    (r"eventfd_write", "fd", r"fd FD eventfd, count 18446744073709551614", None),
    (r"accept4?", "fd", r"fd FD unix @\w+", None),
    (r"connect", "fd", r"fd FD unix -> @wrap_waits\d+", None),
    (r"flock", "fd", r"fd FD /tmp/\S*wrap_waits\.\w+, held by itself and \d+ more", "any"),
    (r"fcntl_.*|lockf", "fd", FILE, "process"),
    (r"clock_nanosleep", "timer", r"until \d{4}-\d\d-\d\d \d\d:\d\d", None),
    (r"syscall_nanosleep|.*sleep", "timer", SLEEP, None),
    (r"waitpid|wait4|waitid", "pid", r"child FD wrap_waits", "child"),
    (r"wait3?", "pid", r"any child, such as wrap_waits OTHER and 1 more", "process"),
    (r"pclose", "pid", r"child \d+ cat", "any"),
    (r"sigtimedwait", "signal", r"signal USR2, 1d\d+h at most", None),
    (r"sigwait(info)?", "signal", r"signal USR2", None),
    (r"pause|sigsuspend", "signal", r"a signal", None),
    (r"semtimedop", "ipc", r"id NUMBER, 1d\d+h at most", None),
    (r"msgrcv|msgsnd|semop", "ipc", r"id NUMBER", None),
    (r"mq_.*", "fd", QUEUE, None),
]
# These waits have a time limit, which the agent does not publish for all of them.
LIMITED = r"(mutex|mtx|cond|cnd|sem)_(timed|clock)\w+|(timed|clock)(rdlock|wrlock|join)|mq_timed\w+"
LIMIT = {"native": ", 1d\\d+h at most", "agent": "(, 1d\\d+h at most)?"}
# From outside, a raw futex system call that locks is the same as a mutex.
STATES = {"native": {"syscall_lock_pi": "mutex"}, "agent": {}}


def row_of(name):
    for pattern, *row in ROWS:
        # Names of variants: read_alias, poll_chk, nanosleep_alias, wait3 …
        plain = re.sub(r"_(alias|chk)$", "", name)
        if re.fullmatch(pattern, plain):
            return row
    return None


def the_cat(rows):
    """The process that pclose() waits for; it has all descriptors that the child has."""
    texts = ((t["waits_on"] or {}).get("text") or "" for t in rows.values())
    found = [re.fullmatch(r"child (\d+) cat", text) for text in texts]
    return next((int(f.group(1)) for f in found if f), sys.maxsize)


def check(words, rows, other, read_fd):
    name, tid, state, address, fd = words[1], int(words[2]), words[3], int(words[4], 0), int(words[5])
    task = rows.get(tid)
    if not task:
        return f"{name}: no row"
    want_state = STATES[way].get(name, NAMES[state])
    if task["state"] != want_state:
        return f"{name}: {task['state']}, not {want_state}"
    row = row_of(name)
    if not row:
        return f"{name}: nothing is known of it here"
    kind, text, holder = row
    # The process with the lower pid comes first; pids start again after the highest.
    cat = the_cat(rows)
    if cat < other and "with wrap_waits OTHER and 1 more" in text:
        text, other = text.replace("wrap_waits OTHER", "cat OTHER"), cat
    if re.fullmatch(LIMITED, re.sub(r"_(alias|chk)$", "", name)):
        text += LIMIT[way]
    waits = task["waits_on"] or {}
    shown = "0x%x" % address
    for word, value in (("ADDRESS", shown), ("NUMBER", str(address)), ("FD", str(fd)),
                        ("READ", str(read_fd)), ("MAIN", pid), ("OTHER", str(other))):
        text = text.replace(word, value)
    if not re.fullmatch(kind, waits.get("kind") or ""):
        return f"{name}: kind {waits.get('kind')}, not {kind}"
    if not re.fullmatch(text, waits.get("text") or ""):
        return f"{name}: '{waits.get('text')}', not '{text}'"
    if "ADDRESS" in row[1] and waits["address"] != shown:
        return f"{name}: address {waits['address']}, not {shown}"
    owner = {"main": "t" + pid, "join": f"t{fd}"}.get(holder)
    if waits["owner"] != owner:
        return f"{name}: owner {waits['owner']}, not {owner}"
    process = {"process": other, "child": fd}.get(holder)
    if holder != "any" and waits["owner_pid"] != process:
        return f"{name}: owner_pid {waits['owner_pid']}, not {process}"
    return None


def main():
    with open(dump, encoding="utf-8") as file:
        rows = {t["tid"]: t for t in json.load(file)["tasks"]}
    with open(said, encoding="utf-8") as file:
        waits = [line.split() for line in file if line.startswith("wait ")]
    by_name = {words[1]: words for words in waits}
    # The child has the other ends of all pipes and sockets.
    other, read_fd = int(by_name["waitpid"][5]), int(by_name["read"][5])
    wrong = [w for w in (check(words, rows, other, read_fd) for words in waits) if w]
    print(f"{len(waits)} waits", *wrong, sep="\n")
    sys.exit(len(waits) < 95 or wrong != [])


main()
