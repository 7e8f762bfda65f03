#!/bin/sh
# SPDX-License-Identifier: MIT
# A process in its own namespaces, with its own root and libraries, watched by its pid on the host:
# functions, paths, sockets and their other ends, the agent, and ids.
. "$(dirname "$0")/lib.sh"
need python3
need unshare
[ "$(id -u)" -eq 0 ] || skip_all "only root can make all of the namespaces"
unshare --pid --fork --mount --net --uts --ipc true 2>/dev/null || skip_all "no namespaces here"
plan 15

# A root that contains only the program and its libraries, at other paths.
root=$work/root
mkdir -p "$root/app" "$root/proc" "$root/tmp" "$root/old"
cp "$BUILD/tests/targets/boxed" "$root/app/boxed"
ldd "$BUILD/tests/targets/boxed" | grep -o '/[^ ]*' | while read -r library; do
	mkdir -p "$root$(dirname "$library")"
	cp -L "$library" "$root$library"
done
cp -L "$agent" "$root/app/libgrmon.so"

# boxed_start HOW [ENV...]: starts the program in the namespaces; $target is its pid on the host.
boxed_start() {
	rm -f "$root/tmp/ready"
	how=$1
	shift
	# shellcheck disable=SC2016
	env "$@" unshare --pid --fork --mount --net --propagation private sh -c '
		ip link set lo up 2>/dev/null
		if [ "$2" = pivot ]; then
			mount --bind "$1" "$1" && cd "$1" && pivot_root . old && cd / || exit
			exec /app/boxed /tmp/ready
		fi
		exec chroot "$1" /app/boxed /tmp/ready' sh "$root" "$how" >"$work/log" 2>&1 &
	started="$started $!"
	until_true test -s "$root/tmp/ready"
	target=$(pgrep -P "$!" | head -1)
	started="$started $target"
}

boxed_start pivot
dump "$target"
[ "$(sed -n 's/^NSpid:.*\t//p' "/proc/$target/status")" = 1 ]
ok $? "the target is the first process of its own namespace" "$(cat "$work/log")"
check "every thread has its name and its id on the host" \
	ask "count = 5 and set name >= accepter reader locker filer and every has tid>=$target id~='t\d+'"
check "functions have their names from the files of its own root" \
	ask 'row name=locker stack.*.function=wait_for_the_lock'
check "functions of its C library have their names too" \
	ask 'row name=accepter stack.*.function*=accept'
check "a listening socket of another network namespace has its address" \
	ask 'row name=accepter has waits_on.text*=127.0.0.1:7070'
check "a connection has both addresses" \
	ask 'row name=reader has waits_on.text*=127.0.0.1:7070 waits_on.text*=tcp'
check "a connection names the process at its other end, which is itself" \
	ask "row name=reader has waits_on.text\$='with itself'"
check "the owner of a mutex has its id on the host" \
	ask "row name=locker has state=mutex waits_on.owner=t$target"
check "a path is that in its own root" \
	ask 'row name=filer has waits_on.text*=/tmp/fifo !waits_on.text*=root/tmp'
kill -9 "$target"

boxed_start chroot
dump "$target"
check "functions have their names after chroot() alone too" \
	ask 'row name=locker stack.*.function=wait_for_the_lock'
kill -9 "$target"

boxed_start pivot LD_PRELOAD=/app/libgrmon.so XDG_RUNTIME_DIR=/tmp
check "an agent inside is found, and its ids are those of the host" until_true sees "$target" \
	"has target.sources.*=agent target.pid=$target and row name=locker has waits_on.owner=t$target"
kill -9 "$target"

# In its own pid namespace, the second process is listed as any other.
# shellcheck disable=SC2016
unshare --pid --fork --mount-proc sh -c 'sleep 600 & sh -c "sleep 601 & sleep 602" &
	i=0
	while [ $((i += 1)) -lt 200 ]; do
		"$0" ls >"$1"
		[ "$(grep -cE "^ *[0-9]+ native +1 sleep " "$1")" -eq 3 ] && break
		sleep 0.05
	done' "$client" "$work/listed"
check "ls in the pid namespace lists the second process" grep -qE '^ *2 native +1 sleep ' "$work/listed"
check "ls in the pid namespace lists all other processes, including the first" sh -c \
	'[ "$(grep -cE "^ *[0-9]+ native +1 sleep " "$0")" -eq 3 ] && grep -qE "^ *1 native +1 sh " "$0"' "$work/listed"

# As `docker run --pid=container:NAME` joins the processes of a container, with a root, mounts, network and
# capabilities of its own: Docker's own ones, and with --cap-add=SYS_PTRACE that one too.
boxed_start pivot
beside_it() { # beside_it CAPABILITIES COMMAND…
	capabilities=-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+net_raw,+sys_chroot,+mknod,+audit_write,+setfcap$1
	shift
	# shellcheck disable=SC2016
	nsenter --target "$target" --pid unshare --fork --mount --net --uts --ipc --propagation private sh -c '
		capabilities=$1
		shift
		mount -t proc proc /proc && exec setpriv --bounding-set="$capabilities" --inh-caps=-all --no-new-privs "$@"' sh \
		"$capabilities" "$@"
}
shows_it() {
	beside_it ,+sys_ptrace "$client" dump 1 -f json >"$work/dump.json" &&
		ask 'has target.pid=1 and row name=locker has state=mutex stack.*.function=wait_for_the_lock'
}
says_why() {
	! beside_it '' "$client" dump 1 >"$work/log" 2>&1 && grep -q 'a container or a security module forbids it' "$work/log"
}
if command -v nsenter >/dev/null && command -v setpriv >/dev/null; then
	check 'a container that joins its processes, with SYS_PTRACE, shows them' shows_it
	check 'without SYS_PTRACE it says why not' says_why
else
	ok 0 'a container that joins its processes shows them # SKIP nsenter or setpriv is not installed'
	ok 0 'without SYS_PTRACE it says why not # SKIP nsenter or setpriv is not installed'
fi
kill -9 "$target"
