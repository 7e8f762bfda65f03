#!/bin/sh
# SPDX-License-Identifier: MIT
# Invalid arguments and targets that cannot be watched: the exit status, one sentence that says
# what to do, and nothing on the standard output.
. "$(dirname "$0")/lib.sh"
plan 80

# fails CODE TEXT ARGUMENT…: the client exits with CODE and prints TEXT on stderr.
fails() {
	code=$1
	text=$2
	shift 2
	"$client" "$@" >"$work/out" 2>"$work/err" </dev/null
	got=$?
	cat "$work/err"
	[ $got -eq "$code" ] || { echo "exit $got, not $code"; return 1; }
	[ ! -s "$work/out" ] || { echo 'something on stdout'; return 1; }
	grep -q '^grmon-c: .' "$work/err" || { echo 'no sentence'; return 1; }
	grep -qF -- "$text" "$work/err" || { echo "it does not say: $text"; return 1; }
}

check 'a mistyped option suggests the right one' fails 2 'did you mean --filter' --fliter x
check 'a mistyped command with a target suggests the right one' fails 2 "did you mean 'grmon-c dump'" dmup 1
check 'a mistyped command alone suggests the right one' fails 3 "did you mean 'grmon-c dump'" dmup
check 'an unknown option that resembles no other is refused' fails 2 'unknown option --zzzzzz' --zzzzzz
check 'an unknown letter is refused' fails 2 'unknown option -z' -z
check 'an option without its argument is refused' fails 2 '--interval needs an argument' --interval
check 'a flag with an argument is refused' fails 2 '--ascii takes no argument' --ascii=1
check 'an option of another command is refused' fails 2 '--wait does not apply to ls; it applies to the view' ls --wait
check 'a second target that does not exist is reported' fails 3 'there is no process 4194999' dump $$ 4194999
check 'a file beside a process is refused' fails 2 'only processes can be watched together' dump $$ http://localhost
check 'dump requires a target' fails 2 'needs TARGET' dump
check 'run requires a command' fails 2 'needs' run
check 'an invalid pid is refused' fails 2 "'12x' is not a process id" -p 12x
check 'a target beside --pid is refused' fails 2 'give TARGET once' dump -p 1 1
check 'a filter without its value is refused' fails 2 'a value is missing here' dump --filter 'age>' 1
check 'a filter with an open quote is refused' fails 2 'this quote is not closed' --filter 'name:"a' 1
check 'a filter with an open parenthesis is refused' fails 2 'this ( is not closed' dump --filter '(name:a' 1
check 'a filter that negates nothing is refused' fails 2 'a term is missing after this !' check --filter 'name:a !' 1
check 'a filter with half of an or is refused' fails 2 'one side of this | is missing' dump --filter 'name:a |' 1
check 'an invalid duration is refused' fails 2 '5x' dump --stuck 5x 1
check 'an interval that is too short is refused' fails 2 'between 10ms and 1h' dump -i 0 1
check 'an unknown column is refused' fails 2 "'nosuch'" dump --columns id,nosuch 1
check 'an unknown sort column is refused' fails 2 "'nosuch'" dump --sort nosuch 1
check 'a mistyped source suggests the right one' fails 2 'did you mean native' dump -s nativ 1
check 'an unknown format is refused' fails 2 "unknown format 'xml'" dump -f xml 1
check 'a mistyped format suggests the right one' fails 2 'did you mean json?' dump -f jsno 1
check 'a mistyped format of a report suggests the right one' fails 2 'did you mean markdown?' report -f markdwn 1
check 'a mistyped format of a diff suggests the right one' fails 2 'did you mean text?' diff -f txt 1 2
check 'a mistyped column suggests the right one' fails 2 'did you mean function?' dump --columns id,funtion 1
check 'a mistyped sort column suggests the right one' fails 2 'did you mean age?' dump --sort aeg 1
check 'a mistyped column in a filter suggests the right one' fails 2 'did you mean name?' dump --filter nmae:x 1
check 'a mistyped state suggests the right one' fails 2 'did you mean chan-send?' dump --filter state:chansend 1
check 'an unknown state is refused' fails 2 "unknown state 'gibberish'" check --filter '!is:gibberish' 1
check 'a mistyped help topic suggests the right one' fails 2 'did you mean states' help statse
check 'a pid without a process is reported' fails 3 'there is no process 4194999' dump 4194999
check 'a pid without a process is reported for --pid too' fails 3 'there is no process 4194999' dump -p 4194999
check 'a name that no process has is reported' fails 3 'no process is called' dump no-such-process-name
check 'a file that does not exist is reported' fails 3 'no process and no file is called' dump nosuch.json
check 'check requires a target or a command' fails 2 'or a command after --' check
echo text >"$work/text"
check 'a file of another kind is refused' fails 3 'not a recording, a dump or' dump "$work/text"
check 'a word after -- is not a subcommand' fails 3 "no process is called 'ls'" -- ls
check 'a kernel thread is refused' fails 3 '' dump 2
check 'the source agent is refused for a process without the agent' fails 3 'agent' dump -s agent $$
check 'a URL without a server is reported' fails 3 'cannot connect' dump http://127.0.0.1:1
check 'a URL of another scheme is refused' fails 3 'only http' dump ftp://localhost
check 'an address without http:// is one' fails 3 'cannot connect to http://localhost:1;' dump localhost:1
check 'HTTP:// is as good as http://' fails 3 'cannot connect' dump HTTP://127.0.0.1:1
printf 'goroutine 1 [chan rec' >"$work/cut"
check 'a text that is cut off in its first goroutine is reported' fails 3 'it is cut off' dump "$work/cut"
closed() {
	"$client" "$@" >&- 2>"$work/err"
	[ $? -eq 2 ] && grep -qF 'the standard output is closed' "$work/err" || cat "$work/err"
}
check 'a closed standard output is reported by dump' [ -z "$(closed dump $$)" ]
check 'a closed standard output is reported by help' [ -z "$(closed help keys)" ]
# Its parent does not wait for it, because exec has replaced the shell before it ends.
sh -c 'sleep 600 & echo $! >"$1"; exec sleep 601' x "$work/ended" &
parent=$!
is_replaced() { tr '\0' ' ' <"/proc/$parent/cmdline" | grep -q '^sleep 601'; }
until_true is_replaced
kill "$(cat "$work/ended")"
has_ended() { grep -q '^State:.Z' "/proc/$(cat "$work/ended")/status"; }
until_true has_ended
check 'a process that has ended but is not waited for is reported' fails 3 'only its exit status is left' dump "$(cat "$work/ended")"
kill "$parent"
# The other end stays open until the sentence is there.
mkfifo "$work/open"
"$client" dump - <"$work/open" >/dev/null 2>"$work/waits" &
exec 7>"$work/open"
check 'dump - says that it waits' until_true grep -q 'waiting for the standard input' "$work/waits"
exec 7>&-
check 'an empty standard input is reported' fails 3 'the input is empty' dump -
check 'the view requires a terminal and suggests dump' fails 2 'grmon-c dump' $$
check 'the list of processes requires a terminal and suggests ls' fails 2 'grmon-c ls' --ascii
check 'a command that does not exist is reported' fails 3 'no program' run -- no-such-program
check 'a command that is not a program is refused' fails 3 'not an executable file' run "$work"

