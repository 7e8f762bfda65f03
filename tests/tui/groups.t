#!/bin/sh
# SPDX-License-Identifier: MIT
# Groups of the demo server under load: by stack, creator, state and label, their columns, order and
# filters; one group with its verdict, plot, tasks and stacks. On a Go program: a leak that grows in
# steps, and acknowledged groups, also in the settings.
. "$(dirname "$0")/lib.sh"
need curl

start_server() {
	"$BUILD/examples/leaky-server" --port 0 >"$work/line" 2>/dev/null &
	target=$!
	started="$started $target"
	until_true grep -q pid "$work/line" || { echo "Bail out! the server does not start"; exit 1; }
	url=$(sed 's/ .*//' "$work/line")
	# Requests of three users in turn, until the server ends.
	(
		user=0
		while curl -fsS --max-time 10 "$url?user=$((user % 3))" >/dev/null; do
			user=$((user + 1))
			sleep 0.1
		done
	) 2>/dev/null &
	load=$!
	started="$started $load"
}
start_server
esc=$(printf '\033')
age='([0-9.]+(ms|s|m|h|d))+' # 1.2s, 1m03s
column() { # column TEXT: the column of the screen where TEXT begins in the titles, from 1
	screen | awk -v text="$1" '/^! / && index($0, text) { print index($0, text); exit }'
}

no_preview
open_shell 160 40
# On a busy machine it takes seconds until the groups are on the screen.
view "-i 0.1 --warm-up 12s --stuck 1s $target"
press g
expect '^[?] +send_product .*recheck [0-9]+' "recent growth is to be watched"
expect '^! +FUNCTION +COUNT +CHANGE +/MIN +OLDEST +CAME +LEFT +TREND +VERDICT▼ +STATE +LOCATION +CREATED BY' \
	"groups have all their columns, worst first"
expect '^. +send_product +[0-9]+ .*chan-send +leaky-server.c:[0-9]+ +get_products ' \
	"by stack: the function, its place and who created them"
count() { screen | sed -n 's/^. *send_product  *\([0-9]*\).*/\1/p'; }
first=$(count)
more() { [ "$(count)" -gt "$first" ]; }
until_true more
ok $? "the count grows with every request"
expect 'send_product +[0-9]+ +(new )?\+[0-9]+ +\+[0-9]+ +'"$age"' +[0-9]+ +0 ' \
	"with its change, rate, oldest age, and how many came and left"
expect 'send_product .*[▁▂▃▄▅▆▇]+█' "the trend is a rising line"
expect '^L +send_product .*leak [0-9]+' "later it is a leak, with a score"
expect '^! leak in send_product: \+[0-9]+ .*now [0-9,]+' "the header warns of the leak"
expect '^ +serve +1 +'"$age"' ' "no other group is accused"

press b
expect '^L +get_products leaky-server.c:[0-9]+ +[0-9]+ .*send_product' "b groups by creator"
press b
expect '^L +chan-send +[0-9]+ ' "b groups by state"
expect '^ +poll +1 ' "the state groups include healthy waits"
press b
expect '^L +request=/products\?user=0 +[0-9]+ .*chan-send' "b groups by label"
by_label() { screen | grep -cE 'request=/products\?user=[012] '; }
three() { [ "$(by_label)" -eq 3 ]; }
until_true three
ok $? "there is a group for each value of the label"
press B B B
wait_for ' by stack'

press s
expect 'COUNT +tasks in the group' "s lists the columns with their meaning"
press g j Enter
expect 'FUNCTION[▲▼]' "Enter sorts by the chosen column"
functions() { screen | awk '/^[! L?] +[a-z_]+/ && NR > 3 { print $(NF > 0 && $1 ~ /^[L?!]$/ ? 2 : 1) }' | head -n 3 | tr '\n' ' '; }
press S
in_order() { functions | grep -qE "$1"; }
until_true in_order 'serve send_product'
ok $? "S reverses the order"
mouse 0 "$(column COUNT)" "$(screen | grep -nE '^! .*COUNT' | cut -d: -f1)"
expect 'COUNT▼' "a click on a title sorts by it"
until_true in_order '^send_product'
ok $? "the largest group is first"
press '>'
expect 'CHANGE▼' "> sorts by the next column"
press /
typed 'state:idle'
expect_gone '^. +send_product' "the filter applies to groups"
press Escape
wait_for '^. +send_product'
press 1
expect_gone '^. +serve ' "a class applies to groups"
press 0
wait_for '^. +serve '

row() { screen | awk -v text="$1" 'index($0, text) { print NR; exit }'; }
twice() {
	line=$(row send_product)
	mouse 0 5 "$line"
	sleep 0.1 # otherwise the two clicks count as one event
	mouse 0 5 "$line"
}
# On a busy machine the second click may arrive too late for a double click.
for _ in 1 2 3 4; do
	twice
	! wait_for 'Blocked at' || break
