#!/bin/sh
# SPDX-License-Identifier: MIT
# A report as a page: well formed, complete, in local time, of bounded size, and laid out by a browser
# for a phone and a desk, in light and dark; and the text of a report, wrapped at any width.
. "$(dirname "$0")/lib.sh"
need python3
cd "$work" || exit 1
TZ=XYZ-05:30
export TZ
python3 "$beside/report_html_dumps.py" || exit 1

mkfifo hold
"$BUILD/tests/targets/lock_cycles" abba <hold >locks.out 2>&1 &
locks=$!
started="$started $locks"
exec 9>hold
until_true grep -q ready locks.out
record_some 20 locks.grmon "$locks" -i 0.1 --stuck 0.5
# Nothing of a target at rest changes; a report shows resources that do.
sed -i '$ s/"key": false/"key": false, "resources": {"rss_bytes": 9999360}/' locks.grmon
day=$(date +%Y-%m-%d)
"$client" report --stuck 0.5 -f html locks.grmon -o locks.html
"$client" report -f html hostile.txt -o hostile.html
"$client" report -f html many.txt -o many.html
for page in locks hostile many; do
	check "$page: the page is well formed, its links lead somewhere, its plots are XML" \
		python3 "$beside/report_html.py" $page.html
done
# shellcheck disable=SC2016
check 'it begins with what was found, with links' sh -c \
	'grep -q "<p class=\"lead\"><a href=\"#deadlocks\">1 deadlock</a> and <a href=\"#stuck\">2 stuck tasks</a>.</p>" locks.html'
check 'the time is local, and says its zone' sh -c \
	"grep -qE '<dd>$day [0-9:]{8} to .*XYZ, UTC.05:30</dd>' locks.html || grep -q 'XYZ, UTC.05:30' locks.html && grep -qE 'from [0-9:]{8} to [0-9:]{8} XYZ' locks.html"
ordered() { # the worst first
	grep -o '<section id="[a-z]*"' locks.html | tr -d '\n' |
		grep -q 'deadlocks".*stuck".*resources"'
}
check 'deadlocks come before stuck tasks and resources' ordered
check 'the stack has the source line where it is blocked' sh -c \
	"grep -q '<b><i>.*pthread_mutex_lock(&amp;ring' locks.html && grep -q '<li class=\"top\"><code>in_ring</code>' locks.html"
holders() { # each of the two tasks of the deadlock is a row, and links to its holder's row
	for tid in $(sed -n 's/^member \([0-9]*\).*/\1/p' locks.out); do
		grep -q "<tr id=\"task-t$tid\">" locks.html &&
			grep -q "<td class=\"short\" data-of=\"Held by\"><code><a href=\"#task-t$tid\">t$tid</a>" locks.html || return 1
	done
}
check 'the table of stuck tasks has each with its holder' holders
check 'one sample is not said to have judged growth' sh -c \
	"grep -q 'too short to judge' hostile.html && ! grep -q 'too short to judge' locks.html"
"$client" report hostile.txt >hostile.report
check 'neither in the text, which calls it one sample' sh -c \
	"grep -q '^One sample, of ' hostile.report && grep -q 'too short to judge' hostile.report"
"$client" report "$locks" $$ --for 1s -f html >several.html 2>several.err
check 'several processes: a page with a table of them, well formed' sh -c \
	"grep -q '<td class=\"short\" data-of=\"Process\"><code>$locks</code>' several.html && python3 '$beside/report_html.py' several.html"
check 'names that are markup, control characters or no UTF-8 are shown as text' sh -c \
	"grep -q 'main.&lt;script&gt;alert(1)&lt;/script&gt;&#39;&amp;quot.xff.xfe.xc3.run' hostile.html && ! grep -q '<script' hostile.html"
check 'a page of 20,000 places is bounded, and says what it leaves out' sh -c \
	"[ \"\$(wc -c <many.html)\" -lt 4000000 ] && grep -q 'The oldest 200 of 20000 stuck tasks' many.html"
for width in 20 33 80; do
	COLUMNS=$width "$client" report hostile.txt >narrow.txt
	check "the text is wrapped at $width columns, never one word a line" \
		python3 "$beside/report_html_dumps.py" wrapped narrow.txt $width
done

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || :)
lay_out() { python3 "$beside/report_layout.py" "$browser" "$@"; }
squeezed() { # a page with what the check is for is not accepted
	sed 's,</style>,p { width: 3rem } .place { font-size: 9px; color: #ddd } h2 { width: 90rem }</style>,' \
		locks.html >bad.html
	lay_out bad.html 800 >bad.txt
	grep -q 'pixels wide' bad.txt && grep -q 'font of' bad.txt && grep -q 'contrast' bad.txt && grep -q 'goes from' bad.txt
}
for page in 'locks 360' 'locks 1280 dark' 'hostile 360 dark' 'hostile 800'; do
	# shellcheck disable=SC2086
	if [ -n "$browser" ]; then
		set -- $page
		check "a browser lays out $page: nothing overflows, is squeezed, small or pale" lay_out "$1.html" "$2" $3
	else
		ok 0 "a browser lays out $page # SKIP chromium is not installed"
	fi
done
if [ -n "$browser" ]; then
	check 'a page that overflows, is squeezed, small and pale is noticed' squeezed
else
	ok 0 'a bad page is noticed # SKIP chromium is not installed'
fi
plan $tests
