# SPDX-License-Identifier: MIT
# For hosts.t: programs for the terminal, in sandboxes, with another user's rights, and with other
# preloaded libraries.
# shellcheck shell=sh disable=SC2034,SC2154

bwrap_host() {
	host bwrap --unshare-all --die-with-parent --ro-bind / / --dev /dev --proc /proc \
		sh -c 'echo inside; echo $$; set -- /proc/[0-9]*; echo $#; readlink /dev/fd'
}

unshare_host() {
	host unshare -Ur sh -c 'id -u; cat /proc/self/uid_map'
	host unshare -Urmpf --mount-proc sh -c 'echo $$; set -- /proc/[0-9]*; echo $#; echo a | cat'
	host unshare -UrniuCT true
	echo "other namespaces $?"
}

nsenter_host() {
	sleep 1000 &
	sleeper=$!
	host nsenter -t "$sleeper" -m -u -i -n sh -c 'echo entered'
	host nsenter -t "$sleeper" -U true
	echo "user namespace $?"
	until_gone "$sleeper"
}

strace_host() {
	host strace -ff -qq -o "$there/out" -e trace=execve,clone,clone3,vfork,exit_group \
		sh -c 'echo a | cat; (echo b)'
	# Only the calls of each process, without ids and without the address of the environment.
	cat "$there"/out.* | sed -e 's/(.*=/ =/' -e 's/= [0-9][0-9]*$/= N/' | grep -v -e --- -e +++ | sort | uniq -c
}

# The program's output goes to a file, because gdb prints its own at the same time.
gdb_host() {
	host gdb -nx -q -batch -iex 'set debuginfod enabled off' -ex 'break leaf' \
		-ex "run >$there/out" -ex bt -ex 'print argument' -ex 'finish' -ex 'delete' -ex continue \
		"$work/threads" 2>&1 | sed -e 's/0x[0-9a-f]*/ADDRESS/g' -e 's/process [0-9]*/process/' |
		grep -v 'libthread_db\|New \|^\[Thread\|exited\]$\|Switching to\|hit Break\|^Run till\|thread_main_posix\|clone\|start_thread'
	cat "$there/out"
}

valgrind_host() {
	host valgrind -q --tool="$1" --error-exitcode=9 "$work/threads" 2>&1 | sed 's/==[0-9]*==/==/'
}
# A real fault is still reported.
valgrind_finds() {
	host valgrind -q --tool="$1" --error-exitcode=9 "$work/race" >/dev/null 2>&1
	echo "a race: $?"
}

# Programs that cannot load the agent, started by a shell, perl, Python and env that can.
foreign_host() {
	for way in 'sh -c "$0; exit 3"' 'exec perl -e "exit(system(@ARGV) >> 8)" "$0"' 'exec env "$0"' \
		'exec python3 -c "import subprocess, sys; print(subprocess.run(sys.argv[1:], capture_output=True))" "$0"' \
		'"$0" & wait $!' 'exec "$0"'; do
		host sh -c "$way" "$1"
		echo "$?"
	done
}

# In another root, which does not contain the agent's file.
chroot_host() {
	root=$there/root
	mkdir -p "$root/bin" "$root/dev"
	: >"$root/dev/null"
	for program in sh cat; do
		real=$(readlink -f "$(command -v $program)")
		cp "$real" "$root/bin/$program"
		ldd "$real" | grep -oE '/[^ ]+' | while read -r library; do
			mkdir -p "$root/$(dirname "$library")"
			cp -L "$library" "$root/$library"
		done
	done
	host chroot "$root" /bin/sh -c 'echo inside; echo piped | cat; (exit 4); echo $?'
	host perl -e 'chroot shift and chdir "/" or die; system "echo of perl | cat"; print $?, "\n"' "$root"
}

