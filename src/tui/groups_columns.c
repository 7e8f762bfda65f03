/* SPDX-License-Identifier: MIT */
/* The columns for each way of grouping, and the content of their cells. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "core/spark.h"
#include "tui/graph.h"
#include "tui/groups.h"

#define NAME_CELLS 24
#include "tui/told.h"

static const struct group_column_info infos[GROUP_COLUMNS] = {
	[GROUP_COLUMN_MARK] =
		{"!",
		 "P proven, L leak, ? recheck, ! stuck tasks, a acknowledged, - gone",
		 .min_width = 1, .max_width = 1, .descending = true},
	[GROUP_COLUMN_FUNCTION] = {"FUNCTION",
				   "innermost function of the program's own code",
				   .min_width = 10, .max_width = 44, .text = true},
	[GROUP_COLUMN_CREATED] = {"CREATED BY", "function and line that created them",
				  .min_width = 10, .max_width = 48, .priority = 9,
				  .text = true},
	[GROUP_COLUMN_STATE] = {"STATE", "what they are blocked on", .min_width = 8,
				.max_width = 12, .priority = 5, .text = true},
	[GROUP_COLUMN_LABEL] = {"LABEL", "set by the program", .min_width = 10,
				.max_width = 48, .text = true},
	[GROUP_COLUMN_COUNT] = {"COUNT", "tasks in the group", .min_width = 5,
				.max_width = 11, .priority = 1, .right = true,
				.descending = true},
	[GROUP_COLUMN_CHANGE] = {"CHANGE", "change of the count since the mark",
				 .min_width = 6, .max_width = 12, .priority = 3,
				 .right = true, .descending = true},
	[GROUP_COLUMN_RATE] = {"/MIN", "change per minute", .min_width = 5,
			       .max_width = 8, .priority = 4, .right = true,
			       .descending = true},
	[GROUP_COLUMN_OLDEST] = {"OLDEST", "how long the oldest task has waited",
				 .min_width = 6, .max_width = 8, .priority = 7,
				 .right = true, .descending = true},
	[GROUP_COLUMN_CAME] = {"CAME", "tasks that appeared while watched",
			       .min_width = 4, .max_width = 11, .priority = 10,
			       .right = true, .descending = true},
	[GROUP_COLUMN_LEFT] = {"LEFT", "tasks that ended while watched", .min_width = 4,
			       .max_width = 11, .priority = 11, .right = true,
			       .descending = true},
	[GROUP_COLUMN_TREND] = {"TREND", "the count over the time watched",
				.min_width = 6, .max_width = 16, .priority = 8,
				.descending = true},
	[GROUP_COLUMN_VERDICT] = {"VERDICT",
				  "proof, leak, part of one, or recheck, with its score",
				  .min_width = 8, .max_width = 12, .priority = 2,
				  .descending = true},
	[GROUP_COLUMN_LOCATION] = {"LOCATION", "file and line of the function",
				   .min_width = 8, .max_width = 24, .priority = 6,
				   .text = true},
	[GROUP_COLUMN_HOLDS] = {"IN COMMON", "what its tasks hold in common, read by v",
				.min_width = 20, .max_width = 72, .priority = 12,
				.text = true},
};

const struct group_column_info *group_column_info(enum group_column id)
{
	return &infos[id];
}

bool groups_searched(enum group_column id)
{
	return !infos[id].right && id != GROUP_COLUMN_MARK && id != GROUP_COLUMN_TREND;
}

void groups_columns(struct groups_view *v)
{
	static const enum group_column first[GROUP_BY_COUNT] = {
		[GROUP_STACK] = GROUP_COLUMN_FUNCTION,
		[GROUP_CREATOR] = GROUP_COLUMN_CREATED,
		[GROUP_STATE] = GROUP_COLUMN_STATE,
		[GROUP_LABEL] = GROUP_COLUMN_LABEL,
	};
	static const enum group_column rest[] = {
		GROUP_COLUMN_COUNT,    GROUP_COLUMN_CHANGE,   GROUP_COLUMN_RATE,
		GROUP_COLUMN_OLDEST,   GROUP_COLUMN_CAME,     GROUP_COLUMN_LEFT,
		GROUP_COLUMN_TREND,    GROUP_COLUMN_VERDICT,  GROUP_COLUMN_STATE,
		GROUP_COLUMN_FUNCTION, GROUP_COLUMN_LOCATION, GROUP_COLUMN_CREATED,
		GROUP_COLUMN_HOLDS,
	};
	enum group_column ids[GROUP_COLUMNS] = {GROUP_COLUMN_MARK, first[v->by]};
	size_t count = 2;

	for (size_t i = 0; i < ARRAY_COUNT(rest); i++)
		if (rest[i] != first[v->by] && (rest[i] != GROUP_COLUMN_HOLDS || v->told))
			ids[count++] = rest[i];
	v->table.scroll = 0;
	v->table.window_ns = 0;
	v->table.count = count;
	for (size_t i = 0; i < count; i++)
		v->table.columns[i] = (struct table_column){
			.id = (int)ids[i],
			.title = infos[ids[i]].title,
			.help = infos[ids[i]].help,
			.largest_first = infos[ids[i]].descending,
			.min_width = infos[ids[i]].min_width,
			.max_width = infos[ids[i]].max_width,
			/* The column that names the group grows first. */
			.comfort = i == 1 ? NAME_CELLS : 0,
			.priority = i < 2 ? 0 : infos[ids[i]].priority + (i > 9),
			.right = infos[ids[i]].right,
			.pinned = i < 2,
			.natural = -1,
		};
}

