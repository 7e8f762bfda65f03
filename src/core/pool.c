/* SPDX-License-Identifier: MIT */
/* A frame that only a worker of the library has on its stack is sufficient, and so is the
 * name that the library gives its thread, because many programs have no symbols. */
#include "core/pool.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/order.h"
#include "base/text.h"

#define PAIR_PID_SHIFT 40 /* ids of goroutines are smaller */
#define REST_DISTANCE  2 /* frames from the waiting function to the pool's own function */
#define WORKER_FRAMES  6 /* maximum for an idle worker: frames of the pool and of libc */

/* The same limit for an idle thread in Java, counted from the start of its run(). */
#define JAVA_FRAMES    20

/* Flags in stack->rests. */
enum {
	WORKS = 0,
	RESTS = 1 << 0,
	RESTS_LOCKED = 1 << 1,
	READS = 1 << 2,     /* it reads what the peer may send at any time */
	BLOCKS_ON = 1 << 3, /* the block_on() of a runtime */
	READER = 1 << 4,    /* reader of a pooled client connection in Go … */
	WRITER = 1 << 5,    /* … and its writer */
	BODY = 1 << 6,      /* inside the reading of a body */
};

/* Prefixes of function names. */
static const struct pool_function {
	const char *name;
	/* RESTS: the function, or one that it calls, waits only for work. RESTS_LOCKED:
	 * also for a mutex that holds it back. */
	uint8_t rests;
} functions[] = {
	{"g_thread_pool_wait_for_new_task", RESTS}, /* GLib */
	{"g_main_loop_run", WORKS},
	{"uv__io_poll", RESTS}, /* libuv */
	{"uv_cond_wait", WORKS},
	{"gomp_team_barrier_wait", WORKS}, /* libgomp: OpenMP */
	{"gomp_barrier_wait", WORKS},
	{"gomp_simple_barrier_wait", RESTS},
	{"gomp_thread_start", RESTS},
	{"__kmp_fork_barrier", RESTS}, /* LLVM's OpenMP */
	{"__kmp_suspend", WORKS},
	{"tokio::runtime::park", WORKS},
	{"tokio::runtime::scheduler", WORKS},
	{"tokio::runtime::scheduler::multi_thread::park::Inner::park", RESTS},
	{"tokio::runtime::scheduler::multi_thread::park::Parker::park", RESTS},
	{"tokio::runtime::blocking::pool::Inner::run", RESTS},
	{"tokio::runtime::blocking::pool", WORKS},
	{"rayon_core::sleep", RESTS},
	{"rayon_core::registry::WorkerThread::wait_until", WORKS},
	{"Threads::destroy_vm", RESTS},      /* HotSpot: main has returned */
	{"background_thread_entry", RESTS},  /* jemalloc */
	{"bioProcessBackgroundJobs", RESTS}, /* redis */
	{"IOThreadMain", RESTS_LOCKED},
	{"node::(anonymous namespace)::PlatformWorkerThread", RESTS},
	{"v8::platform::", WORKS},
	{"v8::platform::DefaultWorkerThreadsTaskRunner::GetNext", RESTS},
	{"tbb::detail::r1::rml::private_worker", RESTS},
	{"blas_thread_server", RESTS}, /* OpenBLAS */
	{"MHD_polling_thread", WORKS}, /* libmicrohttpd */
	{"ngx_thread_pool_cycle", RESTS},
	/* mariadb: threads that are kept for the next connection */
	{"do_handle_one_connection", RESTS},
	{"Per_thread_connection_handler::block_until_new_connection", RESTS},
	{"tpool::thread_pool_generic::", RESTS},
	{"testing.(*T).Run", RESTS}, /* Go: a test that waits for its subtests */
	{"testing.(*T).Parallel", RESTS},
	{"testing.tRunner.func1", RESTS},
	{"testing.(*M).startAlarm", RESTS},
	{"os/signal.", RESTS},
	{"database/sql.(*DB).connectionOpener", RESTS},
	{"go.opencensus.io/stats/view.(*worker).start", RESTS},
	{"github.com/golang/glog.", WORKS},
	{"k8s.io/klog", WORKS},
	{"net/http.(*persistConn).writeLoop", RESTS},
	{"net/http.(*http2ClientConn).", WORKS},
	{"net/http.(*http2serverConn).serve", RESTS},
	{"golang.org/x/net/http2.(*serverConn).serve", RESTS},
	{"net/http/internal/http2.(*serverConn).serve", RESTS},
	{"google.golang.org/grpc/internal/transport.(*controlBuffer).get", RESTS},
	{"google.golang.org/grpc/internal/transport.(*http2Client).keepalive", RESTS},
	{"google.golang.org/grpc/internal/transport.(*http2Server).keepalive", RESTS},
	{"google.golang.org/grpc/internal/grpcsync.(*CallbackSerializer).run", RESTS},
	{"google.golang.org/grpc.(*addrConn).", WORKS},
	{"database/sql.(*DB).connectionCleaner", RESTS},
	{"github.com/go-sql-driver/mysql.(*mysqlConn).startWatcher.func1", RESTS},
	{"go.mongodb.org/mongo-driver/", WORKS},
	{"net/http.(*Server).Serve", WORKS},
};