setuid_host() {
	host $ordinary "$work/setuid" 3
	echo "$?"
	host $ordinary sh -c '"$0" 4; echo $?' "$work/setuid"
	host $ordinary perl -e 'print system(shift), "\n"' "$work/setuid"
	[ "$(id -u)" -eq 0 ] || return
	! has_quietly sudo || host sudo -u nobody sh -c 'id -u; echo a | cat'
	! has_quietly sudo || host $ordinary sh -c 'sudo -n id 2>&1 | tail -n 1'
	host su -s /bin/sh nobody -c 'id -u; echo a | cat'
	host su - -s /bin/sh nobody -c 'id -u; echo a | cat' 2>/dev/null
	host sh -c 'passwd -S root | cut -d " " -f 1; su -s /bin/sh nobody -c "id -u"'
}
ping_host() {
	host $ordinary ping -c 2 -i 0.2 127.0.0.1 | grep -oE '[0-9]+ received'
	host $ordinary sh -c "ping -c 2 -i 0.2 127.0.0.1 | grep -oE '[0-9]+ received'"
}

# Each limit applies to its own shell and to what the shell starts.
limits_host() {
	for limit in '-v 60000' '-v 20000' '-n 20' '-n 5' '-l 0' '-f 0' '-s 256' '-d 20000' '-c 0'; do
		echo "$limit"
		timeout -k 5 60 sh -c "ulimit $limit
			$(declared_preload)
			export LD_PRELOAD
			ls / | wc -l; sh -c 'echo a | cat'
			'$work/posix' short"
		echo "$?"
	done 2>&1
}
declared_preload() { if [ "$turn" = without ]; then echo 'unset LD_PRELOAD'; else echo "LD_PRELOAD='$agent'"; fi; }

# The restrictions of a service: no new rights, a filter, limits, no memory that is writable and
# executable.
service_host() { # service_host MODE COMMAND…
	host "$work/service" "$@"
}
service_works() {
	service_host "$1" sh -c 'echo a | cat; (exit 3); echo $?'
	service_host "$1" python3 -c 'import subprocess, threading
threads = [threading.Thread(target=lambda: None) for _ in range(20)]
[t.start() for t in threads]; [t.join() for t in threads]
print(subprocess.run(["sh", "-c", "echo child; exit 3"]))'
	service_host "$1" perl -e 'print `echo of perl`; fork or exit 3; wait; print $?, "\n"'
	service_host "$1" "$work/threads"
	# By a shell that already has the agent.
	host sh -c '"$@"; echo $?' sh "$work/service" "$1" "$work/threads"
}

git_host() {
	export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_DATE='2020-01-01T00:00Z' \
		GIT_COMMITTER_DATE='2020-01-01T00:00Z' GIT_AUTHOR_NAME=n GIT_AUTHOR_EMAIL=n@localhost \
		GIT_COMMITTER_NAME=n GIT_COMMITTER_EMAIL=n@localhost
	cd "$there" || return
	host git init -q -b main one
	seq 20000 >one/file
	host git -C one add file
	host git -C one commit -q -m first
	printf '#!/bin/sh\necho from a hook\n' >one/.git/hooks/pre-commit
	chmod 755 one/.git/hooks/pre-commit
	echo more >>one/file
	host git -C one commit -q -a -m second 2>&1
	host git clone -q "file://$there/one" two
	host git -C two log --format=%H
	host git -C two gc -q
	host git -C two fsck
	host git -C two grep -c 77
}