/* Formats a place with the task table's formats, through a task made from the group. */
static const char *place_cell(const struct group *group, enum column_id id, char *out)
{
	struct task task = {.name = "",
			    .stack = group->stack,
			    .created_by = group->created_by,
			    .state = group->state};

	return column_format(id, &task, 0, out);
}

/* Writes "net/http.(*Transport).dialConn transport.go:1994 < main.(*checker).run <
 * main.main": the place, and the functions with which the ancestors began. */
static const char *creator_cell(const struct group *group, char *out)
{
	size_t used = strlen(place_cell(group, COLUMN_CREATED, out));

	if (group->by != GROUP_CREATOR)
		return out;
	for (size_t i = 0; group->ancestry && i < group->ancestry->nr; i++) {
		const struct stack *stack = group->ancestry->stacks[i];
		const char *function = stack->frames[stack->nr_frames - 1].function;

		if (!function || used + strlen(function) + 4 > COLUMN_TEXT_MAX)
			break;
		/* The place names it already. */
		if (i == 0 && stack->nr_frames == 1)
			continue;
		used += (size_t)sprintf(out + used, " < %s", function);
	}
	return out;
}

static const char *function_cell(const struct group *group, char *out)
{
	const char *cell = place_cell(group, COLUMN_FUNCTION, out);
	char text[COLUMN_TEXT_MAX];

	if (!group->mixed_stacks)
		return group->stack ? cell : "(stack unknown)";
	snprintf(text, sizeof(text), "%s", cell);
	snprintf(out, COLUMN_TEXT_MAX, *text != '\0' ? "%.480s and others" : "several",
		 text);
	return out;
}

static const char *number_cell(double value, char *out)
{
	char text[GRAPH_LABEL_MAX];

	snprintf(out, COLUMN_TEXT_MAX, "%s", graph_format_count(value, text));
	return out;
}

static const char *change_cell(const struct group_row *row, char *out)
{
	const char *word = row->change == CHANGE_NEW    ? "new "
			   : row->change == CHANGE_GONE ? "gone "
							: "";

	out[0] = '\0';
	if (row->difference != 0)
		snprintf(out, COLUMN_TEXT_MAX, "%s%+" PRId64, word, row->difference);
	return out;
}