/* A task that reads in one of these functions waits for what the peer may send at any
 * time: its next request, or a message of its own accord. */
static const char *const readers[] = {
	"net/http.(*conn).serve",
	"net/http.(*connReader).backgroundRead",
	"net/http.(*persistConn).readLoop",
	"net/http.(*http2clientConnReadLoop).run",
	"net/http.(*http2serverConn).readFrames",
	"net/http.(*http2ServerConn).readFrames",
	"golang.org/x/net/http2.(*clientConnReadLoop).run",
	"golang.org/x/net/http2.(*serverConn).readFrames",
	"net/http/internal/http2.(*clientConnReadLoop).run",
	"net/http/internal/http2.(*serverConn).readFrames",
	"google.golang.org/grpc/internal/transport.(*http2Client).reader",
	"google.golang.org/grpc/internal/transport.(*http2Server).HandleStreams",
	"net/rpc.(*Client).input",
	"net/rpc.(*Server).ServeCodec",
	"net/rpc.(*Server).ServeConn",
	"net/rpc.(*Server).ServeRequest",
	"github.com/valyala/fasthttp.(*Server).serveConn",
	"github.com/lib/pq.(*ListenerConn).listenerConnLoop",
	"github.com/rabbitmq/amqp091-go.(*Connection).reader",
	"github.com/streadway/amqp.(*Connection).reader",
	"github.com/nats-io/nats.go.(*Conn).readLoop",
	"github.com/gorilla/websocket.(*Conn).NextReader",
	"golang.org/x/crypto/ssh.(*handshakeTransport).readLoop",
	"golang.org/x/crypto/ssh.(*mux).loop",
};

/* Functions of Python in which a thread waits for work, by the end of their file's path. The
 * next function inside is the one that fetches it, or none: while they work, it is another
 * one. */
static const struct {
	const char *file, *function, *inner;
} python_functions[] = {
	{"/futures/thread.py", "_worker", NULL},
	{"/futures/process.py", "_process_worker", "get"},
	{"/futures/process.py", "wait_result_broken_or_wakeup", "wait"},
	{"/multiprocessing/pool.py", "worker", "get"},
	{"/multiprocessing/pool.py", "_handle_workers", "_wait_for_updates"},
	{"/multiprocessing/pool.py", "_handle_tasks", "get"},
	{"/multiprocessing/pool.py", "_handle_results", "recv"},
	{"/multiprocessing/queues.py", "_feed", "wait"},
	{"/logging/handlers.py", "_monitor", "dequeue"},
	{"/waitress/task.py", "handler_thread", "wait"},
	{"/cheroot/workers/threadpool.py", "run", "get"},
	{"/billiard/pool.py", "workloop", "receive"},
	{"/apscheduler/schedulers/blocking.py", "_main_loop", "wait"},
	{"/tqdm/_monitor.py", "run", "wait"},
};

