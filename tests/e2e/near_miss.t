#!/bin/sh
# SPDX-License-Identifier: MIT
# Contention under load is not a deadlock, with and without the agent: ordered locks, mutexes in
# opposite order with a time limit or a try, ping-pong between processes, file locks, joins.
# NEAR_MISS_SECONDS is how long each way is watched; make campaign uses minutes.
. "$(dirname "$0")/lib.sh"
need python3
seconds=${NEAR_MISS_SECONDS:-4}
plan 10

begin() {
	rm -f "$work/hold"
	mkfifo "$work/hold"
	env "$@" "$BUILD/tests/targets/near_misses" "$work/a" "$work/b" <"$work/hold" >"$work/out" 2>>"$work/log" &
	target=$!
	started="$started $target"
	exec 9>"$work/hold"
	until_true grep -q ready "$work/out" || { echo 'Bail out! near_misses does not start'; exit 1; }
}
# Samples for $seconds, as the view does and by single dumps. Counts the deadlocks and the pairs of
# threads that wait for each other in one dump, which without a time limit would be a deadlock.
watch() {
	cycles=0
	circles=0
	dumps=0
	end=$(($(date +%s) + seconds))
	"$client" check "$target" --no-deadlock --for "$seconds" -i 0.02 >"$work/check" 2>&1 &
	check=$!
	started="$started $check"
	while now=$(date +%s) && { [ "$now" -lt "$end" ] || [ "$dumps" -lt 3 ] ||
		{ [ "$circles" -eq 0 ] && [ "$now" -lt $((end + 20)) ]; }; }; do
		dump "$target" || break
		# shellcheck disable=SC2046
		set -- $(python3 "$beside/near_miss_circles.py" "$work/dump.json")
		cycles=$((cycles + $2))
		circles=$((circles + $4))
		dumps=$((dumps + 1))
	done
	wait "$check"
	status=$?
}
end_of() {
	exec 9>&-
	wait "$target"
}

for way in outside agent; do
	if [ $way = agent ]; then begin LD_PRELOAD="$agent"; else begin A=; fi
	watch
	[ "$status" -eq 0 ]
	ok $? "$way: check finds no deadlock in $seconds s of samples, 20 ms apart" "$(cat "$work/check")"
	[ "$cycles" -eq 0 ] && [ "$dumps" -ge 3 ]
	ok $? "$way: no dump has a deadlock" "$dumps dumps, $cycles cycles"
	[ "$circles" -gt 0 ]
	ok $? "$way: threads have waited for each other" "$dumps dumps"
	end_of
	! grep -q '^rounds .* 0$' "$work/out" && [ "$(grep -c '^rounds' "$work/out")" -eq 8 ]
	ok $? "$way: every thread made progress" "$(cat "$work/out")"
done

# The same command does find a real deadlock.
rm -f "$work/hold"
mkfifo "$work/hold"
"$BUILD/tests/targets/lock_cycles" abba <"$work/hold" >"$work/out" 2>/dev/null &
last=$!
started="$started $last"
exec 9>"$work/hold"
until_true grep -q ready "$work/out"
finds() { "$client" check "$last" --no-deadlock --for 1 -i 0.02 >"$work/check" 2>&1; [ $? -eq 1 ]; }
until_true finds
ok $? 'check exits with 1 for a deadlock' "$(cat "$work/check")"
grep -q 'deadlock' "$work/check"
ok $? 'check names the deadlock' "$(cat "$work/check")"
exec 9>&-
kill -9 "$last"
