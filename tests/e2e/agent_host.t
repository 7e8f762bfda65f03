#!/bin/sh
# SPDX-License-Identifier: MIT
# A preloaded agent changes nothing that its host can see, and works in a sandbox: programs print
# the same about themselves with it and without it.
. "$(dirname "$0")/lib.sh"
need python3
[ -z "${SAN:-}" ] || skip_all 'sanitizers have threads and descriptors of their own'
plan 29
targets=$BUILD/tests/targets

# same NAME COMMAND…: the output and the exit status are the same with the agent and without it.
same() {
	name=$1
	shift
	"$@" >"$work/without" 2>&1
	echo "exit $?" >>"$work/without"
	LD_PRELOAD=$agent "$@" >"$work/with" 2>&1
	echo "exit $?" >>"$work/with"
	diff "$work/without" "$work/with" >"$work/diff"
	ok $? "$name" "$(cat "$work/diff")"
}

same 'descriptors, keys, limits and namespaces are the same' "$targets/host_probe"
# Without LD_PRELOAD, as /etc/ld.so.preload works.
linker=$(readelf -l "$targets/host_probe" | sed -n 's/.*interpreter: \(.*\)\]/\1/p')
"$linker" "$targets/host_probe" >"$work/without" 2>&1
if "$linker" --preload "$agent" "$targets/host_probe" >"$work/with" 2>&1; then
	diff "$work/without" "$work/with" >"$work/diff"
	ok $? 'they are the same if the agent is preloaded without an environment variable' "$(cat "$work/diff")"
else
	ok 0 'an agent that is preloaded without an environment variable # SKIP the dynamic linker has no --preload'
fi

same "a fork in Python does not warn of threads" python3 "$beside/agent_host_fork.py"

# Programs that cannot load the agent start, without a message from the dynamic linker.
cat >"$work/other.c" <<'EOC'
#include <stdio.h>
int main(int n, char **w) { (void)w; printf("%d words\n", n); return 5; }
EOC
others=
if command -v musl-gcc >/dev/null 2>&1; then
	musl-gcc -o "$work/other-musl" "$work/other.c" && others=$work/other-musl
	printf '#! %s -x\n' "$work/other-musl" >"$work/other-script"
	chmod +x "$work/other-script"
	others="$others $work/other-script"
fi
if cc -m32 -o "$work/other-32" "$work/other.c" 2>/dev/null && "$work/other-32" >/dev/null; [ $? -eq 5 ]; then
	others="$others $work/other-32"
