/* SPDX-License-Identifier: MIT */
/* Stacks of Python functions: the one that is shown, how deep in its work a thread is, and
 * which pools rest. */
#include "unit.h"

#include "core/depth.h"
#include "core/pool.h"
#include "core/stack.h"

#define LIB "/usr/lib/python3.11/"

static struct stack_table *stacks;

/* Pairs of function and file, innermost first, up to a NULL. */
static const struct stack *stack_of(const char *const *words)
{
	struct frame frames[16] = {0};
	size_t nr = 0;

	for (; words[2 * nr]; nr++)
		frames[nr] = (struct frame){.function = words[2 * nr],
					    .file = words[2 * nr + 1],
					    .line = 1,
					    .address = 0x1000};
	return stack_intern(stacks, frames, nr, false);
}

#define STACK(...) stack_of((const char *const[]){__VA_ARGS__, NULL})
#define THREAD                                                                           \
	"Thread.run", LIB "threading.py", "Thread._bootstrap_inner", LIB "threading.py", \
		"Thread._bootstrap", LIB "threading.py"
#define EVENT "Condition.wait", LIB "threading.py", "Event.wait", LIB "threading.py"

static bool rests(const struct stack *stack, enum task_state state)
{
	const struct task task = {
		.kind = TASK_THREAD, .state = state, .stack = stack, .name = ""};

	return pool_rests(&task, NULL);
}

static void what_is_shown(void **state)
{
	assert_string_equal(
		stack_top_frame(STACK(EVENT, "serve", "/srv/app.py", THREAD))->function,
		"serve");
	assert_string_equal(
		stack_top_frame(STACK(EVENT, "Timer.run", LIB "threading.py",
				      "Thread._bootstrap", LIB "threading.py"))
			->function,
		"Timer.run");
	assert_string_equal(
		stack_top_frame(STACK("Queue.get", LIB "asyncio/queues.py", "receive",
				      "/venv/lib/python3.11/site-packages/uvicorn/on.py"))
			->function,
		"receive");
	assert_string_equal(stack_top_frame(STACK("Connection.read",
						  "/venv/lib/db/site-packages/db.py",
						  "main", "/srv/main.py"))
				    ->function,
			    "main");
}

static void how_deep(void **state)
{
	const struct stack *loop =
		STACK(EVENT, "next", "/srv/app.py", "run", "/srv/app.py", THREAD);
	const struct stack *work = STACK(EVENT, "reply", "/srv/app.py", "query",
					 "/srv/app.py", "handle", "/srv/app.py", THREAD);
	const struct stack *first = STACK(EVENT, "main", "/srv/app.py", "<module>",
					  "/srv/app.py", "_run_code", "<frozen runpy>");
	const struct stack *text = STACK(EVENT, "<module>", "<string>");

	assert_int_equal(loop->depth, 2);
	assert_true(depth_is_loop(loop) && !depth_is_inside(loop));
	assert_int_equal(work->depth, 3);
	assert_true(!depth_is_loop(work) && depth_is_inside(work));
	assert_int_equal(first->depth, 1);
	assert_true(depth_is_loop(first));
	assert_int_equal(text->depth, 0);
	assert_true(depth_is_loop(text));
}

/* What a library calls with work is no loop of the thread's own. */
static void who_called(void **state)
{
#define BOOT "Thread._bootstrap", LIB "threading.py"
	const struct stack *pool = STACK("query", "/srv/app.py", "_WorkItem.run",
					 LIB "concurrent/futures/thread.py", THREAD);
	const struct stack *server = STACK("query", "/srv/app.py", "WorkerThread.run",
					   "/venv/lib/python3.11/site-packages/anyio/"
					   "_backends/_asyncio.py",
					   BOOT);
	const struct stack *wrapped =
		STACK("serve", "/srv/app.py", "Thread.run", LIB "threading.py", "run",
		      "/venv/lib/python3.11/site-packages/sentry_sdk/threading.py", BOOT);
	const struct stack *timer =
		STACK("tick", "/srv/app.py", "Timer.run", LIB "threading.py", BOOT);
	const struct stack *loop =
		STACK("query", "/srv/app.py", "Handle._run", LIB "asyncio/events.py",
		      "main", "/srv/app.py", "<module>", "/srv/app.py");
	const struct stack *rest =
		STACK("EpollSelector.select", LIB "selectors.py", "run_forever",
		      LIB "asyncio/base_events.py", "main", "/srv/app.py", "<module>",
		      "/srv/app.py");
	const struct stack *command =
		STACK("serve", "/srv/app.py", "Context.invoke",
		      "/venv/lib/python3.11/site-packages/click/core.py", "<module>",
		      "/srv/app.py");

	assert_true(depth_is_inside(pool) && !depth_is_loop(pool));
	assert_true(depth_is_inside(server) && !depth_is_loop(server));
	assert_true(depth_is_inside(timer) && depth_is_inside(loop));
	assert_true(depth_is_loop(wrapped) && !depth_is_inside(wrapped));
	assert_true(depth_is_loop(rest) && !depth_is_inside(rest));
	assert_true(depth_is_loop(command) && !depth_is_inside(command));
}

static void pools(void **state)
{
	assert_true(rests(STACK("_worker", LIB "concurrent/futures/thread.py", THREAD),
			  STATE_CHAN_RECV));
	/* At work, on something of the program or of a library. */
	assert_false(rests(STACK(EVENT, "job", "/srv/app.py", "_WorkItem.run",
				 LIB "concurrent/futures/thread.py", "_worker",
				 LIB "concurrent/futures/thread.py", THREAD),
			   STATE_COND));
	assert_false(
		rests(STACK(EVENT, "_WorkItem.run", LIB "concurrent/futures/thread.py",
			    "_worker", LIB "concurrent/futures/thread.py", THREAD),
		      STATE_COND));
	assert_true(
		rests(STACK("Connection._recv", LIB "multiprocessing/connection.py",
			    "Connection.recv_bytes", LIB "multiprocessing/connection.py",
			    "SimpleQueue.get", LIB "multiprocessing/queues.py", "worker",
			    LIB "multiprocessing/pool.py"),
		      STATE_IO_READ));
	assert_false(rests(
		STACK("read", "/srv/app.py", "worker", LIB "multiprocessing/pool.py"),
		STATE_IO_READ));
	/* A worker of celery. */
	assert_true(rests(
		STACK("Connection._recv", LIB "site-packages/billiard/connection.py",
		      "SimpleQueue.get_payload", LIB "site-packages/billiard/queues.py",
		      "Worker._make_recv_method.<locals>._recv",
		      LIB "site-packages/billiard/pool.py",
		      "Worker._make_protected_receive.<locals>.receive",
		      LIB "site-packages/billiard/pool.py", "Worker.workloop",
		      LIB "site-packages/billiard/pool.py"),
		STATE_IO_READ));
	/* A function of the program with the same name. */
	assert_false(rests(STACK("_worker", "/srv/thread.py", THREAD), STATE_CHAN_RECV));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_shown),
		cmocka_unit_test(how_deep),
		cmocka_unit_test(who_called),
		cmocka_unit_test(pools),
	};

	stacks = stack_table_new(1000);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	stack_table_free(stacks);
	return failed;
}
