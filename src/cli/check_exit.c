/* SPDX-License-Identifier: MIT */
/*
 * The last look, at a command that is held in its exit. Nothing of it will run any more, so
 * ages count for nothing: left behind is who is blocked, unless that is where it rests, or
 * somebody was about to go on who could have woken it.
 */
#include "cli/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/look_options.h"
#include "cli/prove.h"
#include "core/graph.h"
#include "core/pool.h"
#include "core/query.h"
#include "core/verdict.h"
#include "source/child/exit_trace.h"

/* A sleep that ends this soon may be the last thing that a task does. */
#define SOON_NS         CLOCK_SECOND_NS
/* So long it may be held for a proof. */
#define PROVE_LIMIT_NS  CLOCK_SECOND_NS
/* Blocked in an earlier look, so long before the exit. */
#define EARLIER_NS      (CLOCK_SECOND_NS / 10)
/* The same for a lock, whose holder may be the one that would have gone on. */
#define EARLIER_LOCK_NS CLOCK_SECOND_NS

/* Both ends of a connection that net/http keeps for the next request. */
static const struct resting_place {
	const char *function; /* the one that the goroutine was started with */
	enum task_state state;
} resting_places[] = {
	{"net/http.(*persistConn).readLoop", STATE_IO_READ},
	{"net/http.(*persistConn).writeLoop", STATE_SELECT},
	{"net/http.(*http2ClientConn).readLoop", STATE_IO_READ},
	{"golang.org/x/net/http2.(*ClientConn).readLoop", STATE_IO_READ},
};

/* Where it began, but for the runtime's own first function. */
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

static bool rests(const struct task *task)
{
	const char *start = start_function(task);

	if (task->kind == TASK_GOROUTINE && start && strncmp(start, "runtime.", 8) == 0)
		return true;
	for (size_t i = 0; start && i < sizeof(resting_places) / sizeof(*resting_places);
	     i++)
		if (task->state == resting_places[i].state &&
		    strcmp(start, resting_places[i].function) == 0)
			return true;
	return false;
}

/* Tests of a Go package: nothing has any business there when they are over. */
static bool is_go_test(const struct check *check)
{
	const char *name = check->options->words[0], *end;

	end = strrchr(name, '/') ? strrchr(name, '/') : name;
	end = strrchr(end, '.');
	return end && strcmp(end, ".test") == 0;
}

static bool has_goroutines(const struct snapshot *s)
{
	return s->nr_tasks > 0 && s->target.runtime;
}

/* Nothing has any business there when tests are over: strict. Elsewhere who is at rest is
 * where a program may leave him. */
