/* SPDX-License-Identifier: MIT */
/* Texts with goroutines: however the text is split, the rows are the same, and each is
 * complete. */
#include <stdlib.h>
#include <string.h>

#include "source/pprof/pprof.h"
#include "source/sniff.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(int holds)
{
	if (!holds)
		abort();
}

static void check_stack(const struct stack *stack)
{
	size_t length = 0;

	for (size_t i = 0; stack && i < stack->nr_frames; i++) {
		require(stack->frames[i].line >= 0);
		if (stack->frames[i].function)
			length += strlen(stack->frames[i].function);
		if (stack->frames[i].file)
			length += strlen(stack->frames[i].file);
	}
	require(!stack || stack->nr_frames <= SNAPSHOT_FRAMES_MAX);
	require(length < SIZE_MAX);
}

static size_t read_pieces(const uint8_t *bytes, size_t size, size_t piece,
			  struct pprof_out *out, struct pprof_found *found)
{
	struct pprof_text *text;

	out->snapshot = snapshot_new();
	require(out->snapshot != NULL);
	out->snapshot->mono_ns = 1000000000000000ll;
	text = pprof_text_new(out);
	require(text != NULL);
	for (size_t at = 0; at < size; at += piece) {
		size_t length = size - at < piece ? size - at : piece;
		char *copy = malloc(length);

		require(copy != NULL);
		memcpy(copy, bytes + at, length);
		pprof_text_feed(text, copy, length);
		free(copy);
	}
	pprof_text_end(text, found);
	pprof_text_free(text);
	return out->snapshot->nr_tasks;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct pprof_out out = {intern_new(1 << 20), stack_table_new(4096), NULL, 0};
	struct pprof_found whole = {0}, pieces = {0};
	size_t nr = read_pieces(bytes, size, size ? size : 1, &out, &whole);

	for (size_t i = 0; i < nr; i++) {
		const struct task *task = &out.snapshot->tasks[i];

		require(task->name && task->state < STATE_COUNT);
		require(!task->waits.kind || task->waits.text);
		require(task->nr_labels <= SNAPSHOT_LABELS_MAX);
		for (size_t k = 0; k < task->nr_labels; k++)
			require(task->labels[k].key && task->labels[k].text);
		check_stack(task->stack);
		check_stack(task->created_by);
		require(!task_more(task)->ancestry ||
			task_more(task)->ancestry->nr <= SNAPSHOT_ANCESTORS_MAX);
		for (size_t k = 0;
		     task_more(task)->ancestry && k < task_more(task)->ancestry->nr;
		     k++) {
			require(task_more(task)->ancestry->stacks[k] != NULL);
			check_stack(task_more(task)->ancestry->stacks[k]);
		}
	}
	snapshot_unref(out.snapshot);
	require(read_pieces(bytes, size, 1, &out, &pieces) == nr);
	require(memcmp(&whole, &pieces, sizeof(whole)) == 0);
	snapshot_unref(out.snapshot);
	source_sniff(bytes, size);
	stack_table_free(out.stacks);
	intern_free(out.intern);
	return 0;
}
