/* SPDX-License-Identifier: MIT */
/* What goroutines reach in a heap that the test has made: by steps, within objects, up to
 * the limits, and in what order. */
#include "heap_world.h"

#include "source/go/holds/guess.h"

static const struct holds *holds_of(const struct snapshot *out, size_t task)
{
	assert_non_null(task_more(&out->tasks[task])->holds);
	return task_more(&out->tasks[task])->holds;
}

static const struct held *find(const struct holds *holds, const char *text)
{
	for (size_t i = 0; i < holds->nr; i++)
		if (strcmp(holds->list[i].text, text) == 0)
			return &holds->list[i];
	return NULL;
}

static const struct held *need(const struct holds *holds, const char *text)
{
	const struct held *held = find(holds, text);

	if (!held)
		print_error("'%s' is missing\n", text);
	assert_non_null(held);
	return held;
}

static size_t place_of(const struct holds *holds, const char *text)
{
	return (size_t)(need(holds, text) - holds->list);
}

static void steps(void **state)
{
	struct heap_world *w = *state;
	uint64_t *words = world_task(w, NULL);
	void *chain[4];
	const struct holds *holds;
	struct snapshot *out;

	for (size_t i = 0; i < 4; i++) {
		char text[] = "/step/0";

		chain[i] = world_new(w, 64, false);
		text[6] = (char)('1' + i);
		world_string(w, chain[i], 16, text);
		if (i > 0)
			world_point(chain[i - 1], 40, chain[i]);
	}
	words[3] = address_of(chain[0]);
	words[6] = world_text(w, "/on/the/stack");
	words[7] = strlen("/on/the/stack");
	out = world_look(w);
	holds = holds_of(out, 0);
	assert_null(holds->why);
	assert_int_equal(need(holds, "/on/the/stack")->steps, 0);
	assert_string_equal(need(holds, "/on/the/stack")->way, "sp+48");
	assert_int_equal(need(holds, "/step/1")->steps, 1);
	assert_string_equal(need(holds, "/step/1")->way, "sp+24 → +16");
	assert_int_equal(need(holds, "/step/3")->steps, 3);
	assert_string_equal(need(holds, "/step/3")->way, "sp+24 → +40 → +40 → +16");
	assert_int_equal(need(holds, "/step/2")->kind, HELD_TEXT);
	assert_int_equal(need(holds, "/step/2")->reads, HELD_TEXT_PATH);
	assert_null(find(holds, "/step/4"));
	assert_int_equal(holds->objects, 3);
	assert_false(holds->cut);
	snapshot_unref(out);
}

/* Neighbours of an object, other places in a large one, and free memory lead nowhere. */
static void bounds(void **state)
{
	struct heap_world *w = *state;
	uint64_t *words = world_task(w, NULL);
	uint8_t *one, *large;
	const struct holds *holds;
	struct snapshot *out;

	world_string(w, world_new(w, 64, false), 48, "/before");
	one = world_new(w, 64, false);
	world_string(w, one, 48, "/inside");
	world_string(w, world_new(w, 64, false), 0, "/behind");
	large = world_new(w, 65536, false);
	world_string(w, large, 0, "/large/begin");
	world_string(w, large, 40000, "/large/there");
	words[1] = address_of(one) + 24; /* somewhere in it */
	words[2] = address_of(large) + 40000;
	words[3] = address_of(w->arena) + WORLD_ARENA / 2; /* in no span */
	out = world_look(w);
	holds = holds_of(out, 0);
	need(holds, "/inside");
	need(holds, "/large/there");
	assert_null(find(holds, "/before"));
	assert_null(find(holds, "/behind"));
	assert_null(find(holds, "/large/begin"));
	assert_int_equal(holds->nr, 2);
	snapshot_unref(out);
}

static void false_strings(void **state)
{
	struct heap_world *w = *state;
	uint64_t *words = world_task(w, NULL), header[2];
	uint8_t *object = world_new(w, 512, false);
	const struct holds *holds;
	struct snapshot *out;

	/* Longer than its object. */
	header[0] = world_text(w, "/longer/than/its/object");
	header[1] = 33;
	memcpy(object, header, sizeof(header));
	header[1] = UINT64_MAX - 7;
	memcpy(object + 16, header, sizeof(header));
	/* The bytes of a string have no pointers beside them. */
	header[0] = address_of(memcpy(world_new(w, 48, false), "/with/pointers", 14));
	header[1] = 14;
	memcpy(object + 32, header, sizeof(header));
	world_string(w, object, 48, "/esc/\x1b[2J");
	world_string(w, object, 64, "/utf8/\xc3(");
	world_string(w, object, 80, "/true/one");
	world_string(w, object, 96, "/true/one");
	world_string(w, object, 112, "ab");
	words[0] = address_of(object);
	out = world_look(w);
	holds = holds_of(out, 0);
	need(holds, "/true/one");
	assert_int_equal(holds->nr, 1);
	snapshot_unref(out);
}