/* Functions between those and the read itself. */
static const char *const layers[] = {
	"crypto/tls.(*Conn).",
	"crypto/tls.(*atLeastReader)",
	"bytes.(*Buffer).ReadFrom",
	"net/http.(*connReader).Read",
	"net/http.(*conn).readRequest",
	"net/http.readRequest",
	"net/http.(*persistConn).Read",
	"net/http.(*http2Framer).",
	"net/http.http2readFrameHeader",
	"net/http.http2ReadFrameHeader",
	"net/http.(*http2clientConnReadLoop).",
	"net/http/internal/http2.(*Framer).",
	"net/http/internal/http2.ReadFrameHeader",
	"net/http/internal/http2.readFrameHeader",
	"net/http/internal/http2.(*clientConnReadLoop).",
	"golang.org/x/net/http2.(*Framer).",
	"golang.org/x/net/http2.readFrameHeader",
	"golang.org/x/net/http2.ReadFrameHeader",
	"golang.org/x/net/http2.(*clientConnReadLoop).",
	"google.golang.org/grpc/internal/transport.(*framer).",
	"google.golang.org/grpc/internal/transport.(*bufConn).",
	"net/textproto.(*Reader).",
	"net/rpc.(*Server).",
	"net/rpc.(*gobServerCodec).",
	"net/rpc.(*gobClientCodec).",
	"net/rpc/jsonrpc.(*serverCodec).",
	"net/rpc/jsonrpc.(*clientCodec).",
	"encoding/gob.",
	"encoding/json.(*Decoder).",
	"io.",
	"bufio.",
	"github.com/valyala/fasthttp.(*RequestHeader).",
	"github.com/valyala/fasthttp.(*perIPConn).",
	"github.com/rabbitmq/amqp091-go.(*reader).ReadFrame",
	"github.com/streadway/amqp.(*reader).ReadFrame",
	"github.com/gorilla/websocket.(*Conn).advanceFrame",
	"github.com/gorilla/websocket.(*Conn).read",
	"golang.org/x/crypto/ssh.(*handshakeTransport).",
	"golang.org/x/crypto/ssh.(*transport).",
	"golang.org/x/crypto/ssh.(*connectionState).",
	"golang.org/x/crypto/ssh.(*mux).onePacket",
};

/* Prefixes of thread names with their lengths, because every sample checks each thread,
 * and the maximum number of frames of an idle one. */
#define DEEP(text, frames)                                                               \
	{                                                                                \
		text, sizeof(text) - 1, frames                                           \
	}
#define NAME(text) DEEP(text, WORKER_FRAMES)
#define ANY_DEPTH  1000
static const struct pool_name {
	const char *text;
	size_t bytes;
	size_t frames;
} names[] = {
	NAME("bio_"), /* redis */
	NAME("io_thd_"),
	NAME("jemalloc_bg_thd"),
	NAME("libuv-worker"),
	NAME("V8 Worker"),
	NAME("pool-spawner"), /* GLib */
	NAME("gmain"),
	NAME("gdbus"),
	NAME("dconf worker"),
	NAME("tokio-runtime-w"),
	NAME("iou-wrk-"), /* of the kernel, for io_uring */
	NAME("iou-sqp-"),
	NAME("Thread (pooled)"), /* Qt */
	NAME("QDBusConnection"),
	/* HotSpot's own threads, which never run code of the program … */
	DEEP("VM Thread", ANY_DEPTH),
	DEEP("VM Periodic Tas", ANY_DEPTH),
	DEEP("C1 CompilerThre", ANY_DEPTH),
	DEEP("C2 CompilerThre", ANY_DEPTH),
	DEEP("Sweeper thread", ANY_DEPTH),
	DEEP("Service Thread", ANY_DEPTH),
	DEEP("Monitor Deflati", ANY_DEPTH),
	DEEP("Notification Th", ANY_DEPTH),
	DEEP("Signal Dispatch", ANY_DEPTH),
	DEEP("GC Thread#", ANY_DEPTH),
	DEEP("G1 ", ANY_DEPTH),
	DEEP("ZWorker#", ANY_DEPTH),
	DEEP("ZDirector", ANY_DEPTH),
	DEEP("ZDriver", ANY_DEPTH),
	DEEP("ZStat", ANY_DEPTH),
	DEEP("ZUncommitter", ANY_DEPTH),
	DEEP("ZUnmapper", ANY_DEPTH),
	DEEP("RuntimeWorker#", ANY_DEPTH),
	DEEP("Shenandoah ", ANY_DEPTH),
	/* … and its three threads in Java; finalizers of the program add frames to two of
	 * them. */
	DEEP("Reference Handl", JAVA_FRAMES),
	DEEP("Finalizer", JAVA_FRAMES),
	DEEP("Common-Cleaner", JAVA_FRAMES),
	DEEP("Cleaner-", JAVA_FRAMES),
	DEEP("VirtualThread-u", JAVA_FRAMES), /* the unparker */
	DEEP("ForkJoinPool", JAVA_FRAMES),
	DEEP("Attach Listener", JAVA_FRAMES),
};

