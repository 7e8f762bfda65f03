/* SPDX-License-Identifier: MIT */
/*
 * Everything that parses a user's words, and filters on the texts of a hostile target.
 * Input: the filter, a NUL or newline, and texts for the fields of a task.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/query.h"
#include "core/rows.h"
#include "core/settings.h"
#include "core/stack.h"

#define TEXTS 8

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(int holds)
{
	if (!holds)
		abort();
}

/* An error has a message and points into the text. */
static void check_error(int rc, const struct err *e, const char *text)
{
	if (rc == 0)
		return;
	require(e->code == rc && e->text[0] != '\0');
	require(rc == ERR_NOMEM || (e->at >= 0 && (size_t)e->at <= strlen(text)));
}

static void parse_others(const char *text)
{
	struct column_list columns;
	struct thresholds rule;
	struct sort_key key;
	char out[CLOCK_DURATION_MAX];
	struct err e;
	int64_t ns;
	int rc;

	rc = clock_parse_duration(text, &ns, &e);
	check_error(rc, &e, text);
	if (rc == 0)
		require(ns >= 0 && strlen(clock_format_duration(ns, out)) <= 7);
	rc = column_list_parse(&columns, text, &e);
	check_error(rc, &e, text);
	if (rc == 0)
		require(columns.count > 0 && columns.count <= COLUMN_COUNT);
	check_error(thresholds_parse(&rule, text, &e), &e, text);
	check_error(sort_key_parse(&key, text, &e), &e, text);
}

static void fill_task(struct task *task, struct label *labels, char **texts, uint8_t dice)
{
	static struct task_more more;

	task->id = dice;
	task->kind = (enum task_kind)(dice % 4);
	task->state = (enum task_state)(dice % (STATE_COUNT + 2));
	task->flags = dice;
	task->since_ns = dice % 3 ? dice * CLOCK_SECOND_NS : 0;
	task->name = texts[0];
	task->raw = dice % 2 ? texts[1] : NULL;
	task->waits.kind = dice % 2 ? "mutex" : NULL;
	task->waits.text = texts[2];
	more = (struct task_more){.creator_name = dice % 3 ? texts[3] : NULL};
	task->more = &more;
	labels[0] = (struct label){texts[4], texts[5]};
	labels[1] = (struct label){texts[6], texts[7]};
	task->labels = labels;
	task->nr_labels = dice % 3;
	task->switches = dice;
}

static void match(struct query *query, char **texts, uint8_t dice)
{
	const struct frame frames[] = {{"read", texts[1], 3, 1, false, false},
				       {texts[2], texts[3], 7, 2, false, false}};
	struct stack_table *stacks = stack_table_new(10);
	struct snapshot *snapshot = snapshot_new();
	struct rows_options options = {.query = query, .class = -1};
	struct label labels[2];
	struct rows rows;

	if (!snapshot || !stacks)
		abort();
	snapshot->mono_ns = 1000 * CLOCK_SECOND_NS;
	for (int i = 0; i < 3; i++) {
		struct task *task = snapshot_add(snapshot);

		fill_task(task, labels, texts, (uint8_t)(dice + i));
		task->stack = i ? stack_intern(stacks, frames, 2, false) : NULL;
		task->created_by = i == 2 ? task->stack : NULL;
	}
	options.sort.column = (enum column_id)(dice % COLUMN_COUNT);
	rows_init(&rows);
	for (int round = 0; round < 2; round++) {
		size_t count = rows.count;

		require(rows_update(&rows, snapshot, &options, snapshot->mono_ns, NULL) ==
			0);
		require(round == 0 || count == rows.count);
	}
	rows_release(&rows);
	snapshot_unref(snapshot);
	stack_table_free(stacks);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char *input = malloc(size + 1), *texts[TEXTS], *at, *end;
	struct query *query;
	struct err e;

	if (!input)
		return 0;
	if (size > 0)
		memcpy(input, bytes, size);
	input[size] = '\0';
	end = input + size;
	at = input + strcspn(input, "\n");
	for (int i = 0; i < TEXTS; i++) {
		if (at < end)
			*at++ = '\0';
		/* Each text has a block of its own, so that a read one byte too far is
		 * found. */
		texts[i] = strndup(at, strcspn(at, "\n"));
		at += strlen(texts[i]);
	}
	parse_others(input);
	query = query_new(input, &e);
	if (query)
		match(query, texts, size ? bytes[size - 1] : 0);
	else
		check_error(e.code, &e, input);
	query_free(query);
	for (int i = 0; i < TEXTS; i++)
		free(texts[i]);
	free(input);
	return 0;
}
