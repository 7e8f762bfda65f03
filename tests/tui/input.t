#!/bin/sh
# SPDX-License-Identifier: MIT
# What terminals send besides keys: unknown sequences, whole and cut, pasted text, keys of newer
# terminals, bytes that are no UTF-8, clicks. None of it acts as another key or ends the view.
. "$(dirname "$0")/lib.sh"
plan 22

start_target
open_shell 80 24

# raw TEXT...: sends each at once, as the bytes that printf makes of it.
raw() {
	for text; do
		# shellcheck disable=SC2059,SC2046
		tmux -L "$server" send-keys -t view -H $(printf "$text" | od -An -v -tx1)
	done
}
esc='\033'
end='\\'
# The table as it was started: nothing that a letter, digit or sign of a sequence would do.
is_plain() {
	sees 'AGE▼' && sees '\[0:all' && sees '\? help' &&
		sees_not 'PAUSED|filter:|Sort by|Columns|idle hidden|not a recording' && [ -n "$(view_pid)" ]
}
ids() { screen | grep -oE '^. +t[0-9]+' | grep -oE 't[0-9]+'; }
at_last() { cursor_is_at "$(ids | tail -1)"; }
at_first() { cursor_is_at "$(ids | head -1)"; }
# Again and again: the rows may change places after the key.
sends() { raw "$1" && "$2"; }
goes_to_last() { raw "${esc}[4~" && at_last; }
goes_to_first() { raw "${esc}[1~" && at_first; }
# works NAME: keys have their meaning, and nothing else has happened.
works() {
	until_true goes_to_last && until_true goes_to_first && until_true is_plain
	ok $? "$1"
}

view "$target"
for key in '[4~' '[8~' '[F' 'OF' 'Ow'; do
	until_true sends "${esc}$key" at_last || break
	until_true sends "${esc}[H" at_first || break
done
until_true at_first && until_true is_plain
ok $? "End in the forms of tmux, Linux, PuTTY, rxvt and xterm"
for key in '[1~' '[7~' '[H' 'OH'; do
	until_true sends "${esc}[4~" at_last || break
	until_true sends "${esc}$key" at_first || break
done
until_true at_first && until_true is_plain
ok $? "Home in these forms"
raw "${esc}[[A"
expect '^ *Keys' "F1 of the Linux console"
raw "${esc}[11~"
expect 'ID +STATE' "F1 of PuTTY"

raw "${esc}[25~" "${esc}[1;5A" "${esc}[5;3~" "${esc}[I" "${esc}[O" "${esc}[?1;2c" "${esc}Oq" "${esc}[200q" "${esc}q" "${esc}[57441u"
works "unknown sequences have no effect"
raw "$esc]11;rgb:0000/1111/2222${esc}$end" "$esc]52;c;qqq\007" "${esc}P1\$rqpis${esc}$end" "${esc}_Gi=31;OKqq${esc}$end"
works "strings for terminals have no effect"
for cut in "${esc}[" "${esc}[4" "${esc}[1;" "${esc}O" "$esc]11;qq" "${esc}[M" "${esc}[<0;3" '\303' '\342\202'; do
	raw "$cut"
	until_true goes_to_last && until_true goes_to_first || break
done
works "cut sequences and characters have no effect"
raw '\377\376' '\200' '\303\050' '\355\240\200' '\300\257'
works "bytes that are no UTF-8 have no effect"
raw '\303\244' '\342\202\254' '\302\233'
works "characters that are no key have no effect"

raw "${esc}[47u"
expect '^filter:' "a key as kitty describes it"
raw "${esc}[27u"
wait_gone '^filter:'
raw "${esc}[27;2;63~"
expect '^ *Keys' "a key as xterm's modifyOtherKeys describes it"
raw "${esc}[113;1:3u" "${esc}[113;3u" "${esc}[27;5;113~"
raw "${esc}[113u"
wait_for 'ID +STATE'
works "keys that are released, or pressed with alt or ctrl, are others"

paste() {
	tmux -L "$server" set-buffer -- "$1"
	tmux -L "$server" paste-buffer -p -t view
}
paste 'qpis/cGx
q'
works "a paste into the table has no effect"
press /
wait_for '^filter:'
paste 'name:waiter
'
expect '^filter: name:waiter' "a paste goes into the line that is edited"
sees_not 'sleeper' && sees '^Enter keeps|Enter keeps'
ok $? "its newline does not end the line"
press Escape
wait_gone '^filter:'
wait_for '^! 3 wait' # the line of warnings: below it is the menu
press s
wait_for 'Sort by'
paste 'q'
raw "${esc}[<0;6;7M"
wait_gone 'Sort by'
chosen() { sees '▲|▼' && sees_not 'AGE▼|not a recording'; }
until_true chosen
ok $? "a click in a menu chooses; a paste does nothing there"
press q
wait_for '^status=0'

run_in_shell "clear; LC_ALL=C $client $target; echo status=\$?"
wait_for 'ID +STATE'
raw '\303\244' '\377' '\344' '\302\233' '\342\202'
goes_to_first
[ -n "$(view_pid)" ]
ok $? "LC_ALL=C: a key that is no ASCII does not end the view"
press /
wait_for '^filter:'
raw 'x\303\244y'
expect '^filter: x\\xc3\\xa4y' "LC_ALL=C: it goes into the filter"
press Escape
wait_gone '^filter:'
raw "${esc}[99;5u"
expect '^status=0' "ctrl-c as kitty describes it quits"

stty_is_back() { [ "$(state mouse_any_flag)" = 0 ] && [ "$(state alternate_on)" = 0 ]; }
until_true stty_is_back
ok $? "clicks are the terminal's own again"
paste 'echo a-b
'
expect '^a-b' "a paste is the shell's own again"
run_in_shell 'set -m'
view "$target"
raw "${esc}[122;5u"
wait_for '^back>|Stopped'
until_true stty_is_back
ok $? "ctrl-z as kitty describes it stops the view"