done
expect 'Blocked at +send_product at leaky-server.c:[0-9]+' "two clicks open a group"
expect 'Verdict +leak, score [0-9]+ of 100' "an open group has its verdict"
expect 'Evidence +From [0-9]+ to [0-9]+ in '"$age"', since [0-9:]+: \+[0-9]+ a minute' "the verdict has its evidence in words"
expect 'appeared and remain, 0 ended' "the evidence counts tasks that came and left"
expect 'Tasks +[0-9,]+, \+[0-9,]+ a minute, [0-9,]+ stuck' "an open group has its tasks"
expect 'State +chan-send: sending to a channel' "an open group has its waits"
expect 'Change +(\+[0-9]+|new) since the start' "an open group has the change since the mark"
expect 'Tasks in the last '"$age"'' "an open group has a plot"
expect '^ +[0-9,]+ ┤.*(⠤|⣀|⠉|⠒)' "the plot has a scale of tasks"
expect '^ +-'"$age"' .* now' "the plot has a scale of time"
expect 'Its tasks, oldest first \([0-9,]+\)' "an open group has examples"
expect '^ .t[0-9]+ +chan-send +'"$age"' +producer' "examples have their ages"
press G
expect 'Created by' "the creator is at the end"
expect '^ +0 +get_products +.*leaky-server.c:[0-9]+' "the creator has its place"
press Home n
press Enter
expect '^ Task +t[0-9]+ +producer' "Enter on an example opens the task"
press q
wait_for '^!? *ID '
press g Enter
wait_for 'Blocked at'
press G
step k cursor_is_at 'all of them'
press Enter
expect 'filter: state=chan-send function="send_product"' "all tasks of the group are a filter"
expect_gone '^. +t[0-9]+ +(poll|signal-wait)' "the filter shows no other tasks"
press q
wait_for '^status=0'
kill "$load" "$target" 2>/dev/null

if command -v go >/dev/null 2>&1; then
	export GOFLAGS="" GOTOOLCHAIN=local GOCACHE="${GOCACHE:-$(go env GOCACHE)}"
	go build -ldflags '-s -w' -o "$work/climbs" "$(dirname "$0")/../targets/go/climbs.go" \
		>"$work/build.log" 2>&1 || rm -f "$work/climbs"
fi
if [ ! -x "$work/climbs" ]; then
	ok 0 "a leak in steps # SKIP go cannot build"
	plan "$tests"
	exit
fi
"$work/climbs" steps 40 >"$work/ready" 2>&1 &
target=$!
started="$started $target"
until_true grep -q ready "$work/ready"
config=$work/config/grmon-c/config.json
mkdir -p "${config%/*}"
echo '{"suppress": ["name:nobody"]}' >"$config"
resize 80 24
view "-i 0.1 --warm-up 3s $target"
press g
wait_for '^L +main.heartbeat'
press Home Enter
expect 'Tasks in the last '"$age"': [0-9]+ steps of \+16, one every '"$age"'' "steps have their size and their period"
expect 'grows in steps: \+16 every' "the evidence has the steps"
expect '^ +[0-9,]+ [┤│].*┊.*┊.*┊' "each step is drawn into the plot"
fits() { screen | grep -q ' now$' || screen | grep -qE '^ +-'"$age"' .* now'; }
until_true fits
ok $? "the plot fits on 80x24"
resize 60 15
expect 'Verdict +leak' "60x15 shows the verdict"
press x
expect '^ +[0-9]+ of [0-9,]+ fds' "resources fit 60x15"
press End
press Home j j j
expect 'graph(s [0-9]+ to)? [0-9]+ of [0-9]+|[0-9]+ graphs below' "resources say that there are more graphs"
press g
resize 110 30
expect '^L +main.heartbeat' "g shows the groups again"

press a
expect 'acknowledged, never a leak: .*main.heartbeat' "a acknowledges a leak"
expect '^a +main.heartbeat .*acknowledged' "the row of an acknowledged group says so"
expect_gone 'leak in main' "the header does not warn of an acknowledged leak"
press A
expect_gone '^a +main.heartbeat' "A hides acknowledged groups"
press A
wait_for '^a +main.heartbeat'
press W
expect 'settings saved to ' "W saves the acknowledgement"
saved() {
	grep -q '"acknowledge": \[' "$config" && grep -q 'function=\\"main.heartbeat\\"' "$config" &&
		[ "$(grep -c heartbeat "$config")" -eq 1 ] && grep -q '"name:nobody"' "$config" &&
		! grep -q 'climbs.go' "$config"
}
until_true saved
ok $? "config.json has names that are stable between builds, and its other keys are kept"
press q q
wait_for '^status=0'
view "-i 0.1 --warm-up 2s $target"
press g
expect '^a +main.heartbeat .*acknowledged' "the next run knows the acknowledgement"
sees_not 'leak in main'
ok $? "the next run warns of no leak"
# The cursor stays on its group.
press G
until_true cursor_is_at main.heartbeat
press a
expect '^L +main.heartbeat .*leak' "a again removes the acknowledgement"
press '?'
page_to '^ Columns of groups|^ *Verdicts'
ok $? "the help explains the columns and the verdicts"
press q q q
wait_for '^status=0'

"$work/climbs" nil 50 >"$work/ready" 2>&1 &
target=$!
started="$started $target"
until_true grep -q ready "$work/ready"
view "-i 0.1 --ascii --no-color $target"
press g
expect '^P +main.forget +1 .*proof' "a wait that nothing can end is a proof at once"
press Home Enter
expect 'Verdict +proof, score 100' "the group of such a wait shows the proof"
plain() {
	screen | grep -q 'Created by' && ! screen | LC_ALL=C grep -q '[^ -~]' &&
		! colored | grep -qE "$esc\[[0-9;]*(3[0-8]|9[0-7])[;m]"
}
# The page may become shorter for a moment, and then it is shown from its top.
at_its_end() { press G && plain; }
until_true at_its_end
ok $? "with --ascii and --no-color there is neither a colour nor a sign beyond ASCII"
press q q q
plan "$tests"
