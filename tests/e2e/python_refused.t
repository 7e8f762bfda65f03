#!/bin/sh
# SPDX-License-Identifier: MIT
# Pythons that are not read: one sentence says which and why, the rows of the kernel stay, and nothing is made up. And
# programs that only look like Python.
. "$(dirname "$0")/lib.sh"
need python3
plan 13
targets=$beside/../targets/python
cc=${CC:-cc}

# says WHAT: one note with this, and the row of a thread as the kernel knows it.
says() {
	sees "$target" "has errors.#=1 errors.0~=\"process $target runs $1, so its threads are shown without their Python functions\" and row id=t$target has tid=$target state!=unknown and has target.runtime=null" &&
		[ "$(ask 'count kind=coroutine')" = 0 ]
}
# An installed one of pyenv, if there is one.
installed() {
	python=$(ls -d "$(pyenv root 2>/dev/null)/versions/$1".*/bin/python 2>/dev/null | head -n 1)
	if [ -z "$python" ]; then
		ok 0 "CPython $1 # SKIP it is not installed"
		return
	fi
	begin_target "$python" -c 'import sys, time
sys.stdout.write("ready\n")
sys.stdout.flush()
time.sleep(3000)'
	check "CPython $1" until_true says "CPython $1[.0-9]*, and only 3.8 to 3.15 are read"
	end_target
}
for minor in 2.7 3.6 3.7; do installed $minor; done

"$cc" -DEXPORTED -rdynamic -o "$work/host" "$targets/runtime.c" && "$cc" -o "$work/plain" "$targets/runtime.c" ||
	give_up 'the targets can be built'
# pretends NAME MODE SENTENCE
pretends() {
	begin_target "$work/host" "$2"
	check "$1" until_true says "$3"
	end_target
}
pretends 'a free-threaded build' free-threaded 'a free-threaded CPython 3.14.10, which is not read'
pretends 'a release that is newer than this client' newer 'CPython 3.16.2, and only 3.8 to 3.15 are read'
pretends 'a table with offsets that cannot be' huge 'CPython 3.13.0 in a form that is not known'
pretends 'a table of zeros' zeros 'CPython 3.13.0, which could not be read this time'
pretends 'lists without an end' itself 'CPython 3.13.0, which could not be read this time'
pretends 'no table at all' other 'a Python whose version is unknown'
begin_target "$work/host" itself
record_some 12 "$work/recording" "$target" -i 0.02
again() {
	"$client" dump "$work/recording" -f json >"$work/dump.json" &&
		ask "has errors.#=1 errors.0*=\"CPython 3.13.0 in a form that is not known\""
}
check 'what is not read again and again is not asked any more' again
end_target

# The names of files say nothing.
mkdir "$work/python3.11"
cp "$work/plain" "$work/python3.11/python3.11"
begin_target "$work/python3.11/python3.11"
unknown() { sees "$target" 'has errors.#=0 target.runtime=null and row state=signal-wait'; }
check 'a program that is only called python' until_true unknown
end_target
cp "$work/plain" "$work/pypy3.10"
begin_target "$work/pypy3.10"
check 'PyPy' until_true says 'PyPy, which is not read'
end_target

# In the view, too.
command -v tmux >/dev/null || { ok 0 'the view says so # SKIP tmux is not installed'; exit; }
begin_target "$work/host" newer
tmux -L "refused-$$" -f /dev/null new-session -d -x 130 -y 12 "$client" "$target" 2>/dev/null
shown() { tmux -L "refused-$$" capture-pane -p | grep -q "^process $target runs CPython 3.16.2, and only 3.8 to 3.15 are read"; }
check 'the view says so' until_true shown
tmux -L "refused-$$" kill-server
end_target
