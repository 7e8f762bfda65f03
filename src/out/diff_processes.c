/* SPDX-License-Identifier: MIT */
#include "out/diff_processes.h"

#include <inttypes.h>

#include "base/array.h"
#include "core/figures.h"
#include "out/escape.h"
#include "out/json_field.h"
#include "out/report.h"

#define LINES_MAX 40u /* of one kind */

enum kind { KIND_APPEARED, KIND_ENDED, KIND_REPLACED, KIND_SAME, KIND_COUNT };

static const char *const kind_names[KIND_COUNT] = {"appeared", "ended", "replaced",
						   "same"};

static enum kind kind_of(const struct diff_process *process)
{
	return !process->side[0]   ? KIND_APPEARED
	       : !process->side[1] ? KIND_ENDED
	       : process->replaced ? KIND_REPLACED
				   : KIND_SAME;
}

static void put_name(const struct diff_request *request,
		     const struct member_process *member, struct buf *out)
{
	escape_text(out, member->name, 0, request->ascii);
	buf_printf(out, " %d", (int)member->pid);
}

/* Writes the figures that differ. Returns false if there are none. */
static bool put_changes(const struct diff_process *process, struct buf *out)
{
	static const enum figure_id figures[] = {FIGURE_TASKS, FIGURE_THREADS, FIGURE_FDS,
						 FIGURE_CHILDREN, FIGURE_RSS};
	const char *separator = "";
	char text[REPORT_FIGURE_MAX];

	for (size_t i = 0; i < ARRAY_COUNT(figures); i++) {
		double a = figure_of_member(figures[i], process->side[0]);
		double b = figure_of_member(figures[i], process->side[1]);

		if (a < 0 || b < 0 || !(a > b || a < b))
			continue;
		buf_printf(out, "%s%s", separator,
			   report_figure_text(figures[i], a, b, text));
		separator = ", ";
	}
	return separator[0] != '\0';
}

/* Writes the line of a process. Returns false if nothing has changed. */
static bool put_process(const struct diff_request *request,
			const struct diff_process *process, struct buf *out)
{
	enum kind kind = kind_of(process);
	const struct member_process *member = process->side[kind == KIND_APPEARED];
	char counts[REPORT_COUNTS_MAX];
	size_t before = out->length;

	buf_puts(out, "  ");
	put_name(request, member, out);
	if (kind == KIND_REPLACED) {
		buf_puts(out, " was replaced by ");
		put_name(request, process->side[1], out);
	} else if (kind != KIND_SAME && member->trouble) {
		buf_printf(out, " %s; it cannot be read: ", kind_names[kind]);
		escape_text(out, member->trouble, 0, request->ascii);
	} else if (kind != KIND_SAME) {
		buf_printf(out, " %s: %s", kind_names[kind],
			   report_counts_text(member->tasks, member->stuck,
					      member->is_long, counts));
	}
	if (kind == KIND_REPLACED || kind == KIND_SAME) {
		buf_puts(out, ": ");
		if (!put_changes(process, out) && !out->failed) {
			out->length = kind == KIND_SAME ? before : out->length - 2;
			out->bytes[out->length] = '\0';
		}
	}
	if (out->length == before)
		return false;
	buf_puts(out, "\n");
	return true;
}

static void put_kind(const struct diff_request *request, enum kind kind, struct buf *out)
{
	const struct diff_processes *processes = &request->diff->processes;
	size_t lines = 0, before;

	for (size_t i = 0; i < processes->count && !out->failed; i++) {
		before = out->length;
		if (kind_of(&processes->list[i]) != kind ||
		    !put_process(request, &processes->list[i], out) ||
		    ++lines <= LINES_MAX)
			continue;
		out->length = before;
		buf_puts(out, "  and more\n");
		return;
	}
}

void diff_put_processes(const struct diff_request *request, struct buf *out)
{
	const struct diff_processes *processes = &request->diff->processes;
	const struct snapshot *a = request->sides[0].snapshot;
	const struct snapshot *b = request->sides[1].snapshot;

	if (!processes->list)
		return;
	if (a->nr_members == b->nr_members)
		buf_printf(out, "processes %zu\n", a->nr_members);
	else
		buf_printf(out, "processes %zu to %zu\n", a->nr_members, b->nr_members);
	for (int kind = 0; kind < KIND_COUNT; kind++)
		put_kind(request, (enum kind)kind, out);
}

static void put_json_side(const char *key, const struct member_process *member,
			  struct buf *out)
{
	json_put_key(out, ", ", key);
	if (!member) {
		buf_puts(out, "null");
		return;
	}
	json_put_count(out, "{", "pid", member->pid);
	json_put_member(out, member);
	json_put_count(out, ", ", "tasks", member->tasks);
	json_put_count(out, ", ", "stuck", member->stuck);
	json_put_count(out, ", ", "long", member->is_long);
	buf_puts(out, ", \"resources\": {");
	json_put_resources(out, &member->resources);
	buf_puts(out, "}}");
}

void diff_put_json_processes(const struct diff_request *request, struct buf *out)
{
	const struct diff_processes *processes = &request->diff->processes;

	if (!processes->list)
		return;
	buf_puts(out, ",\n \"processes\": [");
	for (size_t i = 0; i < processes->count; i++) {
		const struct diff_process *process = &processes->list[i];

		buf_puts(out, i ? ",\n  {\"change\": " : "\n  {\"change\": ");
		escape_json(out, kind_names[kind_of(process)]);
		put_json_side("a", process->side[0], out);
		put_json_side("b", process->side[1], out);
		buf_puts(out, "}");
	}
	buf_puts(out, "]");
}
