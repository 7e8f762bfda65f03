/* SPDX-License-Identifier: MIT */
/*
 * Filters, then sorts by 64-bit numbers: one key for the column and one for the age,
 * which breaks ties. Texts are sorted by eight bytes at a time, and only those that are
 * equal so far are compared further. All memory is scratch space that is kept between
 * updates.
 */
#include "core/rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/hash.h"
#include "core/sort.h"

/* Maximum number of bytes of a text that are considered for sorting. */
#define ROWS_TEXT_MAX 128u

void rows_init(struct rows *rows)
{
	memset(rows, 0, sizeof(*rows));
}

void rows_release(struct rows *rows)
{
	free(rows->index);
	free(rows->scratch);
	rows_init(rows);
}

static int sort_unknown(const char *name, size_t bytes, struct err *e)
{
	char keys[COLUMN_KEYS_MAX], hint[SUGGEST_HINT_MAX];
	struct suggest suggest;

	suggest_init(&suggest, name, bytes);
	column_suggest(&suggest);
	column_keys(keys, sizeof(keys));
	return err_at(e, 0, "unknown column '%.*s' to sort by%s (columns: %s)",
		      (int)(bytes < 40 ? bytes : 40), name, suggest_hint(&suggest, hint),
		      keys);
}

int sort_key_parse(struct sort_key *key, const char *text, struct err *e)
{
	size_t bytes = strcspn(text, ":");
	int column = column_by_name(text, bytes);

	if (column < 0)
		return sort_unknown(text, bytes, e);
	if (text[bytes] == '\0') {
		key->descending = column_info((enum column_id)column)->descending;
	} else if (strcmp(text + bytes, ":desc") == 0) {
		key->descending = true;
	} else if (strcmp(text + bytes, ":asc") == 0) {
		key->descending = false;
	} else {
		return err_at(
			e, (int)bytes + 1,
			"unknown direction '%.20s': write asc or desc, as in age:desc",
			text + bytes + 1);
	}
	key->column = (enum column_id)column;
	return 0;
}

/* Working memory of one update: two arrays for sorting and the texts, all in
 * rows->scratch. */
struct work {
	const struct snapshot *snapshot;
	enum column_id column;
	bool descending;
	int64_t now_ns;
	struct sort_item *items, *spare;
	const char **texts; /* indexed by sort_item.slot; NULL if the column is numeric */
	struct stack_text *memo;
	size_t memo_capacity;
	struct arena arena; /* formatted texts */
	bool no_memory;
};

/* The formatted text of a stack. It is cached, because many tasks have the same stack. */
struct stack_text {
	const struct stack *stack;
	const char *text;
};

