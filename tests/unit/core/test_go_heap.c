/* SPDX-License-Identifier: MIT */
/* Which of three things happened to the memory of a Go program, in words. */
#include "unit.h"

#include "core/figures.h"
#include "core/go_heap.h"
#include "core/snapshot.h"
#include "core/stack.h"

#define MB (1 << 20)

static struct go_heap_point point(int64_t live, int64_t in_use, int64_t idle,
				  int64_t stacks, uint32_t goroutines)
{
	struct resources r;

	resources_init(&r);
	r.go_heap.live_bytes = live;
	r.go_heap.in_use_bytes = in_use;
	r.go_heap.idle_bytes = idle;
	r.go_heap.stack_bytes = stacks;
	r.go_heap.collections = live / MB;
	return (struct go_heap_point){
		.heap = r.go_heap, .goroutines = goroutines, .mono_ns = SECOND};
}

/* Returns the only change, or -1 if there is none. */
static int only_change(struct go_heap_point a, struct go_heap_point b)
{
	int found = -1;

	for (int i = 0; i < GO_HEAP_CHANGES; i++) {
		if (!go_heap_changed(&a, &b, (enum go_heap_change)i))
			continue;
		assert_int_equal(found, -1);
		found = i;
	}
	return found;
}

static const char *explain(struct go_heap_point a, struct go_heap_point b)
{
	static char text[GO_HEAP_TEXT_MAX];

	return go_heap_explain(&a, &b, (enum go_heap_change)only_change(a, b), text);
}

static void test_changes(void **state)
{
	struct go_heap_point before = point(10 * MB, 12 * MB, MB, MB, 20);
	struct go_heap_point other = before;
	char text[GO_HEAP_TEXT_MAX];

	assert_int_equal(only_change(before, before), -1);
	assert_int_equal(only_change(before, point(12 * MB, 14 * MB, MB, MB, 20)), -1);
	assert_string_equal(explain(before, point(148 * MB, 150 * MB, MB, MB, 14)),
			    "The live heap grew from 10 MB to 148 MB in 138 collections: "
			    "a leak of memory if it continues. Goroutines: 20 then, 14 "
			    "now.");
	/* Two dumps do not know whether the last collection ran under a load. */
	other = point(148 * MB, 150 * MB, MB, MB, 14);
	other.real_ns = 100 * SECOND;
	other.heap.last_real_ns = 90 * SECOND;
	other.heap.last_goroutines = -1;
	assert_contains(explain(before, other), "perhaps only what a load needed");
	other.heap.last_goroutines = 14;
	assert_null(strstr(explain(before, other), "perhaps only"));
	other = before;
	assert_string_equal(
		explain(before, point(10 * MB, 12 * MB, MB, 41 * MB, 2020)),
		"Goroutine stacks grew from 1.0 MB to 41 MB: 2,020 goroutines hold 41 "
		"MB, there were 20: a leak of goroutines if it continues.");
	assert_contains(explain(before, point(10 * MB, 12 * MB, MB, 41 * MB, 21)),
			"their calls are deeper");
	assert_contains(explain(before, point(10 * MB, 12 * MB, 40 * MB, MB, 20)),
			"40 MB of the heap are idle (1.0 MB then), and 10 MB are live");
	/* Nothing is said of what is not known. */
	other.heap.in_use_bytes = -1;
	assert_int_equal(only_change(other, point(148 * MB, 150 * MB, 0, MB, 20)), -1);
	other = point(10 * MB, 50 * MB, MB, MB, 20);
	assert_int_equal(only_change(before, other), GO_HEAP_UNDECIDED);
	assert_contains(go_heap_summary(&before, &other, GO_HEAP_UNDECIDED, text),
			"no collection yet");
}

/* A collection under a load that is over says nothing of what is live now. */
static void test_load_is_over(void **state)
{
	struct go_heap_point before = point(10 * MB, 12 * MB, MB, MB, 3);
	struct go_heap_point after = point(46 * MB, 50 * MB, MB, MB, 3);
	char text[GO_HEAP_TEXT_MAX];

	after.heap.last_goroutines = 21;
	assert_int_equal(only_change(before, after), GO_HEAP_LIVE);
	after.heap.last_goroutines = 753;
	after.heap.last_real_ns = 100 * SECOND;
	after.real_ns = 140 * SECOND;
	assert_string_equal(
		explain(before, after),
		"The last collection found 46 MB live (10 MB then), but 40.0s ago it ran "
		"under load: there were 753 goroutines, now 3. Whether "
		"this memory is still live is unknown until the next one, which an idle "
		"program runs after two minutes.");
	assert_string_equal(go_heap_summary(&before, &after, GO_HEAP_UNDECIDED, text),
			    "live heap 10 MB to 46 MB under load, no collection since");
	/* The next one found it live too, and the time is said. */
	after.heap.last_goroutines = 3;
	assert_contains(explain(before, after),
			"in 36 collections, the last 40.0s ago: a leak of memory");
	after.heap.live_bytes = 10 * MB;
	assert_int_equal(only_change(before, after), -1);
}

static const struct frame serve[] = {
	{.function = "internal/poll.runtime_pollWait"},
	{.function = "net/http.(*Server).Serve"},
	{.function = "main.main"},
};

