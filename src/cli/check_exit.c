/* SPDX-License-Identifier: MIT */
/*
 * Judges the last sample of a command, which is held in its exit. None of its code will
 * run again, so ages do not matter. A task is left behind if it is blocked, unless it is
 * at rest there, or another task that could have woken it was about to run.
 */
#include "cli/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/order.h"
#include "base/text.h"
#include "cli/prove.h"
#include "cli/session_options.h"
#include "core/graph.h"
#include "core/pool.h"
#include "core/query.h"
#include "core/verdict.h"
#include "source/child/exit_trace.h"

/* A sleep that ends this soon may be the last thing that a task does. */
#define SOON_NS         CLOCK_SECOND_NS
/* A proof may hold the exit this long. */
#define PROVE_LIMIT_NS  CLOCK_SECOND_NS
/* A wait counts as earlier if a sample saw it this long before the exit. */
#define EARLIER_NS      (CLOCK_SECOND_NS / 10)
/* The same for locks, whose holder may be the task that was about to run. */
#define EARLIER_LOCK_NS CLOCK_SECOND_NS

/* Both ends of a connection that net/http keeps for the next request. */
static const struct resting_place {
	const char *function; /* the function that the goroutine started with */
	enum task_state state;
} resting_places[] = {
	{"net/http.(*persistConn).readLoop", STATE_IO_READ},
	{"net/http.(*persistConn).writeLoop", STATE_SELECT},
	{"net/http.(*http2ClientConn).readLoop", STATE_IO_READ},
	{"golang.org/x/net/http2.(*ClientConn).readLoop", STATE_IO_READ},
};

/* Returns the function that the goroutine started with, without the runtime's own
 * frame. */
static const char *start_function(const struct task *task)
{
	const struct stack *stack = task->stack;
	const char *function;

	for (size_t i = stack && !stack->truncated ? stack->nr_frames : 0; i > 0; i--) {
		function = stack->frames[i - 1].function;
		if (function && strcmp(function, "runtime.goexit") != 0)
			return function;
	}
	return NULL;
}

static bool is_at_rest(const struct task *task)
{
	const char *start = start_function(task);

	if (task->kind == TASK_GOROUTINE && start && text_starts_with(start, "runtime."))
		return true;
	for (size_t i = 0; start && i < ARRAY_COUNT(resting_places); i++)
		if (task->state == resting_places[i].state &&
		    strcmp(start, resting_places[i].function) == 0)
			return true;
	return false;
}

/* Returns true for tests of a Go package, which should leave nothing running. */
static bool is_go_test(const struct check *check)
{
	const char *name = check->options->words[0], *end;

	end = strrchr(name, '/') ? strrchr(name, '/') : name;
	end = strrchr(end, '.');
	return end && strcmp(end, ".test") == 0;
}

static bool has_goroutines(const struct snapshot *s)
{
	return s->nr_tasks > 0 && s->target.runtime &&
	       text_starts_with(s->target.runtime, "go");
}

/* With strict, after tests, a goroutine counts whenever it is blocked. Otherwise a
 * program may leave goroutines that are at rest. */
static bool goroutine_blocks(const struct task *task, bool strict, int64_t now_ns)
{
	switch (task->state) {
	case STATE_SLEEP:
		return strict && wait_more(task)->until_ns > now_ns + SOON_NS;
	case STATE_ACCEPT:
	case STATE_POLL:
		return strict;
	case STATE_SIGNAL_WAIT:
	case STATE_STOPPED:
		return false;
	default:
		return state_blocks(task->state);
	}
}

/* Returns true if the task could run: its event has arrived, or it does not wait. */
static bool may_go_on(const struct snapshot *s, const struct task *task)
{
	switch (task->state) {
	case STATE_RUNNING:
	case STATE_RUNNABLE:
	case STATE_GC: /* ends when the collector finishes */
		return true;
	case STATE_SLEEP:
		return wait_more(task)->until_ns > 0 &&
		       wait_more(task)->until_ns < s->mono_ns + SOON_NS;
	case STATE_IO_READ:
	case STATE_IO_WRITE:
	case STATE_ACCEPT:
	case STATE_CONNECT:
	case STATE_POLL:
		return task->waits.fd >= 0 &&
		       exit_fd_ready(s->target.pid, task->waits.fd,
				     task->state == STATE_IO_WRITE ||
					     task->state == STATE_CONNECT);
	default:
		return false;
	}
}

