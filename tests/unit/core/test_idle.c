/* SPDX-License-Identifier: MIT */
/* Idle, long or stuck: each clause of the rule with its near misses, on a clock of its
 * own. */
#include "unit.h"

#include "core/stack.h"
#include "core/verdict.h"

#define START (1000 * SECOND)
#define MOST  64

static struct stack_table *stacks;

/* A process that the test moves from sample to sample. */
struct world {
	struct track *track;
	struct verdicts *verdicts;
	struct snapshot *snapshot;
	struct task tasks[MOST];
	size_t count;
	int64_t now_ns;
};

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct thresholds rule;

	thresholds_init(&rule);
	w->track = track_new();
	w->verdicts = verdicts_new(&rule);
	w->now_ns = START;
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	track_free(w->track);
	verdicts_free(w->verdicts);
	snapshot_unref(w->snapshot);
	free(w);
	return 0;
}

/* Innermost first, up to a NULL. */
static const struct stack *stack_of(const char *const *names)
{
	struct frame frames[24] = {0};
	size_t nr = 0;

	for (; names[nr]; nr++) {
		frames[nr].function = names[nr];
		frames[nr].address = 0x1000 + (uint64_t)(uintptr_t)names[nr];
	}
	return stack_intern(stacks, frames, nr, false);
}

#define STACK(...) stack_of((const char *const[]){__VA_ARGS__, NULL})
#define IN_LOOP()  STACK("pthread_cond_wait", "next", "worker_main", "start_thread")
#define IN_WORK()                                                                        \
	STACK("pthread_cond_wait", "reply", "query", "handle", "serve", "start_thread")
#define GO_IN_WORK() STACK("runtime.gopark", "main.reply", "main.query", "main.handle")
#define GO_LOOP()    STACK("runtime.gopark", "main.worker", "runtime.goexit")

static struct task *add(struct world *w, enum task_kind kind, enum task_state state,
			const struct stack *stack)
{
	struct task *task = &w->tasks[w->count++];

	memset(task, 0, sizeof(*task));
	task->id = 100 + w->count;
	task->tid = kind == TASK_THREAD ? (pid_t)task->id : 0;
	task->kind = kind;
	task->state = state;
	task->stack = stack;
	task->name = "";
	task->waits.fd = -1;
	task->waits.kind = "cond";
	task->waits.text = "";
	task->waits.address = 0x100000 + 0x100 * w->count;
	task->since_ns = w->now_ns;
	task->flags = TASK_AGE_EXACT;
	return task;
}

static void look(struct world *w)
{
	snapshot_unref(w->snapshot);
	w->snapshot = snapshot_new();
	w->snapshot->mono_ns = w->now_ns;
	w->snapshot->target.pid = 4711;
	for (size_t i = 0; i < w->count; i++)
		*snapshot_add(w->snapshot) = w->tasks[i];
	assert_int_equal(track_update(w->track, w->snapshot, NULL), 0);
	verdicts_update(w->verdicts, w->track, w->snapshot);
}

/* Samples once a second for this long. */
static void watch(struct world *w, int seconds)
{
	for (int i = 0; i < seconds; i++) {
		w->now_ns += SECOND;
		look(w);
	}
}

static const struct task *seen(const struct world *w, size_t index)
{
	return &w->snapshot->tasks[index];
}

static char mark(const struct world *w, size_t index)
{
	uint32_t flags = seen(w, index)->flags;

	assert_true(!(flags & TASK_STUCK) || !(flags & TASK_LONG));
	return flags & TASK_STUCK  ? '!'
	       : flags & TASK_LONG ? '?'
	       : flags & TASK_IDLE ? '.'
				   : ' ';
}

#define assert_is(w, index, wanted, reason)                                              \
	do {                                                                             \
		assert_int_equal(mark(w, index), wanted);                                \
		assert_int_equal(seen(w, index)->evidence.why, reason);                  \
	} while (0)

