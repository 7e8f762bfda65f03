# SPDX-License-Identifier: MIT
# For hosts.t: running a host without the agent and with it, and comparing.
# shellcheck shell=sh disable=SC2034,SC2154

wanted=${HOSTS:-}
part=
limit=60
become=

# part NAME SECONDS: what follows, at most so long each time.
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
# has PROGRAM…: or says that this part is left out.
has() {
	wants || return 1
	for program in "$@"; do
		command -v "$program" >/dev/null 2>&1 && continue
		skip "$part" "$program is not installed"
		return 1
	done
}

# host COMMAND…: with the agent or without, as the turn is.
host() {
	if [ "$turn" = without ]; then
		$become timeout -k 5 "$limit" env ${before_agent:+"LD_PRELOAD=${before_agent% }"} "$@"
	else
		$become timeout -k 5 "$limit" env "LD_PRELOAD=${before_agent:-}$agent${after_agent:-}" "$@"
	fi
}

# A process of an ordinary user, also where root runs this.
ordinary=
[ "$(id -u)" -ne 0 ] || ordinary='setpriv --reuid=65534 --regid=65534 --clear-groups'

# Everything that a turn starts, directly or not, has this in its environment; a program
# that writes over its own has our folder in its title, or our library.
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
# Says what a turn has left behind, and ends it.
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

# Looks at every process that has the agent until look_end TURN, which adds what went wrong to
# the turn's output. Programs of ours stay at their end while $HOSTS_HOLD is there: until they
# have been looked at.
look_begin() {
	export HOSTS_HOLD="$work/hold"
	rm -f "$work/stop" "$work/looks"
	: >"$HOSTS_HOLD"
	chmod 666 "$HOSTS_HOLD"
	env -u HOSTS_WORK -u HOSTS_HOLD XDG_CONFIG_HOME=/nonexistent \
		python3 "$data/looker.py" "$client" "$agent" "$work" &
	looker=$!
}
look_end() {
	: >"$work/stop"
	wait "$looker"
	rm -f "$HOSTS_HOLD"
	grep '^fault' "$work/looks" >>"$work/$1.out" || [ -e "$work/looks" ] ||
		echo 'fault: the looker ended' >>"$work/$1.out"
}

# turn without|with|alone COMMAND…: into $work/TURN.out. $there is a folder of the turn's own,
# always under the same name. "with" is looked at all the time, "alone" is not.
turn() {
	turn=$1
	shift
	there=$work/there
	rm -rf "$there"
	mkdir -m 777 "$there"
	began=$(date +%s)
	[ "$turn" != with ] || look_begin
	(
		"$@"
		echo "exit $?"
	) >"$work/$turn.out" 2>&1 </dev/null
	[ "$turn" != with ] || look_end with
	sweep >>"$work/$turn.out"
	eval "took_$turn=$(($(date +%s) - began))"
}

# row NAME WITHOUT WITH [SEEN]: one of the table that is printed at the end.
row() { printf '%-58s  %-18s  %-18s  %s\n' "$1" "$2" "$3" "${4:-}" >>"$work/table"; }

# same NAME PATTERN COMMAND…: the function says and leaves the same in both turns. Where its
# output without the agent does not match, it does not run here and nothing is said of it.
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
		# Because somebody looked, or by itself from time to time?
		turn without "$@"
		diff "$work/without.out" "$work/with.out" >"$work/diff.2" && verdict='DIFFERS now and then'
		turn alone "$@"
		diff "$work/without.out" "$work/alone.out" >"$work/diff.alone" &&
			verdict="$verdict, only when looked at"
	fi
	seen=$(head -n 1 "$work/looks")
	[ "$verdict" = same ]
	ok $? "$name ($(wc -l <"$work/with.out") lines, $took_without s and $took_with s; $seen)" \
		"$verdict
$(head -n 40 "$work/diff")"
	row "$name" "$(wc -l <"$work/without.out") lines, $took_without s" "$verdict, $took_with s" "$seen"
	[ -z "${HOSTS_VERBOSE:-}" ] || { cat "$work/with.out"; cat "$work/looks"; } | sed 's/^/# /'
}

# The table is seen under prove as well, which shows the standard error alone.
print_table() {
	[ -s "$work/table" ] || return 0
	{
		printf '%-58s  %-18s  %-18s  %s\n' HOST WITHOUT WITH 'PROCESSES LOOKED AT'
		cat "$work/table"
	} | if [ -n "${HARNESS_ACTIVE:-}" ]; then cat >&2; else sed 's/^/# /'; fi
}

# until_gone PID: ends what was started here, and waits for it.
until_gone() {
	kill "$1" 2>/dev/null
	wait "$1" 2>/dev/null
}

