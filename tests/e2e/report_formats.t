#!/bin/sh
# SPDX-License-Identifier: MIT
# A report in every format, of a recording whose names are hostile: nothing of them is taken
# for markup, and a real browser draws the page with its plots.
. "$(dirname "$0")/lib.sh"
need python3
cd "$work" || exit 1
here=$(dirname "$0")
case $here in /*) ;; *) here=$OLDPWD/$here ;; esac

start python3 "$here/../targets/leak_pool.py" leak
until_true grep -q ready log
"$client" record "$last" -o plain.grmon -i 0.1 --for 3 2>record.err
ok $? 'a leak is recorded' "$(cat record.err)"
# The function that leaks and the program get names that would turn the page green, close
# the code of Markdown, clear the terminal, or end a JSON string.
"$client" report -f json plain.grmon >plain.json
python3 - <<'PY'
import json
evil = "</title></style></pre><style>*{background:#0f0}</style><script>document.body.style.background='#0f0'</script>"
evil += "\n\x1b[2J```\n# [x](javascript:1) \"quoted\" \u202egnp.exe"
name = open("plain.grmon").read()
guilty = json.dumps(json.load(open("plain.json"))["leaks"][0]["function"])
open("evil.grmon", "w").write(name.replace(guilty, json.dumps(evil)).replace('"name": "python3"', '"name": ' + json.dumps(evil)))
PY
for format in text json markdown html; do
	check "$format is written" "$client" report -f $format evil.grmon -o report.$format
done
check 'the text has one leak and no control character' sh -c \
	"grep -q '^Leak 1: .*<script>' report.text && ! grep -q '[[:cntrl:]]' report.text"
check 'frames without a file have nothing behind the name' sh -c \
	"grep -q '^    __[a-z_0-9]*$' report.text"
json_is_whole() {
	python3 - <<'PY'
import json
report = json.load(open("report.json"))
leak, = [l for l in report["leaks"] if l["verdict"] == "leak"]
assert "<script>" in report["target"]["name"] and "<script>" in leak["function"], leak
assert leak["to"] > leak["from"] and leak["counts"][-1] > leak["counts"][0]
assert {f["name"] for f in report["figures"]} >= {"tasks", "rss", "threads", "fds"}
PY
}
check 'the JSON is whole and has the name as it is' json_is_whole
check 'Markdown has no HTML, link or code of the name' sh -c \
	"grep -q '^### Leak 1' report.markdown && ! grep -v '^    ' report.markdown | grep -qE '(^|[^\\\\])(<style|<script|\\[x\\]\\()|^\`\`\`|^# .x'"
check 'HTML has no element of the name, and asks for nothing' sh -c \
	"! grep -qiE '<script|<style>\\*|src=|href=|url\\(' report.html && grep -q '&lt;script&gt;' report.html && grep -q \"default-src 'none'\" report.html"
check 'and a plot for the leak and for resources' sh -c \
	"[ \"\$(grep -c '<polyline' report.html)\" -ge 3 ]"

browser=$(command -v firefox-esr || command -v firefox || :)
if [ -z "$browser" ]; then
	tests=$((tests + 1))
	echo "ok $tests - a browser draws the page # SKIP firefox is not installed"
else
	mkdir -p home/profile
	draws() {
		HOME=$work/home timeout 60 "$browser" --headless --no-remote --profile "$work/home/profile" \
			--window-size=700 --screenshot "$work/page.png" "file://$work/report.html" >browser.log 2>&1
		python3 "$here/png_colors.py" page.png >colors || { cat browser.log; return 1; }
		read -r red green total <colors
		echo "red $red, green $green of $total"
		[ "$red" -gt 300 ] && [ "$green" -eq 0 ]
	}
	check 'a browser draws the page: red lines of plots, nothing green' draws
fi
plan $tests