/* One task that waits for a time, with another wait at the same place each second before. */
static struct task *with_history(struct world *w, struct task *task, int waits)
{
	for (int i = 0; i < waits; i++) {
		w->now_ns += SECOND / 4;
		task->since_ns = w->now_ns - SECOND / 100;
		look(w);
	}
	return task;
}

static void what_is_held(void **state)
{
	static const enum task_state states[] = {
		STATE_MUTEX,     STATE_RWLOCK_READ, STATE_RWLOCK_WRITE, STATE_FLOCK,
		STATE_CHAN_SEND, STATE_IO_WRITE,    STATE_CONNECT,      STATE_DISK,
		STATE_FSYNC,     STATE_DNS};
	struct world *w = *state;
	char text[VERDICT_TEXT_MAX];

	for (size_t i = 0; i < COUNT(states); i++)
		add(w, TASK_THREAD, states[i], IN_LOOP());
	w->tasks[0].waits.owner_tid = 12;
	watch(w, 9);
	for (size_t i = 0; i < COUNT(states); i++)
		assert_int_equal(mark(w, i), ' ');
	watch(w, 2);
	for (size_t i = 0; i < COUNT(states); i++)
		assert_is(w, i, '!', WHY_HELD);
	assert_int_equal(w->snapshot->counts.stuck, COUNT(states));
	assert_string_equal(verdict_explain(seen(w, 0), w->now_ns, text),
			    "waits for a mutex held by t12, for 11.0s");
	assert_string_equal(verdict_explain(seen(w, 4), w->now_ns, text),
			    "sends without a receiver, for 11.0s");
}

static void an_event_inside_of_work_is_long(void **state)
{
	static const enum task_state states[] = {
		STATE_COND,    STATE_SEMAPHORE, STATE_CHAN_RECV, STATE_SELECT,
		STATE_JOIN,    STATE_FUTEX,     STATE_BARRIER,   STATE_WAITGROUP,
		STATE_IO_READ, STATE_WAIT_CHILD};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(states); i++)
		add(w, TASK_THREAD, states[i], IN_WORK());
	watch(w, 10);
	for (size_t i = 0; i < COUNT(states); i++)
		assert_int_equal(mark(w, i), ' ');
	watch(w, 1);
	for (size_t i = 0; i < COUNT(states); i++)
		assert_is(w, i, '?', WHY_LONG);
	assert_int_equal(w->snapshot->counts.stuck, 0);
	assert_int_equal(w->snapshot->counts.is_long, COUNT(states));
	assert_int_equal(w->snapshot->counts.long_by_class[CLASS_CHANNEL], 2);
}

static void a_loop_is_a_threads(void **state)
{
	struct world *w = *state;

	add(w, TASK_THREAD, STATE_COND, IN_LOOP());
	add(w, TASK_THREAD, STATE_COND,
	    STACK("pthread_cond_wait", "a", "b", "c", "start_thread"));
	/* Not known where it began. */
	add(w, TASK_THREAD, STATE_COND, STACK("pthread_cond_wait", "a", "b"));
	add(w, TASK_GOROUTINE, STATE_CHAN_RECV, GO_LOOP());
	watch(w, 12);
	assert_is(w, 0, '.', WHY_LOOP);
	assert_is(w, 1, '?', WHY_LONG);
	assert_is(w, 2, '?', WHY_LONG);
	assert_is(w, 3, '?', WHY_LONG);
}

/* A name that fetches work lets it be a little deeper. */
static void a_name_that_asks_for_work(void **state)
{
	struct world *w = *state;

	add(w, TASK_THREAD, STATE_COND,
	    STACK("pthread_cond_wait", "job_queue_pop", "run", "loop", "start_thread"));
	add(w, TASK_THREAD, STATE_COND,
	    STACK("pthread_cond_wait", "pop", "run", "loop", "start_thread"));
	add(w, TASK_THREAD, STATE_COND,
	    STACK("pthread_cond_wait", "job_queue_pop", "a", "b", "c", "d",
		  "start_thread"));
	watch(w, 12);
	assert_is(w, 0, '.', WHY_LOOP);
	assert_is(w, 1, '?', WHY_LONG);
	assert_is(w, 2, '?', WHY_LONG);
}