static bool column_is_text(enum column_id column)
{
	switch (column) {
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

static uint64_t age_key(const struct task *task, int64_t now_ns)
{
	return (uint64_t)(task_age_ns(task, now_ns) + 1);
}

static uint64_t id_key(const struct task *task)
{
	const uint64_t max = (1ull << 62) - 1;

	return (uint64_t)task->kind << 62 | (task->id < max ? task->id : max);
}

/* States are sorted by name. Returns the alphabetical position. */
static uint64_t state_rank(enum task_state state)
{
	const char *name = state_info(state)->name;
	uint64_t rank = 0;

	for (int i = 0; i < STATE_COUNT; i++)
		rank += strcmp(state_info((enum task_state)i)->name, name) < 0;
	return rank;
}

static uint64_t cpu_key(float percent)
{
	uint32_t bits;

	if (!(percent >= 0))
		return 0;
	/* Floats that are not negative have the same order as their bits. */
	percent += 0.0f;
	memcpy(&bits, &percent, sizeof(bits));
	return (uint64_t)bits + 1;
}

static uint64_t number_key(const struct work *work, const struct task *task,
			   const uint64_t *state_ranks)
{
	unsigned int state = task->state;

	switch (work->column) {
	case COLUMN_ID:
		return id_key(task);
	case COLUMN_STATE:
		return state_ranks[state < STATE_COUNT ? state : STATE_UNKNOWN];
	case COLUMN_AGE:
		return age_key(task, work->now_ns);
	case COLUMN_CPU:
		return cpu_key(task->cpu_percent);
	case COLUMN_SWITCHES:
		return task->switches;
	default:
		return (uint64_t)column_number(work->column, task, work->now_ns);
	}
}

static const char *text_keep(struct work *work, const struct task *task)
{
	char out[COLUMN_TEXT_MAX];
	const char *text = column_format(work->column, task, work->now_ns, out);

	if (text != out)
		return text;
	text = arena_strndup(&work->arena, out, ROWS_TEXT_MAX);
	if (!text)
		work->no_memory = true;
	return text ? text : "";
}

/* The texts of functions, locations and creators depend on the stack, so each is
 * formatted only once. */
static const char *text_of(struct work *work, const struct task *task)
{
	const struct stack *stack =
		work->column == COLUMN_CREATED ? task->created_by : task->stack;
	size_t mask = work->memo_capacity - 1, at;

	if (work->column == COLUMN_NAME)
		return task->name;
	if (!stack || work->column == COLUMN_WAITS || work->column == COLUMN_LABELS)
		return text_keep(work, task);
	for (at = hash_mix((uintptr_t)stack, 1) & mask; work->memo[at].stack;
	     at = (at + 1) & mask)
		if (work->memo[at].stack == stack)
			return work->memo[at].text;
	work->memo[at].stack = stack;
	work->memo[at].text = text_keep(work, task);
	return work->memo[at].text;
}

static bool row_is_shown(const struct task *task, const struct rows_options *options,
			 int64_t now_ns)
{
	if (options->class >= 0 && (int)state_info(task->state)->class != options->class)
		return false;
	if (options->only_stuck && !(task->flags & TASK_STUCK))
		return false;
	if (options->hide_idle && (task->flags & (TASK_IDLE | TASK_STUCK)) == TASK_IDLE)
		return false;
	return !options->query || query_match(options->query, task, now_ns);
}

static void rows_filter(struct rows *rows, struct work *work,
			const struct rows_options *options)
{
	uint64_t state_ranks[STATE_COUNT];
	const struct snapshot *snapshot = work->snapshot;

	for (int i = 0; i < STATE_COUNT; i++)
		state_ranks[i] = state_rank((enum task_state)i);
	if (options->query)
		query_begin(options->query, snapshot);
	rows->count = 0;
	for (size_t i = 0; i < snapshot->nr_tasks; i++) {
		const struct task *task = &snapshot->tasks[i];
		struct sort_item *item = &work->items[rows->count];

		if (!row_is_shown(task, options, work->now_ns))
			continue;
		item->index = (uint32_t)i;
		item->slot = (uint32_t)rows->count++;
		item->tie = ~age_key(task, work->now_ns);
		if (work->texts)
			work->texts[item->slot] = text_of(work, task);
		else
			item->key = number_key(work, task, state_ranks);
	}
}

/* Returns eight bytes of the text as a number with the same order. Bytes after the end of
 * the text are 0. */
static uint64_t text_chunk(const char *text)
{
	uint64_t chunk = 0;
	int i = 0;

	for (; i < 8 && text[i]; i++)
		chunk = chunk << 8 | (unsigned char)text[i];
	return i == 0 ? 0 : chunk << (8 * (8 - i));
}

/* Tasks that are equal in column and age are ordered by kind and id. */
static void sort_ties(struct work *work, size_t first, size_t count)
{
	struct sort_item *items = work->items + first;
	bool ordered = true;

	for (size_t i = 0; i < count; i++) {
		items[i].key = id_key(&work->snapshot->tasks[items[i].index]);
		ordered = ordered && (i == 0 || items[i - 1].key <= items[i].key);
	}
	if (!ordered)
		sort_items(items, work->spare, count, SORT_BY_KEY);
}

static void sort_equal_columns(struct work *work, size_t first, size_t count)
{
	for (size_t i = first, end; i < first + count; i = end) {
		for (end = i + 1; end < first + count; end++)
			if (work->items[end].tie != work->items[i].tie)
				break;
		if (end - i > 1)
			sort_ties(work, i, end - i);
	}
}

/* Sorts by key, and then each run of equal keys by the next key. */
static void sort_run(struct work *work, size_t first, size_t count, size_t offset)
{
	uint64_t flip = work->descending ? UINT64_MAX : 0;
	struct sort_item *items = work->items;

	if (work->texts)
		for (size_t i = first; i < first + count; i++)
			items[i].key =
				text_chunk(work->texts[items[i].slot] + offset) ^ flip;
	else
		for (size_t i = first; i < first + count; i++)
			items[i].key ^= flip;
	sort_items(items + first, work->spare, count, SORT_BY_KEY);

	for (size_t i = first, end; i < first + count; i = end) {
		bool ended = ((items[i].key ^ flip) & 0xff) == 0;

		for (end = i + 1; end < first + count; end++)
			if (items[end].key != items[i].key)
				break;
		if (end - i < 2)
			continue;
		/* The chunks are equal and contain no NUL, so every text of the run
		 * continues. At most ROWS_TEXT_MAX / 8 levels deep. */
		if (work->texts && !ended && offset + 8 < ROWS_TEXT_MAX)
			sort_run(work, i, end - i, offset + 8);
		else
			sort_equal_columns(work, i, end - i);
	}
}

/* Allocates one block for two arrays of items, the texts and the cache. */
static int work_init(struct work *work, struct rows *rows,
		     const struct snapshot *snapshot)
{
	size_t count = snapshot->nr_tasks, bytes;
	bool texts = column_is_text(work->column);

	work->memo_capacity = 64;
	while (texts && work->memo_capacity < count * 2)
		work->memo_capacity *= 2;
	bytes = count * 2 * sizeof(struct sort_item);
	if (texts)
		bytes += count * sizeof(char *) +
			 work->memo_capacity * sizeof(*work->memo);
	if (bytes > rows->scratch_bytes) {
		void *scratch = malloc(bytes);

		if (!scratch)
			return ERR_NOMEM;
		free(rows->scratch);
		rows->scratch = scratch;
		rows->scratch_bytes = bytes;
	}
	if (!array_reserve(&rows->index, &rows->capacity, count))
		return ERR_NOMEM;
	work->items = rows->scratch;
	work->spare = work->items + count;
	if (texts) {
		work->memo = (struct stack_text *)(work->spare + count);
		work->texts = (const char **)(work->memo + work->memo_capacity);
		memset(work->memo, 0, work->memo_capacity * sizeof(*work->memo));
	}
	arena_init(&work->arena, 0);
	return 0;
}

int rows_update(struct rows *rows, const struct snapshot *snapshot,
		const struct rows_options *options, int64_t now_ns, struct err *e)
{
	struct work work = {.snapshot = snapshot,
			    .column = options->sort.column,
			    .descending = options->sort.descending,
			    .now_ns = now_ns};

	rows->count = 0;
	if (snapshot->nr_tasks == 0)
		return 0;
	if (work_init(&work, rows, snapshot) < 0)
		return err_set(e, ERR_NOMEM, "no memory to sort %zu tasks",
			       snapshot->nr_tasks);
	rows_filter(rows, &work, options);
	/* The sort is stable, so an earlier sort breaks the ties of a later one. */
	if (work.column != COLUMN_AGE)
		sort_items(work.items, work.spare, rows->count, SORT_BY_TIE);
	if (rows->count > 0)
		sort_run(&work, 0, rows->count, 0);
	for (size_t i = 0; i < rows->count; i++)
		rows->index[i] = work.items[i].index;
	arena_release(&work.arena);
	if (work.no_memory)
		return err_set(e, ERR_NOMEM, "no memory to sort %zu tasks", rows->count);
	return 0;
}

ssize_t rows_find(const struct rows *rows, const struct snapshot *snapshot,
		  enum task_kind kind, uint64_t id, uint64_t serial)
{
	for (size_t i = 0; i < rows->count; i++) {
		const struct task *task;

		/* The rows may belong to the previous snapshot. */
		if (rows->index[i] >= snapshot->nr_tasks)
			continue;
		task = &snapshot->tasks[rows->index[i]];
		if (task->id == id && task->kind == kind && task->serial == serial)
			return (ssize_t)i;
	}
	return -1;
}
