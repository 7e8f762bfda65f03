/* SPDX-License-Identifier: MIT */
/* Folded stacks for flame graphs: outermost frame first, then the state. If the target is
 * several processes, the name of the process comes before all frames. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "out/escape.h"
#include "out/formats.h"
#include "out/frame_name.h"

struct pile {
	const char *process; /* or NULL */
	const struct stack *stack;
	enum task_state state;
	uint64_t weight;
};

static int by_process(const struct pile *a, const struct pile *b)
{
	if (a->process == b->process)
		return 0;
	return !a->process ? -1 : !b->process ? 1 : strcmp(a->process, b->process);
}

static int by_place(const void *left, const void *right)
{
	const struct pile *a = left, *b = right;
	int processes = by_process(a, b);

	if (processes != 0)
		return processes;
	if (a->stack != b->stack)
		return (uintptr_t)a->stack < (uintptr_t)b->stack ? -1 : 1;
	return (int)a->state - (int)b->state;
}

static int by_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static int by_frame(const struct frame *a, const struct frame *b)
{
	int functions = by_text(a->function, b->function);
	int files = functions != 0 ? functions : by_text(a->file, b->file);

	if (files != 0 || a->line != b->line)
		return files != 0 ? files : a->line < b->line ? -1 : 1;
	return a->address == b->address ? 0 : a->address < b->address ? -1 : 1;
}

/* From the outermost frame on. */
static int by_frames(const struct stack *a, const struct stack *b)
{
	size_t nr_a = a ? a->nr_frames : 0, nr_b = b ? b->nr_frames : 0;

	for (size_t i = 1; i <= nr_a && i <= nr_b; i++) {
		int order = by_frame(&a->frames[nr_a - i], &b->frames[nr_b - i]);

		if (order != 0)
			return order;
	}
	return nr_a == nr_b ? 0 : nr_a < nr_b ? -1 : 1;
}

/* Lines of the same weight have the same order each time. */
static int by_weight(const void *left, const void *right)
{
	const struct pile *a = left, *b = right;
	int frames;

	if (a->weight != b->weight)
		return a->weight > b->weight ? -1 : 1;
	frames = by_frames(a->stack, b->stack);
	if (frames != 0)
		return frames;
	if (a->state != b->state)
		return (int)a->state - (int)b->state;
	return by_process(a, b);
}

/* Replaces the format's separators: ';' between frames and the blank before the
 * number. */
static void put_name(struct buf *out, const char *name)
{
	size_t from = out->length;

	escape_text(out, name, 0, false);
	for (size_t i = from; !out->failed && i < out->length; i++)
		if (out->bytes[i] == ';')
			out->bytes[i] = ':';
}

/* The names of Python's functions do not contain their module, and different functions often
 * have the same name: file and line tell them apart, as py-spy writes them. */
static void put_frame(struct buf *out, const struct frame *frame)
{
	char text[FRAME_NAME_MAX], line[24];
	size_t length = frame->file ? strlen(frame->file) : 0;
	const char *base;

	put_name(out, frame_name(frame, text));
	if (length < 4 || strcmp(frame->file + length - 3, ".py") != 0)
		return;
	base = strrchr(frame->file, '/');
	buf_puts(out, " (");
	put_name(out, base ? base + 1 : frame->file);
	snprintf(line, sizeof(line), frame->line > 0 ? ":%d)" : ")", frame->line);
	buf_puts(out, line);
}

static void put_pile(struct buf *out, const struct pile *pile)
{
	if (pile->process) {
		put_name(out, pile->process);
		buf_puts(out, ";");
	}
	for (size_t i = pile->stack ? pile->stack->nr_frames : 0; i-- > 0;) {
		put_frame(out, &pile->stack->frames[i]);
		buf_puts(out, ";");
	}
	buf_printf(out, "[%s] %" PRIu64 "\n", state_info(pile->state)->name,
		   pile->weight);
}

static size_t merge_equal_stacks(struct pile *piles, size_t count)
{
	size_t kept = 0;

	qsort(piles, count, sizeof(*piles), by_place);
	for (size_t i = 0; i < count; i++) {
		if (kept > 0 && by_place(&piles[kept - 1], &piles[i]) == 0)
			piles[kept - 1].weight += piles[i].weight;
		else
			piles[kept++] = piles[i];
	}
	qsort(piles, kept, sizeof(*piles), by_weight);
	return kept;
}

static int folded_write(const struct out_request *request, struct buf *out, struct err *e)
{
	const struct rows *rows = request->rows;
	struct pile *piles = calloc(rows->count + 1, sizeof(*piles));
	size_t count;
	int rc = 0;

	if (!piles)
		return err_set(e, ERR_NOMEM, "out of memory for the output");
	for (size_t i = 0; i < rows->count; i++) {
		const struct task *task = &request->snapshot->tasks[rows->index[i]];

		piles[i] = (struct pile){task_more(task)->process, task->stack,
					 task->state, task_weight(task)};
	}
	count = merge_equal_stacks(piles, rows->count);
	for (size_t i = 0; i < count && rc == 0; i++) {
		put_pile(out, &piles[i]);
		rc = out_flush(request, out, OUT_CHUNK_BYTES, e);
	}
	free(piles);
	return rc ? rc : out_flush(request, out, 0, e);
}

const struct out_ops out_folded = {
	.name = "folded",
	.summary = "one line per stack with its number of tasks, for flame graphs",
	.write = folded_write,
};