static void one_object_for_several(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 8; i++)
		add(w, TASK_GOROUTINE, STATE_CHAN_RECV, GO_IN_WORK())->waits.address =
			0x9;
	/* The same place, each with an object of its own; then the same object at other
	 * places. */
	add(w, TASK_GOROUTINE, STATE_CHAN_RECV, GO_IN_WORK());
	add(w, TASK_GOROUTINE, STATE_CHAN_RECV, GO_LOOP())->waits.address = 0x9;
	watch(w, 12);
	for (size_t i = 0; i < 8; i++)
		assert_is(w, i, '.', WHY_SHARED);
	assert_int_equal(seen(w, 0)->evidence.number, 8);
	assert_is(w, 8, '?', WHY_LONG);
	assert_is(w, 9, '?', WHY_LONG);
	/* Seven are at work: it rests where it rested. */
	for (size_t i = 1; i < 8; i++)
		w->tasks[i].state = STATE_RUNNING;
	watch(w, 2);
	assert_is(w, 0, '.', WHY_SHARED);
}

static void sets_of_objects(void **state)
{
	static const uint64_t sets[] = {1, 2, 1, 3};
	static const struct wait_more more[] = {{.objects = sets}, {.objects = sets + 2}};
	struct world *w = *state;

	for (int i = 0; i < 3; i++) {
		struct task *task = add(w, TASK_GOROUTINE, STATE_SELECT, GO_IN_WORK());

		task->waits.more = &more[i / 2];
		task->waits.address = task->waits.nr_objects = 2;
	}
	watch(w, 12);
	assert_is(w, 0, '.', WHY_SHARED);
	assert_is(w, 1, '.', WHY_SHARED);
	assert_is(w, 2, '?', WHY_LONG);
}

static void who_grows_is_not_idle(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 2; i++)
		add(w, TASK_GOROUTINE, STATE_CHAN_RECV, GO_IN_WORK())->waits.address =
			0x9;
	watch(w, 2);
	assert_is(w, 0, '.', WHY_SHARED);
	for (int i = 0; i < 10; i++) {
		add(w, TASK_GOROUTINE, STATE_CHAN_RECV, GO_IN_WORK())->waits.address =
			0x9;
		watch(w, 15);
		if (i > 1)
			assert_is(w, 0, '?', WHY_LONG);
	}
	/* It has stopped: as many as there were, for much longer than one took to come. */
	watch(w, 60);
	assert_is(w, 0, '.', WHY_SHARED);
}

/* Stacks that are read only in a later sample: they were there before. */
static void who_is_read_later_has_not_come(void **state)
{
	struct world *w = *state;
	const struct stack *stack = GO_IN_WORK();

	for (int i = 0; i < 6; i++) {
		struct task *task = add(w, TASK_GOROUTINE, STATE_CHAN_RECV, NULL);

		task->waits.address = 0x9;
		task->since_ns -= 60 * SECOND;
	}
	for (size_t i = 0; i < 6; i++) {
		watch(w, 1);
		if (i > 1)
			assert_is(w, 0, '.', WHY_SHARED);
		w->tasks[i].stack = stack;
	}
	watch(w, 1);
	assert_is(w, 5, '.', WHY_SHARED);
}

/* Threads that leak wait in loops too. */
static void loops_that_grow(void **state)
{
	struct world *w = *state;

	add(w, TASK_THREAD, STATE_COND, IN_LOOP());
	watch(w, 12);
	assert_is(w, 0, '.', WHY_LOOP);
	for (int i = 0; i < 6; i++) {
		add(w, TASK_THREAD, STATE_COND, IN_LOOP());
		watch(w, 8);
	}
	assert_is(w, 0, '?', WHY_LONG);
	watch(w, 40);
	assert_is(w, 0, '.', WHY_LOOP);
}