static const char *rate_cell(double per_minute, char *out)
{
	double size = per_minute < 0 ? -per_minute : per_minute;

	out[0] = '\0';
	if (size >= 0.05)
		snprintf(out, COLUMN_TEXT_MAX, "%+.*f", size < 9.95 ? 1 : 0, per_minute);
	return out;
}

static const char *verdict_cell(const struct group_row *row, char *out)
{
	const struct group *group = row->group;

	out[0] = '\0';
	if (row->change == CHANGE_GONE)
		return "gone";
	if (row->acknowledged)
		return "acknowledged";
	if (group->verdict == VERDICT_PROOF)
		return "proof";
	if (group->verdict != VERDICT_NONE)
		snprintf(out, COLUMN_TEXT_MAX, "%s %.0f",
			 group->verdict == VERDICT_LEAK && group->leak &&
					 group->leak->lead
				 ? "part"
				 : verdict_name(group->verdict),
			 group->score);
	return out;
}

static const char *mark_cell(const struct group_row *row)
{
	if (row->change == CHANGE_GONE)
		return "-";
	if (row->acknowledged)
		return "a";
	switch (row->group->verdict) {
	case VERDICT_PROOF:
		return "P";
	case VERDICT_LEAK:
		return "L";
	case VERDICT_RECHECK:
		return "?";
	default:
		return row->group->stuck > 0 ? "!" : " ";
	}
}

static const char *holds_cell(const struct tui *t, const struct group *group)
{
	struct group_identity identity = group_identify(group);
	const struct told *told = told_find(t, group->by, &identity);

	return told ? told->text : "";
}

const char *group_cell(const struct tui *t, const struct group_row *row,
		       enum group_column id, int cells, char out[COLUMN_TEXT_MAX])
{
	const struct group *group = row->group;
	bool gone = row->change == CHANGE_GONE;

	switch (id) {
	case GROUP_COLUMN_MARK:
		return mark_cell(row);
	case GROUP_COLUMN_FUNCTION:
		return function_cell(group, out);
	case GROUP_COLUMN_LOCATION:
		return group->mixed_stacks ? "" : place_cell(group, COLUMN_LOCATION, out);
	case GROUP_COLUMN_CREATED:
		if (!group->created_by)
			return group->by == GROUP_CREATOR ? "(creator unknown)" : "";
		return group->mixed_creators && group->by != GROUP_CREATOR
			       ? "several"
			       : creator_cell(group, out);
	case GROUP_COLUMN_STATE:
		return group->mixed_states ? "several" : state_info(group->state)->name;
	case GROUP_COLUMN_LABEL:
		snprintf(out, COLUMN_TEXT_MAX, "%s=%s",
			 group->label_key ? group->label_key : "",
			 group->label_text ? group->label_text : "");
		return out;
	case GROUP_COLUMN_COUNT:
		return number_cell(gone ? 0 : group->count, out);
	case GROUP_COLUMN_CHANGE:
		return change_cell(row, out);
	case GROUP_COLUMN_RATE:
		return gone ? "" : rate_cell(group->per_minute, out);
	case GROUP_COLUMN_OLDEST:
		return gone || group->since_ns <= 0
			       ? "-"
			       : clock_format_duration(t->now_ns - group->since_ns, out);
	case GROUP_COLUMN_CAME:
		return number_cell((double)group->came, out);
	case GROUP_COLUMN_LEFT:
		return number_cell((double)group->left, out);
	case GROUP_COLUMN_TREND:
		return gone ? ""
			    : spark_text(group->spark, group->nr_spark,
					 cells > 0 ? (size_t)cells : 1, t->ascii, out,
					 COLUMN_TEXT_MAX);
	case GROUP_COLUMN_VERDICT:
		return verdict_cell(row, out);
	case GROUP_COLUMN_HOLDS:
		return holds_cell(t, group);
	default:
		return "";
	}
}
