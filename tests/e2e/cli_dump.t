#!/bin/sh
# SPDX-License-Identifier: MIT
# grmon-c dump on a real program: the JSON schema field by field, the text, and outputs that
# go away or are full.
. "$(dirname "$0")/lib.sh"
need python3
plan 24

cat >"$work/program.py" <<'PY'
import ctypes, os, threading, time
libc = ctypes.CDLL(None)
gate = threading.Lock()
gate.acquire()
def wait():
    libc.prctl(15, b"na\xffme\x1b[2J", 0, 0, 0)
    gate.acquire()
for _ in range(3):
    threading.Thread(target=wait, daemon=True).start()
with open("ready", "w"):
    pass
time.sleep(600)
PY
cd "$work" || exit 1
start python3 "$work/program.py"
pid=$last
check 'the program has its threads' until_true sees "$pid" "count name=$(printf 'na\357\277\275me\033[2J') = 3"

cat >"$work/schema.py" <<'PY'
import json, os, re, sys
text = open(sys.argv[1], "rb").read().decode("utf-8")
d = json.loads(text)
number = (int, float)
none = type(None)
def check(value, types, where):
    types = types if isinstance(types, tuple) else (types,)
    good = type(value) in types
    if not good:
        sys.exit(f"{where}: {value!r} is not {types}")
def fields(o, wanted, where):
    check(o, dict, where)
    if list(o) != list(wanted):
        sys.exit(f"{where}: fields {list(o)}, not {list(wanted)}")
    for key, types in wanted.items():
        check(o[key], types, f"{where}.{key}")
fields(d, {"grmon": int, "target": dict, "time": str, "clock_ns": int, "counts": dict,
           "resources": dict, "tasks": list, "cycles": list, "errors": list}, "dump")
fields(d["target"], {"pid": int, "name": str, "sources": list, "runtime": (str, none)}, "target")
fields(d["counts"], {"tasks": int, "stuck": int, "long": int, "by_state": dict, "by_class": dict}, "counts")
fields(d["resources"], {"rss_bytes": (int, none), "threads": (int, none), "fds": (int, none),
                        "children": (int, none), "posix_timers": (int, none),
                        "inotify_watches": (int, none), "fds_by_kind": (dict, none),
                        "sockets_by_state": (dict, none), "limits": (dict, none)}, "resources")
assert d["grmon"] == 1 and d["target"]["pid"] == int(sys.argv[2])
assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", d["time"]), d["time"]
assert d["target"]["sources"] and all(type(s) is str for s in d["target"]["sources"])
assert sum(d["counts"]["by_state"].values()) == d["counts"]["tasks"] == len(d["tasks"])
assert sum(d["counts"]["by_class"].values()) == d["counts"]["tasks"]
threads = {int(x) for x in os.listdir(f"/proc/{sys.argv[2]}/task")}
assert d["resources"]["threads"] == len(threads) and d["resources"]["rss_bytes"] > 1 << 20
frame = {"function": (str, none), "file": (str, none), "line": (int, none), "address": (str, none)}
frames = 0
for t in d["tasks"]:
    fields(t, {"id": str, "kind": str, "tid": (int, none), "name": str, "state": str,
               "class": str, "raw": (str, none), "age_ns": (int, none), "age_exact": bool,
               "idle": bool, "stuck": bool, "long": bool, "evidence": (str, none), "waits_on": (dict, none), "stack": list, "truncated": bool,
               "created_by": list, "parent": (str, none), "labels": dict, "cpu_percent": (float, int, none),
               "switches": int, "suspect": bool, "proven": bool}, t["id"])
    if t["waits_on"] is not None:
        fields(t["waits_on"], {"kind": str, "address": (str, none), "text": str,
                               "owner": (str, none),
                               "owner_pid": (int, none)}, t["id"] + ".waits_on")
    for f in t["stack"] + t["created_by"]:
        assert f.pop("inlined", True) is True
        assert f.pop("library", True) is True
        fields(f, frame, t["id"] + ".frame")
        frames += 1
    assert t["id"] == f"t{t['tid']}" and t["kind"] == "thread"
assert frames > 8, "hardly any frames"
assert threads >= {t["tid"] for t in d["tasks"]} and len(threads) == len(d["tasks"])
PY
dump "$pid"
check 'every field of the JSON has its name, place and type' python3 "$work/schema.py" "$work/dump.json" "$pid"
check 'the waiters are of class lock, the main thread sleeps' sees "$pid" \
	'count class=lock = 3 and count state=sleep = 1 and row state=sleep has idle'
check 'ages span both looks' sees "$pid" 'every has age_ns>=90000000'
check 'a filter leaves the counts whole' sees "$pid" \
	'count = 1 and has counts.tasks=4' --filter state:sleep
check 'that threads may be stopped is said' sees "$pid" 'has target.sources.*=ptrace' --ptrace
check 'not stuck by the default limit' sees "$pid" 'has counts.stuck=0'
by_id() {
	dump "$pid" --sort id:desc && ask 'list id' >"$work/ids" && LC_ALL=C sort -r "$work/ids" | diff "$work/ids" -
}
check 'an option after the target counts' by_id

