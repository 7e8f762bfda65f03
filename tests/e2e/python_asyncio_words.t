#!/bin/sh
# SPDX-License-Identifier: MIT
# What tasks of asyncio wait for, one for each word that has a rule, by every interpreter that is installed; tasks of
# other classes and interpreters; and frameworks whose tasks are not listed.
. "$(dirname "$0")/lib.sh"
need python3
pythons >"$work/pythons"
[ -s "$work/pythons" ] || skip_all 'there is no CPython from 3.8 on'
plan $((3 * $(wc -l <"$work/pythons") + 2))

# begin PYTHON PROGRAM
begin() {
	begin_python "$@"
	child=$(sed -n 's/^child //p' "$work/log")
}
end() {
	[ -z "$child" ] || kill -9 "$child"
	end_target
}
inet='fd [0-9]+ tcp 127\.0\.0\.1:[0-9]+'
always="row name=dns has state=dns waits_on.text=slow.example
	and row name=child has state=wait-child waits_on.text~='pid [0-9]+'
	and row name=drain has state=io-write waits_on.text~='fd [0-9]+ unix'
	and row name=join has state=waitgroup waits_on.text='queue, 1 task not done'
	and row name=semaphore has state=semaphore waits_on.text~='semaphore 0x[0-9a-f]+, value 0'
	and row name=sock_recv has state=io-read waits_on.text~='fd [0-9]+ unix'
	and row name=sock_recv_into has state=io-read waits_on.text~='fd [0-9]+ unix'
	and row name=sock_sendall has state=io-write waits_on.text~='fd [0-9]+ unix'
	and row name=sock_accept has state=accept waits_on.text~='$inet listening'
	and row name=sock_connect has state=connect waits_on.text~='$inet -> 127\.0\.0\.1:[0-9]+ syn-sent.*'
	and row name=connect has state=connect waits_on.text~='$inet -> 127\.0\.0\.1:[0-9]+ syn-sent.*'
	and row name=serve has state=accept"
since_9="row name=thread has state=join waits_on.text='work in another thread'"
since_11="row name=barrier has state=barrier waits_on.text~='barrier 0x[0-9a-f]+, 1 of 3 are there'
	and row name=group has state=waitgroup waits_on.text='task group of 2, 2 not done' waits_on.several.ids.#=2
	and row name=group-1 has labels.awaited_by=group
	and row name=timeout has state=cond waits_on.text^='event 0x'
	and row name=sock_recvfrom has state=io-read waits_on.text~='fd [0-9]+ udp .*'"
words() {
	question=$always
	[ "$minor" -lt 9 ] || question="$question and $since_9"
	[ "$minor" -lt 11 ] || question="$question and $since_11"
	dump "$target" && ask "$(echo "$question" | tr '\n' ' ')"
}
classes="row name=derived has state=cond stack.0.function~='(Event\.)?wait' stack.1.function=event
	and row name=wrapped has state=cond stack.1.function=event
	and row name=python has state=cond stack.1.function=event labels.awaited_by=joins
	and row name=joins has state=join waits_on.text~='task python, c[0-9]+'"
others() { dump "$target" && ask "$(echo "$classes" | tr '\n' ' ')"; }
inside() { dump "$target" && ask "row kind=coroutine stack.1.function=of_other has state=cond"; }

while read -r python; do
	version=$("$python" -c 'import platform; print(platform.python_version())')
	minor=$(echo "$version" | cut -d . -f 2)
	begin "$python" asyncio_words.py
	check "$version: each wait has its word, and the socket, name, child or object" until_true words
	end
	begin "$python" asyncio_classes.py
	check "$version: tasks of classes in Python, of derived ones, and of an object around a coroutine" until_true others
	if [ "$minor" -ge 12 ]; then
		check "$version: the tasks of another interpreter" until_true inside
	else
		ok 0 "$version: the tasks of another interpreter # SKIP asyncio does not run there"
	fi
	end
done <"$work/pythons"

# What matters of them is that they are loaded.
mkdir -p "$work/fake/trio/_core" "$work/fake/gevent"
touch "$work/fake/trio/__init__.py" "$work/fake/trio/_core/__init__.py" "$work/fake/trio/_core/_run.py" \
	"$work/fake/gevent/__init__.py" "$work/fake/gevent/hub.py"
: >"$work/log"
start env PYTHONPATH="$work/fake" python3 -c "import trio._core._run, gevent.hub, time; print('ready', flush=True); time.sleep(3600)"
target=$last
child=
until_true grep -qx ready "$work/log" || give_up 'it does not start'
says() { dump "$target" && ask "has errors.*^='the tasks of trio in process $target are not listed' errors.*^='the greenlets of gevent in process $target are not listed'"; }
check 'tasks of trio and greenlets of gevent are said not to be listed' until_true says
in_text() { "$client" dump "$target" 2>&1 | grep -q 'tasks of trio .* are not listed'; }
check 'and so says a dump as text' in_text
end
