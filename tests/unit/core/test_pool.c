/* SPDX-License-Identifier: MIT */
/* Workers of well-known pools: at rest, at work, and behind a lock. */
#include "unit.h"

#include "core/pool.h"
#include "core/stack.h"

static struct stack_table *stacks;

/* Innermost first, up to a NULL. */
static const struct stack *stack_of(const char *const *names)
{
	struct frame frames[12] = {0};
	size_t nr = 0;

	for (; names[nr]; nr++)
		frames[nr].function = names[nr];
	return stack_intern(stacks, frames, nr, false);
}

#define STACK(...) stack_of((const char *const[]){__VA_ARGS__, NULL})

static struct task thread(const char *name, enum task_state state,
			  const struct stack *stack)
{
	return (struct task){
		.kind = TASK_THREAD, .name = name, .state = state, .stack = stack};
}

static void at_rest(void **state)
{
	struct task task =
		thread("node", STATE_COND,
		       STACK("pthread_cond_wait", "uv_cond_wait",
			     "node::TaskQueue<v8::Task>::BlockingPop",
			     "node::(anonymous namespace)::PlatformWorkerThread",
			     "start_thread"));

	(void)state;
	assert_true(pool_rests(&task, NULL));
	assert_true(pool_member(&task));
	task.state = STATE_MUTEX;
	assert_false(pool_rests(&task, NULL));
	task.state = STATE_IO_READ;
	assert_false(pool_rests(&task, NULL));
	assert_true(pool_member(&task));
}

/* The pool's function is there, but further out than it waits itself. */
static void in_its_work(void **state)
{
	struct task task = thread("bio_lazy_free", STATE_COND,
				  STACK("pthread_cond_wait", "wait_for_reply", "ask",
					"unlink_all", "free_it", "walk",
					"bioProcessBackgroundJobs", "start_thread"));

	(void)state;
	assert_false(pool_rests(&task, NULL));
	assert_true(pool_member(&task));
}

static void by_name(void **state)
{
	struct task task = thread("libuv-worker", STATE_COND, NULL);

	(void)state;
	assert_true(pool_rests(&task, NULL));
	task.stack = STACK("pthread_cond_wait", "worker", "start_thread");
	assert_true(pool_rests(&task, NULL));
	task.name = "worker";
	assert_false(pool_rests(&task, NULL));
	task.name = "libuv-worker";
	task.kind = TASK_GOROUTINE;
	assert_false(pool_rests(&task, NULL));
}

static void held_back(void **state)
{
	struct task task =
		thread("io_thd_1", STATE_MUTEX,
		       STACK("pthread_mutex_lock", "IOThreadMain", "start_thread"));

	(void)state;
	assert_true(pool_rests(&task, NULL));
	task.stack =
		STACK("pthread_mutex_lock", "bioProcessBackgroundJobs", "start_thread");
	assert_false(pool_rests(&task, NULL));
}

/* The machine's own threads rest at any depth; a finalizer of the program makes its thread's
 * stack deeper. */
static void of_java(void **state)
{
	static const char *const innermost[] = {
		"pthread_cond_wait", "os::PlatformEvent::park()", "JVM_MonitorWait"};
	struct frame frames[32] = {0};
	struct task task = thread("VM Thread", STATE_COND, NULL);

	(void)state;
	for (size_t i = 0; i < 32; i++)
		frames[i].function = i < 3 ? innermost[i] : "java";
	task.stack = stack_intern(stacks, frames, 19, false);
	assert_true(pool_rests(&task, NULL));
	task.name = "Finalizer";
	assert_true(pool_rests(&task, NULL));
	task.stack = stack_intern(stacks, frames, 32, false);
	assert_false(pool_rests(&task, NULL));
	task.name = "VM Thread";
	assert_true(pool_rests(&task, NULL));
	task.state = STATE_MUTEX;
	assert_false(pool_rests(&task, NULL));
	task.name = "pool-1-thread-1";
	task.state = STATE_COND;
	assert_false(pool_rests(&task, NULL));
}

static struct task goroutine(enum task_state state, const struct stack *stack)
{
	return (struct task){
		.kind = TASK_GOROUTINE, .name = "", .state = state, .stack = stack};
}

/* However a connection is wrapped, a thread that reads its next request is at rest. */
static void next_request(void **state)
{
	struct task task = goroutine(
		STATE_IO_READ, STACK("net.(*conn).Read", "main.(*counted).Read",
				     "bufio.(*Reader).Peek", "net/http.(*conn).serve"));

	(void)state;
	assert_true(pool_rests(&task, NULL));
	task.stack = STACK("net.(*conn).Read", "bufio.(*Reader).Read", "io.ReadFull",
			   "encoding/gob.(*Decoder).Decode",
			   "net/rpc.(*gobClientCodec).ReadResponseHeader",
			   "net/rpc.(*Client).input");
	assert_true(pool_rests(&task, NULL));
	task.stack = STACK("net.(*conn).Read", "main.(*backend).ask", "main.handler",
			   "net/http.(*conn).serve");
	assert_false(pool_rests(&task, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_rest), cmocka_unit_test(in_its_work),
		cmocka_unit_test(by_name), cmocka_unit_test(held_back),
		cmocka_unit_test(of_java), cmocka_unit_test(next_request),
	};
	int rc;

	stacks = stack_table_new(100);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	stack_table_free(stacks);
	return rc;
}