static void siblings_that_never_worked(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 3; i++)
		add(w, TASK_THREAD, STATE_COND, IN_WORK())->start_ns =
			w->now_ns - SECOND / 2;
	/* One has worked and is back; one has a stack of its own; the others are not
	 * threads. */
	w->tasks[2].start_ns = w->now_ns - 5 * SECOND;
	add(w, TASK_THREAD, STATE_COND,
	    STACK("pthread_cond_wait", "x", "y", "z", "start_thread"))
		->start_ns = w->now_ns - SECOND / 2;
	for (int i = 0; i < 2; i++)
		add(w, TASK_GOROUTINE, STATE_CHAN_RECV, GO_IN_WORK())->start_ns =
			w->now_ns - SECOND / 2;
	/* These have sent the request, or have given the work to others. */
	for (int i = 0; i < 4; i++)
		add(w, TASK_THREAD, i < 2 ? STATE_IO_READ : STATE_WAITGROUP,
		    STACK("read", "reply", "query", "handle", "start_thread"))
			->start_ns = w->now_ns - SECOND / 2;
	watch(w, 12);
	assert_is(w, 0, '.', WHY_SIBLINGS);
	assert_is(w, 1, '.', WHY_SIBLINGS);
	assert_is(w, 2, '.', WHY_SIBLINGS);
	for (size_t i = 3; i < w->count; i++)
		assert_is(w, i, '?', WHY_LONG);
}

static void far_beyond_the_usual(void **state)
{
	struct world *w = *state;
	char text[VERDICT_TEXT_MAX];

	with_history(w, add(w, TASK_THREAD, STATE_COND, IN_WORK()), 12);
	watch(w, 9);
	assert_int_equal(mark(w, 0), ' ');
	watch(w, 4);
	assert_is(w, 0, '!', WHY_HISTORY);
	assert_int_equal(seen(w, 0)->evidence.number, 11);
	assert_string_equal(
		verdict_explain(seen(w, 0), w->now_ns, text),
		"the 11 waits that ended here took at most 250ms; this one 13.0s");
}

static void too_few_waits_tell_nothing(void **state)
{
	struct world *w = *state;

	with_history(w, add(w, TASK_THREAD, STATE_COND, IN_WORK()), 7);
	watch(w, 13);
	/* It is also unknown whether it rests there. */
	assert_int_not_equal(mark(w, 0), '!');
}

static void long_waits_are_usual_there(void **state)
{
	struct world *w = *state;
	struct task *task = add(w, TASK_THREAD, STATE_COND, IN_WORK());

	for (int i = 0; i < 12; i++) {
		watch(w, 3);
		task->since_ns = w->now_ns;
	}
	watch(w, 20);
	assert_is(w, 0, '.', WHY_RETURNS);
	watch(w, 20);
	assert_is(w, 0, '!', WHY_HISTORY);
}

/* Others have waited at the same place. */
static void the_history_of_others_counts(void **state)
{
	struct world *w = *state;

	with_history(w, add(w, TASK_THREAD, STATE_COND, IN_WORK()), 12);
	w->tasks[0].state = STATE_RUNNING;
	add(w, TASK_THREAD, STATE_COND, IN_WORK());
	watch(w, 13);
	assert_is(w, 1, '!', WHY_HISTORY);
}

static void rest_after_load(void **state)
{
	struct world *w = *state;
	struct task *loop = add(w, TASK_THREAD, STATE_COND, IN_LOOP());
	struct task *go = add(w, TASK_GOROUTINE, STATE_CHAN_RECV, GO_LOOP());
	struct task *request = add(w, TASK_THREAD, STATE_IO_READ,
				   STACK("read", "a", "b", "c", "d", "start_thread"));
	struct task *unknown = add(w, TASK_THREAD, STATE_COND,
				   STACK("pthread_cond_wait", "PyEval_X", "_PyEval_Y",
					 "a", "b", "start_thread"));

	request->waits.accepted = true;
	for (int i = 0; i < 12; i++) {
		w->now_ns += SECOND / 4;
		loop->since_ns = go->since_ns = w->now_ns;
		request->since_ns = unknown->since_ns = w->now_ns;
		look(w);
	}
	watch(w, 60);
	assert_is(w, 0, '.', WHY_LOOP);
	assert_is(w, 1, '.', WHY_LOOP);
	assert_is(w, 2, '.', WHY_REQUEST);
	assert_is(w, 3, '?', WHY_LONG);
}

