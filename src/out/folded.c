/* SPDX-License-Identifier: MIT */
/* Folded stacks for flame graphs: outermost frame first, then the state. */
#include <inttypes.h>
#include <stdlib.h>

#include "out/escape.h"
#include "out/formats.h"
#include "out/frame_name.h"

struct pile {
	const struct stack *stack;
	enum task_state state;
	uint64_t weight;
};

static int by_place(const void *left, const void *right)
{
	const struct pile *a = left, *b = right;

	if (a->stack != b->stack)
		return (uintptr_t)a->stack < (uintptr_t)b->stack ? -1 : 1;
	return (int)a->state - (int)b->state;
}

static int by_weight(const void *left, const void *right)
{
	const struct pile *a = left, *b = right;
	uint64_t hash_a = a->stack ? a->stack->hash : 0;
	uint64_t hash_b = b->stack ? b->stack->hash : 0;

	if (a->weight != b->weight)
		return a->weight > b->weight ? -1 : 1;
	if (hash_a != hash_b)
		return hash_a < hash_b ? -1 : 1;
	return (int)a->state - (int)b->state;
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

static void put_pile(struct buf *out, const struct pile *pile)
{
	char text[FRAME_NAME_MAX];

	for (size_t i = pile->stack ? pile->stack->nr_frames : 0; i-- > 0;) {
		put_name(out, frame_name(&pile->stack->frames[i], text));
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

		piles[i] = (struct pile){task->stack, task->state, task_weight(task)};
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
	"folded",
	"one line per stack with its number of tasks, for flame graphs",
	folded_write,
};