# Numbers, sizes and durations: an invalid one is refused with a sentence that names its option.
refuses() {
	option=$1
	shift
	for value in "$@"; do
		if timeout 20 "$client" $command "$option=$value" >"$work/out" 2>"$work/err" ||
			[ "$(grep -c . "$work/err")" -gt 3 ] || ! head -1 "$work/err" | grep -q -- "^grmon-c: $option: "; then
			echo "$command $option='$value'"
			cat "$work/err"
			return 1
		fi
	done
}
bad="-1 1e99 nan inf 99999999999d 0x10 ٣s ３s 1,5s 1.5.5s +1s 1h30 5x . ''"
command="check --no-deadlock $$"
eval "check 'durations of --for' refuses --for 0 ' 1s' $bad"
eval "check 'those of --interval' refuses --interval 0 9ms 61m $bad"
eval "check 'those of --stuck' refuses --stuck poll= poll=-1 5s,,poll=1m $(echo "$bad" | sed "s/1,5s//")"
command="export --listen 0 $$"
eval "check 'those of --warm-up' refuses --warm-up 0 500ms $bad"
check 'invalid numbers for --top-groups are refused' refuses --top-groups -1 51 4294967297 1e1 '' ٣
command="record -o $work/never --for 1s $$"
eval "check 'sizes of --rotate' refuses --rotate 0 0s 1e9k 0x10k 0x1p20k infk nank ' 1k' -5k 99999999999999G 0.5k 1T $bad"
check 'invalid numbers for --keep-files are refused' refuses --keep-files -1 256 4294967297 99999999999999999999 1e1 '' ' 1'
eval "check 'how long to record' refuses --for $bad"
command="check --for 1s $$"
check 'invalid limits of check are refused' refuses --max-stuck -1 1e3 4294967297 99999999999999999999 '' 5x ٣
command="dump $$"
check 'invalid numbers for --dump are refused' refuses --dump 0 -1 4294967297 1e1 '' ٣
command=dump
check 'invalid numbers for --pid are refused' refuses --pid 0 -1 4294967297 1e1 '' ٣ ' 1'
ok "$([ ! -e "$work/never" ]; echo $?)" 'after a refusal no file is written'
# The longest possible duration starts now, as any other does.
timeout 1 "$client" check --no-deadlock --for 106751d $$ 2>"$work/err"
ok "$([ $? -eq 124 ]; echo $?)" 'a check with the longest duration does not end at once' "$(cat "$work/err")"