text() { LC_ALL=C.UTF-8 "$client" dump "$pid" "$@" >"$work/text"; }
columns() {
	text --columns name,state --sort name && grep -qx 'NAME *STATE' "$work/text" &&
		grep -qE '^na\\xffme\\x1b\[2J +(futex|semaphore|mutex)$' "$work/text" &&
		! LC_ALL=C grep -q "$(printf '\033')" "$work/text"
}
check 'the text has the chosen columns and escapes what harms' columns
head_lines() {
	text && head -2 "$work/text" | grep -q "^python3.*pid $pid" && grep -q '^tasks 4, stuck 0' "$work/text"
}
check 'the text begins with the target and the counts' head_lines
stacks() { text --stacks && grep -qE '^ +#0 ' "$work/text" && grep -qE '^ +#[0-9]+ +_start' "$work/text"; }
check '--stacks shows whole stacks' stacks

to_file() { "$client" dump -f json -o "$work/file.json" "$pid" && python3 "$work/schema.py" "$work/file.json" "$pid"; }
check 'a dump into a file' to_file
full() {
	"$client" dump "$pid" >/dev/full 2>"$work/err"
	[ $? -eq 2 ] && grep -q 'No space left' "$work/err"
}
check 'a full disk is an error' full
unwritable() {
	"$client" dump -o "$work/no/such/folder" "$pid" 2>"$work/err"
	[ $? -eq 2 ] && grep -q 'cannot write' "$work/err"
}
check 'an output that cannot be opened is an error' unwritable
# A reader that has seen enough: the end that SIGPIPE brings, and no complaint.
cat >"$work/pipe.py" <<'PY'
import os, subprocess, sys
r, w = os.pipe()
os.close(r)
p = subprocess.run(sys.argv[1:], stdout=w, stderr=subprocess.PIPE, timeout=20)
print(p)
sys.exit(0 if p.returncode == -13 and not p.stderr else 1)
PY
check 'a closed pipe ends it silently by SIGPIPE' python3 "$work/pipe.py" "$client" dump -f json "$pid"

# The target ends between the looks: soon after the client holds it by a pidfd.
cat >"$work/ends.py" <<'PY'
import os, subprocess, sys, time
client = sys.argv[1]
for attempt in range(20):
    target = subprocess.Popen(["sleep", "600"])
    p = subprocess.Popen([client, "dump", str(target.pid)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    held = False
    while not held and p.poll() is None:
        try:
            # Where a file system may not answer, a child does the work.
            pids = [p.pid, *map(int, open(f"/proc/{p.pid}/task/{p.pid}/children").read().split())]
        except OSError:
            pids = [p.pid]
        for pid in pids:
            for fd in range(3, 20):
                try:
                    held |= "pidfd" in os.readlink(f"/proc/{pid}/fd/{fd}")
                except OSError:
                    pass
    time.sleep(attempt % 10 * 0.01)
    target.kill()
    target.wait()
    out, err = p.communicate(timeout=20)
    print(p.returncode, out, err)
    if p.returncode == 4:
        sys.exit(0 if b"ended" in err and not out else 1)
sys.exit(1)
PY
check 'a target that ends meanwhile gives status 4' python3 "$work/ends.py" "$client"

ls_json() {
	"$client" ls -f json >"$work/ls.json" &&
		ask_file "$work/ls.json" "in processes.* row pid=$pid has tasks=4 name^=python3 source=native command*=program.py rss_bytes>1048576" &&
		ask_file "$work/ls.json" 'in processes.* list source' >"$work/sources" && LC_ALL=C sort -c "$work/sources" && "$client" ls | grep -qE "^ *$pid native +4 python3"
}
check 'ls lists it, as a table and as JSON' until_true ls_json

# With the agent, ages are exact and the first look is as good as the second.
rm -f ready
start env -u XDG_RUNTIME_DIR "$client" run -- python3 "$work/program.py"
pid=$last
check 'run with the agent: the same threads' until_true sees "$pid" \
	'has target.sources.0=agent and count class=lock age_exact = 3'
check 'three at one place for one object are at rest' until_true sees "$pid" \
	"has counts.stuck=0 counts.long=0 and count idle state!=sleep = 3 and every idle state!=sleep has evidence*='3 tasks wait here'" --stuck 50ms
check 'stuck where their state is named, in both looks' until_true sees "$pid" \
	"has counts.stuck=3 and count stuck evidence='named by --stuck' = 3 and row state=sleep has !stuck" --stuck semaphore=50ms
check 'stuck where an idle state is named' until_true sees "$pid" \
	'row state=sleep has stuck and has counts.stuck=1' --stuck never,sleep=50ms
check 'the same fields in the same places' sh -c 'python3 "$0/schema.py" "$0/dump.json" "$1"' "$work" "$pid"
check 'the native source when it is asked for' sees "$pid" \
	'has target.sources=native and count >= 4' -s native
check 'ls names the agent' sh -c '"$0" ls -s agent | grep -qE "^ *$1 agent "' "$client" "$pid"