static bool is_blocked(const struct check *check, const struct snapshot *s,
		       const struct task *task)
{
	bool strict = is_go_test(check);

	/* The first goroutine or thread ends the process, or no longer waits for
	 * anything. */
	if (has_goroutines(s) ? task->kind == TASK_THREAD || task->id == 1
			      : (pid_t)task->id == s->target.pid)
		return false;
	if (is_at_rest(task) || may_go_on(s, task) ||
	    (pool_member(task) && (!strict || task->state != STATE_ACCEPT)) ||
	    (!strict && (task->flags & TASK_IDLE)))
		return false;
	/* A thread that waits for an event may be a worker that waits for work. */
	return task->kind == TASK_THREAD ? verdict_state_is_held(task->state)
					 : goroutine_blocks(task, strict, s->mono_ns);
}

/* The tasks of the previous sample, sorted by id. */
struct earlier {
	const struct task **tasks;
	size_t nr;
};

static int compare_tasks(const void *a, const void *b)
{
	const struct task *left = *(const struct task *const *)a;
	const struct task *right = *(const struct task *const *)b;

	if (left->kind != right->kind)
		return left->kind < right->kind ? -1 : 1;
	return ORDER(left->id, right->id);
}

static void index_earlier(struct earlier *earlier, const struct snapshot *before)
{
	size_t count = before ? before->nr_tasks : 0;

	earlier->tasks = count ? malloc(count * sizeof(*earlier->tasks)) : NULL;
	earlier->nr = earlier->tasks ? count : 0;
	for (size_t i = 0; i < earlier->nr; i++)
		earlier->tasks[i] = &before->tasks[i];
	if (earlier->nr > 0)
		qsort(earlier->tasks, earlier->nr, sizeof(*earlier->tasks),
		      compare_tasks);
}

/* Returns the same task in the previous sample, or NULL if it was not there. */
static const struct task *find_earlier(const struct earlier *earlier,
				       const struct task *task)
{
	const struct task *const *found =
		earlier->nr > 0 ? bsearch(&task, earlier->tasks, earlier->nr,
					  sizeof(*earlier->tasks), compare_tasks)
				: NULL;

	return found ? *found : NULL;
}

/* Returns true if the task has not run in between. If both turns are known, they tell a
 * task that takes the same lock repeatedly from one that is blocked. */
static bool is_same_wait(const struct task *task, const struct task *seen)
{
	return seen->state == task->state && seen->waits.address == task->waits.address &&
	       (seen->turn == task->turn || seen->turn == 0 || task->turn == 0);
}

/* Returns true for a test that has finished and is about to return. */
static bool is_finished_test(const struct task *task)
{
	const struct stack *creator = task->created_by;
	const char *function =
		creator && creator->nr_frames > 0 ? creator->frames[0].function : NULL;

	return function && text_starts_with(function, "testing.");
}

/* Returns true if the goroutine is in a system call. Its thread is gone or was stopped by
 * the exit, so the state may be that of an earlier call. */
static bool is_in_call(const struct task *task)
{
	return task->kind == TASK_GOROUTINE &&
	       (task->state == STATE_SYSCALL || task->state == STATE_STOPPED ||
		(task->raw && text_starts_with(task->raw, "syscall")));
}

/* Returns true if the call might have returned at any time, as close() does: no earlier
 * sample saw the task asleep in it. Then being in a call proves nothing. */
static bool in_short_call(const struct task *task, const struct task *seen,
			  int64_t held_ns)
{
	return is_in_call(task) &&
	       !(seen && is_in_call(seen) && seen->state != STATE_SYSCALL &&
		 seen->state != STATE_STOPPED && state_blocks(seen->state) &&
		 seen->since_ns > 0 && seen->since_ns < held_ns - EARLIER_NS);
}

/* Returns true for semaphores of the runtime itself, for example while a collection
 * starts: the collector would have released them. Semaphores of programs are waited for
 * in these packages. */
static bool in_runtime(const struct task *task)
{
	static const char *const packages[] = {"sync.", "internal/sync.",
					       "internal/poll."};
	const char *function = task->stack && task->stack->nr_frames > 0
				       ? task->stack->frames[0].function
				       : NULL;

	if (task->kind != TASK_GOROUTINE || task->state != STATE_SEMAPHORE || !function)
		return false;
	for (size_t i = 0; i < ARRAY_COUNT(packages); i++)
		if (text_starts_with(function, packages[i]))
			return false;
	return true;
}

/* Returns true if a task other than the one that ends the process was about to run. */
static bool in_motion(const struct snapshot *s, const struct earlier *earlier,
		      int64_t held_ns)
{
	bool first_runs = false;
	size_t running = 0;

	for (size_t i = 0; i < s->nr_tasks; i++) {
		const struct task *task = &s->tasks[i];
		bool runs;

		if (has_goroutines(s) &&
		    (task->kind == TASK_THREAD || is_finished_test(task)))
			continue;
		runs = may_go_on(s, task) || in_runtime(task) ||
		       in_short_call(task, find_earlier(earlier, task), held_ns);
		if (has_goroutines(s) ? task->id == 1 : (pid_t)task->id == s->target.pid)
			first_runs = runs;
		else
			running += runs;
	}
	return running > (first_runs ? 0 : 1);
}

