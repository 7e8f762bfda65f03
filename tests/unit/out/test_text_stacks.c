/* SPDX-License-Identifier: MIT */
/* What a dump as text says of a task does not depend on the tasks that it was written of
 * before, although the text of a stack is kept for the next task. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/intern.h"
#include "core/stack.h"
#include "out/text_stacks.h"

#define STACKS 3

struct fixture {
	struct intern *intern;
	struct stack_table *table;
	const struct stack *stacks[STACKS];
};

static void begin(struct fixture *fixture)
{
	char name[16];

	fixture->intern = intern_new(1u << 20);
	fixture->table = stack_table_new(1u << 10);
	assert_non_null(fixture->intern);
	assert_non_null(fixture->table);
	for (size_t i = 0; i < STACKS; i++) {
		struct frame frames[2];

		memset(frames, 0, sizeof(frames));
		snprintf(name, sizeof(name), "handler_%zu", i);
		frames[0].function = intern_text(fixture->intern, name, 16);
		frames[0].address = 0x400000 + i;
		frames[1].address = 0x500000 + i;
		fixture->stacks[i] = stack_intern(fixture->table, frames, 2, i == 1);
		assert_non_null(fixture->stacks[i]);
	}
}

static void end(struct fixture *fixture)
{
	stack_table_free(fixture->table);
	intern_free(fixture->intern);
}

/* Number i of some tasks in whose order each stack follows itself, another, and none. */
static struct task task_number(const struct fixture *fixture, size_t i)
{
	static const int own[] = {0, 0, 1, -1, 1, 2, 0},
			 creator[] = {1, 0, 0, 0, -1, 2, 2};
	struct task task;

	assert_true(i < sizeof(own) / sizeof(own[0]));
	memset(&task, 0, sizeof(task));
	task.kind = TASK_THREAD;
	task.id = 100 + i;
	task.stack = own[i] < 0 ? NULL : fixture->stacks[own[i]];
	task.created_by = creator[i] < 0 ? NULL : fixture->stacks[creator[i]];
	return task;
}

static void test_each_task_has_its_own_stacks(void **state)
{
	struct fixture fixture;
	struct text_stacks kept;
	struct buf out;

	(void)state;
	begin(&fixture);
	text_stacks_init(&kept);
	buf_init(&out, 0);
	for (size_t i = 0; i < 7; i++) {
		struct task task = task_number(&fixture, i);
		struct text_stacks fresh;
		struct buf alone;

		text_stacks_init(&fresh);
		buf_init(&alone, 0);
		text_put_stacks(&fresh, &alone, &task, 0, true);
		buf_clear(&out);
		text_put_stacks(&kept, &out, &task, 0, true);
		assert_int_equal(out.length, alone.length);
		if (out.length > 0)
			assert_string_equal(out.bytes, alone.bytes);
		buf_release(&alone);
		text_stacks_release(&fresh);
	}
	/* The last one, so that the comparison is not of nothing. */
	assert_string_equal(out.bytes,
			    "    stack\n      #0  handler_0\n      #1  0x500000\n"
			    "    created by\n      #0  handler_2\n      #1  "
			    "0x500002\n");
	buf_release(&out);
	text_stacks_release(&kept);
	end(&fixture);
}

static void test_no_memory_is_said(void **state)
{
	struct fixture fixture;
	struct text_stacks stacks;
	struct task task;
	struct buf out;

	(void)state;
	begin(&fixture);
	text_stacks_init(&stacks);
	stacks.own.text.max_bytes = 8;
	buf_init(&out, 0);
	task = task_number(&fixture, 0);
	text_put_stacks(&stacks, &out, &task, 0, true);
	assert_true(out.failed);
	buf_release(&out);
	text_stacks_release(&stacks);
	end(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_task_has_its_own_stacks),
		cmocka_unit_test(test_no_memory_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
