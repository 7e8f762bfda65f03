#!/bin/sh
# SPDX-License-Identifier: MIT
# tests/ask.py, which answers the other tests' questions about JSON: each question is answered with
# yes and with no, and a question that cannot be answered is never answered with yes.
. "$(dirname "$0")/lib.sh"
need python3

cat >"$work/dump.json" <<'JSON'
{"target": {"pid": 3, "sources": ["agent", "native"]}, "counts": {"by_class": {"lock": 2}}, "errors": [],
 "cycles": [["t1", "t2"], ["t3"]], "none": null,
 "tasks": [
  {"id": "t1", "name": "a b", "age_ns": 5, "since": 4, "stuck": true, "labels": {"k": "v"},
   "waits_on": {"text": "mutex held, 1 waiter"}, "stack": [{"function": "lock", "line": 3}, {"function": null, "line": 0}]},
  {"id": "t2", "name": "c", "age_ns": 7, "since": 9, "stuck": false, "labels": {},
   "waits_on": null, "stack": []}]}
JSON
says() { [ "$(ask "$1")" = "$2" ]; }
denies() {	# denies WORDS QUESTION: the answer is no, and its message contains WORDS
	ask "$2" >"$work/answer" && return 1
	cat "$work/answer"
	grep -qF -- "asked: " "$work/answer" && grep -qF -- "$1" "$work/answer"
}
while IFS='|' read -r yes no words; do
	check "yes: $yes" ask "$yes"
	check "no: $no" denies "$words" "$no"
done <<'END'
row id=t1|row id=t3|no row with id=t3
row name='a b' has stuck|row name=c has stuck|stuck is false
row id=t2 has waits_on.text=null|row id=t1 has waits_on.text=null|mutex held
no age_ns>7|no age_ns>=7|there are
every has id^=t|every has id$=1|not id$=1: id is t2
every stuck has age_ns=5|every !stuck has age_ns=5|age_ns is 7
count = 2|count stuck = 2|1 do
count age_ns>5 != 2|count age_ns>=5 < 2|2 do
values id = t1 t2|values id = t2 t1|['t1', 't2']
values id ^= t1|values id ^= t2|['t1']
sorted id = t2 t1|sorted id = t1|['t1', 't2']
set stack.*.function = lock null|set stack.*.function = lock|'null'
set id >= t1|set id >= t3|t1
distinct id = 2|distinct id = 1|t1
has target.pid=3 target.sources=agent,native|has target.pid=4|target.pid is 3
has target.sources.*=native|has target.sources.*=pprof|agent, native
has !errors none=null|has errors|errors is []
has counts.by_class.lock=2 !counts.by_class.io?|has counts.by_class.io|no field 'io'
row labels='{"k": "v"}'|row labels='{"k": "w"}'|no row
row age_ns>@since|every has age_ns>@since|age_ns is 7
row stack.#=0|no stack.#=0|there are
row stack.-1.line=0|row stack.-2.line=0|no row
row waits_on.text~='mutex .*'|row waits_on.text~=mutex|no row
row waits_on.text*=held|row waits_on.text*=free|no row
in cycles.* sorted # = 1 2|in cycles.* sorted # = 2 2|['2', '1']
in cycles.*.* row .=t3|in cycles.*.* row .=t4|no row
in stack.* of id=t1 : row function=lock line=3|in stack.* of id=t2 : row function=lock|no row
row id=t1 and row id=t2|row id=t1 and row id=t3|no row with id=t3
row id=t1|row nosuch=1|no field 'nosuch'
row id=t1|no nosuch|no field 'nosuch'
row id=t1|rows id=t1|cannot be answered
row id=t1|every id=t1|cannot be answered
row id=t1|row target.pid=3|no field 'target'
END
check 'a count without a comparison prints the number' says 'count stuck' 1
check 'value prints a field of the object' says 'value target.pid' 3
check 'value prints a field of a row' says 'value id stuck' t1
check 'list prints the field of all rows' says 'list id' "$(printf 't1\nt2')"
no_file() { ! ask_file "$work/none" 'count = 0' && : >"$work/empty" && ! ask_file "$work/empty" 'count = 0'; }
check 'for a file that does not exist or is empty the answer is no' no_file
nothing() { ! ask ''; }
check 'to an empty question the answer is no' nothing
plan $tests