static void bodies_are_no_requests(void **state)
{
	struct world *w = *state;
	struct task *task = with_history(
		w,
		add(w, TASK_THREAD, STATE_IO_READ,
		    STACK("read", "read_body", "b", "c", "d", "start_thread")),
		12);

	task->waits.accepted = true;
	watch(w, 30);
	assert_is(w, 0, '?', WHY_LONG);
}

static void replies_that_never_come(void **state)
{
	struct world *w = *state;
	struct task *ask = add(w, TASK_GOROUTINE, STATE_IO_READ, GO_IN_WORK());
	struct task *reader = add(w, TASK_GOROUTINE, STATE_IO_READ,
				  STACK("internal/poll.x", "gob.Decode", "gob.Next",
					"rpc.(*Client).input", "runtime.goexit"));

	for (int i = 0; i < 12; i++) {
		w->now_ns += SECOND / 4;
		ask->since_ns = reader->since_ns = w->now_ns;
		look(w);
	}
	watch(w, 30);
	assert_is(w, 0, '!', WHY_HISTORY);
	assert_is(w, 1, '.', WHY_LOOP);
}

static void the_first_one(void **state)
{
	struct world *w = *state;

	add(w, TASK_THREAD, STATE_JOIN, IN_WORK())->tid = 4711;
	add(w, TASK_THREAD, STATE_JOIN, IN_WORK());
	add(w, TASK_THREAD, STATE_COND,
	    STACK("syscall", "park", "tokio::runtime::park::block_on", "a", "main"))
		->tid = 4711;
	add(w, TASK_GOROUTINE, STATE_WAITGROUP, GO_IN_WORK())->id = 1;
	add(w, TASK_GOROUTINE, STATE_CHAN_RECV, GO_IN_WORK())->id = 1;
	w->tasks[4].serial = 1;
	watch(w, 12);
	assert_is(w, 0, '.', WHY_FIRST);
	assert_is(w, 1, '?', WHY_LONG);
	assert_is(w, 2, '.', WHY_FIRST);
	assert_is(w, 3, '.', WHY_FIRST);
	assert_is(w, 4, '?', WHY_LONG);
}

static void proofs(void **state)
{
	struct world *w = *state;

	add(w, TASK_GOROUTINE, STATE_CHAN_RECV, GO_LOOP())->flags |= TASK_UNREACHABLE;
	add(w, TASK_THREAD, STATE_JOIN, IN_LOOP());
	add(w, TASK_GOROUTINE, STATE_SELECT, GO_LOOP())->raw = "select (leaked)";
	add(w, TASK_GOROUTINE, STATE_CHAN_RECV, GO_LOOP())->raw =
		"chan receive (nil chan)";
	add(w, TASK_GOROUTINE, STATE_CHAN_RECV, GO_LOOP())->raw =
		"chan receive (nil chan)";
	w->tasks[4].id = 1;
	watch(w, 5);
	assert_int_equal(mark(w, 0), ' ');
	/* One sample is enough for a wait that was sampled more than once already. */
	w->now_ns += 6 * SECOND;
	look(w);
	assert_is(w, 0, '!', WHY_PROOF);
	assert_is(w, 1, '.', WHY_LOOP);
	assert_is(w, 2, '!', WHY_RUNTIME);
	/* A context that is never done has a nil channel. */
	assert_is(w, 3, ' ', WHY_LONG);
	assert_is(w, 4, '.', WHY_LOOP);
}