fi
if [ -n "$others" ]; then
	same 'children of another C library or word size start in every way' "$targets/host_probe" $others
	started_by_run() {
		"$client" run -- "$work/other-musl" >"$work/out" 2>"$work/err"
		[ $? -eq 5 ] && grep -q '^1 words$' "$work/out" && grep -q 'another C library' "$work/err"
	}
	if [ -x "$work/other-musl" ]; then check 'run says why it cannot preload such a program' started_by_run; else ok 0 'run says why it cannot preload such a program # SKIP musl-gcc is not installed'; fi
	shell() {
		[ "$("$client" run -- sh -c "$work/other-musl; $work/other-script; exec ${others##* }" 2>&1 |
			grep -vE '^grmon-c: |words$')" = '' ]
	}
	check 'a shell under run starts such programs without a message' shell
else
	for _ in 3 4 5; do ok 0 "children of another C library # SKIP neither musl-gcc nor gcc -m32 works"; done
fi
# Names that mean another file to the process that reads them, a small stack, and more.
mkdir "$work/hidden"
printf '#!/bin/sh\necho ${LD_PRELOAD:+preloaded} >>"$0.out"\n' >"$work/hidden/keeps"
chmod +x "$work/hidden/keeps"
if [ -x "$work/other-musl" ]; then
	cp "$work/other-musl" "$work/hidden/program"
	same 'children whose files are hard to find start' "$targets/host_exec" "$work/hidden" program
	same 'they start under a filter of system calls too' "$targets/host_exec" "$work/hidden" program filtered
	keep_it() { [ "$(grep -c '^preloaded$' "$work/hidden/keeps.out")" -eq 2 ]; }
	check 'programs whose files are found keep the preload' keep_it
else
	for _ in 1 2 3; do ok 0 'children whose files are hard to find # SKIP musl-gcc is not installed'; done
fi
# A dynamic linker with the same name in another folder belongs to another build of the C library.
cat >"$work/asks.c" <<'EOC'
#include <stdio.h>
#include <stdlib.h>
int main(void) { puts(getenv("LD_PRELOAD") ? "preloaded" : "not preloaded"); return 0; }
EOC
own=$(readelf -l "$targets/host_probe" | sed -n 's/.*interpreter: \(.*\)\]/\1/p')
cp "$own" "$work/hidden/${own##*/}"
cc -o "$work/asks" -Wl,--dynamic-linker="$work/hidden/${own##*/}" "$work/asks.c"
same 'a program of another build of the C library does not get the agent' sh -c "$work/asks"
keeps() { LD_PRELOAD="$agent" "$1" -c 'import os, sys
os.execv("/usr/bin/env", ["env"])' | grep -q '^LD_PRELOAD=.*libgrmon'; }
check 'a program that can load the agent gets it' keeps "$(command -v python3)"
# An emulator passes the environment to a program that cannot load the agent. It is known by its name.
for name in qemu-arm qemu-i386-static qemu-x86_64 qemu-img; do cp "$(command -v env)" "$work/$name"; done
emulators() {
	for name in qemu-arm qemu-i386-static qemu-x86_64 qemu-img; do
		LD_PRELOAD=$agent sh -c '"$0" | grep -c "^LD_PRELOAD=.*libgrmon"' "$work/$name"
	done | tr '\n' ' ' >"$work/out"
	[ "$(cat "$work/out")" = '0 0 1 1 ' ]
}
check 'an emulator of another machine does not get the agent, one of this machine does' emulators

# Sandboxes. They are sampled and listed while they run, and then told to end.
for when in early late all child exec unseen; do
	mkfifo "$work/$when"
	LD_PRELOAD=$agent "$targets/host_filter" "$when" <"$work/$when" >"$work/$when.out" 2>&1 &
	host=$!
	started="$started $host"
	exec 7>"$work/$when"
	until_true grep -q inside "$work/$when.out"
	pid=$(sed -n 's/inside //p' "$work/$when.out")
	case $when in
	child) ;;
	*) until_true sees "$pid" 'has target.sources.*=agent and count state=mutex = 6' ;;
	esac
	ok $? "the agent publishes its threads under a filter ($when)" "$(cat "$work/$when.out")"
	"$client" ls >/dev/null
	"$client" dump "$pid" >/dev/null
	exec 7>&-
	wait "$host"
	code=$?
	[ $code -eq 0 ] || [ $code -eq 77 ]
	ok $? "a program under a filter runs to its end ($when)" "exit status $code"
done

GRMON_DISABLE=1 LD_PRELOAD=$agent timeout 60 "$targets/host_filter" exec </dev/null >"$work/out" 2>&1
code=$?
[ $code -eq 0 ] || [ $code -eq 77 ]
ok $? 'a disabled agent does not read programs under a filter' "exit status $code"

