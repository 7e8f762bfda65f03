#!/bin/sh
# SPDX-License-Identifier: MIT
# Programs that are built with a sanitizer, with the agent preloaded and linked: the sanitizer
# reports no false fault, as it would if the agent bypassed an interceptor, and still finds the real
# ones. The program protects one plain word by each kind of wait in turn.
. "$(dirname "$0")/lib.sh"
need cc
[ -z "${SAN:-}" ] || skip_all 'the programs have sanitizers of their own'
plan 15
source=$(dirname "$0")/../targets/host_primitives.c
cat >"$work/cancelled.c" <<'EOC'
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
static void *reads(void *a)
{
	char room[32];
	memset(room, 0, sizeof(room));
	while (read(*(int *)a, room, sizeof(room)) > 0)
		;
	return a;
}
int main(void)
{
	int ends[2];
	pthread_t t;
	if (pipe(ends) != 0)
		return 1;
	pthread_create(&t, NULL, reads, ends);
	pthread_cancel(t);
	pthread_join(t, NULL);
	puts("joined");
	return 0;
}
EOC

# report COMMAND…: prints the command's exit status and output, without addresses and ids.
report() {
	timeout 100 "$@" >"$work/out" 2>&1
	echo "exit $?"
	grep -oE '^1 1 0x700$|(ERROR|WARNING|SUMMARY): [A-Za-z]*Sanitizer:? [a-z -]*' "$work/out"
	grep -oE 'host_primitives\.c:[0-9]+' "$work/out" | grep -v ":$creates\$" | sort -u
}
# The call of pthread_create() may be missing with gcc's ThreadSanitizer.
creates=$(sed -n '/pthread_create(&threads\[i\]/=' "$source")

# sanitized NAME COMPILER FLAGS…: two tests, or three for a ThreadSanitizer.
sanitized() {
	name=$1
	shift
	if ! "$@" -g -pthread -o "$work/plain" "$source" 2>/dev/null ||
		[ "$(report "$work/plain" | head -n 2 | tr '\n' ' ')" != 'exit 0 1 1 0x700 ' ] ||
		! "$@" -g -pthread -o "$work/linked" "$source" -Wl,--no-as-needed -L"$BUILD" -lgrmon \
			-Wl,-rpath,"$BUILD"; then
		ok 0 "$name, preloaded # SKIP it does not work here"
		ok 0 "$name, linked # SKIP it does not work here"
		case $name in *ThreadSanitizer) ok 0 "$name, a race # SKIP it does not work here" ;; esac
		return
	fi
	report "$work/plain" >"$work/without"
	LD_PRELOAD=${first:-}$agent report "$work/plain" >"$work/with"
	diff "$work/without" "$work/with" >"$work/diff"
	ok $? "$name reports no fault with the agent preloaded" "$(cat "$work/diff" "$work/out")"
	report "$work/linked" >"$work/with"
	diff "$work/without" "$work/with" >"$work/diff"
	ok $? "$name reports no fault with the agent linked" "$(cat "$work/diff" "$work/out")"
	case $name in
	*ThreadSanitizer)
		"$@" -g -DRACE -pthread -o "$work/plain" "$source"
		report "$work/plain" >"$work/without"
		LD_PRELOAD=$agent report "$work/plain" >"$work/with"
		grep -q 'data race' "$work/without" && diff "$work/without" "$work/with" >"$work/diff"
		ok $? "$name still finds a race" "$(cat "$work/diff" "$work/out")"
		;;
	esac
}

sanitized "gcc's ThreadSanitizer" gcc -fsanitize=thread
sanitized "gcc's ThreadSanitizer, static" gcc -fsanitize=thread -static-libtsan
sanitized "gcc's AddressSanitizer, static" gcc -fsanitize=address,undefined -static-libasan
first="$(gcc -print-file-name=libasan.so 2>/dev/null) "
sanitized "gcc's AddressSanitizer, preloaded first" gcc -fsanitize=address
first=
sanitized "clang's ThreadSanitizer" clang -fsanitize=thread
sanitized "clang's AddressSanitizer" clang -fsanitize=address,undefined

if gcc -fsanitize=address -pthread -o "$work/cancelled" "$work/cancelled.c" -Wl,--no-as-needed \
	-L"$BUILD" -lgrmon -Wl,-rpath,"$BUILD" 2>/dev/null; then
	[ "$(timeout 60 "$work/cancelled" 2>&1)" = joined ]
	ok $? "a thread can be cancelled under gcc's AddressSanitizer" "$("$work/cancelled" 2>&1)"
else
	ok 0 "a thread that is cancelled # SKIP gcc has no AddressSanitizer"
fi
