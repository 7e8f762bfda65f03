/* SPDX-License-Identifier: MIT */
/* Wait reasons as they are read from the runtime, and their meanings. The target is this
 * process itself. */
#include "own_memory.h"
#include "unit.h"

#include <unistd.h>

#include "source/go/wait.h"

struct go_string {
	const char *text;
	uint64_t length;
};

static void test_reasons(void **state)
{
	static struct go_string list[] = {{"x", 0},
					  {"GC assist marking", 17},
					  {"IO wait", 7},
					  {"chan receive", 12},
					  {"sync.Mutex.Lock", 15},
					  {"brand new reason", 16},
					  {NULL, 3}};
	struct memory mem = self();
	struct go_module module = {.data = {{address_of(list), address_of(list + 7)},
					    {address_of(list), address_of(list + 7)}}};
	struct intern *intern = intern_new(1 << 20);
	struct go_reasons reasons;

	assert_true(go_reasons_read(&reasons, &module, &mem, intern));
	assert_int_equal(reasons.nr, 6);
	assert_string_equal(reasons.list[0].text, "waiting");
	assert_int_equal(reasons.list[2].object, GO_OBJECT_FD);
	assert_int_equal(reasons.list[3].state, STATE_CHAN_RECV);
	assert_int_equal(reasons.list[4].state, STATE_MUTEX);
	/* Kept as it is. */
	assert_string_equal(reasons.list[5].text, "brand new reason");
	assert_int_equal(reasons.list[5].state, STATE_UNKNOWN);
	list[2].length = 6;
	assert_false(go_reasons_read(&reasons, &module, &mem, intern));
	list[2].length = 7;
	intern_free(intern);
}

static void assert_reason(const char *text, enum task_state state, enum go_object object)
{
	struct go_reason reason = {.text = text};

	go_reason_explain(&reason);
	assert_int_equal(reason.state, state);
	assert_int_equal(reason.object, object);
}

static void test_meanings(void **state)
{
	assert_reason("chan send", STATE_CHAN_SEND, GO_OBJECT_CHAN);
	assert_reason("chan send (nil chan)", STATE_CHAN_SEND, GO_OBJECT_NONE);
	assert_reason("chan receive (durable)", STATE_CHAN_RECV, GO_OBJECT_CHAN);
	assert_reason("select", STATE_SELECT, GO_OBJECT_SELECT);
	assert_reason("select (no cases)", STATE_SELECT, GO_OBJECT_NONE);
	assert_reason("sync.RWMutex.RLock", STATE_RWLOCK_READ, GO_OBJECT_LOCK);
	assert_reason("sync.WaitGroup.Wait", STATE_WAITGROUP, GO_OBJECT_LOCK);
	assert_reason("semacquire", STATE_SEMAPHORE, GO_OBJECT_LOCK);
	assert_reason("sleep", STATE_SLEEP, GO_OBJECT_NONE);
	assert_reason("GC worker (idle)", STATE_GC, GO_OBJECT_NONE);
}

static void test_stack_state(void **state)
{
	struct stack *stack = calloc(1, sizeof(*stack) + 2 * sizeof(struct frame));

	stack->nr_frames = 2;
	stack->frames[0].function = "sync.runtime_Semacquire";
	stack->frames[1].function = "sync.(*WaitGroup).Wait";
	assert_int_equal(go_stack_state(stack, STATE_SEMAPHORE), STATE_WAITGROUP);
	assert_int_equal(go_stack_state(stack, STATE_CHAN_RECV), STATE_CHAN_RECV);
	stack->frames[1].function = "internal/poll.(*FD).Accept";
	assert_int_equal(go_stack_state(stack, STATE_POLL), STATE_ACCEPT);
	assert_int_equal(go_stack_state(stack, STATE_SEMAPHORE), STATE_SEMAPHORE);
	assert_int_equal(go_stack_state(NULL, STATE_POLL), STATE_POLL);
	free(stack);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_meanings),
		cmocka_unit_test(test_stack_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
