# SPDX-License-Identifier: MIT
# For hosts.t: running a host without the agent and with it, and the longer hosts.
# shellcheck shell=sh disable=SC2034,SC2154

wanted=${HOSTS:-}
part=
limit=60

# part NAME SECONDS: what follows, at most so long each time.
part() {
	part=$1
	limit=$2
}
wants() { [ -z "$wanted" ] || case " $wanted " in *" $part "*) ;; *) return 1 ;; esac }
skip() {
	tests=$((tests + 1))
	echo "ok $tests - $1 # SKIP $2"
}
has_quietly() {
	wants || return 1
	for program in "$@"; do
		command -v "$program" >/dev/null 2>&1 || return 1
	done
}
# has PROGRAM…: or says that this part is left out.
has() {
	wants || return 1
	for program in "$@"; do
		command -v "$program" >/dev/null 2>&1 && continue
		skip "$part" "$program is not installed"
		return 1
	done
}

# host COMMAND…: with the agent or without, as the turn is.
host() {
	if [ "$turn" = with ]; then
		timeout -k 5 "$limit" env "LD_PRELOAD=${before_agent:-}$agent" "$@"
	else
		timeout -k 5 "$limit" env ${before_agent:+"LD_PRELOAD=${before_agent% }"} "$@"
	fi
}

# same NAME COMMAND…: the function says and leaves the same in both turns. $there is a folder
# of the turn's own, always under the same name.
same() {
	name=$1
	shift
	there=$work/there
	for turn in without with; do
		rm -rf "$there"
		mkdir -m 777 "$there"
		began=$(date +%s)
		(
			"$@"
			echo "exit $?"
		) >"$work/$turn.out" 2>&1 </dev/null
		eval "took_$turn=$(($(date +%s) - began))"
	done
	diff "$work/without.out" "$work/with.out" >"$work/diff"
	ok $? "$name ($(wc -l <"$work/with.out") lines, $took_without s and $took_with s)" \
		"$(head -n 40 "$work/diff")"
	[ -z "${HOSTS_VERBOSE:-}" ] || sed 's/^/# /' "$work/with.out"
}

# until_gone PID: ends what was started here, and waits for it.
until_gone() {
	kill "$1" 2>/dev/null
	wait "$1" 2>/dev/null
}

# sshd's child before a login has no rights and a filter that kills for most system calls.
ssh_host() {
	port=$(free_port)
	keys=$there
	chmod 700 "$keys"
	ssh-keygen -q -t ed25519 -N '' -f "$keys/host" && ssh-keygen -q -t ed25519 -N '' -f "$keys/user"
	cp "$keys/user.pub" "$keys/authorized"
	mkdir -p /run/sshd 2>/dev/null
	cat >"$keys/config" <<-END
		ListenAddress 127.0.0.1
		Port $port
		HostKey $keys/host
		AuthorizedKeysFile $keys/authorized
		PidFile none
		StrictModes no
		PasswordAuthentication no
		UsePAM no
		Subsystem sftp internal-sftp
		LogLevel ERROR
	END
	host "$(command -v sshd)" -D -e -f "$keys/config" >"$keys/log" 2>&1 &
	server=$!
	started="$started $server"
	until_true sh -c "ssh-keyscan -p $port 127.0.0.1 2>/dev/null | grep -q ssh-"
	set -- -F none -p "$port" -i "$keys/user" -o StrictHostKeyChecking=no \
		-o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o BatchMode=yes
	user=$(id -un)
	for n in 1 2 3; do
		timeout 60 ssh "$@" "$user@127.0.0.1" "echo login $n; exit $n"
		echo "exit $?"
	done
	timeout 60 ssh "$@" -tt "$user@127.0.0.1" 'test -t 0 && echo terminal'
	echo 'through standard input' | timeout 60 ssh "$@" "$user@127.0.0.1" cat
	timeout 60 ssh "$@" "$user@127.0.0.1" 'head -c 3000000 /dev/zero' | cksum
	echo "get $keys/config $keys/copy" >"$keys/batch"
	timeout 60 sftp -q -F none -P "$port" -i "$keys/user" -o StrictHostKeyChecking=no \
		-o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -b "$keys/batch" \
		"$user@127.0.0.1" >/dev/null
	cmp "$keys/config" "$keys/copy" && echo copied
	timeout 60 ssh "$@" -o IdentitiesOnly=yes -i /dev/null nobody@127.0.0.1 true >/dev/null 2>&1
	echo "refused $?"
	until_gone "$server"
	grep -iE 'fatal|signal|kill|error' "$keys/log" | grep -v 'Permission denied'
}

