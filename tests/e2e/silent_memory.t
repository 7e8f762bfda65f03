#!/bin/sh
# SPDX-License-Identifier: MIT
# A target with memory that nobody brings: every command shows what is known, says what does
# not answer, and ends when it is told to.
. "$(dirname "$0")/lib.sh"
need python3
plan 13

files=$BUILD/tests/targets/dead_files
pages=$BUILD/tests/targets/dead_pages
mkdir "$work/mount"
mkfifo "$work/in" "$work/held"
exec 8<>"$work/in" 9<>"$work/held"
finish_mount() {
	exec 8>&- 9>&-
	kill "$server" 2>/dev/null
	umount -l "$work/mount" 2>/dev/null
	finish
}
[ -c /dev/fuse ] || skip_all 'there is no /dev/fuse'
"$files" "$work/mount" "$pages" <"$work/held" >"$work/server" 2>&1 &
server=$!
trap finish_mount EXIT INT TERM
until_true grep -q . "$work/server"
grep -q ready "$work/server" || skip_all "no file system can be mounted here: $(cat "$work/server")"
"$pages" "$work/mount/file" <"$work/in" >"$work/out" 2>"$work/log" &
target=$!
started=$target
until_true grep -q ready "$work/out"

kill -USR1 "$server"

check 'dump: all rows' sees "$target" 'len(tasks) == 4 and all(t["state"] for t in tasks)'
check '… the others with their stacks and holders' query \
	'any(f["function"] == "waiter_thread" for f in having(name="waiter")[0]["stack"]) and having(name="waiter")[0]["waits_on"]["owner"]'
check '… and what does not answer' query "'the memory of $target does not answer' in d['errors'][0]"

# says COMMAND…: it ends in time and says so
says() { timeout 60 "$client" "$@" >"$work/text" 2>&1 && grep -q "the memory of $target does not answer" "$work/text"; }
check 'report keeps to --for' says report "$target" --for 1s
check 'record keeps to --for' timeout 60 "$client" record "$target" --for 1s -o "$work/recording"
check '… and the recording has the rows and the note' says dump "$work/recording"
timeout 60 "$client" check "$target" --for 1s 2>"$work/err"
ok $? 'check keeps to --for' "$(cat "$work/err")"

# ends SIGNAL STATUS SECONDS COMMAND…: the signal ends it within a second, in the midst of a
# read that does not answer.
cat >"$work/ends.py" <<'PY'
import os, signal, subprocess, sys, time
name, status = sys.argv[1], int(sys.argv[2])
process = subprocess.Popen(sys.argv[3:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
def reads():
    """A thread of it sleeps in a call that reads another process's memory."""
    for task in os.listdir(f"/proc/{process.pid}/task"):
        try:
            where = open(f"/proc/{process.pid}/task/{task}/syscall").read().split()
        except OSError:
            continue
        if where and where[0] == {"x86_64": "310", "aarch64": "270"}[os.uname().machine]:
            return True
    return False
until = time.time() + 30
while not reads() and time.time() < until:
    time.sleep(0.01)
begin = time.time()
process.send_signal(getattr(signal, "SIG" + name))
process.wait(30)
took = time.time() - begin
print(f"status {process.returncode} after {took:.2f} s")
sys.exit(0 if process.returncode == status and took < 1 else 1)
PY
check 'SIGTERM ends dump while it reads' python3 "$work/ends.py" TERM -15 "$client" dump "$target"
check 'SIGINT ends report while it reads' python3 "$work/ends.py" INT 4 "$client" report "$target" --for 60s
check 'SIGTERM ends check while it reads: neither passed nor failed' python3 "$work/ends.py" TERM 4 "$client" check "$target" --for 60s

# The other target is served meanwhile, and this one is not given up.
sleep 600 &
other=$!
started="$started $other"
port=$(free_port)
start "$client" export "$target" "$other" --listen "127.0.0.1:$port"
exporter=$last
scrape() { python3 -c 'import sys, urllib.request
text = urllib.request.urlopen(sys.argv[1], timeout=1).read().decode()
sys.exit(0 if all(f"pid=\"{pid}\"}} 1\n" in "".join(l + "\n" for l in text.split("\n") if l.startswith("grmon_up")) for pid in sys.argv[2:]) else 1)' "http://127.0.0.1:$port/metrics" "$@"; }
check 'export: the other target is served at once' until_true scrape "$other"
check '… and this one too, by what is known' until_true scrape "$target" "$other"
kill "$exporter"

kill -USR2 "$server"
healed() { sees "$target" 'not d["errors"]'; }
check 'as soon as it answers again nothing is missing' until_true healed
