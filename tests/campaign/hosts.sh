# SPDX-License-Identifier: MIT
# For hosts.t: runs a host without the agent and with it, and compares the two turns.
# shellcheck shell=sh disable=SC2034,SC2154

wanted=${HOSTS:-}
part=
limit=60
become=

# part NAME SECONDS: begins a part, in which each run takes at most SECONDS.
part() {
	part=$1
	limit=$2
}
wants() { [ -z "$wanted" ] || case " $wanted " in *" $part "*) ;; *) return 1 ;; esac }
skip() {
	tests=$((tests + 1))
	echo "ok $tests - $1 # SKIP $2"
}
has_quietly() {
	wants || return 1
	for program in "$@"; do
		command -v "$program" >/dev/null 2>&1 || return 1
	done
}
# has PROGRAM…: fails, and skips this part, if a program is not installed.
has() {
	wants || return 1
	for program in "$@"; do
		command -v "$program" >/dev/null 2>&1 && continue
		skip "$part" "$program is not installed"
		return 1
	done
}

# host COMMAND…: runs it with the agent or without, as the turn says.
host() {
	if [ "$turn" = without ]; then
		$become timeout -k 5 "$limit" env ${before_agent:+"LD_PRELOAD=${before_agent% }"} "$@"
	else
		$become timeout -k 5 "$limit" env "LD_PRELOAD=${before_agent:-}$agent${after_agent:-}" "$@"
	fi
}

# Runs a command as an ordinary user, also if root runs this test.
ordinary=
[ "$(id -u)" -ne 0 ] || ordinary='setpriv --reuid=65534 --regid=65534 --clear-groups'

# Every process of a turn has this in its environment. A program that overwrites its environment has
# our folder in its title, or our library mapped.
export HOSTS_WORK="$work"
ours() (
	unset HOSTS_WORK
	{
		grep -lsaF "HOSTS_WORK=$work" /proc/[0-9]*/environ
		grep -lsaF "$work/there" /proc/[0-9]*/cmdline
		grep -lsF "$work/libgrmon.so" /proc/[0-9]*/maps
	} | tr -dc '0-9\n' | sort -u
)
none_left() { [ -z "$(ours)" ]; }
# Prints which processes a turn has left behind, and ends them.
sweep() {
	until_true none_left && return
	for pid in $(ours); do
		echo "left behind: $(cat "/proc/$pid/comm" 2>/dev/null)"
		kill -9 "$pid" 2>/dev/null
	done
}
end_all() {
	for pid in $(ours); do kill -9 "$pid" 2>/dev/null; done
	finish
}
trap end_all EXIT INT TERM

# Samples every process that has the agent until sampling_end TURN, which adds faults to the turn's
# output. Programs of this test do not end while $HOSTS_HOLD exists, which is until they have been
# sampled.
sampling_begin() {
	export HOSTS_HOLD="$work/hold"
	rm -f "$work/stop" "$work/samples"
	: >"$HOSTS_HOLD"
	chmod 666 "$HOSTS_HOLD"
	env -u HOSTS_WORK -u HOSTS_HOLD XDG_CONFIG_HOME=/nonexistent \
		python3 "$data/sampler.py" "$client" "$agent" "$work" &
	sampler=$!
}
sampling_end() {
	: >"$work/stop"
	wait "$sampler"
	rm -f "$HOSTS_HOLD"
	grep '^fault' "$work/samples" >>"$work/$1.out" || [ -e "$work/samples" ] ||
		echo 'fault: the sampler has ended' >>"$work/$1.out"
}

# turn without|with|alone COMMAND…: writes the output to $work/TURN.out. $there is a new folder for each
# turn, always of the same name. The host is sampled all the time in the turn "with", not in "alone".
turn() {
	turn=$1
	shift
	there=$work/there
	rm -rf "$there"
	mkdir -m 777 "$there"
	began=$(date +%s)
	[ "$turn" != with ] || sampling_begin
	(
		"$@"
		echo "exit $?"
	) >"$work/$turn.out" 2>&1 </dev/null
	[ "$turn" != with ] || sampling_end with
	sweep >>"$work/$turn.out"
	eval "took_$turn=$(($(date +%s) - began))"
}

# row NAME WITHOUT WITH [SEEN]: adds a row to the table that is printed at the end.
row() { printf '%-58s  %-18s  %-18s  %s\n' "$1" "$2" "$3" "${4:-}" >>"$work/table"; }

# same NAME PATTERN COMMAND…: the command prints and leaves the same in both turns. It is skipped if its
# output without the agent does not match PATTERN, because then it does not run on this machine.
same() {
	name=$1
	pattern=$2
	shift 2
	turn without "$@"
	if ! grep -qE -- "$pattern" "$work/without.out"; then
		skip "$name" "does not run here: $(grep -vE '^(exit )?[0-9]*$' "$work/without.out" | tail -n 1 | tr '#' ' ' | cut -c 1-150)"
		row "$name" 'does not run here' '-'
		return
	fi
	turn with "$@"
	verdict=same
	if ! diff "$work/without.out" "$work/with.out" >"$work/diff"; then
		verdict=DIFFERS
		# Is the sampling the cause, or does the output differ by itself from time to time?
		turn without "$@"
		diff "$work/without.out" "$work/with.out" >"$work/diff.2" && verdict='DIFFERS sometimes'
		turn alone "$@"
		diff "$work/without.out" "$work/alone.out" >"$work/diff.alone" &&
			verdict="$verdict, only when sampled"
	fi
	seen=$(head -n 1 "$work/samples")
	[ "$verdict" = same ]
	ok $? "$name: the same with the agent ($(wc -l <"$work/with.out") lines, $took_without s and $took_with s; $seen)" \
		"$verdict
$(head -n 40 "$work/diff")"
	row "$name" "$(wc -l <"$work/without.out") lines, $took_without s" "$verdict, $took_with s" "$seen"
	[ -z "${HOSTS_VERBOSE:-}" ] || { cat "$work/with.out"; cat "$work/samples"; } | sed 's/^/# /'
}

# Under prove the table goes to the standard error, which prove does not hide.
print_table() {
	[ -s "$work/table" ] || return 0
	{
		printf '%-58s  %-18s  %-18s  %s\n' HOST WITHOUT WITH 'PROCESSES SAMPLED'
		cat "$work/table"
	} | if [ -n "${HARNESS_ACTIVE:-}" ]; then cat >&2; else sed 's/^/# /'; fi
}

# until_gone PID: ends a process of this test and waits for it.
until_gone() {
	kill "$1" 2>/dev/null
	wait "$1" 2>/dev/null
}

