# SPDX-License-Identifier: MIT
# For hosts.t: compilers and their output, browsers, and CPython's own tests.
# shellcheck shell=sh disable=SC2034,SC2154

# A project of twenty files and its output; the objects are the same to the byte.
compile_host() {
	mkdir "$there/src"
	i=0
	while [ $i -lt 20 ]; do
		printf '#include <stdio.h>\n#include <pthread.h>\nint f%d(int x) { return x + printf("%d\\n") + (int)sizeof(pthread_mutex_t); }\n' \
			$i $i >"$there/src/f$i.c"
		echo "int f$i(int);"
		i=$((i + 1))
	done >"$there/src/all.h"
	{
		echo '#include "all.h"'
		echo 'int main(void) { int sum = 0;'
		seq 0 19 | sed 's/.*/sum = f&(sum);/'
		echo 'return sum & 63; }'
	} >"$there/src/main.c"
	cat >"$there/src/Makefile" <<-END
		.RECIPEPREFIX = >
		objects := \$(patsubst %.c,%.o,\$(wildcard *.c))
		all: program libf.a
		program: \$(objects)
		> $1 -O2 -o \$@ \$^ -pthread
		libf.a: \$(filter f%,\$(objects))
		> ar rcsD \$@ \$^
		%.o: %.c
		> $1 -O2 -pipe -g -c -o \$@ \$<
	END
	host make -s -j2 -C "$there/src"
	echo "make $?"
	"$there/src/program"
	echo "program $?"
}

# sanitizer_part COMPILER SANITIZER good|bad
sanitizer_part() {
	title="$1 -fsanitize=$2, $3"
	binary=$work/san-$1-$2-$3
	create_line=$(sed -n '/pthread_create.*race/=' "$data/sanitized.c")
	static=
	[ "$1 $2" != 'gcc address' ] || static=-static-libasan
	[ "$3" = good ] || bad=-DBAD
	[ "$3" != good ] || bad=
	expect='^done'
	[ "$3" = good ] || expect='Sanitizer|runtime error'
	if ! "$1" -g -fsanitize="$2" -fno-sanitize-recover=undefined $static $bad \
		-pthread -o "$binary" "$data/sanitized.c" >"$work/log" 2>&1; then
		skip "$title" 'this compiler does not have this sanitizer'
		return
	fi
	if [ "$3" = good ] && ! timeout 60 "$binary" >/dev/null 2>&1; then
		skip "$title" 'its programs do not run here'
		return
	fi
	sanitizer_host() {
		host "$binary" >"$there/out" 2>&1
		echo "exit $?"
		# The reports, without addresses, ids and the frames of libraries.
		grep -oE 'done|ERROR: [A-Za-z]*Sanitizer[^0-9]*|WARNING: [A-Za-z]*Sanitizer[^0-9]*|runtime error: .*|SUMMARY: [A-Za-z]*Sanitizer: [a-z-]* [a-z]*' \
			"$there/out" | sed 's/0x[0-9a-f]*/ADDRESS/g'
		# The call of pthread_create() may be missing with gcc's ThreadSanitizer.
		grep -oE 'sanitized\.c:[0-9]+' "$there/out" | grep -v ":$create_line\$" | sort -u
	}
	same "$title" "$expect" sanitizer_host
	[ "$1 $2" = 'gcc address' ] || return
	# The sanitizer's runtime must be the first library.
	gcc -g -fsanitize=address $bad -pthread -o "$binary" "$data/sanitized.c" || return
	before_agent="$(gcc -print-file-name=libasan.so) "
	same "$title, both preloaded" "$expect" sanitizer_host
	before_agent=
}