static bool goroutine_blocks(const struct task *task, bool strict, int64_t now_ns)
{
	switch (task->state) {
	case STATE_SLEEP:
		return strict && task->waits.until_ns > now_ns + SOON_NS;
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

/* What it waits for has come, or it has nothing to wait for any more. */
static bool may_go_on(const struct snapshot *s, const struct task *task)
{
	switch (task->state) {
	case STATE_RUNNING:
	case STATE_RUNNABLE:
	case STATE_GC: /* the collector ends that */
		return true;
	case STATE_SLEEP:
		return task->waits.until_ns > 0 &&
		       task->waits.until_ns < s->mono_ns + SOON_NS;
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

	/* The first goroutine, or thread, is the one that ends the process, or waits for
	 * nothing any more. */
	if (has_goroutines(s) ? task->kind == TASK_THREAD || task->id == 1
			      : (pid_t)task->id == s->target.pid)
		return false;
	if (rests(task) || may_go_on(s, task) ||
	    (pool_member(task) && (!strict || task->state != STATE_ACCEPT)) ||
	    (!strict && (task->flags & TASK_IDLE)))
		return false;
	/* A thread that waits for an event may be a worker that waits for work. */
	return task->kind == TASK_THREAD ? verdict_state_is_held(task->state)
					 : goroutine_blocks(task, strict, s->mono_ns);
}

/* The tasks of the last look before, in the order of their ids. */
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
	return (left->id > right->id) - (left->id < right->id);
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

/* The same task as the last look before saw it; NULL: it did not. */
static const struct task *find_earlier(const struct earlier *earlier,
				       const struct task *task)
{
	const struct task *const *found =
		earlier->nr > 0 ? bsearch(&task, earlier->tasks, earlier->nr,
					  sizeof(*earlier->tasks), compare_tasks)
				: NULL;

	return found ? *found : NULL;
}

/* It has not run in between: who waits for the same lock again and again looks alike. */
static bool is_same_wait(const struct task *task, const struct task *seen)
{
	return seen->state == task->state && seen->waits.address == task->waits.address &&
	       (seen->turn == task->turn || seen->turn == 0 || task->turn == 0);
}

/* A test that is over, on its last steps. */
static bool is_finished_test(const struct task *task)
{
	const struct stack *creator = task->created_by;
	const char *function =
		creator && creator->nr_frames > 0 ? creator->frames[0].function : NULL;

	return function && strncmp(function, "testing.", 8) == 0;
}

/* Its thread is gone by now, or stopped by the exit: the state may be that of its own call. */
static bool is_in_call(const struct task *task)
{
	return task->kind == TASK_GOROUTINE &&
	       (task->state == STATE_SYSCALL || task->state == STATE_STOPPED ||
		(task->raw && strncmp(task->raw, "syscall", 7) == 0));
}

/* In a call that the kernel would have ended at any time, a close() for one: no earlier look
 * saw it asleep there. That it was in a call then says nothing: it may have been another. */
static bool in_short_call(const struct task *task, const struct task *seen,
			  int64_t held_ns)
{
	return is_in_call(task) &&
	       !(seen && is_in_call(seen) && seen->state != STATE_SYSCALL &&
		 seen->state != STATE_STOPPED && state_blocks(seen->state) &&
		 seen->since_ns > 0 && seen->since_ns < held_ns - EARLIER_NS);
}

/* In a semaphore of the runtime's own, such as who allocates while a collection starts: the
 * collector would have ended that. Those of programs are waited for in these packages. */
static bool in_runtime(const struct task *task)
{
	static const char *const packages[] = {"sync.", "internal/sync.",
					       "internal/poll."};
	const char *function = task->stack && task->stack->nr_frames > 0
				       ? task->stack->frames[0].function
				       : NULL;

	if (task->kind != TASK_GOROUTINE || task->state != STATE_SEMAPHORE || !function)
		return false;
	for (size_t i = 0; i < sizeof(packages) / sizeof(packages[0]); i++)
		if (strncmp(function, packages[i], strlen(packages[i])) == 0)
			return false;
	return true;
}

/* Whether somebody else than who ends the process would have gone on. */
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

/* A thread may be gone by now: its slot has no more than the frame that waits. An age is
 * what was seen, or what the slot says. */
static void take_from_before(struct task *task, const struct task *seen, int64_t held_ns)
{
	/* A look that was under way saw it when it was held already. */
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

/* Whether it was blocked for so long that who goes on now is not who ends that. */
static bool was_blocked_earlier(const struct task *task, int64_t held_ns)
{
	bool lock = task->state == STATE_MUTEX || task->state == STATE_RWLOCK_READ ||
		    task->state == STATE_RWLOCK_WRITE;

	return task->since_ns > 0 &&
	       task->since_ns <= held_ns - (lock ? EARLIER_LOCK_NS : EARLIER_NS);
}

static void judge(struct check *check, struct snapshot *s, int64_t held_ns)
{
	struct earlier earlier;
	struct check_exit *end = &check->at_exit;
	bool moving;

	index_earlier(&earlier, check->span.last);
	query_begin(check->filter, s);
	grouping_begin_acknowledging(check->span.look.grouping, s);
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
		/* As old as it was when it was held. */
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

/* Proves what can be proved, which nobody moves meanwhile; only for those who are blocked. */
static void prove(const struct check *check, struct look *look,
		  struct snapshot **snapshot)
{
	const struct snapshot *s = *snapshot;
	bool blocked = false;
	struct err ignored;

	for (size_t i = 0; i < s->nr_tasks && !blocked; i++)
		blocked = is_blocked(check, s, &s->tasks[i]);
	if (blocked && s->proving.possible)
		prove_and_wait(look, PROVE_LIMIT_NS, snapshot, &ignored);
}

void check_exit_look(struct check *check, pid_t pid, int64_t held_ns)
{
	struct look_options options = look_options_from(check->options);
	struct check_exit *end = &check->at_exit;
	struct source_focus all = {.all = true};
	struct look *look = &end->look;
	struct err e = {0};
	int rc;

	end->opened = true;
	rc = look_init(look, &options, &e);
	look->target.pid = pid;
	look->target.at_exit = true;
	/* Goroutines say more than the threads that run them. */
	if (rc == 0 && (!options.source || strcmp(options.source, "auto") == 0) &&
	    source_goruntime.probe(&look->target, &e) > 0)
		look->options.source = source_goruntime.name;
	if (rc == 0)
		rc = look_attach(look, pid, &e);
	/* The kernel knows of its first thread alone by now. */
	if (rc != 0 || look->ops == &source_native ||
	    look_sample(look, &all, &end->snapshot, &e) != 0)
		return;
	prove(check, look, &end->snapshot);
	judge(check, end->snapshot, held_ns);
}
