/* SPDX-License-Identifier: MIT */
/* Tests the way back from a group to the program's own code, on made samples. */
#include "unit.h"

#include "base/intern.h"
#include "core/stack.h"
#include "core/wayback.h"

#define GO "/usr/local/go/src/net/http/transport.go"

static struct intern *intern;
static struct stack_table *stacks;
static struct grouping *grouping;
static struct snapshot *last;
static int64_t now_ns;

static int set_up(void **state)
{
	struct err e = {0};

	(void)state;
	intern = intern_new(1 << 20);
	stacks = stack_table_new(1000);
	grouping = grouping_new(NULL, &e);
	grouping_set_least(grouping, SECOND);
	now_ns = 1000 * SECOND;
	last = NULL;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	snapshot_unref(last);
	grouping_free(grouping);
	stack_table_free(stacks);
	intern_free(intern);
	return 0;
}

static struct frame frame(const char *function, int line)
{
	bool own = strncmp(function, "main.", 5) == 0;
	const char *file = own ? "/home/me/jobs.go" : GO;

	return (struct frame){.function = intern_text(intern, function, strlen(function)),
			      .file = intern_text(intern, file, strlen(file)),
			      .line = line};
}

/* The names are innermost first; the line of the first is 10, of the next 11, … */
static const struct stack *stack(const char *a, const char *b, const char *c)
{
	const char *names[] = {a, b, c};
	struct frame frames[3];
	size_t count = 0;

	while (count < 3 && names[count]) {
		frames[count] = frame(names[count], 10 + (int)count);
		count++;
	}
	return stack_intern(stacks, frames, count, false);
}

static struct task *put(uint64_t id, const struct stack *on, const struct stack *by)
{
	struct task *task = snapshot_add(last);

	assert_non_null(task);
	task->kind = TASK_GOROUTINE;
	task->id = id;
	task->state = STATE_SELECT;
	task->stack = on;
	task->created_by = by;
	return task;
}

static void begin(void)
{
	snapshot_unref(last);
	last = snapshot_new();
	assert_non_null(last);
	now_ns += SECOND;
	last->mono_ns = last->real_ns = now_ns;
}

#define READ_LOOP "net/http.(*persistConn).readLoop"
#define DIAL      "net/http.(*Transport).dialConn"
#define DIAL_FOR  "net/http.(*Transport).dialConnFor"
#define START     "net/http.(*Transport).startDial"

static void put_loops(uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		put(1000 + i, stack(READ_LOOP, NULL, NULL), stack(DIAL, NULL, NULL));
}

static const struct group *group_of(const char *function)
{
	const struct groups *groups = last->groups;

	for (size_t i = 0; i < groups->count[GROUP_STACK]; i++) {
		const struct group *group = &groups->list[GROUP_STACK][i];

		if (group->stack &&
		    strcmp(group->stack->frames[0].function, function) == 0)
			return group;
	}
	fail_msg("no group of %s", function);
	return NULL;
}

static const char *made(const char *function)
{
	static char text[WAYBACK_TEXT];
	struct wayback way;

	if (!last->groups)
		grouping_update(grouping, last);
	wayback_find(last, (struct wayback_of){.group = group_of(function)}, &way);
	return wayback_made(&way, text);
}

static void who_calls_it_now(void **state)
{
	(void)state;
	begin();
	put_loops(3);
	put(1, stack(DIAL, "main.updateImages", "main.main"), NULL);
	put(2, stack(DIAL, "main.updateImages", "main.main"), NULL);
	put(3, stack("net/http.wait", DIAL, "main.mirror"), NULL);
	put(4, stack("net/http.wait", "main.other", NULL), NULL);
	assert_string_equal(made(READ_LOOP),
			    DIAL " at transport.go:10, called now from main.updateImages "
				 "at jobs.go:11 (2), main.mirror at jobs.go:12 (1).");
}

static void what_created_the_tasks_that_run_it(void **state)
{
	(void)state;
	begin();
	put_loops(3);
	put(1, stack("net.wait", DIAL, DIAL_FOR), stack(START, NULL, NULL));
	put(2, stack(START, "main.updateImages", NULL), NULL);
	assert_string_equal(made(READ_LOOP),
			    DIAL " at transport.go:10, in tasks made by " START
				 " at transport.go:10 (1 now), called now from "
				 "main.updateImages at jobs.go:11 (1).");
}

/* The creator waits for what it has started, in another method. */
static void a_creator_that_is_there(void **state)
{
	struct task *task;

	(void)state;
	begin();
	put_loops(3);
	task = put(1, stack("net.wait", DIAL, DIAL_FOR), stack(START, NULL, NULL));
	task->creator_id = 7;
	put(7, stack("net/http.(*Transport).getConn", "main.updateImages", NULL), NULL);
	put(8, stack("net/http.(*Transport).getConn", "main.mirror", NULL), NULL);
	assert_string_equal(made(READ_LOOP),
			    DIAL " at transport.go:10, called now from main.updateImages "
				 "at jobs.go:11 (1).");
}

static void methods_of_its_type(void **state)
{
	(void)state;
	begin();
	put_loops(3);
	put(1, stack("net/http.(*Transport).getConn", "main.updateImages", NULL), NULL);
	put(2, stack("net/http.(*Server).Serve", "main.main", NULL), NULL);
	assert_string_equal(made(READ_LOOP),
			    DIAL " at transport.go:10. Methods of net/http.(*Transport) "
				 "are called now from main.updateImages at jobs.go:11 "
				 "(1).");
}