rsync_host() {
	cd "$there" || return
	mkdir from
	for n in 1 2 3 4 5 6 7 8; do seq "$n" 5000 >"from/$n"; done
	printf '#!/bin/sh\nshift\nexec "$@"\n' >rsh
	chmod 755 rsh
	host rsync -a from/ to/
	host rsync -az -e "$there/rsh" localhost:"$there/from/" over/
	for folder in to over; do (cd $folder && cksum ./*) | cksum; done
	host tar cJf archive.tar.xz from && host tar xJOf archive.tar.xz | cksum
}

# A terminal server, its shell, and a program in that shell.
tmux_host() {
	terminal() { host tmux -f /dev/null -S "$there/socket" "$@"; }
	terminal new-session -d -x 80 -y 24 'tty >/dev/null && echo a terminal; echo piped | cat; exec sleep 1000'
	until_true sh -c "tmux -S '$there/socket' capture-pane -p | grep -q piped"
	terminal capture-pane -p | head -n 2
	terminal kill-server
	echo "$?"
	host script -qec 'tty >/dev/null && echo a terminal; exit 3' /dev/null
	echo "$?"
}

# Pages and files go through programs that set a filter for themselves.
manual_host() {
	host env MANWIDTH=80 man -P cat ls | cksum
	host file -z /bin/sh /etc/passwd "$work/threads" | sed "s:$work::"
}

# A local repository, fetched by apt's methods in their sandbox.
apt_host() {
	mkdir -p "$there/repository/p/DEBIAN" "$there/lists/partial" "$there/cache/archives/partial" "$there/etc"
	printf 'Package: hosts-p\nVersion: 1\nArchitecture: all\nMaintainer: n <n@localhost>\nDescription: d\n' \
		>"$there/repository/p/DEBIAN/control"
	host dpkg-deb --root-owner-group -b "$there/repository/p" "$there/repository/p.deb" >/dev/null
	(cd "$there/repository" && host dpkg-scanpackages . 2>/dev/null | gzip -n >Packages.gz)
	zcat "$there/repository/Packages.gz" | grep -c '^Package'
	chmod -R a+rX "$there"
	port=$(free_port)
	python3 -m http.server -b 127.0.0.1 -d "$there/repository" "$port" >/dev/null 2>&1 &
	server=$!
	echo "deb [trusted=yes] http://127.0.0.1:$port ./" >"$there/sources"
	until_true curl -fs "http://127.0.0.1:$port/Packages.gz"
	apt() {
		host apt-get -q -o APT::Sandbox::Seccomp=1 -o Dir::Etc::SourceList="$there/sources" \
			-o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$there/lists" \
			-o Dir::Cache="$there/cache" -o Acquire::Languages=none "$@"
		echo "$?"
	}
	apt update 2>&1 | sed "s/[: ]$port/ PORT/; s/[0-9.]* k\?B.*//" | grep -v '^Get\|^Ign\|^Fetched'
	(cd "$there/etc" && apt download hosts-p 2>&1 | grep '^[0-9]*$' && ls)
	until_gone "$server"
}

firejail_host() {
	host firejail --noprofile --quiet --seccomp --nonewprivs --private --net=none \
		sh -c 'echo inside; id -u; echo a | cat; (exit 4); echo $?'
	host firejail --noprofile --quiet --seccomp "$work/threads"
	host firejail --noprofile --quiet --seccomp --memory-deny-write-execute \
		python3 -c 'import threading; t = threading.Thread(target=print, args=("thread",)); t.start(); t.join()'
}

# container_host runc|crun: a container of busybox and of the programs of this machine.
container_host() {
	mkdir -p "$there/box/rootfs"
	cd "$there/box" || return
	"$1" spec
	python3 - "$work" <<'PY'
import json, sys
config = json.load(open("config.json"))
config["process"].update(terminal=False, args=["/bin/sh", "-c", "echo inside; echo $$; id -u; echo a | cat"])
config["root"] = {"path": "rootfs", "readonly": False}
for place in ("bin", "lib", "lib64", "usr", "etc"):
    config["mounts"].append({"destination": "/" + place, "type": "bind", "source": "/" + place,
                             "options": ["rbind", "ro"]})
names = ["memfd_create", "userfaultfd", "ptrace", "mount", "kexec_load"]
config["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],
                              "syscalls": [{"names": names, "action": "SCMP_ACT_KILL_PROCESS"}]}
json.dump(config, open("config.json", "w"))
PY
	options=
	[ "$1" != crun ] || options=--cgroup-manager=disabled
	host "$1" $options --root "$there/state" run "hosts-$$"
	echo "$?"
	# The agent's file exists in the container under the same name.
	python3 - "$agent" "$turn" <<'PY'
import json, os, sys
config = json.load(open("config.json"))
config["mounts"].append({"destination": "/agent", "type": "bind", "source": os.path.dirname(sys.argv[1]),
                         "options": ["rbind", "ro"]})
if sys.argv[2] != "without":
    config["process"]["env"].append("LD_PRELOAD=/agent/libgrmon.so")
config["process"]["args"] = ["/agent/threads"]
json.dump(config, open("config.json", "w"))
PY
	"$1" $options --root "$there/state" run "hosts-$$"
	echo "$?"
}

# preload_host LIBRARY: another preloaded library, before the agent and after it.
preload_host() {
	for order in before after; do
		before_agent=''
		after_agent=''
		if [ "$turn" = without ] || [ $order = before ]; then before_agent="$1 "; else after_agent=" $1"; fi
		host "$work/threads"
		host "$work/posix" short
		host python3 -c 'import subprocess, threading
threads = [threading.Thread(target=lambda: bytearray(100000)) for _ in range(20)]
[t.start() for t in threads]; [t.join() for t in threads]
print(subprocess.run(["sh", "-c", "echo child; exit 3"]))'
		host perl -e 'print `echo of perl`; print "x" x 10, "\n"'
	done
	before_agent=''
	after_agent=''
}

# Tools that preload a library or trace by themselves.
preloaders_host() {
	! has_quietly fakeroot || host fakeroot sh -c 'id -u; : >"$1"; chown 12:13 "$1"; stat -c %u:%g "$1"' sh "$there/f"
	! has_quietly fakeroot || host $ordinary fakeroot id -u
	! has_quietly faketime || host faketime '2001-02-03 04:05:06' date -u +%F
	! has_quietly faketime || host faketime '2001-02-03 04:05:06' \
		python3 -c 'import time, threading; t = threading.Thread(target=time.sleep, args=(0.1,)); t.start(); t.join(); print(time.gmtime().tm_year)'
	! has_quietly eatmydata || host eatmydata python3 -c 'import os; print(os.fsync(os.open("/etc/passwd", os.O_RDONLY)))'
	! has_quietly stdbuf || host stdbuf -oL sh -c 'echo a; seq 3; echo b | cat'
	! has_quietly proot || host proot -0 -b "$there:/mnt" sh -c 'id -u; ls -d /mnt; echo a | cat'
	! has_quietly ltrace || host ltrace -o "$there/calls" -e pthread_create "$work/threads"
	! has_quietly heaptrack || { cd "$there" && host heaptrack -o "$there/heap" "$work/threads" >/dev/null 2>&1 && ls "$there"/heap* | wc -l; }
	! has_quietly parallel || host parallel -j 4 echo ::: 1 2 3 4 </dev/null | sort
}

emulated_host() {
	for program in "$@"; do
		host "$program" "$work/threads"
		host sh -c '"$0" "$1"; echo $?' "$program" "$work/threads"
	done
	for program in qemu-i386 qemu-i386-static; do
		! has_quietly $program || [ ! -x "$work/foreign-32" ] || host sh -c '"$0" "$1"; echo $?' $program "$work/foreign-32"
	done
}

audit_host() {
	export LD_AUDIT="$work/audit.so"
	host "$work/threads"
	host "$work/posix" short
	host sh -c 'echo a | cat'
	host env LD_BIND_NOW=1 "$work/threads"
	host python3 -c 'import threading; t = threading.Thread(target=print, args=("thread",)); t.start(); t.join()'
	unset LD_AUDIT
}

# SIGPROF hundreds of times a second, in every wait.
profiler_host() {
	export CPUPROFILE="$there/profile" CPUPROFILE_FREQUENCY=1000
	before_agent="$1 "
	host "$work/spin" 2>/dev/null
	before_agent=
	unset CPUPROFILE CPUPROFILE_FREQUENCY
	[ -s "$there/profile" ] && echo profiled
	cd "$there" && host "$work/spin-pg"
	[ -s "$there/gmon.out" ] && echo counted
}