# A project of twenty files, and what it prints; the objects are the same to the byte.
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
	if ! "$1" -g -fsanitize="$2" -fno-sanitize-recover=undefined $static $bad \
		-pthread -o "$binary" "$data/sanitized.c" >"$work/log" 2>&1; then
		skip "$title" 'this compiler does not have it'
		return
	fi
	if [ "$3" = good ] && ! timeout 60 "$binary" >/dev/null 2>&1; then
		skip "$title" 'its programs do not run here'
		return
	fi
	sanitizer_host() {
		host "$binary" >"$there/out" 2>&1
		echo "exit $?"
		# What was found, without addresses, ids and the frames of libraries.
		grep -oE 'done|ERROR: [A-Za-z]*Sanitizer[^0-9]*|WARNING: [A-Za-z]*Sanitizer[^0-9]*|runtime error: .*|SUMMARY: [A-Za-z]*Sanitizer: [a-z-]* [a-z]*' \
			"$there/out" | sed 's/0x[0-9a-f]*/ADDRESS/g'
		# The call of pthread_create() may be missing with gcc's ThreadSanitizer.
		grep -oE 'sanitized\.c:[0-9]+' "$there/out" | grep -v ":$create_line\$" | sort -u
	}
	same "$title" sanitizer_host
	[ "$1 $2" = 'gcc address' ] || return
	# Its runtime as a library has to come first.
	gcc -g -fsanitize=address $bad -pthread -o "$binary" "$data/sanitized.c" || return
	before_agent="$(gcc -print-file-name=libasan.so) "
	same "$title, both preloaded" sanitizer_host
	before_agent=
}

redis_host() {
	port=$(free_port)
	host redis-server --port "$port" --bind 127.0.0.1 --save '' --dir "$there" --appendonly yes \
		--io-threads 2 --io-threads-do-reads yes --daemonize no --logfile "$there/log" &
	server=$!
	started="$started $server"
	until_true redis-cli -p "$port" ping
	host redis-benchmark -q -p "$port" -n 4000 -c 20 --threads 2 -t set,get,incr,lpush,lrange_100,mset |
		tr '\r' '\n' | sed -n 's/:.* requests per second.*//p'
	redis-cli -p "$port" eval 'return redis.call("INCRBY", KEYS[1], 0)' 1 counter:__rand_int__
	redis-cli -p "$port" bgrewriteaof
	until_true sh -c "redis-cli -p $port info persistence | grep -q aof_rewrite_in_progress:0"
	redis-cli -p "$port" info persistence | grep -oE 'aof_last_bgrewrite_status:[a-z]*'
	redis-cli -p "$port" --no-raw debug sleep 0
	redis-cli -p "$port" shutdown
	wait "$server"
	echo "server $?"
	grep -ciE 'crash|assert' "$there/log"
}

postgres_host() {
	as=
	if [ "$(id -u)" -eq 0 ]; then
		id postgres >/dev/null 2>&1 || { echo 'no user'; return; }
		as='setpriv --reuid=postgres --regid=postgres --clear-groups'
		chown postgres "$there"
	fi
	port=$(free_port)
	$as env HOME="$there" LC_ALL=C initdb -D "$there/db" -A trust -U bench -N >"$there/initdb" 2>&1
	echo "initdb $?"
	host $as postgres -D "$there/db" -p "$port" -k "$there" -h 127.0.0.1 \
		-c shared_buffers=16MB -c max_parallel_workers=2 >"$there/log" 2>&1 &
	server=$!
	started="$started $server"
	bench() { host $as "$@" -h 127.0.0.1 -p "$port" -U bench postgres; }
	until_true $as psql -h 127.0.0.1 -p "$port" -U bench -c 'select 1' postgres
	bench pgbench -i -q -s 1 >/dev/null 2>&1
	echo "pgbench -i $?"
	bench pgbench -n -c 4 -j 2 -t 50 | grep -E '^number of (transactions|failed)|^transaction type'
	bench pgbench -n -S -c 4 -j 2 -t 50 | grep -E '^number of (transactions|failed)'
	bench psql -Atc 'set parallel_setup_cost = 0; set parallel_tuple_cost = 0; set min_parallel_table_scan_size = 0; select count(*), sum(abalance) = (select sum(delta) from pgbench_history) from pgbench_accounts'
	kill -INT "$(head -n 1 "$there/db/postmaster.pid")"
	wait "$server"
	echo "server $?"
	grep -cE 'PANIC|FATAL|terminated by signal' "$there/log"
}