static void nothing_was_seen(void **state)
{
	(void)state;
	begin();
	put_loops(3);
	put(2, stack("net/http.(*Server).Serve", "main.main", NULL), NULL);
	assert_string_equal(made(READ_LOOP),
			    DIAL " at transport.go:10, which no other task runs now.");
}

/* The calls end before the last sample; the group has grown, so they are remembered. */
static void who_called_it_before(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 40; i++) {
		begin();
		put_loops(3 + i);
		if (i >= 10 && i < 30)
			put(1, stack(DIAL, "main.updateImages", NULL), NULL);
		if (i == 25)
			put(2, stack(DIAL, "main.mirror", NULL), NULL);
		put(3, stack("net/http.(*Transport).getConn", "main.news", NULL), NULL);
		grouping_update(grouping, last);
	}
	assert_string_equal(made(READ_LOOP),
			    DIAL " at transport.go:10, called in earlier samples from "
				 "main.updateImages at jobs.go:11 (in 20 samples), "
				 "main.mirror at jobs.go:11 (in 1 sample).");
}

/* Each step was seen in another sample. */
static void a_way_of_several_steps(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 40; i++) {
		begin();
		put_loops(3 + i);
		if (i % 5 == 0)
			put(100 + i, stack("net.wait", DIAL, DIAL_FOR),
			    stack(START, NULL, NULL));
		if (i % 5 == 2)
			put(200 + i, stack(START, "net/http.send", NULL),
			    stack("net/http.later", NULL, NULL));
		if (i % 5 == 4)
			put(300 + i, stack("net/http.later", "main.updateImages", NULL),
			    NULL);
		grouping_update(grouping, last);
	}
	assert_contains(made(READ_LOOP),
			DIAL " at transport.go:10, in tasks made by " START
			     " at transport.go:10 (in ");
	assert_contains(made(READ_LOOP), "in tasks made by net/http.later at ");
	assert_contains(made(READ_LOOP), ", called now from main.updateImages at "
					 "jobs.go:11 (1)");
}

static void tasks_that_share_objects(void **state)
{
	char text[WAYBACK_TEXT];
	struct wayback way;

	(void)state;
	begin();
	for (uint64_t i = 0; i < 3; i++) {
		struct task *task = put(1000 + i, stack(READ_LOOP, NULL, NULL), NULL);

		task->waits.kind = "channel";
		task->waits.address = 0x1000 + 64 * i;
		task->waits.text = "2 chans: recv 0x9000 cap 0; recv 0x9040 cap 0";
	}
	put(1, stack("main.worker", NULL, NULL), NULL)->waits = (struct waits_on){
		.kind = "channel", .address = 0x1040, .fd = -1, .text = "chan"};
	put(2, stack("main.closer", NULL, NULL), NULL)->waits = (struct waits_on){
		.kind = "channel", .address = 0x9040, .fd = -1, .text = "chan"};
	put(3, stack("main.other", NULL, NULL), NULL)->waits = (struct waits_on){
		.kind = "channel", .address = 0x77, .fd = -1, .text = "chan"};
	grouping_update(grouping, last);
	wayback_find(last, (struct wayback_of){.group = group_of(READ_LOOP)}, &way);
	assert_string_equal(wayback_shares(&way, text),
			    "1 of main.worker at jobs.go:10, 1 of main.closer at "
			    "jobs.go:10 wait for the same objects as tasks of this "
			    "group.");
}

static void members_by_their_ancestors(void **state)
{
	const struct stack *one[] = {stack(DIAL, NULL, NULL),
				     stack(START, "main.updateImages", NULL)};
	const struct stack *other[] = {stack(DIAL, NULL, NULL),
				       stack(START, "main.mirror", NULL)};
	char text[WAYBACK_TEXT];
	struct wayback way;

	(void)state;
	begin();
	for (uint64_t i = 0; i < 5; i++)
		task_edit(put(1000 + i, stack(READ_LOOP, NULL, NULL), one[0]),
			  &last->arena)
			->ancestry =
			stack_intern_ancestry(stacks, i < 3 ? one : other, 2);
	grouping_update(grouping, last);
	wayback_find(last, (struct wayback_of){.group = group_of(READ_LOOP)}, &way);
	assert_string_equal(
		wayback_chains(&way, text),
		"3 from main.updateImages at jobs.go:11, 2 from main.mirror at "
		"jobs.go:11.");
}

/* A function that creates the tasks in which it runs, and more than fits. */
static void it_ends(void **state)
{
	(void)state;
	begin();
	put_loops(3);
	put(1, stack("net.wait", DIAL, NULL), stack(START, NULL, NULL));
	put(2, stack("net.wait", START, NULL), stack(DIAL, NULL, NULL));
	for (uint64_t i = 0; i < 3000; i++) {
		char name[40];

		snprintf(name, sizeof(name), "main.caller%d", (int)(i % 900));
		put(10 + i, stack(DIAL, name, NULL), NULL);
	}
	assert_contains(made(READ_LOOP), " more");
	assert_true(strlen(made(READ_LOOP)) < WAYBACK_TEXT - 1);
}

#define WAY_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WAY_TEST(who_calls_it_now),
		WAY_TEST(what_created_the_tasks_that_run_it),
		WAY_TEST(a_creator_that_is_there),
		WAY_TEST(methods_of_its_type),
		WAY_TEST(nothing_was_seen),
		WAY_TEST(who_called_it_before),
		WAY_TEST(a_way_of_several_steps),
		WAY_TEST(tasks_that_share_objects),
		WAY_TEST(members_by_their_ancestors),
		WAY_TEST(it_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
