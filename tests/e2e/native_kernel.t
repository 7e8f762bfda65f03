#!/bin/sh
# SPDX-License-Identifier: MIT
# Waits that only the kernel knows, and their details.
. "$(dirname "$0")/lib.sh"
plan 8

"$BUILD/tests/targets/kernel_waits" >"$work/out" 2>>"$work/log" &
target=$!
until_true grep -q ready "$work/out"
kids=$(cat /proc/$target/task/*/children)
# The vfork child shares the memory of its parent, and does not end with it.
# shellcheck disable=SC2034 # lib.sh ends what is in it
started="$kids $target"
vforked=$(for task in /proc/"$target"/task/*; do
	[ "$(cat "$task/comm")" = vforks ] && tr -d ' ' <"$task/children"
done)
# says NAME STATE PATTERN: the thread of that name has STATE and PATTERN, if this kernel has such waits.
says() {
	grep -q "^no $1" "$work/out" && return
	sees "$target" "row name=$1 state=$2 waits_on.text~='$3'" -s native
}
waits() {
	until_true says "$@"
	says "$@"
}
check 'several futexes are shown by their addresses, with the time limit' waits futexes futex \
	'futex 0x[0-9a-f]+, 0x[0-9a-f]+, 50m00s at most'
check 'a page that userfaultfd serves is not a disk read, and the client does not wait for it' waits fault io-read \
	'page fault at 0x[0-9a-f]+, served by userfaultfd'
check 'a netlink socket without an address is shown by its family' waits netlink io-read 'fd \d+ netlink route'
check 'a packet socket is shown by its address' waits packet io-read 'fd \d+ packet 0x0000'
check 'io_uring shows how many operations are pending, and which' waits ring poll 'fd \d+ io_uring, 2 pending: (poll, read|read, poll)'
check 'vfork waits for the child that shares its memory, not for the other one' waits vforks wait-child "vfork child $vforked vforks"
case $(uname -m) in
x86_64)
	check 'vfork shows its caller' ask 'row name=vforks has stack.0.function=forks_in_place'
	;;
*) ok 0 'vfork shows its caller # SKIP it is known only on x86-64' ;;
esac
# A new wait may have begun between two samples: its remaining time is not its limit.
turns() {
	"$client" record -i 0.7 --for 5s -o "$work/turns" "$target" || return
	grep -q '"cond' "$work/turns" || return
	! grep -o ', [0-9.]*m\{0,1\}s at most' "$work/turns" | grep -v ' 1\.0s\| 9[0-9]*ms'
}
check 'a time limit is that of the whole wait, or is not shown' turns
