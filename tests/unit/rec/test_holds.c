/* SPDX-License-Identifier: MIT */
/* What tasks hold is recorded only if that was asked for, once for each wait. */
#include "unit.h"

#include <unistd.h>

#include "base/clock.h"
#include "out/stream.h"
#include "rec/reader.h"

#define SECRET "swordfish-4711"

static struct intern *intern;
static struct stack_table *stacks;
static struct stream *stream;
static struct buf lines;

static int setup(void **state)
{
	(void)state;
	intern = intern_new(1 << 20);
	stacks = stack_table_new(1000);
	stream = stream_new();
	buf_init(&lines, 0);
	return intern && stacks && stream ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	stream_free(stream);
	buf_release(&lines);
	stack_table_free(stacks);
	intern_free(intern);
	return 0;
}

static const struct held things[] = {
	{.kind = HELD_TEXT,
	 .reads = HELD_TEXT_PATH,
	 .steps = 3,
	 .frame = -1,
	 .others = 2,
	 .address = 0xabc,
	 .way = "conn \u2192 path",
	 .name = "string",
	 .text = "/" SECRET},
	{.kind = HELD_LOCAL,
	 .frame = 4,
	 .inferred = true,
	 .way = "",
	 .name = "n",
	 .text = "3\n\x1b[1m\"\xff"},
};
static const struct holds held = {.list = things,
				  .nr = 2,
				  .compared = 7,
				  .objects = 9,
				  .cut = true,
				  .took_ns = 1234};

/* Goroutines 1 to nr, which wait since the second `since`; the first has holds. */
static struct snapshot *make_sample(int second, size_t nr, int since,
				    const struct holds *holds)
{
	struct snapshot *snapshot = snapshot_new();

	snapshot->mono_ns = second * CLOCK_SECOND_NS;
	snapshot->real_ns = (second + 1000) * CLOCK_SECOND_NS;
	snapshot->target.name = "server";
	snapshot->target.sources = "goruntime";
	for (size_t i = 0; i < nr; i++) {
		struct task *task = snapshot_add(snapshot);

		task->kind = TASK_GOROUTINE;
		task->id = i + 1;
		task->name = "main.work";
		task->state = STATE_CHAN_RECV;
		task->since_ns = since * CLOCK_SECOND_NS + (int64_t)i;
		task_edit(task, &snapshot->arena)->holds = i == 0 ? holds : NULL;
	}
	return snapshot;
}

static void put(struct snapshot *sample)
{
	assert_int_equal(stream_put(stream, sample, &lines, NULL), 0);
	snapshot_unref(sample);
}

static struct rec_reader *open_lines(void)
{
	char path[] = "/tmp/test_holds-XXXXXX";
	int fd = mkstemp(path);
	struct rec_reader *reader;

	assert_true(fd >= 0);
	unlink(path);
	assert_int_equal(write(fd, lines.bytes, lines.length), lines.length);
	reader = rec_reader_new(fd, intern, stacks, NULL);
	close(fd);
	assert_non_null(reader);
	assert_int_equal(rec_reader_poll(reader, NULL), 0);
	return reader;
}

static bool has_holds(struct rec_reader *reader, size_t at)
{
	struct snapshot *got = snapshot_new();
	bool found;

	assert_int_equal(rec_reader_read(reader, at, got, NULL), 0);
	found = task_more(&got->tasks[0])->holds != NULL;
	if (found) {
		const struct holds *holds = task_more(&got->tasks[0])->holds;

		assert_int_equal(holds->nr, 2);
		assert_int_equal(holds->compared, 7);
		assert_int_equal(holds->objects, 9);
		assert_true(holds->cut);
		assert_int_equal(holds->took_ns, 1234);
		assert_null(holds->why);
		for (size_t i = 0; i < 2; i++) {
			const struct held *a = &holds->list[i], *b = &things[i];

			assert_int_equal(a->kind, b->kind);
			assert_int_equal(a->reads, b->reads);
			assert_int_equal(a->steps, b->steps);
			assert_int_equal(a->frame, b->frame);
			assert_int_equal(a->others, b->others);
			assert_int_equal(a->inferred, b->inferred);
			assert_int_equal(a->address, b->address);
			assert_string_equal(a->way, b->way);
			assert_string_equal(a->name, b->name);
		}
		assert_string_equal(holds->list[0].text, "/" SECRET);
		/* What is not UTF-8 is replaced. */
		assert_string_equal(holds->list[1].text, "3\n\x1b[1m\"\ufffd");
	}
	snapshot_unref(got);
	return found;
}

