/* SPDX-License-Identifier: MIT */
/*
 * What goroutines hold, with false words in the heap, on stacks and in the runtime's own
 * records: strings, spans, types, channels and connections; see lies.h. Input: a byte of
 * ways, then false words.
 */
// link: -Wl,--wrap=process_vm_readv
// max_len: 256
#include "fuzz/lies.h"
#include "source/go/holds/words.h"

enum way {
	FRESH = 0, /* the lower four bits: it is opened again, so everything is searched */
	FRESH_LIES = 1, /* it is opened with the false words */
	ONE = 2,        /* one goroutine is asked for */
	WAY_BITS = 15,
	FICKLE = 16, /* every other read is true */
};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	lies_start((*argv)[0]);
	return 0;
}

/* One line of text that a terminal can show. */
static void check_text(const char *text)
{
	size_t nr;

	require(text != NULL);
	nr = strlen(text);
	require(nr <= HOLDS_TEXT_MAX + 64);
	require(nr == 0 || go_words_valid(text, nr, false));
	require(!strpbrk(text, "\n\r\t"));
}

static void check_holds(const struct holds *holds)
{
	require(holds->nr <= HOLDS_LIST_MAX && holds->objects <= HOLDS_OBJECTS_MAX);
	require(!holds->why || holds->nr == 0);
	if (holds->why)
		check_text(holds->why);
	for (size_t i = 0; i < holds->nr; i++) {
		const struct held *held = &holds->list[i];

		require(held->kind < HELD_KINDS && held->reads < HELD_TEXTS);
		require(held->steps <= HOLDS_STEPS_MAX && held->frame >= -1);
		require(held->others <= holds->compared);
		check_text(held->way);
		check_text(held->name);
		check_text(held->text);
	}
}

static void look(void *ctx, bool one)
{
	struct source_focus focus = {0};
	struct snapshot *picture = snapshot_new();
	struct holds_wish ids[512] = {{0}};
	struct err e = {0};
	size_t asked = 0, told = 0;

	/* A program that starts has the lowest ids, with gaps. */
	for (size_t i = 0; i < 512; i++)
		ids[i] = (struct holds_wish){.id = i + 1, .kind = TASK_GOROUTINE};
	focus.holds = one ? ids + 20 : ids;
	focus.nr_holds = one ? 1 : 512;
	require(picture != NULL);
	if (source_goruntime.sample(ctx, &focus, picture, &e) == 0) {
		for (size_t i = 0; i < picture->nr_tasks; i++) {
			const struct task *task = &picture->tasks[i];

			asked += !one && task->id >= 1 && task->id <= 512 &&
				 task->kind == TASK_GOROUTINE;
			if (!task_more(task)->holds)
				continue;
			told++;
			check_holds(task_more(task)->holds);
		}
		/* False words can give two goroutines one id. */
		require(told > 0 || asked == 0);
	} else {
		require(e.text[0]);
	}
	snapshot_unref(picture);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	void *ctx = lies.open;
	unsigned way;

	if (size < 6)
		return -1;
	way = bytes[0] & WAY_BITS;
	if (way == FRESH)
		ctx = lies_open(false);
	lies_read(bytes + 1, size - 1);
	lies.fickle = bytes[0] & FICKLE;
	if (way == FRESH_LIES)
		ctx = lies_open(false);
	if (ctx)
		look(ctx, way == ONE);
	if (ctx && ctx != lies.open)
		lies_close(ctx);
	lies.nr = 0;
	return 0;
}
