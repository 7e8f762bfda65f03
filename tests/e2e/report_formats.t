#!/bin/sh
# SPDX-License-Identifier: MIT
# A report in every format, of a recording with hostile names: no part of them is interpreted as
# markup, and a real browser draws the page with its plots.
. "$(dirname "$0")/lib.sh"
need python3
cd "$work" || exit 1
here=$(dirname "$0")
case $here in /*) ;; *) here=$OLDPWD/$here ;; esac

start python3 "$here/../targets/leak_pool.py" leak
until_true grep -q ready log
"$client" record "$last" -o plain.grmon -i 0.1 --for 3 2>record.err
ok $? 'a leak is recorded' "$(cat record.err)"
# The leaking function and the program get names that would turn the page green, end the code in
# Markdown, clear the terminal, or end a JSON string.
"$client" report -f json plain.grmon >plain.json
python3 "$beside/report_formats_evil.py"
for format in text json markdown html; do
	check "a report is written as $format" "$client" report -f $format evil.grmon -o report.$format
done
check 'the text has one leak and no control character' sh -c \
	"grep -q '^Leak 1: ' report.text && grep -q '<script>' report.text && ! grep -q '[[:cntrl:]]' report.text"
json_is_whole() {
	ask_file report.json 'has target.name*=<script>' 'in leaks.* count verdict=leak = 1' \
		'in leaks.* row verdict=leak has function*=<script> to>@from counts.-1>@counts.0' \
		'in figures.* set name >= tasks rss threads fds'
}
check 'the JSON is valid and has the original name' json_is_whole
check 'Markdown has no HTML, link or code from the name' sh -c \
	"grep -q '^### Leak 1' report.markdown && ! grep -v '^    ' report.markdown | grep -qE '(^|[^\\\\])(<style|<script|\\[x\\]\\()|^\`\`\`|^# .x'"
check 'HTML has no element from the name and loads no other file' sh -c \
	"! grep -qiE '<script|<style>\\*|src=|href=.[^#]|url\\(' report.html && grep -q '&lt;script&gt;' report.html && grep -q \"default-src 'none'\" report.html"
check 'HTML has a plot for the leak and for resources' sh -c \
	"[ \"\$(grep -c '<figure class=.plot' report.html)\" -ge 3 ]"
check 'HTML is well formed, and its plots are XML with a title' python3 "$beside/report_html.py" report.html

# A report of a deadlock and of the tasks that are stuck in it.
mkfifo hold
"$BUILD/tests/targets/lock_cycles" abba <hold >locks.out 2>&1 &
locks=$!
started="$started $locks"
exec 9>hold
until_true grep -q ready locks.out
"$client" record "$locks" -o locks.grmon -i 0.1 --for 2 --stuck 0.5 2>record.err
"$client" report --fail --stuck 0.5 locks.grmon >locks.txt 2>&1
ok $(($? != 1)) 'report --fail exits with 1 for a deadlock' "$(cat locks.txt)"
check 'the text has the cycle with its stacks, and the stuck tasks' sh -c \
	"grep -q '^Deadlock 1 of 1: each waits for the next' locks.txt && [ \"\$(grep -c 'in mutex: .*held by t' locks.txt)\" = 2 ] && grep -q 'in_ring' locks.txt && grep -q '^- 2 stuck, the oldest for' locks.txt"
check 'a deadlock is counted and shown as such, not as a leak too' sh -c \
	"grep -q '^0 leaks, 1 deadlock\.' locks.txt && ! grep -q '^Leaks' locks.txt"
check 'frames without a file end after the name' sh -c "grep -q '^    __[a-z_0-9]*$' locks.txt"
"$client" report --stuck 0.5 -f json locks.grmon >locks.json
cycle_in_json() {
	ask_file locks.json 'has cycles.#=1' "in cycles.0.* sorted . = $(sed -n 's/^member \([0-9]*\).*/t\1/p' locks.out)" \
		'in stuck.* values tasks state=mutex = 2' \
		'has leaks.#=1 leaks.0.verdict=proof leaks.0.proofs=deadlock leaks.0.proven=2 leaks.0.evidence*=deadlock'
}
check 'the JSON has the cycle with the verdict proof' cycle_in_json
"$client" report --stuck 0.5 -f html locks.grmon >locks.html
check 'HTML and Markdown have headings for deadlocks and stuck tasks' sh -c \
	"grep -q '<h2>Deadlocks</h2>' locks.html && grep -q '<h2>Stuck tasks</h2>' locks.html && '$client' report --stuck 0.5 -f markdown locks.grmon | grep -q '^## Deadlocks'"

browser=$(command -v firefox-esr || command -v firefox || :)
if [ -z "$browser" ]; then
	for number in $((tests + 1)) $((tests + 2)); do
		echo "ok $number - a browser draws the page # SKIP firefox is not installed"
	done
	tests=$((tests + 2))
else
	# draws PROFILE WIDTH CONDITION: the numbers of pixels are in $red, $green, $dark and $total.
	draws() {
		HOME=$work/home timeout 60 "$browser" --headless --no-remote --profile "$work/home/$1" \
			--window-size="$2" --screenshot "$work/page.png" "file://$work/report.html" >browser.log 2>&1
		python3 "$here/png_colors.py" page.png >colors || { cat browser.log; return 1; }
		read -r red green dark total <colors
		echo "red $red, green $green, dark $dark of $total"
		[ "$red" -gt 300 ] && [ "$green" -eq 0 ] && eval "$3"
	}
	mkdir -p home/light home/dark
	printf 'user_pref("%s", %d);\n' ui.systemUsesDarkTheme 1 \
		layout.css.prefers-color-scheme.content-override 0 >home/dark/user.js
	# shellcheck disable=SC2016
	check 'a browser draws the page with red plots and without green' draws light 700 '[ $((dark * 3)) -lt "$total" ]'
	# shellcheck disable=SC2016
	check 'the browser draws the page in a narrow window and in dark colours' draws dark 360 '[ $((dark * 3)) -gt $((total * 2)) ]'
fi
plan $tests
