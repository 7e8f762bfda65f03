/* SPDX-License-Identifier: MIT */
/*
 * A real Go process whose memory is read with false words: its goroutines, what they wait
 * on, their stacks, and the proof over its heap; see lies.h. Input: a byte of ways, then
 * false words.
 */
// link: -Wl,--wrap=process_vm_readv
// max_len: 256
#include "base/clock.h"
#include "fuzz/lies.h"

#define PROVE_MS 20000

/* What takes long is rare: a proof in a fifth of the runs, opening in a fiftieth. */
enum way {
	PROVE = 0, /* the lower four bits */
	FRESH = 1, /* it is opened with false words too */
	FRESH_THREADS = 2,
	WAY_BITS = 15,
	FICKLE = 16, /* every other read is true */
};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	lies_start((*argv)[0]);
	return 0;
}

static void check_picture(const struct snapshot *picture)
{
	for (size_t i = 0; i < picture->nr_tasks; i++) {
		const struct task *task = &picture->tasks[i];
		size_t texts = strlen(task->name);

		require(task->state < STATE_COUNT && task->waits.fd >= -1);
		require(task->nr_labels <= SNAPSHOT_LABELS_MAX);
		for (size_t k = 0; k < task->nr_labels; k++)
			texts += strlen(task->labels[k].key) +
				 strlen(task->labels[k].text);
		require(!task->waits.kind || task->waits.text);
		require(texts < 1u << 20);
	}
}

/* Nothing is beyond the address space, and only a percentage and a time may be more. */
static void check_heap(const struct go_heap_figures *heap)
{
	for (const struct go_heap_field *field = go_heap_fields; field->key; field++) {
		int64_t value = go_heap_value(heap, field);

		require(value >= (value == heap->percent ? GO_GC_OFF : -1));
		require(!field->unit || value < 1ll << 47);
	}
}

/* Their sums are those of all timers, unless not all could be read. */
static void check_timers(const struct timers *timers)
{
	uint64_t count = 0;

	if (!timers || timers->count < 0)
		return;
	require(timers->nr_groups <= TIMER_GROUPS_MAX);
	for (size_t i = 0; i < timers->nr_groups; i++) {
		const struct timer_group *group = &timers->groups[i];
		char text[TIMER_TEXT_MAX];

		require(group->full <= group->count && group->stayed <= group->count);
		require(group->period_ns >= TIMER_VARIOUS);
		require(strlen(timer_group_details(group, 0, text)) < TIMER_TEXT_MAX);
		count += group->count;
	}
	require(count + timers->others <= (uint64_t)timers->count);
	require(timers->tickers >= 0 && timers->tickers <= timers->count);
}

/* Samples until the proof has ended, or once. */
static void look(void *ctx, bool prove)
{
	const struct source_focus focus = {.all = true};
	bool more = true;

	if (prove)
		source_goruntime.prove(ctx, true);
	for (int ms = 0; more && ms < PROVE_MS; ms++) {
		struct snapshot *picture = snapshot_new();
		struct err e = {0};

		require(picture != NULL);
		if (source_goruntime.sample(ctx, &focus, picture, &e) == 0) {
			check_picture(picture);
			check_heap(&picture->resources.go_heap);
			check_timers(picture->timers);
		} else {
			require(e.text[0]);
		}
		more = prove && !e.code && picture->proving.state == PROVING_RUNNING;
		snapshot_unref(picture);
		if (more)
			usleep(1000);
	}
	require(!more);
	if (prove)
		source_goruntime.prove(ctx, false);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	void *ctx = lies.open;
	unsigned way;

	if (size < 6)
		return -1;
	way = bytes[0] & WAY_BITS;
	lies_read(bytes + 1, size - 1);
	lies.fickle = bytes[0] & FICKLE;
	if (way == FRESH || way == FRESH_THREADS)
		ctx = lies_open(way == FRESH_THREADS);
	if (ctx)
		look(ctx, way == PROVE);
	if (ctx && ctx != lies.open)
		lies_close(ctx);
	lies.nr = 0;
	return 0;
}
