#!/bin/sh
# SPDX-License-Identifier: MIT
# grmon-wire(5): its tables are those of src/wire/wire.h, and a client that was written from that page
# alone, in another language, shows the same as `grmon-c dump`.
. "$(dirname "$0")/lib.sh"
need python3
need cc
need awk
plan 17

page=man/grmon-wire.5
# agrees HEADER PAGE: the compiler confirms every field, number and size of the page.
agrees() {
	mkdir -p "$work/include/wire"
	cp "$1" "$work/include/wire/wire.h"
	awk -f tests/e2e/wire_page.awk src/core/state.def "$2" >"$work/page.c" &&
		cc -std=gnu11 -fsyntax-only -I"$work/include" -Iinclude -Isrc "$work/page.c"
}
# parted EXPRESSION FILE: changes the header or the page by sed; succeeds if they no longer agree.
parted() {
	sed "$1" "$2" >"$work/changed"
	! cmp -s "$2" "$work/changed" || return 1
	case $2 in
	*.h) ! agrees "$work/changed" $page >"$work/said" 2>&1 ;;
	*) ! agrees src/wire/wire.h "$work/changed" >"$work/said" 2>&1 ;;
	esac && grep -q 'page\.c:.*static.assert' "$work/said" || { cat "$work/said"; return 1; }
}
check 'the tables of the page are those of the structs' agrees src/wire/wire.h $page
ok "$([ "$(grep -c '^_Static_assert' "$work/page.c")" -gt 250 ]; echo $?)" 'all of the tables are read' \
	"$(cat "$work/page.c")"
# Every named number of the header.
named() {
	sed -nE 's/^(\t|#define )(WIRE_[A-Z_]+) +(= )?[0-9]+(u|,).*/\2/p' src/wire/wire.h >"$work/names"
	[ "$(wc -l <"$work/names")" -ge 19 ] || return 1
	while read -r name; do
		grep -q "Dv $name Ta" $page || { echo "the page does not have $name"; return 1; }
	done <"$work/names"
}
check 'the page has every flag, kind and limit' named
check 'a field that moves in the header is noticed' parted \
	'/uint64_t waits;/d; s/uint64_t call_site;/&uint64_t waits;/; s/uint64_t object; .*/uint64_t waits_on;&/' src/wire/wire.h
check 'a field that gets another type is noticed' parted 's/int32_t fd;/uint32_t fd;/' src/wire/wire.h
check 'a new field in reserved bytes is noticed' parted \
	's/uint64_t reserved\[12\];/uint64_t more; uint64_t reserved[11];/' src/wire/wire.h
check 'a field that is missing in the page is noticed' parted '/Ta start_ns Ta/,+2d' $page
check 'a state with another number is noticed' parted 's/^.It 4 Ta mutex Ta/.It 5 Ta mutex Ta/' $page
check 'a changed magic number is noticed' parted 's/^0x314e4f4d5247:/0x324e4f4d5247:/' $page
check 'a changed limit is noticed' parted 's/WIRE_WHAT_BYTES Ta 32/WIRE_WHAT_BYTES Ta 31/' $page

# same PID WAY LEAST: the two clients agree on at least LEAST blocked tasks.
same() {
	{
		"$client" dump "$1" --source agent -f json >"$work/before.json" &&
			python3 tests/e2e/wire_client.py "$1" "$2" >"$work/rows" &&
			"$client" dump "$1" --source agent -f json >"$work/after.json" &&
			python3 "$beside/wire_compare.py" "$work/before.json" "$work/after.json" "$work/rows" "$3"
	} >"$work/said" 2>&1
}
mkfifo "$work/in"
exec 9<>"$work/in"

# The line on the socket has the members of the example in the page.
hello() {
	python3 "$beside/wire_hello.py" "$1" $page
}

# Waits in libc.
LD_PRELOAD=$agent GRMON_SOCKET=1 start_ready "$BUILD/tests/targets/wrap_waits"
check 'the line on the socket is as in the page' hello "$target"
for way in socket fd; do
	until_true same "$target" $way 80
	ok $? "the clients agree on every wait in libc, through the $way" "$(cat "$work/said")"
done
echo >&9
wait "$target"
LD_PRELOAD=$agent start_ready "$BUILD/tests/targets/wrap_waits"
until_true same "$target" memory 80
ok $? 'the region is found by the memory map, without a socket' "$(cat "$work/said")"
echo >&9
wait "$target"

# Waits that only the program knows: channels, its own kinds of waits, coroutines.
cat >"$work/program.c" <<'C'
#include <grmon.h>
#include <grmon_chan.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
static sem_t never;
static void *receive(void *chan)
{
	grmon_chan_recv(chan, NULL);
	return NULL;
}
static void *wait_for_pool(void *pool)
{
	struct grmon_wait mark;
	pthread_setname_np(pthread_self(), "handler");
	grmon_wait_begin(&mark, GRMON_WAITGROUP, pool, "db pool");
	sem_wait(&never);
	grmon_wait_end(&mark);
	return NULL;
}
int main(void)
{
	struct grmon_chan *chan = grmon_chan_new(sizeof(int), 0);
	struct grmon_task *task = grmon_task_begin("errand");
	struct grmon_wait mark;
	pthread_t thread;
	sem_init(&never, 0, 0);
	grmon_chan_name(chan, "products");
	grmon_task_switch(task);
	grmon_wait_begin(&mark, GRMON_SLEEP, NULL, "a day");
	grmon_task_switch(NULL);
	pthread_create(&thread, NULL, receive, chan);
	pthread_create(&thread, NULL, wait_for_pool, &never);
	puts("ready");
	fflush(stdout);
	return getchar() == EOF;
}
C
cc -D_GNU_SOURCE -Iinclude -o "$work/program" "$work/program.c" -L"$(dirname "$agent")" -lgrmon -pthread \
	-Wl,-rpath,"$(dirname "$agent")" || give_up 'the program cannot be built'
start_ready "$work/program"
until_true same "$target" socket 3
ok $? 'the clients agree on channels, waits of the program and coroutines' "$(cat "$work/said")"
said() { grep -q "$1" "$work/rows"; }
check 'the rows have the name of the channel' said 'chan-recv.*	products$'
check 'the rows have the texts of the program' said '^t[0-9]*	handler	waitgroup.*	db pool$'
