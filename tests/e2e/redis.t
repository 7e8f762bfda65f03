#!/bin/sh
# SPDX-License-Identifier: MIT
# redis-server with io-threads, under load, with the agent preloaded: it answers every request, and
# its states agree with the kernel.
. "$(dirname "$0")/lib.sh"
need redis-server
need redis-benchmark
need python3
plan 9

port=$(free_port)
start "$client" run -- redis-server --port "$port" --bind 127.0.0.1 --io-threads 3 \
	--io-threads-do-reads yes --save '' --appendonly no --dir "$work"
check 'redis answers' until_true redis-cli -p "$port" ping
pid=$(redis-cli -p "$port" info server | sed -n 's/^process_id:\([0-9]*\).*/\1/p')

check 'redis has the agent inside' grep -q libgrmon "/proc/$pid/maps"
check 'every request of the benchmark is answered' sh -c "
	redis-benchmark -p $port -n 20000 -c 20 -P 4 -t set,incr,lpush --threads 2 -q \
		>$work/bench && [ \"\$(redis-cli -p $port get counter:__rand_int__)\" = 20000 ]"
redis-benchmark -p "$port" -n 100000000 -c 20 -P 8 -t get -q >/dev/null 2>&1 &
started="$started $!"
load=$!
check 'under load the main thread and the io threads are shown' \
	until_true sees "$pid" 'row name=redis-server and count name^=io_thd_ = 2'
kill "$load"
check 'the sources include the agent' ask 'has target.sources.*=agent'
check 'bio threads wait on their condition, named by the agent' \
	until_true sees "$pid" 'count name^=bio_ state=cond waits_on.address = 3'
check 'every state of an idle redis agrees with the system call' \
	until_true "$(dirname "$0")/syscall_truth.py" "$client" "$pid" 4
pools='name~=(bio_|io_thd_|jemalloc).*'
dump "$pid" --stuck 0.01
check 'workers that wait for work are idle, not stuck' ask "count $pools >= 5 and every $pools has idle !stuck"
dump "$pid" --stuck cond=0.01
check 'these workers are stuck if --stuck names their state' ask \
	"every $pools state=cond has stuck and row state=cond"