/* Completes a task from the previous sample. A thread may be gone, and then its slot has
 * only the frame that waits. The age is the one that was seen, or that of the slot. */
static void take_from_before(struct task *task, const struct task *seen, int64_t held_ns)
{
	/* A sample in progress may have seen the task when it was already held. */
	if (seen && is_same_wait(task, seen) && seen->since_ns < held_ns) {
		task->since_ns = seen->since_ns;
		if (task->kind == TASK_THREAD && seen->stack)
			task->stack = seen->stack;
		if (!task->name[0])
			task->name = seen->name;
	} else if (task->kind == TASK_GOROUTINE) {
		task->since_ns = 0;
	}
}

/* Returns true if the task was blocked for so long that a task running now is unlikely to
 * wake it. */
static bool was_blocked_earlier(const struct task *task, int64_t held_ns)
{
	bool lock = task->state == STATE_MUTEX || task->state == STATE_RWLOCK_READ ||
		    task->state == STATE_RWLOCK_WRITE;

	return task->since_ns > 0 &&
	       task->since_ns <= held_ns - (lock ? EARLIER_LOCK_NS : EARLIER_NS);
}

static void mark_left_behind(struct check *check, struct snapshot *s, int64_t held_ns)
{
	struct earlier earlier;
	struct check_exit *end = &check->at_exit;
	bool moving;

	index_earlier(&earlier, check->span.last);
	query_begin(check->filter, s);
	grouping_begin_acknowledging(check->span.session.grouping, s);
	for (size_t i = 0; i < s->nr_tasks; i++)
		take_from_before(&s->tasks[i], find_earlier(&earlier, &s->tasks[i]),
				 held_ns);
	moving = in_motion(s, &earlier, held_ns);
	for (size_t i = 0; i < s->nr_tasks; i++) {
		struct task *task = &s->tasks[i];

		task->flags &= ~(uint32_t)TASK_STUCK;
		if (!is_blocked(check, s, task))
			continue;
		if (moving && !(task->flags & TASK_UNREACHABLE) &&
		    !was_blocked_earlier(task, held_ns))
			continue;
		task->flags |= TASK_STUCK;
		/* Keeps the age that the task had when it was held. */
		if (task->since_ns > 0)
			task->since_ns += s->mono_ns - held_ns;
		end->left += check_is_guilty(check, CHECK_STUCK, task);
	}
	for (size_t i = 0; i < s->nr_tasks; i++)
		end->tasks += has_goroutines(s) && s->tasks[i].kind != TASK_THREAD &&
			      check_is_shown(check, &s->tasks[i]);
	end->cycles = graph_cycles(s);
	free((void *)earlier.tasks);
}

/* Proves which of the blocked tasks cannot be woken: nothing moves while the exit is
 * held. */
static void prove_blocked(const struct check *check, struct session *session,
			  struct snapshot **snapshot)
{
	const struct snapshot *s = *snapshot;
	bool blocked = false;
	struct err ignored;

	for (size_t i = 0; i < s->nr_tasks && !blocked; i++)
		blocked = is_blocked(check, s, &s->tasks[i]);
	if (blocked && s->proving.possible)
		prove_and_wait(session, PROVE_LIMIT_NS, snapshot, &ignored);
}

void check_sample_exit(struct check *check, pid_t pid, int64_t held_ns)
{
	struct session_options options = session_options_from(check->options);
	struct check_exit *end = &check->at_exit;
	struct source_focus all = {.all = true};
	struct session *session = &end->session;
	struct err e = {0};
	int rc;

	end->opened = true;
	rc = session_init(session, &options, &e);
	session->access.target.pid = pid;
	session->access.target.at_exit = true;
	/* Goroutines tell more than the threads that run them. */
	if (rc == 0 && (!options.source || strcmp(options.source, "auto") == 0) &&
	    source_goruntime.probe(&session->access.target, &e) > 0)
		session->options.source = source_goruntime.name;
	if (rc == 0)
		rc = session_attach(session, pid, &e);
	/* At this point the kernel knows only the first thread. */
	if (rc != 0 || session->access.ops == &source_native ||
	    session_sample(session, &all, &end->snapshot, &e) != 0)
		return;
	prove_blocked(check, session, &end->snapshot);
	mark_left_behind(check, end->snapshot, held_ns);
}