# The mark is below the wrong byte.
mark_of() {
	"$client" dump --filter "$1" 1 2>&1 >/dev/null | sed -n '3s/\^.*//p' | tr -d '\n' | wc -c
}
ok "$([ "$(mark_of 'state:lock)')" -eq 12 ]; echo $?)" 'a mark shows where a filter is wrong' "$(mark_of 'state:lock)')"
ok "$([ "$(mark_of 'grün )')" -eq 7 ]; echo $?)" 'the position of the mark counts cells, not bytes' "$(mark_of 'grün )')"

cp "$(command -v sleep)" "$work/grmon-twin"
start "$work/grmon-twin" 600
first=$last
start "$work/grmon-twin" 600
several() {
	fails 3 'grmon-twin' dump grmon-twin && grep -q "$first" "$work/err" && grep -q "$last" "$work/err"
}
check 'for a name that several processes have, they are listed' until_true several

printf 'while :; do sleep 1; done\n' >"$work/my-script-$$.sh"
start sh "$work/my-script-$$.sh"
script() { [ "$("$client" dump "my-script-$$.sh" -f json | sed -n 's/.*"pid": \([0-9]*\), "name".*/\1/p' | head -1)" = "$last" ]; }
check 'a process is found by the script that it runs' until_true script

# Control characters of the command line must not reach the terminal.
raw() { "$client" dump "$(printf 'x\033[31m')" 2>&1 | LC_ALL=C grep -c "$(printf '\033')"; }
ok "$([ "$(raw)" = 0 ]; echo $?)" 'escape sequences in a name are escaped'

# A process of another user: root's, read by the user nobody; for an ordinary user, process 1.
stranger=
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
	open=$(mktemp -d)
	cp "$client" "$open/" && chmod 755 "$open" "$open/grmon-c"
	stranger=$first
	as_stranger() {
		env XDG_CONFIG_HOME=/nonexistent setpriv --reuid=65534 --regid=65534 --clear-groups \
			"$open/grmon-c" "$@"
	}
elif [ "$(id -u)" -ne 0 ] && [ "$(stat -c %u /proc/1)" -ne "$(id -u)" ]; then
	open=$work
	stranger=1
	as_stranger() { "$client" "$@"; }
fi
if [ -n "$stranger" ]; then
	partly() {
		as_stranger dump --allow-partial "$stranger" >"$open/out" 2>"$open/err" &&
			grep -q 'belongs to .*run grmon-c as that user' "$open/out" &&
			grep -q " t$stranger " "$open/out" && [ ! -s "$open/err" ]
	}
	check 'a process of another user is shown in part if the kernel allows it' partly
	for command in dump 'record --for 1s -o -' 'report --for 1s' 'check --for 1s --no-deadlock'; do
		# shellcheck disable=SC2086
		refuses() {
			as_stranger $command "$stranger" >"$open/out" 2>"$open/err"
			[ $? -eq 3 ] && [ ! -s "$open/out" ] &&
				grep -q 'belongs to .*run grmon-c as that user or as root.*--allow-partial' "$open/err"
		}
		check "otherwise ${command%% *} exits with status 3 and says what to do" refuses
	done
	[ "$open" = "$work" ] || rm -rf "$open"
else
	for _ in 1 2 3 4 5; do ok 0 'a process of another user # SKIP there is no second user'; done
fi
