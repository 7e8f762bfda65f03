/* SPDX-License-Identifier: MIT */
/*
 * First the different texts are found with a hash table, unless a sample shows that nearly
 * all differ. They are then sorted by eight bytes at a time, from the byte on where they
 * begin to differ; those that are equal so far are sorted further in the same way.
 */
#include "core/text_ranks.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "base/ahead.h"
#include "base/array.h"
#include "base/hash.h"
#include "core/column_news.h"

#define SLOTS_FIRST 1024u
#define SAMPLE      2048 /* rows that tell whether nearly all texts differ */
#define BATCH       32u  /* rows of which each step is done before the next */

void text_ranks_init(struct text_ranks *ranks)
{
	memset(ranks, 0, sizeof(*ranks));
	arena_init(&ranks->arena, 0);
}

void text_ranks_release(struct text_ranks *ranks)
{
	free(ranks->first);
	free(ranks->lengths);
	free(ranks->texts);
	free(ranks->known);
	free(ranks->slots);
	free(ranks->ids);
	free(ranks->items);
	free(ranks->spare);
	arena_release(&ranks->arena);
}

bool text_ranks_has(enum column_id column)
{
	switch (column) {
	case COLUMN_PROCESS:
	case COLUMN_WAITS:
	case COLUMN_NAME:
	case COLUMN_FUNCTION:
	case COLUMN_LOCATION:
	case COLUMN_CREATED:
	case COLUMN_LABELS:
		return true;
	default:
		return false;
	}
}

/* ---- Which texts differ ---- */

static uint64_t hash_labels(const struct task *task)
{
	uint64_t hash = 3;

	for (size_t i = 0; i < task->nr_labels; i++) {
		const struct label *label = &task->labels[i];

		hash = hash_bytes(hash, label->key, strlen(label->key));
		hash = hash_bytes(hash, label->text,
				  strnlen(label->text, TEXT_RANKS_BYTES));
	}
	return hash;
}

/* Several labels are not one text: they are in several places. */
static struct text_cell read_cell(enum column_id column, const struct task *task)
{
	struct text_cell cell = {.text = NULL};

	switch (column) {
	case COLUMN_NAME:
		cell.text = task->name;
		break;
	case COLUMN_PROCESS:
		cell.text = task_more(task)->process;
		break;
	case COLUMN_WAITS:
		cell.text = task->waits.kind ? task->waits.text : NULL;
		break;
	case COLUMN_CREATED:
		cell.text = task_more(task)->creator_name;
		cell.stack = task->created_by;
		break;
	case COLUMN_LABELS:
		cell.several = task->nr_labels > 1;
		if (task->nr_labels == 1) {
			cell.key = task->labels[0].key;
			cell.text = task->labels[0].text;
		}
		break;
	default:
		cell.stack = task->stack;
		break;
	}
	cell.text = cell.text ? cell.text : "";
	return cell;
}

