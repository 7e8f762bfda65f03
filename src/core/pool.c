/* SPDX-License-Identifier: MIT */
/* A frame that only a worker of the library has on its stack is enough, or the name that the
 * library gives its thread: many programs come without symbols. */
#include "core/pool.h"

#include <string.h>

#define REST_DISTANCE 2 /* frames from what waits to the pool's own function */
#define WORKER_FRAMES                                                                    \
	6 /* of a worker at rest: at most the pool's own and libc's, so many */

/* The same of a thread that rests in Java, from the beginning of its run() on. */
#define JAVA_FRAMES 20

enum { WORKS, RESTS, RESTS_LOCKED };

/* Beginnings of function names. */
static const struct pool_function {
	const char *name;
	/* RESTS: it, or what it calls, waits for work and for nothing else. RESTS_LOCKED: also
	 * for a mutex by which it is held back. */
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
	{"testing.(*T).Run", RESTS}, /* Go: a test that waits for those inside it */
	{"testing.(*T).Parallel", RESTS},
	{"testing.tRunner.func1", RESTS},
	{"testing.(*M).startAlarm", RESTS},
	{"os/signal.", RESTS},
	{"database/sql.(*DB).connectionOpener", RESTS},
	{"go.opencensus.io/stats/view.(*worker).start", RESTS},
	{"github.com/golang/glog.", WORKS},
	{"k8s.io/klog", WORKS},
};

/* Beginnings of the names of threads, with their lengths: every look asks for each thread;
 * and how many frames one has at rest. */
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
	/* HotSpot's own, which run nothing of the program's … */
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
	/* … and its three in Java; finalizers of the program make two of them deeper. */
	DEEP("Reference Handl", JAVA_FRAMES),
	DEEP("Finalizer", JAVA_FRAMES),
	DEEP("Common-Cleaner", JAVA_FRAMES),
};

static bool begins_with(const char *text, const char *beginning)
{
	return text && strncmp(text, beginning, strlen(beginning)) == 0;
}

static const struct pool_name *pool_name(const struct task *task)
{
	const char *name = task->name;

	if (task->kind != TASK_THREAD || !name)
		return NULL;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (name[0] == names[i].text[0] &&
		    strncmp(name, names[i].text, names[i].bytes) == 0)
			return &names[i];
	return NULL;
}

static const struct pool_function *pool_function(const char *name, uint8_t least)
{
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		if (functions[i].rests >= least && begins_with(name, functions[i].name))
			return &functions[i];
	return NULL;
}

bool pool_member(const struct task *task)
{
	const struct stack *stack = task->stack;

	if (pool_name(task))
		return true;
	for (size_t i = 0; stack && i < stack->nr_frames; i++)
		if (pool_function(stack->frames[i].function, WORKS))
			return true;
	return false;
}

uint8_t pool_stack_rests(const struct frame *frames, size_t nr_frames)
{
	size_t top = stack_find_top(frames, nr_frames);
	const struct pool_function *found;

	/* The top may itself be passed over where all is plumbing. */
	for (size_t i = 0; i < nr_frames && i <= top + REST_DISTANCE; i++) {
		found = pool_function(frames[i].function, RESTS);
		if (found)
			return found->rests;
	}
	return 0;
}

/* What wakes a worker: a queue, its condition, a word. Never a lock that somebody holds. */
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

/* Near the thread's start, as far as is known: not inside of its work. */
static bool is_shallow(const struct stack *stack, size_t frames)
{
	return !stack || stack->truncated ||
	       stack->nr_frames <
		       stack_find_top(stack->frames, stack->nr_frames) + frames;
}

bool pool_rests(const struct task *task)
{
	const struct pool_name *name;

	if (task->state == STATE_MUTEX)
		return task->stack && task->stack->rests == RESTS_LOCKED;
	if (!waits_for_word(task->state))
		return false;
	if (task->stack && task->stack->rests)
		return true;
	name = pool_name(task);
	return name && is_shallow(task->stack, name->frames);
}