static bool begins_with(const char *text, const char *beginning)
{
	return text && text_starts_with(text, beginning);
}

/* Returns the bit of a name's first letter, which a few others share. */
static uint64_t letter_bit(const char *name)
{
	return 1ull << ((unsigned char)name[0] & 63);
}

/* Most names begin with none of these letters. */
static uint64_t names_letters(void)
{
	static uint64_t known; /* 0 until the first call */
	uint64_t letters = __atomic_load_n(&known, __ATOMIC_RELAXED);

	if (letters)
		return letters;
	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		letters |= letter_bit(names[i].text);
	__atomic_store_n(&known, letters, __ATOMIC_RELAXED);
	return letters;
}

static const struct pool_name *pool_name(const struct task *task)
{
	const char *name = task->kind == TASK_THREAD ? task->name : NULL;

	if (!name || !(names_letters() & letter_bit(name)))
		return NULL;
	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		if (name[0] == names[i].text[0] &&
		    strncmp(name, names[i].text, names[i].bytes) == 0)
			return &names[i];
	return NULL;
}

static const struct pool_function *pool_function(const char *name, bool rests)
{
	for (size_t i = 0; i < ARRAY_COUNT(functions); i++)
		if ((!rests || functions[i].rests != WORKS) &&
		    begins_with(name, functions[i].name))
			return &functions[i];
	return NULL;
}

bool pool_member(const struct task *task)
{
	const struct stack *stack = task->stack;

	if (pool_name(task))
		return true;
	for (size_t i = 0; stack && i < stack->nr_frames; i++)
		if (pool_function(stack->frames[i].function, false))
			return true;
	return false;
}

static bool is_in(const char *name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (begins_with(name, list[i]))
			return true;
	return false;
}

/* A method named Read is a layer whatever its type, because connections are wrapped for
 * counting, for limits, and for sharing between protocols. */
static bool is_read_method(const char *name)
{
	size_t length = name ? strlen(name) : 0;

	return length > 6 && strcmp(name + length - 6, ").Read") == 0;
}

/* The first frame that is not a layer of the read decides. */
static uint8_t reads_at_rest(const struct frame *frames, size_t nr_frames)
{
	for (size_t i = 0; i < nr_frames; i++) {
		const char *name = frames[i].function;

		if (is_in(name, readers, ARRAY_COUNT(readers)))
			return READS;
		if (!frame_is_plumbing(&frames[i]) && !is_read_method(name) &&
		    !is_in(name, layers, ARRAY_COUNT(layers)))
			return 0;
	}
	return 0;
}

/* "Queue.get" from 3.11 on, before "get". */
static bool is_python_name(const char *function, const char *name)
{
	const char *dot = function ? strrchr(function, '.') : NULL;

	return function && strcmp(dot ? dot + 1 : function, name) == 0;
}

static bool rests_in_python(const struct frame *frames, size_t nr_frames)
{
	for (size_t i = 0; i < nr_frames && frame_role(&frames[i]) != FRAME_OWN; i++) {
		for (size_t k = 0; k < ARRAY_COUNT(python_functions); k++) {
			const char *inner = python_functions[k].inner;

			if (frames[i].file &&
			    text_ends_with(frames[i].file, python_functions[k].file) &&
			    is_python_name(frames[i].function,
					   python_functions[k].function) &&
			    (inner ? i > 0 &&
					     is_python_name(frames[i - 1].function, inner)
				   : i == 0))
				return true;
		}
	}
	return false;
}