static bool same_key(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* Makes the table of `known` texts larger before it is half full. It begins small, so that
 * it is in a cache if the texts are few. */
static void grow_slots(struct text_ranks *ranks, size_t known)
{
	if (known * 2 < ranks->nr_slots)
		return;
	ranks->nr_slots *= 4;
	memset(ranks->slots, 0, ranks->nr_slots * sizeof(*ranks->slots));
	for (size_t id = 0; id < known; id++) {
		size_t at = ranks->known[id].hash & (ranks->nr_slots - 1);

		while (ranks->slots[at] != 0)
			at = (at + 1) & (ranks->nr_slots - 1);
		ranks->slots[at] = (uint32_t)id + 1;
	}
}

static bool same_text(const struct text_ranks *ranks, const struct snapshot *s,
		      uint32_t id, const struct text_cell *cell, const struct task *task)
{
	const struct text_cell *known = &ranks->known[id];

	if (known->hash != cell->hash || known->several != cell->several)
		return false;
	if (cell->several)
		return column_same_cell(COLUMN_LABELS, &s->tasks[ranks->first[id]], task);
	return known->stack == cell->stack && known->length == cell->length &&
	       same_key(known->key, cell->key) &&
	       memcmp(known->text, cell->text, cell->length) == 0;
}

/* Returns the number of the cell's text, which is new if it is `known`. */
static uint32_t find_text(struct text_ranks *ranks, const struct snapshot *s,
			  const struct text_cell *cell, const struct task *task,
			  size_t known)
{
	size_t at = cell->hash & (ranks->nr_slots - 1);

	for (; ranks->slots[at] != 0; at = (at + 1) & (ranks->nr_slots - 1))
		if (same_text(ranks, s, ranks->slots[at] - 1, cell, task))
			return ranks->slots[at] - 1;
	ranks->slots[at] = (uint32_t)known + 1;
	ranks->known[known] = *cell;
	return (uint32_t)known;
}

static void hash_cell(struct text_cell *cell, const struct task *task)
{
	if (cell->several) {
		cell->hash = hash_labels(task);
		return;
	}
	cell->length = (uint32_t)strnlen(cell->text, TEXT_RANKS_BYTES);
	cell->hash = hash_mix((uintptr_t)cell->stack, 1);
	if (cell->key)
		cell->hash = hash_bytes(cell->hash, cell->key, strlen(cell->key));
	if (cell->length > 0)
		cell->hash = hash_bytes(cell->hash, cell->text, cell->length);
}

static bool is_same_cell(const struct text_cell *a, const struct text_cell *b)
{
	return a->text == b->text && a->stack == b->stack && a->key == b->key &&
	       !a->several && !b->several;
}

/* Has the processor bring what read_cell() reads. */
static void bring_cell(enum column_id column, const struct task *task)
{
	switch (column) {
	case COLUMN_NAME:
		__builtin_prefetch(&task->name);
		break;
	case COLUMN_PROCESS:
		__builtin_prefetch(&task->more);
		break;
	case COLUMN_WAITS:
		__builtin_prefetch(&task->waits.text);
		break;
	case COLUMN_CREATED:
		__builtin_prefetch(&task->created_by);
		__builtin_prefetch(&task->more);
		break;
	case COLUMN_LABELS:
		__builtin_prefetch(&task->labels);
		break;
	default:
		__builtin_prefetch(&task->stack);
		break;
	}
}

/* Reads the cells of a batch. The memory of each step has been asked for by the one before,
 * so that the processor waits for many rows at once. */
static void read_batch(struct text_ranks *ranks, const struct snapshot *s,
		       const uint32_t *list, size_t count, enum column_id column,
		       struct text_cell cells[BATCH])
{
	size_t mask = ranks->nr_slots - 1;

	for (size_t i = 0; column == COLUMN_LABELS && i < count; i++)
		__builtin_prefetch(s->tasks[list[i]].labels);
	for (size_t i = 0; i < count; i++) {
		cells[i] = read_cell(column, &s->tasks[list[i]]);
		__builtin_prefetch(cells[i].text);
	}
	for (size_t i = 0; i < count; i++) {
		/* Neighbours often have the same. */
		cells[i].repeats = i > 0 && is_same_cell(&cells[i], &cells[i - 1]);
		if (cells[i].repeats)
			continue;
		hash_cell(&cells[i], &s->tasks[list[i]]);
		__builtin_prefetch(&ranks->slots[cells[i].hash & mask]);
	}
	for (size_t i = 0; i < count; i++)
		if (!cells[i].repeats && ranks->slots[cells[i].hash & mask] != 0)
			__builtin_prefetch(
				&ranks->known[ranks->slots[cells[i].hash & mask] - 1]);
}

/* Numbers the texts of the tasks from position i on. Returns how many are known now. */
static size_t number_batch(struct text_ranks *ranks, const struct snapshot *s,
			   const uint32_t *list, size_t i, size_t count,
			   enum column_id column, size_t known)
{
	struct text_cell cells[BATCH];

	read_batch(ranks, s, list + i, count, column, cells);
	for (size_t at = 0; at < count; at++) {
		uint32_t *id = &ranks->ids[i + at];

		if (cells[at].repeats) {
			*id = id[-1];
			continue;
		}
		grow_slots(ranks, known);
		*id = find_text(ranks, s, &cells[at], &s->tasks[list[i + at]], known);
		if (*id == known)
			ranks->first[known++] = list[i + at];
	}
	return known;
}

/* Numbers the texts. Returns how many there are; `count` if each task has one of its
 * own, which are then not numbered. */
static size_t number_texts(struct text_ranks *ranks, const struct snapshot *s,
			   const uint32_t *list, size_t count, enum column_id column)
{
	size_t known = 0, i = 0, end;

	ranks->nr_slots = SLOTS_FIRST;
	memset(ranks->slots, 0, ranks->nr_slots * sizeof(*ranks->slots));
	for (; i < count && (i < SAMPLE || known <= i / 16 * 15) && known <= count / 2;
	     i = end) {
		end = count - i < BATCH ? count : i + BATCH;
		for (size_t at = end; at < end + BATCH && at < count; at++)
			bring_cell(column, &s->tasks[list[at]]);
		known = number_batch(ranks, s, list, i, end - i, column, known);
	}
	return i == count ? known : count;
}

/* ---- Sorting the texts ---- */

/* How many texts before it is used each of these is asked for. */
#define BEFORE_TASK  32u
#define BEFORE_STACK 24u
#define BEFORE_FRAME 16u
#define BEFORE_TEXT  8u

/* Texts that are to be sorted: by text a task that has it. */
struct wanted {
	const struct snapshot *snapshot;
	const uint32_t *tasks;
	size_t count;
	enum column_id column;
};

static const struct task *task_of(const struct wanted *wanted, size_t i)
{
	return &wanted->snapshot->tasks[wanted->tasks[i]];
}

/* Has the processor bring what the texts after text i are made from. */
static void bring_texts(const struct wanted *wanted, size_t i)
{
	enum column_id column = wanted->column;
	const struct frame *frame = NULL;
	const struct stack *stack;

	if (i + BEFORE_TASK >= wanted->count)
		return;
	bring_cell(column, task_of(wanted, i + BEFORE_TASK));
	switch (column) {
	case COLUMN_NAME:
		__builtin_prefetch(task_of(wanted, i + BEFORE_TEXT)->name);
		return;
	case COLUMN_FUNCTION:
		__builtin_prefetch(task_of(wanted, i + BEFORE_STACK)->stack);
		stack = task_of(wanted, i + BEFORE_TEXT)->stack;
		if (stack)
			__builtin_prefetch(stack->function);
		return;
	case COLUMN_LOCATION:
		__builtin_prefetch(task_of(wanted, i + BEFORE_STACK)->stack);
		__builtin_prefetch(task_top_frame(task_of(wanted, i + BEFORE_FRAME)));
		frame = task_top_frame(task_of(wanted, i + BEFORE_TEXT));
		break;
	case COLUMN_CREATED:
		__builtin_prefetch(task_of(wanted, i + BEFORE_STACK)->created_by);
		__builtin_prefetch(task_creator_frame(task_of(wanted, i + BEFORE_FRAME)));
		frame = task_creator_frame(task_of(wanted, i + BEFORE_TEXT));
		break;
	default:
		return;
	}
	if (frame && column == COLUMN_CREATED)
		__builtin_prefetch(frame->function);
	if (frame)
		__builtin_prefetch(frame->file);
}

static uint64_t load_8(const char *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return be64toh(word);
}

/* Returns where the texts begin to differ, at most `most`. They are equal before `at`. */
static size_t same_bytes(const char *one, const char *text, size_t at, size_t most)
{
	if (text == one)
		return most;
	while (at + 8 <= most && load_8(one + at) == load_8(text + at))
		at += 8;
	while (at < most && one[at] == text[at])
		at++;
	return at;
}

/* Returns eight bytes of the text as a number with the same order. Bytes after the end of
 * the text are 0. */
static uint64_t text_chunk(const char *text, size_t length, size_t offset)
{
	uint64_t chunk = 0;

	if (offset + 8 <= length)
		return load_8(text + offset);
	if (offset >= length)
		return 0;
	if (length >= 8) /* its last eight bytes, without those before */
		return load_8(text + length - 8) << (8 * (8 - (length - offset)));
	for (size_t i = offset; i < offset + 8; i++)
		chunk = chunk << 8 | (i < length ? (unsigned char)text[i] : 0);
	return chunk;
}

/* Has the processor bring the text of a later item. */
static void bring_item(const struct text_ranks *ranks, const struct sort_item *items,
		       size_t i, size_t count, size_t offset)
{
	if (i + BEFORE_TEXT < count)
		__builtin_prefetch(ranks->texts[items[i + BEFORE_TEXT].index] + offset);
}

/* Keeps as keys of items from `from` on the eight bytes from the offset on. */
static void keep_keys(struct text_ranks *ranks, size_t from, size_t count, size_t offset)
{
	struct sort_item *items = ranks->items + from;

	for (size_t i = 0; i < count; i++) {
		bring_item(ranks, items, i, count, offset);
		items[i].key = text_chunk(ranks->texts[items[i].index],
					  ranks->lengths[items[i].index], offset);
	}
}

/* Keeps the texts, and as keys the eight bytes from where two of them begin to differ.
 * Stores that offset, and whether one is longer. */
static bool keep_texts(struct text_ranks *ranks, const struct wanted *wanted,
		       size_t *differs, bool *longer)
{
	size_t same = TEXT_RANKS_BYTES, most = 0, stale = 0;
	char out[COLUMN_TEXT_MAX];

	arena_release(&ranks->arena);
	arena_init(&ranks->arena, 0);
	for (size_t i = 0; i < wanted->count; i++) {
		bring_texts(wanted, i);
		const char *text =
			column_format(wanted->column, task_of(wanted, i), 0, out);
		size_t length, before = same;

		if (text == out)
			text = arena_strndup(&ranks->arena, out, TEXT_RANKS_BYTES);
		if (!text)
			return false;
		length = strnlen(text, TEXT_RANKS_BYTES);
		ranks->texts[i] = text;
		ranks->lengths[i] = (uint32_t)length;
		most = length > most ? length : most;
		same = length < same ? length : same;
		same = same_bytes(ranks->texts[0], text, 0, same);
		if (same < before) /* the keys so far are from too far to the right */
			stale = i;
		ranks->items[i] =
			(struct sort_item){text_chunk(text, length, same), (uint32_t)i};
	}
	keep_keys(ranks, 0, stale, same);
	*differs = same;
	*longer = most > same;
	return true;
}

/* Returns the first byte from offset on in which one of the texts differs, or SIZE_MAX if
 * all are equal. */
static size_t first_difference(const struct text_ranks *ranks,
			       const struct sort_item *items, size_t count, size_t offset)
{
	const char *one = ranks->texts[items[0].index];
	size_t same = ranks->lengths[items[0].index], most = same;

	for (size_t i = 1; i < count && (same > offset || most == same); i++) {
		const char *text = ranks->texts[items[i].index];
		size_t length = ranks->lengths[items[i].index];

		if (text == one)
			continue;
		bring_item(ranks, items, i, count, offset);
		most = length > most ? length : most;
		same = length < same ? length : same;
		same = same_bytes(one, text, offset, same);
	}
	return same == most ? SIZE_MAX : same;
}

/* Gives equal texts, those of items from `from` on, the next rank. From then on `first` is
 * by text its rank, or by rank where its items begin. */
static void give_rank(struct text_ranks *ranks, size_t from, size_t count)
{
	if (ranks->separate)
		ranks->first[ranks->rank] = (uint32_t)from;
	else
		for (size_t i = from; i < from + count; i++)
			ranks->first[ranks->items[i].index] = ranks->rank;
	ranks->rank++;
}

/* Sorts and ranks texts of which two differ and whose keys are from the offset on, before
 * which they are equal. At most TEXT_RANKS_BYTES / 8 levels deep. */
static void sort_texts(struct text_ranks *ranks, size_t from, size_t count, size_t offset)
{
	struct sort_item *items = ranks->items + from;

	sort_items(items, ranks->spare, count);
	for (size_t i = 0, end; i < count; i = end) {
		size_t differs = SIZE_MAX;

		for (end = i + 1; end < count && items[end].key == items[i].key; end++)
			continue;
		/* Keys of texts that end before are equal only if the texts are. */
		if (end - i > 1 && ranks->lengths[items[i].index] >= offset + 8)
			differs = first_difference(ranks, items + i, end - i, offset + 8);
		if (differs == SIZE_MAX) {
			give_rank(ranks, from + i, end - i);
			continue;
		}
		keep_keys(ranks, from + i, end - i, differs);
		sort_texts(ranks, from + i, end - i, differs);
	}
}

static bool make_room(struct text_ranks *ranks, size_t count)
{
	size_t slots = SLOTS_FIRST;

	/* At most half of the tasks have different texts, or they are not counted. */
	while (slots < count * 4)
		slots *= 4;
	return array_reserve(&ranks->first, &ranks->cap_first, count) &&
	       array_reserve(&ranks->lengths, &ranks->cap_lengths, count) &&
	       array_reserve(&ranks->texts, &ranks->cap_texts, count) &&
	       array_reserve(&ranks->known, &ranks->cap_known, count) &&
	       array_reserve(&ranks->slots, &ranks->cap_slots, slots) &&
	       array_reserve(&ranks->ids, &ranks->cap_ids, count) &&
	       array_reserve(&ranks->items, &ranks->cap_items, count) &&
	       array_reserve(&ranks->spare, &ranks->cap_spare, count);
}

int text_ranks_find(struct text_ranks *ranks, const struct snapshot *snapshot,
		    const uint32_t *list, size_t count, enum column_id column,
		    uint64_t *keys)
{
	struct wanted wanted = {snapshot, list, count, column};
	size_t differs;
	bool longer;

	ranks->rank = 0;
	ranks->separate = true;
	if (count == 0)
		return 0;
	if (!make_room(ranks, count))
		return ERR_NOMEM;
	wanted.count = number_texts(ranks, snapshot, list, count, column);
	ranks->separate = wanted.count == count;
	if (!ranks->separate)
		wanted.tasks = ranks->first;
	if (!keep_texts(ranks, &wanted, &differs, &longer))
		return ERR_NOMEM;
	if (longer)
		sort_texts(ranks, 0, wanted.count, differs);
	else
		give_rank(ranks, 0, wanted.count);
	for (size_t i = 0; !ranks->separate && i < count; i++)
		keys[i] = ranks->first[ranks->ids[i]];
	return 0;
}