# browser_host chromium|firefox USER: a screenshot of a page with a script, as a hash of it.
browser_host() {
	as=
	if [ "$2" != root ]; then
		as='setpriv --reuid=65534 --regid=65534 --clear-groups'
	fi
	cat >"$there/page.html" <<-'END'
		<body style="background:#204060"><div id=a style="width:50px;height:50px"></div>
		<script>document.getElementById('a').style.background = [1, 2].map(n => n * 2).join() == '2,4' ? '#40a020' : 'red'</script>
	END
	mkdir -m 777 "$there/home"
	case $1 in
	chromium)
		no_sandbox=
		[ "$2" != root ] || no_sandbox=--no-sandbox
		host $as env HOME="$there/home" XDG_RUNTIME_DIR="$there/home" chromium --headless $no_sandbox --disable-gpu \
			--user-data-dir="$there/home/profile" --hide-scrollbars --window-size=200,100 \
			--screenshot="$there/home/shot.png" "file://$there/page.html" >"$there/home/log" 2>&1
		;;
	firefox)
		host $as env HOME="$there/home" XDG_RUNTIME_DIR="$there/home" MOZ_HEADLESS=1 firefox-esr --headless \
			--no-remote --profile "$there/home" --window-size=200,100 \
			--screenshot "$there/home/shot.png" "file://$there/page.html" >"$there/home/log" 2>&1
		;;
	esac
	echo "browser $?"
	cksum <"$there/home/shot.png"
	grep -iE 'crash|seccomp|SIGSYS|sigsegv|GPU process.*exited|terminat' "$there/home/log" | sed 's/^\[[^]]*\]//; s/[0-9][0-9]*/N/g' | sort -u
	cp "$there/home/shot.png" "$work/$1.$2.$turn.png"
	cp "$there/home/log" "$work/$1.$2.$turn.log"
}

# test_python MODULE: an interpreter that has this module of its own tests.
test_python() {
	for candidate in ${TEST_PYTHON:-} /usr/bin/python3 python3 "$HOME"/.pyenv/versions/3.*/bin/python3; do
		"$candidate" -c "import importlib.util, sys
sys.exit(importlib.util.find_spec('test.$1') is None)" 2>/dev/null || continue
		command -v "$candidate"
		return
	done
}

# python_part MODULE: the same tests fail, if any do. One that differs is given two more
# turns of each kind: what fails now and then does so without the agent too.
python_part() {
	python=$(test_python "$1")
	if [ -z "$python" ]; then
		skip "CPython's $1" 'no interpreter with its tests is here'
		return
	fi
	python_host() {
		(cd "$there" && host "$python" -m test --timeout 600 --junit-xml "$there/tests.xml" "$@") \
			>"$there/log" 2>&1
		"$python" "$data/outcomes.py" "$there/tests.xml"
	}
	for turn in without with; do
		rm -rf "$work/there" && mkdir -m 777 "$work/there"
		there=$work/there
		began=$(date +%s)
		python_host "$1" >"$work/$turn.out" 2>&1
		cp "$there/log" "$work/python.$turn.log"
		eval "took_$turn=$(($(date +%s) - began))"
	done
	diff "$work/without.out" "$work/with.out" >"$work/diff"
	differs=$(sed -n 's/^[<>] [a-z]* //p' "$work/diff" | sort -u)
	settled=
	left=
	for test in $differs; do
		without=' ' with=' '
		for round in 1 2 3; do
			for turn in without with; do
				rm -rf "$work/there" && mkdir -m 777 "$work/there"
				python_host "$1" -m "$test" >/dev/null 2>&1
				eval "$turn=\"\$$turn\$(\"\$python\" \"\$data/outcomes.py\" \"\$there/tests.xml\" 2>&1 | tr '\\n' ' ')\""
			done
		done
		if [ "$without" = "$with" ]; then settled="$settled $test"; else left="$left $test"; fi
	done
	[ -z "$left" ]
	ok $? "CPython's $1: $(wc -l <"$work/with.out") tests, $took_without s and $took_with s${settled:+; now and then, in both:$settled}" \
		"$(cat "$work/diff"; tail -n 30 "$work/python.with.log")"
}