/* Objects in rings, wide ones, and more strings than are listed. */
static void limits(void **state)
{
	struct heap_world *w = *state;
	uint64_t *words = world_task(w, NULL);
	uint8_t *wide = world_new(w, 8192, false);
	const struct holds *holds;
	struct snapshot *out;
	char text[32];

	for (size_t i = 0; i < 1000; i++) {
		uint8_t *leaf = world_new(w, 32, false);

		snprintf(text, sizeof(text), "/leaf/%zu", i);
		world_string(w, leaf, 0, text);
		world_point(leaf, 16, wide);
		world_point(leaf, 24, leaf);
		world_point(wide, i * 8, leaf);
	}
	for (size_t i = 0; i < 8; i++)
		words[i] = address_of(wide) + i * 1000;
	out = world_look(w);
	holds = holds_of(out, 0);
	assert_int_equal(holds->objects, HOLDS_OBJECTS_MAX);
	assert_int_equal(holds->nr, HOLDS_LIST_MAX);
	assert_true(holds->cut);
	snapshot_unref(out);
}

/* What others reach too comes later, and members of one group do not count as others. */
static void others(void **state)
{
	static const struct stack shared = {.hash = 1};
	struct heap_world *w = *state;
	uint8_t *everyone = world_new(w, 64, false), *own[3];
	const struct holds *holds;
	struct snapshot *out;
	char text[32];

	world_string(w, everyone, 0, "/all/reach/it");
	for (size_t i = 0; i < 3; i++) {
		uint64_t *words = world_task(w, &shared);

		own[i] = world_new(w, 64, false);
		snprintf(text, sizeof(text), "/own/%zu", i);
		world_string(w, own[i], 0, text);
		world_string(w, own[i], 16, "/group/reaches/it");
		words[0] = address_of(everyone);
		words[1] = address_of(own[i]);
	}
	for (size_t i = 0; i < 10; i++)
		world_task(w, (const struct stack[]){{.hash = i + 2}})[0] =
			i < 9 ? address_of(everyone) : 0;
	/* Groups are told apart by the addresses of their stacks. */
	for (size_t i = 0; i < 10; i++)
		w->entries[3 + i].stack = (const struct stack *)(w->stacks + i);
	out = world_look(w);
	holds = holds_of(out, 1);
	assert_int_equal(holds->compared, 10);
	assert_int_equal(need(holds, "/all/reach/it")->others, 9);
	assert_int_equal(need(holds, "/own/1")->others, 0);
	assert_int_equal(need(holds, "/group/reaches/it")->others, 0);
	assert_true(place_of(holds, "/own/1") < place_of(holds, "/all/reach/it"));
	assert_null(find(holds, "/own/2"));
	snapshot_unref(out);

	/* Another look: one has run, and reaches it no longer. */
	w->stacks[3 * WORLD_STACK + WORLD_STACK / 2] = 0;
	w->gs[3][GO_G_CONTEXT / 8] = 1;
	w->kept[3].hash = go_g_hash((uint8_t *)w->gs[3], &w->layout.g);
	out = world_look(w);
	assert_int_equal(need(holds_of(out, 1), "/all/reach/it")->others, 8);
	snapshot_unref(out);
}

static void kinds(void **state)
{
	struct heap_world *w = *state;
	static uint64_t element[8] = {24};
	uint64_t *words = world_task(w, NULL), *chan = world_new(w, 112, true);
	uint64_t *untrue = world_new(w, 112, true);
	const struct holds *holds;
	struct snapshot *out;

	w->elf.segments[0] =
		(struct go_segment){address_of(element), address_of(element + 8),
				    address_of(element + 8), false, false};
	w->elf.nr_segments = 1;
	chan[0] = 2;
	chan[1] = 5;
	chan[2] = address_of(chan + 12);
	chan[3] = 24 | 1ull << 32; /* bytes of an element, closed */
	chan[5] = address_of(element);
	memcpy(untrue, chan, 112);
	untrue[3] = 25;
	words[2] = address_of(chan);
	words[3] = address_of(untrue);
	out = world_look(w);
	holds = holds_of(out, 0);
	assert_int_equal(holds->nr, 1);
	assert_int_equal(holds->list[0].kind, HELD_CHANNEL);
	assert_string_equal(holds->list[0].text, "cap 5, len 2, closed");
	assert_int_equal(holds->list[0].address, address_of(chan));
	snapshot_unref(out);
}