/* Adds a goroutine that accepts there. */
static void add_server(struct snapshot *s, struct stack_table *stacks, const char *text)
{
	struct task *task = snapshot_add(s);

	task->kind = TASK_GOROUTINE;
	task->state = STATE_ACCEPT;
	task->waits.kind = "fd";
	task->waits.text = text;
	task->stack = stack_intern(stacks, serve, COUNT(serve), false);
}

static const char *command_of(struct snapshot *s, char advice[GO_HEAP_TEXT_MAX])
{
	static char command[GO_HEAP_COMMAND_MAX];
	struct go_heap_point now;

	go_heap_point_take(&now, s);
	go_heap_advice(&now, advice);
	return go_heap_command(&now, command);
}

/* The command has the address of a server that may serve the profiler. */
static void test_command(void **state)
{
	struct stack_table *stacks = stack_table_new(100);
	struct snapshot *s = snapshot_new();
	char advice[GO_HEAP_TEXT_MAX];
	const char *nowhere = "go tool pprof http://HOST:PORT/debug/pprof/heap";

	s->resources.go_heap = point(10 * MB, 12 * MB, MB, MB, 3).heap;
	add_server(s, stacks, "tcp 127.0.0.1:80 connected");
	add_server(s, stacks, "tcp [::]:8080 listening");
	assert_string_equal(command_of(s, advice), nowhere);
	assert_contains(advice, "If the program serves net/http/pprof");
	s->resources.go_heap.pprof = 0;
	assert_string_equal(command_of(s, advice), nowhere);
	assert_contains(advice, "does not contain net/http/pprof");
	s->resources.go_heap.pprof = 1;
	assert_string_equal(command_of(s, advice),
			    "go tool pprof http://localhost:8080/debug/pprof/heap");
	assert_contains(advice, "this is its HTTP server");
	add_server(s, stacks, "tcp 10.0.0.7:6060 listening");
	add_server(s, stacks, "tcp 10.0.0.7:8081 listening");
	assert_string_equal(command_of(s, advice),
			    "go tool pprof http://10.0.0.7:6060/debug/pprof/heap");
	assert_contains(advice, "this is one of its 3 HTTP servers");
	snapshot_unref(s);
	stack_table_free(stacks);
}

/* Memory that was idle from the beginning is no change, but an answer. */
static void test_idle_before(void **state)
{
	struct go_heap_point idle = point(10 * MB, 12 * MB, 220 * MB, MB, 20);
	struct go_heap_point busy = point(210 * MB, 230 * MB, 20 * MB, MB, 20);

	assert_int_equal(only_change(idle, idle), GO_HEAP_IDLE);
	assert_int_equal(only_change(busy, busy), -1);
}

/* Before the first collection, what is live is at most what is in use. */
static void test_first_collection(void **state)
{
	struct go_heap_point before = point(10 * MB, 12 * MB, MB, MB, 20);

	before.heap.live_bytes = -1;
	assert_int_equal(only_change(before, point(12 * MB, 14 * MB, MB, MB, 20)), -1);
	assert_int_equal(only_change(before, point(40 * MB, 42 * MB, MB, MB, 20)),
			 GO_HEAP_LIVE);
}

static void test_fields(void **state)
{
	struct go_heap_figures heap = {0};

	for (const struct go_heap_field *field = go_heap_fields; field->key; field++) {
		go_heap_set(&heap, field, 4711);
		assert_int_equal(go_heap_value(&heap, field), 4711);
		go_heap_set(&heap, field, -7);
		assert_int_equal(go_heap_value(&heap, field), -1);
		go_heap_set(&heap, field, GO_HEAP_ABSENT);
		assert_int_equal(go_heap_value(&heap, field), -1);
		go_heap_set(&heap, field, -1);
		assert_int_equal(go_heap_value(&heap, field),
				 strcmp(field->key, "gc_percent") == 0 ? GO_GC_OFF : -1);
	}
	assert_false(go_heap_known(&heap));
}

static bool watch(const int64_t *live, size_t count)
{
	static struct figures figures;
	struct go_heap_point from, to;
	bool grew = false;

	figures_init(&figures);
	for (size_t i = 0; i < count; i++) {
		struct snapshot *s = snapshot_new();

		s->mono_ns = (int64_t)(i + 1) * SECOND;
		s->resources.go_heap = point(live[i] * MB, 200 * MB, MB, MB, 0).heap;
		s->resources.go_heap.collections = (int64_t)i;
		figures_update(&figures, s);
		assert_true(figures_heap(s, &from, &to));
		grew = go_heap_changed(&from, &to, GO_HEAP_LIVE);
		snapshot_unref(s);
	}
	return grew;
}

/* A heap that fills and empties does not grow because the last sample is at its peak. */
static void test_over_time(void **state)
{
	const int64_t rises[] = {10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120};
	const int64_t swings[] = {10, 50, 10, 50, 10, 50, 10, 50, 10, 50, 10, 50};

	assert_true(watch(rises, COUNT(rises)));
	assert_false(watch(swings, COUNT(swings)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_load_is_over),
		cmocka_unit_test(test_command),
		cmocka_unit_test(test_idle_before),
		cmocka_unit_test(test_first_collection),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_over_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
