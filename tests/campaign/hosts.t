#!/bin/sh
# SPDX-License-Identifier: MIT
# A preloaded agent changes nothing in its host: programs of many kinds are run without it and
# with it, and what they print, leave behind and return is the same. HOSTS="NAME…" runs only
# these. Each part is left out, with a reason, where its program is not here.
. "$(dirname "$0")/../e2e/lib.sh"
. "$(dirname "$0")/hosts.sh"
PATH=$PATH:/usr/sbin:/sbin:/usr/local/go/bin:$(echo /usr/lib/postgresql/*/bin | tr ' ' ':')
data=$(dirname "$0")/hosts

# Where other users can read.
chmod 755 "$work"
cp "$agent" "$work/libgrmon.so"
chmod 755 "$work/libgrmon.so"
agent=$work/libgrmon.so
unset XDG_RUNTIME_DIR XDG_CONFIG_HOME

part sshd 180
if has sshd ssh ssh-keygen; then
	same 'logins, commands, a terminal and files over ssh' ssh_host
fi

part bwrap 60
if has bwrap; then
	bwrap_host() {
		host bwrap --unshare-all --die-with-parent --ro-bind / / --dev /dev --proc /proc \
			sh -c 'echo inside; echo $$; set -- /proc/[0-9]*; echo $#; readlink /dev/fd'
	}
	same 'bwrap, all namespaces' bwrap_host
fi

part unshare 60
if has unshare nsenter; then
	unshare_host() {
		host unshare -Ur sh -c 'id -u; cat /proc/self/uid_map'
		host unshare -Urmpf --mount-proc sh -c 'echo $$; set -- /proc/[0-9]*; echo $#'
		host unshare -UrniuCT true
		echo "other namespaces $?"
	}
	same 'unshare' unshare_host
	nsenter_host() {
		sleep 1000 &
		sleeper=$!
		host nsenter -t "$sleeper" -m -u -i -n sh -c 'echo entered'
		host nsenter -t "$sleeper" -U true
		echo "user namespace $?"
		kill "$sleeper"
		wait "$sleeper" 2>/dev/null
	}
	same 'nsenter' nsenter_host
fi

part strace 120
if has strace; then
	strace_host() {
		host strace -f -qq -o "$work/strace.out" -e trace=execve,clone,clone3,exit_group \
			sh -c 'echo a | cat; (echo b)'
		# Only the calls: no ids, no addresses of what is the environment.
		sed -e 's/^[0-9]* *//' -e 's/(.*=/ =/' -e 's/= [0-9][0-9]*$/= N/' "$work/strace.out" |
			grep -v 'resumed\|unfinished\|---\|+++' | sort | uniq -c
	}
	same 'strace of a shell' strace_host
fi

part gdb 120
if has gdb cc; then
	cc -g -pthread -o "$work/threads" "$data/threads.c"
	gdb_host() {
		host gdb -nx -q -batch -iex 'set debuginfod enabled off' -ex 'break leaf' -ex run \
			-ex bt -ex 'print argument' -ex 'finish' -ex 'delete' -ex continue \
			"$work/threads" | sed -e 's/0x[0-9a-f]*/ADDRESS/g' -e 's/LWP [0-9]*/LWP/g' \
			-e 's/process [0-9]*/process/' |
			grep -v 'libthread_db\|New Thread\|Thread.*exited\|Switching to\|hit Break\|Using host\|^Run till\|thread_main_posix\|clone\|start_thread'
	}
	same 'gdb: a breakpoint, a stack, a variable' gdb_host
fi

part valgrind 240
if has valgrind cc; then
	cc -g -pthread -o "$work/threads" "$data/threads.c"
	for tool in memcheck helgrind drd; do
		valgrind_host() {
			host valgrind -q --tool="$tool" --error-exitcode=9 "$work/threads"
			echo "exit $?"
		}
		same "valgrind, $tool" valgrind_host
	done
	# Where there is something to report, it still is.
	cc -g -pthread -DRACE -o "$work/race" "$data/threads.c"
	helgrind_finds() {
		host valgrind -q --tool=helgrind --error-exitcode=9 "$work/race" >/dev/null 2>&1
		echo "exit $?"
	}
	same 'valgrind, helgrind finds a race' helgrind_finds
fi

part compile 300
if has make gcc; then
	same 'make -j2 of twenty files' compile_host gcc
	! has_quietly clang || same 'the same with clang' compile_host clang
fi

part sanitizers 300
for compiler in gcc clang; do
	has $compiler || continue
	for sanitizer in address undefined thread leak memory; do
		for kind in good bad; do
			sanitizer_part $compiler $sanitizer $kind
		done
	done
done

part posix 120
if has cc; then
	cc -pthread -o "$work/posix" "$data/posix.c"
	posix_host() { host "$work/posix"; }
	same 'keys, descriptors, cancellation, threads that exit' posix_host
fi
if has g++; then
	g++ -pthread -o "$work/unwind" "$data/unwind.cc"
	unwind_host() { host "$work/unwind"; }
	same 'exceptions, pthread_exit() and cancellation through C++' unwind_host
fi

part languages 300
if has javac java; then
	cp "$data/Host.java" "$work/Host.java"
	javac -d "$work" "$work/Host.java"
	java_host() { host java -Xmx256m -cp "$work" Host; }
	same 'Java' java_host
fi
if has go gcc; then
	mkdir -p "$work/go" && cp "$data/host.go" "$work/go/main.go"
	if (cd "$work/go" && HOME=$work CGO_ENABLED=1 GOFLAGS=-mod=mod go build -o "$work/gohost" main.go) >"$work/go.log" 2>&1; then
		go_host() { host "$work/gohost"; }
		same 'Go with cgo' go_host
	else
		skip 'Go with cgo' "no build: $(tail -n 1 "$work/go.log")"
	fi
fi
if has node; then
	node_host() { host node "$data/workers.js"; }
	same 'node with workers' node_host
fi
if has perl; then
	perl_host() { host perl "$data/host.pl"; }
	same 'perl' perl_host
fi
if has ruby; then
	ruby_host() { host ruby "$data/host.rb"; }
	same 'ruby' ruby_host
fi
if has php; then
	php_host() { host php "$data/host.php"; }
	same 'php' php_host
fi
if has bash; then
	bash_host() { host bash "$data/host.bash"; }
	same 'bash: jobs, pipes, traps, process substitution' bash_host
fi

part redis 180
if has redis-server redis-benchmark redis-cli; then
	same 'redis-benchmark, with threads for input and output' redis_host
fi

part postgres 300
if has initdb pg_ctl pgbench setpriv; then
	same 'pgbench' postgres_host
fi

part chromium 300
if has chromium; then
	for user in root nobody; do
		same "Chromium as $user draws a page" browser_host chromium $user
	done
fi

part firefox 300
if has firefox-esr; then
	for user in root nobody; do
		same "Firefox as $user draws a page" browser_host firefox $user
	done
fi

part python 900
if wants; then
	for module in test_threading test_signal test_subprocess test_asyncio \
		test_multiprocessing_fork test_multiprocessing_forkserver test_multiprocessing_spawn; do
		python_part $module
	done
fi

plan $tests