static void not_parked(void **state)
{
	struct heap_world *w = *state;
	struct snapshot *out;

	for (size_t i = 0; i < 3; i++)
		world_task(w, NULL)[0] = address_of(w->arena);
	w->gs[0][w->layout.g.status / 8] = GO_STATUS_RUNNING;
	w->gs[1][w->layout.g.goid / 8] = 77; /* another one by now */
	w->gs[2][GO_G_SP / 8] = 16;
	out = world_look(w);
	assert_non_null(strstr(holds_of(out, 0)->why, "runs"));
	assert_non_null(strstr(holds_of(out, 1)->why, "ended"));
	assert_non_null(holds_of(out, 2)->why);
	assert_int_equal(holds_of(out, 0)->nr, 0);
	snapshot_unref(out);
}

/* Returns the length that is found for a string on the stack, whose frame has these
 * words; 0 if it is uncertain. */
static uint64_t guess(struct heap_world *w, uint64_t text, const uint64_t words[4])
{
	struct go_look look;
	struct go_reach_frame frame = {
		.words = (const uint8_t *)words, .nr_words = 4, .own_words = 4};
	struct go_reach reach = {.look = &look, .frames = &frame, .nr_frames = 1};
	const struct go_lead lead = {.to = text, .parent = -1};
	uint64_t length = 0;

	assert_int_equal(go_spans_begin(&w->holds.spans, &w->module, &w->mem, NULL), 0);
	assert_true(go_look_init(&look, &w->holds, &w->sampler));
	look.reaches = &reach;
	look.nr_reaches = 1;
	assert_true(go_spans_read(&w->holds.spans, &text, 1));
	if (go_guess_add(&reach, &lead, go_spans_get(&w->holds.spans, text))) {
		go_look_read_pieces(&look);
		go_guesses_take(&look);
	}
	assert_true(reach.nr_found <= 1);
	if (reach.nr_found == 1) {
		assert_true(reach.found[0].held.inferred);
		length = look.texts[reach.found[0].text - 1].length;
	}
	free(reach.found);
	go_look_release(&look);
	return length;
}

static void lengths(void **state)
{
	struct heap_world *w = *state;
	uint64_t text = world_text(w, "/a/path/of/30/bytes/in/32/here");
	uint64_t full = world_text(w, "/a/path/that/fills/all/32/bytes");

	/* The only one that an object of 32 bytes explains. */
	assert_int_equal(guess(w, text, (const uint64_t[]){1, 30, 64, 24}), 30);
	/* With 32 it would end with zeros; at 26 it goes on. */
	assert_int_equal(guess(w, text, (const uint64_t[]){26, 32, 30, 0}), 30);
	assert_int_equal(guess(w, text, (const uint64_t[]){32, 32, 32, 0}), 0);
	assert_int_equal(guess(w, text, (const uint64_t[]){1, 2, 3, 4}), 0);
	/* Any of these could be all of it. */
	assert_int_equal(guess(w, full, (const uint64_t[]){26, 27, 28, 0}), 0);
	assert_int_equal(guess(w, full, (const uint64_t[]){26, 31, 28, 0}), 31);
	/* Not from its beginning. */
	assert_int_equal(guess(w, full + 1, (const uint64_t[]){0, 30, 0, 0}), 0);
}

/* Without a heap that looks as expected, every task says why. */
static void no_heap(void **state)
{
	struct heap_world *w = *state;
	struct snapshot *out;

	world_task(w, NULL);
	w->globals.arenas = 0;
	out = world_look(w);
	assert_non_null(strstr(holds_of(out, 0)->why, "heap"));
	snapshot_unref(out);
}

#define TEST(function)                                                                   \
	cmocka_unit_test_setup_teardown(function, world_setup, world_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(steps),      TEST(bounds),  TEST(false_strings),
		TEST(limits),     TEST(others),  TEST(kinds),
		TEST(not_parked), TEST(no_heap), TEST(lengths)};

	return cmocka_run_group_tests_name("what goroutines hold", tests, NULL, NULL);
}