# browser_host chromium|firefox USER: prints the hash of a screenshot of a page with a script.
browser_host() {
	as=
	[ "$2" = root ] || as=$ordinary
	python3 "$data/pages.py" "$there/port" &
	pages=$!
	until_true test -s "$there/port"
	address=http://127.0.0.1:$(cat "$there/port")/
	mkdir -m 777 "$there/home"
	case $1 in
	chromium)
		no_sandbox=
		[ "$2" != root ] || no_sandbox=--no-sandbox
		host $as env HOME="$there/home" XDG_RUNTIME_DIR="$there/home" chromium --headless $no_sandbox --disable-gpu \
			--user-data-dir="$there/home/profile" --hide-scrollbars --window-size=200,100 \
			--screenshot="$there/home/shot.png" "$address" >"$there/home/log" 2>&1
		;;
	firefox)
		host $as env HOME="$there/home" XDG_RUNTIME_DIR="$there/home" MOZ_HEADLESS=1 firefox-esr --headless \
			--no-remote --profile "$there/home" --window-size=200,100 \
			--screenshot "$there/home/shot.png" "$address" >"$there/home/log" 2>&1
		;;
	esac
	code=$?
	echo "browser $code"
	[ $code -eq 0 ] || tail -n 20 "$there/home/log"
	until_gone "$pages"
	python3 "$data/../../e2e/png_colors.py" "$there/home/shot.png"
	cksum <"$there/home/shot.png"
	grep -iE 'crash|seccomp|SIGSYS|sigsegv|GPU process.*exited|terminat' "$there/home/log" | sed 's/^\[[^]]*\]//; s/[0-9][0-9]*/N/g' | sort -u
}

# test_python MODULE: prints an interpreter that has this module of its own tests.
test_python() {
	for candidate in ${TEST_PYTHON:-} /usr/bin/python3 python3 "$HOME"/.pyenv/versions/3.*/bin/python3; do
		"$candidate" -c "import importlib.util, sys
sys.exit(importlib.util.find_spec('test.$1') is None)" 2>/dev/null || continue
		command -v "$candidate"
		return
	done
}

# python_turn TURN MODULE [OPTION…]: writes the outcomes of the tests to $work/TURN.out. Both turns run
# at the same time, so only one of them can have a fixed port of the machine.
python_turn() (
	turn=$1
	shift
	folder=$work/python.$turn
	rm -rf "$folder" && mkdir -m 777 "$folder"
	(cd "$folder" && host "$python" -m test --timeout 600 --ignore '*VSOCK*' --junit-xml "$folder/tests.xml" "$@") \
		>"$work/$turn.log" 2>&1 </dev/null
	"$python" "$data/outcomes.py" "$folder/tests.xml" >"$work/$turn.out" 2>&1
)
# Runs both turns at the same time, so that the machine is equally busy for both.
python_turns() {
	sampling_begin
	python_turn without "$@" &
	other=$!
	python_turn with "$@"
	wait "$other"
	sampling_end with
	sweep >/dev/null
}

# python_part MODULE: the same tests fail in both turns, if any do. A test that differs is repeated in
# three more turns of each kind, because a test that failed by chance does not differ again.
python_part() {
	title="CPython's $1"
	python=$(test_python "$1")
	if [ -z "$python" ]; then
		skip "$title" 'no interpreter with its tests is here'
		return
	fi
	began=$(date +%s)
	python_turns "$1"
	seen=$(head -n 1 "$work/samples")
	took=$(($(date +%s) - began))
	number=$(grep -c '^passed' "$work/without.out")
	if [ "$number" -eq 0 ]; then
		skip "$title" "does not run here: $(tail -n 1 "$work/without.log")"
		row "$title" 'does not run here' '-'
		return
	fi
	diff "$work/without.out" "$work/with.out" >"$work/diff"
	cp "$work/with.log" "$work/with.first"
	settled=
	left=
	for test in $(sed -n 's/^[<>] [a-z]* //p' "$work/diff" | sort -u); do
		without=' ' with=' '
		for round in 1 2 3; do
			python_turns "$1" -m "$test"
			without="$without$(tr '\n' ' ' <"$work/without.out")"
			with="$with$(tr '\n' ' ' <"$work/with.out")"
		done
		side=with
		! grep -q "^< failed $test\$" "$work/diff" || side=without
		if [ "$without" = "$with" ]; then settled="$settled $test ($side the agent)"; else left="$left $test"; fi
	done
	[ -z "$left" ]
	ok $? "$title: $number tests, $took s for both${settled:+; once, and not in six more turns:$settled}" \
		"$(cat "$work/diff"; tail -n 30 "$work/with.first")"
	row "$title" "$number pass, $took s" "${left:+DIFFERS:}${left:-same}" "$seen${settled:+; once, not again:$settled}"
}
