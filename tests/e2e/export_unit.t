#!/bin/sh
# SPDX-License-Identifier: MIT
# The capabilities that the systemd unit leaves to export are sufficient for processes of other
# users, with and without an agent, and each of them is necessary.
. "$(dirname "$0")/lib.sh"
need setpriv
need curl
need python3
[ "$(id -u)" -eq 0 ] || skip_all 'only root can be another user'
[ -z "${SAN:-}" ] || skip_all 'not under a sanitizer'
plan 5

unit=$(dirname "$0")/../../src/share/grmon-c-export.service
powers=$(sed -n 's/^CapabilityBoundingSet=//p' "$unit" | tr 'A-Z ' 'a-z,' | sed 's/cap_/+/g')
# A folder in which another user can run the programs; XDG_RUNTIME_DIR is unset.
chmod 755 "$work"
mkdir "$work/bin"
cp "$BUILD/examples/leaky-server" "$agent".* "$work/bin"
cp "$(command -v sleep)" "$work/bin/other-$$"
as_nobody() {
	start env -u XDG_RUNTIME_DIR LD_LIBRARY_PATH="$work/bin" \
		setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}
as_nobody "$work/bin/leaky-server" --port 0
inside=$last
as_nobody "$work/bin/other-$$" 600
outside=$last
until_true grep -q '^http' "$work/log"

# export_with CAPABILITIES: starts export with these on $port.
export_with() {
	port=$(free_port)
	start env -u XDG_RUNTIME_DIR setpriv --bounding-set "-all,$1" --inh-caps -all --no-new-privs \
		"$client" export "$inside" "$outside" --listen "127.0.0.1:$port" -i 0.2
}
served() { curl -s "http://127.0.0.1:$port/metrics" | grep -qE "$1"; }
export_with "$powers"
check 'a process with an agent is watched' until_true served \
	"^grmon_tasks.*pid=\"$inside\",state=\"signal-wait\".* 1$"
check 'a process without an agent is watched' until_true served "^grmon_tasks.*pid=\"$outside\",state=\"sleep\".* 1$"
export_with "$(echo "$powers" | sed 's/+sys_ptrace//; s/^,//; s/,$//')"
check 'without CAP_SYS_PTRACE that process is not watched' until_true served "^grmon_up.*pid=\"$outside\".* 0$"
has_fds() { # has_fds CAPABILITIES: succeeds if the descriptors of the process with the agent are counted
	env -u XDG_RUNTIME_DIR setpriv --bounding-set "-all,$1" --inh-caps -all --no-new-privs \
		"$client" dump "$inside" | grep -q 'through agent' &&
		env -u XDG_RUNTIME_DIR setpriv --bounding-set "-all,$1" --inh-caps -all --no-new-privs \
			"$client" dump "$inside" | grep -q ', fds [0-9]'
}
has_fds "$powers"
ok $? 'descriptors of the process with an agent are counted'
! has_fds "$(echo "$powers" | sed 's/+dac_read_search//; s/^,//; s/,$//')"
ok $? 'without CAP_DAC_READ_SEARCH they are not counted'