static void recorded_once_for_each_wait(void **state)
{
	struct rec_reader *reader;

	(void)state;
	stream_write_holds(stream);
	put(make_sample(20, 2, 10, NULL));
	put(make_sample(21, 2, 10, &held));
	put(make_sample(22, 2, 10, NULL));
	put(make_sample(23, 2, 23, NULL)); /* another wait */
	put(make_sample(24, 2, 23, &held));
	reader = open_lines();
	assert_int_equal(rec_reader_count(reader), 5);
	assert_false(has_holds(reader, 0));
	assert_true(has_holds(reader, 1));
	assert_true(has_holds(reader, 2));
	assert_false(has_holds(reader, 3));
	assert_true(has_holds(reader, 4));
	rec_reader_free(reader);
}

static void not_without_being_asked(void **state)
{
	(void)state;
	put(make_sample(20, 2, 10, &held));
	put(make_sample(21, 2, 10, &held));
	assert_null(strstr(lines.bytes, "swordfish"));
	assert_null(strstr(lines.bytes, "holds"));
}

static void asks_for_what_was_not_written(void **state)
{
	struct snapshot *sample = make_sample(20, 10, 10, NULL);
	struct holds_wish ids[8];

	(void)state;
	assert_int_equal(stream_wants_holds(stream, sample, ids, 8), 0);
	stream_write_holds(stream);
	assert_int_equal(stream_wants_holds(stream, sample, ids, 8), 8);
	assert_int_equal(ids[0].id, 1);
	assert_int_equal(ids[7].id, 8);
	snapshot_unref(sample);
	put(make_sample(20, 10, 10, &held));
	sample = make_sample(21, 10, 10, NULL);
	assert_int_equal(stream_wants_holds(stream, sample, ids, 8), 8);
	assert_int_equal(ids[0].id, 2);
	snapshot_unref(sample);
	/* In another wait it is asked again, but not before that has lasted a second. */
	sample = make_sample(30, 1, 30, NULL);
	assert_int_equal(stream_wants_holds(stream, sample, ids, 8), 0);
	snapshot_unref(sample);
	sample = make_sample(40, 1, 30, NULL);
	assert_int_equal(stream_wants_holds(stream, sample, ids, 8), 1);
	snapshot_unref(sample);
	/* After a key sample, which does not have it, too. */
	stream_restart(stream);
	put(make_sample(41, 10, 10, NULL));
	sample = make_sample(42, 10, 10, NULL);
	assert_int_equal(stream_wants_holds(stream, sample, ids, 1), 1);
	assert_int_equal(ids[0].id, 1);
	snapshot_unref(sample);
}

/* Whatever a file says, the limits of core/holds.h hold. */
static void limits_of_a_file(void **state)
{
	struct rec_reader *reader;
	struct snapshot *got = snapshot_new();

	(void)state;
	buf_puts(&lines,
		 "{\"grmon\": 1, \"clock_ns\": 5, \"time\": "
		 "\"2026-11-30T06:03:43.602Z\", \"target\": {}, \"tasks\": "
		 "[{\"id\": \"g1\", \"holds\": {\"compared\": -4, \"took_ns\": -1, "
		 "\"why\": 3, \"list\": [7, {\"kind\": \"x\", \"steps\": 1e9, "
		 "\"frame\": 100000, \"way\": 5}");
	for (int i = 0; i < 300; i++)
		buf_puts(&lines, ", {\"kind\": \"text\", \"text\": \"a\"}");
	buf_puts(&lines, "]}}, {\"id\": \"g2\", \"holds\": [1]}]}\n");
	reader = open_lines();
	assert_int_equal(rec_reader_read(reader, 0, got, NULL), 0);
	assert_int_equal(got->nr_tasks, 2);
	assert_true(task_more(&got->tasks[0])->holds->nr <= HOLDS_LIST_MAX);
	assert_int_equal(task_more(&got->tasks[0])->holds->compared, 0);
	assert_int_equal(task_more(&got->tasks[0])->holds->list[0].kind, HELD_VALUE);
	assert_int_equal(task_more(&got->tasks[0])->holds->list[0].frame, -1);
	assert_string_equal(task_more(&got->tasks[0])->holds->list[0].way, "");
	assert_null(task_more(&got->tasks[1])->holds);
	snapshot_unref(got);
	rec_reader_free(reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(recorded_once_for_each_wait, setup,
						teardown),
		cmocka_unit_test_setup_teardown(not_without_being_asked, setup, teardown),
		cmocka_unit_test_setup_teardown(asks_for_what_was_not_written, setup,
						teardown),
		cmocka_unit_test_setup_teardown(limits_of_a_file, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