cat >"$work/tsan.c" <<'EOC'
#include <pthread.h>
#include <stdio.h>
static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static int turn;
static void *f(void *a)
{
	for (int i = 0; i < 200; i++) {
		pthread_mutex_lock(&m);
		while (turn != 1)
			pthread_cond_wait(&c, &m);
		turn = 0;
		pthread_cond_signal(&c);
		pthread_mutex_unlock(&m);
	}
	return a;
}
int main(void)
{
	pthread_t t;
	pthread_create(&t, NULL, f, NULL);
	for (int i = 0; i < 200; i++) {
		pthread_mutex_lock(&m);
		while (turn != 0)
			pthread_cond_wait(&c, &m);
		turn = 1;
		pthread_cond_signal(&c);
		pthread_mutex_unlock(&m);
	}
	pthread_join(t, NULL);
	puts("done");
	return 0;
}
EOC
if gcc -fsanitize=thread -o "$work/tsan" "$work/tsan.c" 2>/dev/null && "$work/tsan" >/dev/null 2>&1; then
	same 'a condition works under ThreadSanitizer' "$work/tsan"
else
	ok 0 'a condition under ThreadSanitizer # SKIP gcc has none'
fi

# A library that was linked without libc requests no version of its functions, and gets the oldest
# ones: conditions of another layout, and a posix_spawnp() that passes scripts to the shell.
cat >"$work/old.c" <<'EOC'
#include <pthread.h>
#include <spawn.h>
#include <sys/wait.h>
extern char **environ;
static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static int turn;
void pass_on(int from, int to)
{
	pthread_mutex_lock(&m);
	while (turn != from)
		pthread_cond_wait(&c, &m);
	turn = to;
	pthread_cond_broadcast(&c);
	pthread_cond_signal(&c);
	pthread_mutex_unlock(&m);
}
int until(const struct timespec *time)
{
	pthread_mutex_lock(&m);
	int rc = pthread_cond_timedwait(&c, &m, time);
	pthread_mutex_unlock(&m);
	return rc;
}
int start(char *path)
{
	char *words[] = {path, 0};
	int status = -1;
	pid_t pid;
	if (posix_spawnp(&pid, path, 0, 0, words, environ) != 0)
		return -1;
	waitpid(pid, &status, 0);
	return status;
}
EOC
cat >"$work/user.c" <<'EOC'
#include <pthread.h>
#include <stdio.h>
#include <time.h>
void pass_on(int, int);
int until(const struct timespec *), start(char *);
static void *back(void *a)
{
	for (int i = 0; i < 1000; i++)
		pass_on(1, 0);
	return a;
}
int main(int n, char **words)
{
	struct timespec past = {1, 0};
	pthread_t t;
	pthread_create(&t, NULL, back, NULL);
	for (int i = 0; i < 1000; i++)
		pass_on(0, 1);
	pthread_join(t, NULL);
	printf("%d %#x\n", until(&past), start(words[1]));
	return 0;
}
EOC
echo 'exit 6' >"$work/no-interpreter"
chmod +x "$work/no-interpreter"
gcc -shared -fPIC -nostdlib -o "$work/libold.so" "$work/old.c" &&
	gcc -o "$work/user" "$work/user.c" -L"$work" -Wl,-rpath,"$work" -lold -pthread
same 'a library that was linked without libc works' timeout 60 "$work/user" "$work/no-interpreter"

# A forked child with a socket ends by _exit(). A client that lists the agents removes its file
# and leaves that of the parent.
mkfifo "$work/in"
mkdir -m 700 "$work/agents"
export XDG_RUNTIME_DIR="$work/agents"
GRMON_SOCKET=1 LD_PRELOAD=$agent python3 "$beside/agent_host_sockets.py" <"$work/in" >"$work/ended" &
host=$!
started="$started $host"
exec 7>"$work/in"
until_true grep -q . "$work/ended"
left=$XDG_RUNTIME_DIR/grmon/$(cat "$work/ended").sock
check 'a child that ends by _exit leaves its socket' test -S "$left"
# ls does not remove the socket of a process that has only just ended.
swept() { "$client" ls >/dev/null && [ ! -e "$left" ]; }
until_true swept
[ $? -eq 0 ] && [ -S "$XDG_RUNTIME_DIR/grmon/$host.sock" ]
ok $? 'ls removes that socket and no other' "$(ls "$XDG_RUNTIME_DIR/grmon")"
exec 7>&-
wait "$host"