static void named_states(void **state)
{
	struct world *w = *state;
	struct thresholds rule;

	add(w, TASK_THREAD, STATE_COND, IN_LOOP());
	add(w, TASK_THREAD, STATE_SEMAPHORE, IN_WORK());
	assert_int_equal(thresholds_parse(&rule, "2s,cond=1s", NULL), 0);
	verdicts_set_thresholds(w->verdicts, &rule);
	watch(w, 3);
	assert_is(w, 0, '!', WHY_NAMED);
	assert_true(seen(w, 0)->flags & TASK_IDLE);
	assert_is(w, 1, '?', WHY_LONG);
	assert_int_equal(thresholds_parse(&rule, "never", NULL), 0);
	verdicts_set_thresholds(w->verdicts, &rule);
	watch(w, 3);
	assert_is(w, 0, '.', WHY_LOOP);
	assert_int_equal(mark(w, 1), ' ');
}

/* All of Python's waiting is a lock, until "with" takes one. */
static void locks_of_python(void **state)
{
	struct world *w = *state;

	add(w, TASK_THREAD, STATE_MUTEX,
	    STACK("sem_wait", "lock_PyThread_acquire_lock", "PyObject_Vectorcall",
		  "_PyEval_EvalFrameDefault", "start_thread"));
	add(w, TASK_THREAD, STATE_MUTEX,
	    STACK("sem_wait", "lock_PyThread_acquire_lock", "method_vectorcall",
		  "_PyObject_CallNoArgs", "_PyEval_EvalFrameDefault", "start_thread"));
	/* Two tasks with equal stacks may hold each other's lock. */
	for (int i = 0; i < 2; i++) {
		struct task *task = add(
			w, TASK_THREAD, STATE_MUTEX,
			STACK("sem_wait", "lock_PyThread_acquire_lock", "cfunction_call",
			      "_PyEval_EvalFrameDefault", "start_thread"));

		task->start_ns = w->now_ns - SECOND / 2;
		task->waits.address = 0x1000 + 0x100 * (uint64_t)i;
	}
	watch(w, 12);
	assert_is(w, 0, '?', WHY_LONG);
	assert_is(w, 1, '!', WHY_HELD);
	assert_is(w, 2, '?', WHY_LONG);
	assert_is(w, 3, '?', WHY_LONG);
}

static void counted_by_an_agent(void **state)
{
	static const uint32_t many[STATE_COUNT] = {[STATE_COND] = 301};
	static const uint32_t few[STATE_COUNT] = {[STATE_COND] = 3};
	struct task_more more[] = {{.state_counts = many}, {.state_counts = few}};
	struct world *w = *state;

	for (int i = 0; i < 3; i++) {
		const struct stack *at = i < 2 ? IN_WORK() : IN_LOOP();
		struct task *task = add(w, TASK_THREAD, STATE_COND, at);

		task->start_ns = w->now_ns - 30 * SECOND;
		task->more = &more[i == 1];
	}
	watch(w, 12);
	assert_is(w, 0, '!', WHY_COUNTED);
	assert_int_equal(seen(w, 0)->evidence.number, 300);
	assert_is(w, 1, '?', WHY_LONG);
	assert_is(w, 2, '.', WHY_LOOP);
}

static const struct stack *go_read(const char *inner, const char *outer)
{
	return STACK("internal/poll.runtime_pollWait", "net.(*netFD).Read",
		     "net.(*conn).Read", inner, "bufio.(*Reader).fill", outer);
}

/* Connections of Go's servers and clients that rest, and those with a body that waits. */
static void connections_of_go(void **state)
{
	struct world *w = *state;
	struct task *half;

	add(w, TASK_GOROUTINE, STATE_IO_READ,
	    go_read("net/http.(*connReader).Read", "net/http.(*conn).serve"));
	add(w, TASK_GOROUTINE, STATE_IO_READ,
	    go_read("net/http.(*persistConn).Read", "net/http.(*persistConn).readLoop"));
	add(w, TASK_GOROUTINE, STATE_SELECT, STACK("net/http.(*persistConn).writeLoop"));
	add(w, TASK_GOROUTINE, STATE_SELECT, STACK("net/http.(*persistConn).readLoop"));
	half = add(w, TASK_GOROUTINE, STATE_SELECT,
		   STACK("net/http.(*persistConn).writeLoop"));
	add(w, TASK_GOROUTINE, STATE_IO_READ,
	    STACK("internal/poll.runtime_pollWait", "net.(*conn).Read",
		  "net/http.(*connReader).Read", "bufio.(*Reader).Read",
		  "net/http.(*body).Read", "main.upload", "net/http.(*conn).serve"));
	assert_int_equal(half->id, w->tasks[3].id + 1);
	watch(w, 12);
	for (size_t i = 0; i < 3; i++)
		assert_is(w, i, '.', WHY_POOL);
	for (size_t i = 3; i < 6; i++)
		assert_is(w, i, '?', WHY_LONG);
}

