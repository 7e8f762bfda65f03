#!/bin/sh
# SPDX-License-Identifier: MIT
# Neither a preloaded agent nor watching it changes the host: programs of many kinds run without the
# agent and with it, watched all the time by `ls`, `dump` and the view, and their output, their exit
# status and what they leave behind are the same. HOSTS="NAME…" runs only these; HOSTS_VERBOSE=1 shows
# their output. A part is skipped, with the reason, if its program is not installed (tests/deps.sh
# hosts installs them) or does not run without the agent. Prints a table at the end, and takes half
# an hour.
. "$(dirname "$0")/../e2e/lib.sh"
data=$(dirname "$0")/hosts
. "$(dirname "$0")/hosts.sh"
. "$data/servers.sh"
. "$data/programs.sh"
. "$data/commands.sh"
PATH=$PATH:/usr/sbin:/sbin:/usr/local/go/bin:$(echo /usr/lib/postgresql/*/bin | tr ' ' ':')
export LC_ALL=C.UTF-8 CCACHE_DISABLE=1 GRMON_DEPS_QUIET=1

# A copy of the agent that other users can read.
chmod 755 "$work"
cp "$agent" "$work/libgrmon.so"
chmod 755 "$work/libgrmon.so" || give_up 'there is no agent to preload'
agent=$work/libgrmon.so
unset XDG_RUNTIME_DIR XDG_CONFIG_HOME
for program in threads posix service spin; do cc -g -pthread -o "$work/$program" "$data/$program.c"; done
cc -g -pthread -DRACE -o "$work/race" "$data/threads.c"

part sshd 180
if has sshd ssh ssh-keygen; then
	same 'sshd: logins, commands, a terminal, files' 'login 3' ssh_host internal-sftp
	sftp=$(ls /usr/lib/openssh/sftp-server /usr/libexec/openssh/sftp-server 2>/dev/null | head -n 1)
	[ -z "$sftp" ] || same 'sshd with a program for files' 'copied' ssh_host "$sftp"
fi

part sandboxes 120
if wants; then
	has_quietly bwrap && same 'bwrap, all namespaces' inside bwrap_host
	has_quietly unshare && same 'unshare' '^0$' unshare_host
	has_quietly nsenter && same 'nsenter' entered nsenter_host
	same 'chroot, the agent is not inside' inside chroot_host
	same 'a fenced service, calls are refused' '^3$' service_works refuse
	same 'a fenced service, calls end the process' '^3$' service_works kill
	has_quietly firejail && same 'firejail with a filter' inside firejail_host
	for program in runc crun; do
		has_quietly $program && same "a container of $program" inside container_host $program
	done
fi

part checkers 240
if wants; then
	has_quietly strace && same 'strace of a shell' execve strace_host
	has_quietly gdb && same 'gdb: a breakpoint, a stack, a variable' 'leaf.*argument=0' gdb_host
	if has_quietly valgrind; then
		for tool in memcheck helgrind drd; do same "valgrind, $tool" '^10 6 1' valgrind_host $tool; done
		for tool in helgrind drd; do same "valgrind, $tool finds a race" 'race: 9' valgrind_finds $tool; done
	fi
fi

part sanitizers 120
for compiler in gcc clang; do
	has $compiler || continue
	for sanitizer in address undefined thread leak memory; do
		for kind in good bad; do sanitizer_part $compiler $sanitizer $kind; done
	done
done

part compile 300
if has make gcc; then
	same 'make -j2 of twenty files' 'program' compile_host gcc
	! has_quietly clang || same 'the same with clang' 'program' compile_host clang
fi

part posix 120
if wants; then
	same 'keys, descriptors, cancellation, threads that exit' 'exit values' host "$work/posix"
	g++ -pthread -o "$work/unwind" "$data/unwind.cc" 2>/dev/null &&
		same 'exceptions, pthread_exit() and cancellation through C++' 'caught' host "$work/unwind"
	same 'low limits of memory, descriptors, files, stacks' 'thread 0' limits_host
fi

part foreign 60
if wants; then
	cc -pthread -o "$work/small" "$data/small.c"
	foreign_part() { # NAME COMPILER…
		title=$1
		shift
		if "$@" -o "$work/foreign" "$data/small.c" 2>/dev/null; then
			same "$title" 'joined' foreign_host "$work/foreign"
		else
			skip "$title" "$1 cannot build it"
		fi
	}
	foreign_part 'children of musl' musl-gcc
	printf '#! %s 3\n' "$work/foreign" >"$work/script"
	chmod 755 "$work/script"
	[ ! -x "$work/foreign" ] || same 'a script whose interpreter is one of musl' joined foreign_host "$work/script"
	rm -f "$work/foreign"
	foreign_part 'static children of musl' musl-gcc -static
	foreign_part 'static children' cc -static -pthread
	foreign_part '32-bit children' cc -m32 -pthread
	mv "$work/foreign" "$work/foreign-32" 2>/dev/null
	! has_quietly busybox || same 'busybox as a shell' 'inside' host busybox sh -c 'echo inside; echo a | busybox cat; ls / | head -n 1; busybox sleep 0.1 & wait; echo $?'
	set --
	for program in qemu-x86_64 qemu-x86_64-static; do ! has_quietly $program || set -- "$@" $program; done
	[ $# -eq 0 ] || same 'programs under qemu-user' '^10 6 1' emulated_host "$@"
fi

part setuid 60
if wants; then
	cp "$work/small" "$work/setuid" 2>/dev/null || cc -pthread -o "$work/setuid" "$data/small.c"
	chmod 4755 "$work/setuid"
	same 'programs with the rights of another: setuid, sudo, su' joined setuid_host
	! has_quietly ping || same 'ping' 'received' ping_host
fi

part languages 300
if wants; then
	if has_quietly javac java; then
		cp "$data/Host.java" "$work/Host.java"
		javac -d "$work" "$work/Host.java"
		same 'Java' '^sum' host java -Xmx256m -cp "$work" Host
	fi
	if has_quietly go gcc; then
		mkdir -p "$work/go" && cp "$data/host.go" "$work/go/main.go"
		for cgo in 1 0; do
			source=host.go
			[ $cgo = 1 ] || source=host_pure.go
			cp "$data/$source" "$work/go/main.go"
			(cd "$work/go" && HOME=$work CGO_ENABLED=$cgo GOFLAGS=-mod=mod go build -o "$work/gohost$cgo" main.go) >"$work/go.log" 2>&1 ||
				{ skip "Go, cgo $cgo" "no build: $(tail -n 1 "$work/go.log")"; continue; }
			same "Go, cgo $cgo" '^sum' host "$work/gohost$cgo"
		done
	fi
	if has_quietly rustc && rustc -o "$work/rusthost" "$data/host.rs" 2>"$work/rust.log"; then
		same 'Rust' '^sum' host "$work/rusthost"
	fi
	! has_quietly node || same 'node with workers' 'terminated' host node "$data/workers.js"
	! has_quietly perl || same 'perl' 'backticks' host perl "$data/host.pl"
	! has_quietly ruby || same 'ruby' 'woken' host ruby "$data/host.rb"
	! has_quietly php || same 'php' 'through cat' host php "$data/host.php"
	! has_quietly bash || same 'bash: jobs, pipes, traps, process substitution' 'COPROC' host bash "$data/host.bash"
	! has_quietly erl || same 'Erlang' '^sum' host erl -noshell -eval 'Me = self(), [spawn(fun() -> timer:sleep(1), Me ! N end) || N <- lists:seq(1, 50)],
		io:format("sum ~p~n~s", [lists:sum([receive N -> N end || _ <- lists:seq(1, 50)]), os:cmd("echo child")]), halt(3).'
fi

part preloads 60
if wants; then
	same 'fakeroot, faketime, eatmydata, stdbuf, proot, ltrace, heaptrack' '.' preloaders_host
	for library in libjemalloc.so.2 libtcmalloc_minimal.so.4 libtcmalloc_and_profiler.so.4 libeatmydata.so \
		faketime/libfaketimeMT.so.1 libfakeroot/libfakeroot-sysv.so; do
		path=$(ls /usr/lib/*/$library /usr/lib64/$library 2>/dev/null | head -n 1)
		[ -z "$path" ] || same "$library, before and after" '^10 6 1' preload_host "$path"
	done
	cc -shared -fPIC -o "$work/audit.so" "$data/audit.c" && same 'an auditor of the dynamic linker' '^thread' audit_host
	profiler=$(ls /usr/lib/*/libprofiler.so* /usr/lib64/libprofiler.so* 2>/dev/null | head -n 1)
	cc -pg -pthread -o "$work/spin-pg" "$data/spin.c"
	[ -z "$profiler" ] || same 'profilers: SIGPROF in every wait' '^done' profiler_host "$profiler"
fi

part tools 120
if wants; then
	! has_quietly git || same 'git: a repository, hooks, a clone' 'from a hook' git_host
	! has_quietly rsync || same 'rsync and tar with xz' '.' rsync_host
	! has_quietly tmux || same 'tmux and script' 'a terminal' tmux_host
	! has_quietly man file || same 'man and file, with filters of their own' 'ELF' manual_host
	! has_quietly apt-get dpkg-scanpackages || same "apt's methods in their sandbox" '_all.deb' apt_host
	! has_quietly tcpdump ping || same 'tcpdump' '^server 0' tcpdump_host
fi

part chrony 30
for level in 1 2 -1; do
	! has_quietly chronyd chronyc || same "chronyd, filter of level $level" 'Loaded seccomp' chrony_host $level
done

part servers 180
if wants; then
	for mpm in event worker prefork; do
		! has_quietly apache2 || same "apache, $mpm" 'from a child' apache_host $mpm
	done
	! has_quietly nginx || same 'nginx, a pool of threads, reloaded' 'a page' nginx_host
	! has_quietly vsftpd || same 'vsftpd with its filter' '230' vsftpd_host YES
	! has_quietly vsftpd || same 'vsftpd' 'by ftp' vsftpd_host NO
	! has_quietly ntpd || same 'ntpd, its rights dropped' '.' ntpd_host
	! has_quietly dnsmasq || same 'dnsmasq' 'tcp 192.0.2.7' dnsmasq_host
	for program in php-fpm php-fpm8.2 php-fpm8.4; do
		! has_quietly $program || { same 'php-fpm' 'ready' php_fpm_host $program; break; }
	done
	! has_quietly redis-server redis-benchmark redis-cli ||
		same 'redis-benchmark, with threads for input and output' 'GET' redis_host
	! has_quietly initdb pgbench setpriv || same 'pgbench' 'transactions' postgres_host
	! has_quietly mariadbd mariadb-install-db || same 'mariadb' '^2000' mariadb_host
fi

part browsers 100
if wants; then
	for user in ordinary root; do
		! has_quietly chromium || same "Chromium as $user draws a page" '[0-9]' browser_host chromium $user
		! has_quietly firefox-esr || same "Firefox as $user draws a page" '[0-9]' browser_host firefox $user
	done
fi

part python 1200
if wants; then
	for module in test_threading test_signal test_subprocess test_asyncio test_os test_socket \
		test_ssl test_queue test_concurrent_futures test_multiprocessing_fork \
		test_multiprocessing_forkserver test_multiprocessing_spawn; do
		python_part $module
	done
fi

# A table without samples would prove nothing.
[ -n "${HOSTS:-}" ] || check 'processes with rows of the agent were sampled' grep -q ' [1-9][0-9]* with rows of the agent' "$work/table"
print_table
plan $tests