uint8_t pool_stack_rests(const struct frame *frames, size_t nr_frames)
{
	size_t top = stack_find_top(frames, nr_frames);
	const struct pool_function *found = NULL;
	uint8_t rests = 0;

	/* If all frames are plumbing, the top frame itself may be skipped. */
	for (size_t i = 0; i < nr_frames && i <= top + REST_DISTANCE && !found; i++) {
		found = pool_function(frames[i].function, true);
		if (found)
			rests = found->rests;
	}
	for (size_t i = 0; i < nr_frames; i++) {
		const char *name = frames[i].function;

		if (!name)
			continue;
		if (begins_with(name, "net/http.(*persistConn).readLoop"))
			rests |= READER;
		else if (begins_with(name, "net/http.(*persistConn).writeLoop"))
			rests |= WRITER;
		if (strstr(name, "block_on"))
			rests |= BLOCKS_ON;
		if (strstr(name, "ody).") || strstr(name, "body"))
			rests |= BODY;
	}
	if (rests_in_python(frames, nr_frames))
		rests |= RESTS | READS;
	return rests | reads_at_rest(frames, nr_frames);
}

static bool has(const struct task *task, uint8_t bit)
{
	return task->stack && (task->stack->rests & bit);
}

bool pool_blocks_on(const struct task *task)
{
	return has(task, BLOCKS_ON);
}

bool pool_awaits_request(const struct task *task)
{
	return !has(task, BODY);
}

static uint64_t pair_id(const struct task *task)
{
	/* Goroutine ids are those of a process. */
	return task->id + ((uint64_t)task->pid << PAIR_PID_SHIFT);
}

void pool_pairs_begin(struct pool_pairs *pairs)
{
	pairs->count = 0;
}

void pool_pairs_put(struct pool_pairs *pairs, const struct task *task)
{
	if (task->state != STATE_SELECT || !has(task, READER))
		return;
	if (array_reserve(&pairs->ids, &pairs->capacity, pairs->count + 1))
		pairs->ids[pairs->count++] = pair_id(task);
}

void pool_pairs_end(struct pool_pairs *pairs)
{
	if (pairs->count > 1)
		qsort(pairs->ids, pairs->count, sizeof(*pairs->ids), order_u64);
}

void pool_pairs_release(struct pool_pairs *pairs)
{
	free(pairs->ids);
	memset(pairs, 0, sizeof(*pairs));
}

/* The two goroutines of a connection are created one after the other. */
static bool other_half_is_busy(const struct task *task, const struct pool_pairs *pairs)
{
	uint64_t reader = pair_id(task) - 1;

	return pairs && pairs->count > 0 &&
	       bsearch(&reader, pairs->ids, pairs->count, sizeof(*pairs->ids), order_u64);
}

/* States in which a worker is woken by a queue, a condition or a word. None of them is a
 * lock with a holder. */
static bool waits_for_word(enum task_state state)
{
	switch (state) {
	case STATE_CHAN_RECV:
	case STATE_SELECT:
	case STATE_COND:
	case STATE_SEMAPHORE:
	case STATE_BARRIER:
	case STATE_FUTEX:
		return true;
	default:
		return false;
	}
}

/* Returns whether the wait is near the thread's start function, as far as is known, and
 * so not inside its work. */
static bool is_shallow(const struct stack *stack, size_t frames)
{
	return !stack || stack->truncated ||
	       stack->nr_frames <
		       stack_find_top(stack->frames, stack->nr_frames) + frames;
}

bool pool_rests(const struct task *task, const struct pool_pairs *pairs)
{
	const struct pool_name *name;

	if (task->state == STATE_MUTEX)
		return has(task, RESTS_LOCKED);
	if (task->state == STATE_IO_READ)
		return has(task, READS);
	if (!waits_for_word(task->state))
		return false;
	if (has(task, RESTS | RESTS_LOCKED))
		return !has(task, WRITER) || !other_half_is_busy(task, pairs);
	name = pool_name(task);
	return name && is_shallow(task->stack, name->frames);
}