/* A recording that is judged by another rule keeps its evidence. */
static void judged_again(void **state)
{
	struct thresholds rule;
	struct task task = {.state = STATE_COND, .since_ns = START, .name = ""};

	(void)state;
	assert_int_equal(thresholds_parse(&rule, "20s", NULL), 0);
	task.flags = TASK_STUCK;
	task.evidence = (struct evidence){WHY_HISTORY, 9, SECOND};
	verdict_again(&rule, &task, START + 19 * SECOND);
	assert_int_equal(task.flags, 0);
	task.flags = TASK_STUCK;
	verdict_again(&rule, &task, START + 21 * SECOND);
	assert_int_equal(task.flags, TASK_STUCK);
	task.evidence = (struct evidence){WHY_LONG, 0, 0};
	task.flags = 0;
	verdict_again(&rule, &task, START + 21 * SECOND);
	assert_int_equal(task.flags, TASK_LONG);
	task.flags = TASK_IDLE;
	verdict_again(&rule, &task, START + 21 * SECOND);
	assert_int_equal(task.flags, TASK_IDLE);
	task.state = STATE_MUTEX;
	task.flags = 0;
	verdict_again(&rule, &task, START + 21 * SECOND);
	assert_int_equal(task.flags, TASK_STUCK);
	assert_int_equal(task.evidence.why, WHY_HELD);
}

static void every_reason_has_a_name(void **state)
{
	struct task task = {.since_ns = START, .name = "", .state = STATE_COND};
	char text[VERDICT_TEXT_MAX];

	(void)state;
	for (int i = WHY_NOTHING + 1; i < WHY_COUNT; i++) {
		task.evidence.why = (enum why)i;
		assert_int_equal(verdict_why_by_name(verdict_why_name((enum why)i)), i);
		assert_true(strlen(verdict_explain(&task, START, text)) > 10);
	}
	assert_int_equal(verdict_why_by_name("no such thing"), WHY_NOTHING);
	/* In a file that has the word alone, such as a dump. */
	task.evidence.why = WHY_NOTHING;
	assert_string_equal(verdict_explain(&task, START, text), "");
	task.flags = TASK_STUCK;
	assert_string_equal(verdict_explain(&task, START + 21 * SECOND, text),
			    "for 21.0s; the evidence is not in the file");
	task.since_ns = 0;
	assert_string_equal(verdict_explain(&task, START, text),
			    "the evidence is not in the file");
}

#define test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(what_is_held),
		test(an_event_inside_of_work_is_long),
		test(a_loop_is_a_threads),
		test(a_name_that_asks_for_work),
		test(one_object_for_several),
		test(sets_of_objects),
		test(who_grows_is_not_idle),
		test(who_is_read_later_has_not_come),
		test(loops_that_grow),
		test(siblings_that_never_worked),
		test(far_beyond_the_usual),
		test(too_few_waits_tell_nothing),
		test(long_waits_are_usual_there),
		test(the_history_of_others_counts),
		test(rest_after_load),
		test(bodies_are_no_requests),
		test(replies_that_never_come),
		test(the_first_one),
		test(proofs),
		test(named_states),
		test(locks_of_python),
		test(counted_by_an_agent),
		test(connections_of_go),
		test(judged_again),
		test(every_reason_has_a_name),
	};
	int rc;

	stacks = stack_table_new(1000);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	stack_table_free(stacks);
	return rc;
}
