#!/bin/sh
# SPDX-License-Identifier: MIT
# Packages that are not part of Python, from PyPI into a folder of their own: what tasks on uvloop, of anyio and of
# aiohttp wait for, and that tasks of trio and greenlets of gevent are said not to be listed.
. "$(dirname "$0")/../e2e/lib.sh"
need python3
plan 5

python3 -m venv "$work/venv" >"$work/pip" 2>&1 || skip_all 'python3 has no venv'
for package in uvloop anyio aiohttp trio gevent; do
	"$work/venv/bin/pip" -q install "$package" >>"$work/pip" 2>&1
done

# told PACKAGE QUESTION NAME
told() {
	if ! "$work/venv/bin/python" -c "import $1" 2>/dev/null; then
		ok 0 "$3 # SKIP $1 cannot be installed"
		return
	fi
	: >"$work/log"
	start "$work/venv/bin/python" "$beside/../targets/python/asyncio_packages.py" "$1"
	target=$last
	question=$(echo "$2" | tr '\n' ' ')
	asked() { dump "$target" && ask "$question"; }
	until_true grep -qx ready "$work/log" && until_true asked
	check "$3" asked
	kill -9 "$target"
	wait "$target" 2>/dev/null
}

told uvloop "row name=waiter has state=mutex waits_on.text~='lock 0x[0-9a-f]+, held by holder, c[0-9]+'
	and row name=getter has state=chan-recv waits_on.text='queue len 0'
	and row name=gather has state=waitgroup waits_on.text='gather of 2, 2 not done'
	and row name=holder has state=sleep waits_on.text='3600 s'
	and row name=reader has state=io-read stack.1.function=StreamReader.read" \
	'tasks on uvloop'
told anyio "row name=waiter has state=mutex waits_on.text~='lock 0x[0-9a-f]+, held by holder, c[0-9]+'
	and row name=semaphore has state=semaphore waits_on.text^='semaphore 0x'
	and row name=limiter has state=semaphore and row name=receiver has state=chan-recv waits_on.text='stream cap 1, len 0'
	and row name=sender has state=chan-send waits_on.text='stream cap 0, len 0'
	and row name=event has state=cond and row name=condition has state=cond
	and row name=thread has state=join waits_on.text='work in another thread' labels.awaited_by=Task-1
	and row name=Task-1 has state=waitgroup waits_on.text='task group of 10, 10 not done'" \
	'tasks of anyio'
told aiohttp "row name=get has state=io-read waits_on.text~='fd [0-9]+ tcp .*'
	and row name=both has state=waitgroup waits_on.text='gather of 2, 2 not done'
	and row name=third has state=semaphore
	and row labels.awaited_by?=both state=io-read has waits_on.text~='fd [0-9]+ tcp .*' stack.-1.function=ClientSession._request
	and row stack.0.function=RequestHandler.start has state=join" \
	'tasks of aiohttp: clients, also one that a gather has made of a request, and servers'
told trio "has errors.*^='the tasks of trio in process'" 'tasks of trio are said not to be listed'
told gevent "has errors.*^='the greenlets of gevent in process'" 'greenlets of gevent are said not to be listed'
