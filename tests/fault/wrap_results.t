#!/bin/sh
# SPDX-License-Identifier: MIT
# Interposed functions return what the real ones do, and leave the same errno, in every
# case of tests/targets/wrap_results.c.
set -u
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
trap 'rm -rf "$work"' EXIT
program=$BUILD/tests/targets/wrap_results

echo 1..3
# differ KIND: the cases of which no result with that agent is one without it, whatever the
# attempt. Some are races against the clock, which a busy machine can lose in any run; a
# difference that the agent makes is there every time.
differ() {
	awk 'FILENAME ~ /without/ { expected[FNR, $0] = 1; text[FNR] = $0 }
		FILENAME !~ /without/ { other[FNR] = $0; if ((FNR, $0) in expected) same[FNR] = 1 }
		FNR > count { count = FNR }
		END {
			for (i = 1; i <= count; i++)
				if (!same[i]) print i ": " text[i] "; with the agent: " other[i]
		}' "$work"/without.* "$work/$1".*
}

attempt=0
while [ $attempt -lt 6 ]; do
	attempt=$((attempt + 1))
	timeout 20 "$program" >"$work/without.$attempt" 2>&1
	LD_PRELOAD="$agent" timeout 20 "$program" >"$work/agent.$attempt" 2>&1
	GRMON_DISABLE=1 LD_PRELOAD="$agent" timeout 20 "$program" \
		>"$work/disabled.$attempt" 2>&1
	[ -n "$(differ agent)$(differ disabled)" ] || break
done

if grep -q '^cleaned up after Sem_wait' "$work/without.$attempt" &&
	[ "$(wc -l <"$work/without.$attempt")" -gt 180 ]; then
	echo "ok 1 - $(wc -l <"$work/without.$attempt") cases"
else
	echo "not ok 1 - the cases end at: $(tail -1 "$work/without.$attempt")"
fi
number=1
for kind in agent disabled; do
	number=$((number + 1))
	case $kind in
	agent) name='the same results with the agent' ;;
	*) name='the same results with a disabled agent' ;;
	esac
	differ $kind >"$work/differ"
	if [ -s "$work/differ" ]; then
		echo "not ok $number - $name"
		sed 's/^/# /' "$work/differ"
	else
		echo "ok $number - $name"
	fi
done
