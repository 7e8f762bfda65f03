/* SPDX-License-Identifier: MIT */
/* A snapshot as text: two or three lines about the target, then a table. The table is
 * fitted to the width of a terminal, or not cut if width is 0. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "core/graph.h"
#include "core/spread.h"
#include "core/verdict.h"
#include "core/warnings.h"
#include "out/escape.h"
#include "out/formats.h"
#include "out/text_holds.h"
#include "out/text_members.h"

#define AWAITING_SHOWN 4u
#define GAP_CELLS      2

struct layout {
	enum column_id ids[COLUMN_COUNT];
	int cells[COLUMN_COUNT]; /* by position, not by id */
	size_t count;
};

static int layout_total(const struct layout *layout)
{
	int total = 0;

	for (size_t i = 0; i < layout->count; i++)
		total += layout->cells[i] + (i ? GAP_CELLS : 0);
	return total;
}

static void layout_drop(struct layout *layout, size_t place)
{
	layout->count--;
	for (size_t i = place; i < layout->count; i++) {
		layout->ids[i] = layout->ids[i + 1];
		layout->cells[i] = layout->cells[i + 1];
	}
}

/* Measures the width that each column needs: that of its widest cell. */
static void layout_measure(struct layout *layout, const struct out_request *request)
{
	const struct snapshot *snapshot = request->snapshot;
	char cell[COLUMN_TEXT_MAX];

	for (size_t i = 0; i < layout->count; i++)
		layout->cells[i] = (int)strlen(column_info(layout->ids[i])->title);
	for (size_t row = 0; row < request->rows->count; row++) {
		const struct task *task = &snapshot->tasks[request->rows->index[row]];

		for (size_t i = 0; i < layout->count; i++) {
			const char *text = column_format(layout->ids[i], task,
							 snapshot->mono_ns, cell);
			int cells = (int)escape_cells(text, request->settings->ascii);

			if (cells > layout->cells[i])
				layout->cells[i] = cells;
		}
	}
}

/* Returns how narrow a column may become: its minimum width, or less if its cells are
 * shorter. */
static int layout_least(const struct layout *layout, size_t place)
{
	int least = column_info(layout->ids[place])->min_width;

	return least < layout->cells[place] ? least : layout->cells[place];
}

static void layout_fit(struct layout *layout, int width)
{
	for (size_t i = 0; i < layout->count; i++) {
		int most = column_info(layout->ids[i])->max_width;

		if (most > 0 && layout->cells[i] > most)
			layout->cells[i] = most;
	}
	for (;;) {
		int least = 0;
		size_t worst = 0;

		for (size_t i = 0; i < layout->count; i++) {
			least += layout_least(layout, i) + (i ? GAP_CELLS : 0);
			if (column_info(layout->ids[i])->priority >=
			    column_info(layout->ids[worst])->priority)
				worst = i;
		}
		if (least <= width || layout->count <= 1)
			break;
		layout_drop(layout, worst);
	}
	for (int over = layout_total(layout) - width; over > 0; over--) {
		size_t widest = 0;

		for (size_t i = 1; i < layout->count; i++) {
			if (layout->cells[i] - layout_least(layout, i) >
			    layout->cells[widest] - layout_least(layout, widest))
				widest = i;
		}
		if (layout->cells[widest] <= 1)
			break;
		layout->cells[widest]--;
	}
}

static void layout_make(struct layout *layout, const struct out_request *request)
{
	const struct column_list *columns = &request->settings->columns;

	memset(layout, 0, sizeof(*layout));
	for (size_t i = 0; i < columns->count && i < COLUMN_COUNT; i++) {
		enum column_id id = columns->ids[i];

		if (request->snapshot->nr_members > 0 || columns->always[id] ||
		    !column_is_of_processes(id))
			layout->ids[layout->count++] = id;
	}
	layout_measure(layout, request);
	if (request->width > 0)
		layout_fit(layout, request->width);
}

static void put_spaces(struct buf *out, int count)
{
	for (; count > 0; count--)
		buf_append(out, " ", 1);
}

/* Writes one cell with the gap before it. Lines are not padded at the end. */
static void put_cell(struct buf *out, const struct layout *layout, size_t place,
		     const char *text, bool ascii)
{
	bool right = column_info(layout->ids[place])->right;
	int width = layout->cells[place], cells = (int)escape_cells(text, ascii);
	int pad = cells < width ? width - cells : 0;

	put_spaces(out, place ? GAP_CELLS : 0);
	if (right)
		put_spaces(out, pad);
	escape_text(out, text, (size_t)width, ascii);
	if (!right && place + 1 < layout->count)
		put_spaces(out, pad);
}

static void trim_line(struct buf *out)
{
	while (out->length > 0 && out->bytes[out->length - 1] == ' ')
		out->length--;
	buf_puts(out, "\n");
}

static void put_target(struct buf *out, const struct snapshot *snapshot, bool ascii)
{
	const struct snapshot_target *target = &snapshot->target;
	char iso[CLOCK_ISO_MAX];

	escape_text(out, target->name, 0, ascii);
	if (target->pid > 0)
		buf_printf(out, " (pid %d)", (int)target->pid);
	if (snapshot->nr_members > 0)
		buf_printf(out, " (%zu %s)", snapshot->nr_members,
			   snapshot->nr_members == 1 ? "process" : "processes");
	buf_puts(out, " through ");
	escape_text(out, target->sources ? target->sources : "", 0, ascii);
	if (target->runtime) {
		buf_puts(out, ", ");
		escape_text(out, target->runtime, 0, ascii);
	}
	buf_printf(out, " at %s%s\n", clock_format_iso(snapshot->real_ns, iso),
		   target->ended ? ", which has ended" : "");
}

static void put_resources(struct buf *out, const struct resources *resources)
{
	if (resources->threads >= 0)
		buf_printf(out, ", threads %" PRId64, resources->threads);
	if (resources->rss_bytes >= 0) {
		buf_puts(out, ", rss ");
		text_put_bytes(out, resources->rss_bytes);
	}
	if (resources->fds >= 0)
		buf_printf(out, ", fds %" PRId64, resources->fds);
	if (resources->children >= 0)
		buf_printf(out, ", children %" PRId64, resources->children);
	buf_puts(out, "\n");
}

/* Writes what the header of the view says; a note says that the target is stopped. */
static void put_warnings(struct buf *out, const struct snapshot *snapshot, bool ascii)
{
	struct warnings warnings;

	warnings_find(&warnings, snapshot);
	for (size_t i = 0; i < warnings.count; i++) {
		if (warnings.list[i].kind == WARNING_STOPPED && snapshot->nr_notes > 0)
			continue;
		buf_puts(out, "warning: ");
		escape_text(out, warnings.list[i].sentence, 0, ascii);
		buf_puts(out, "\n");
	}
}

static void put_header(struct buf *out, const struct out_request *request)
{
	const struct snapshot *snapshot = request->snapshot;
	bool ascii = request->settings->ascii;
	const char *separator = "";

	put_target(out, snapshot, ascii);
	buf_printf(out, "tasks %" PRIu32, snapshot->counts.tasks);
	if (snapshot->counts.tasks != snapshot->nr_tasks)
		buf_printf(out, " in %zu rows", snapshot->nr_tasks);
	buf_printf(out, ", stuck %" PRIu32, snapshot->counts.stuck);
	if (snapshot->counts.is_long > 0)
		buf_printf(out, ", long %" PRIu32, snapshot->counts.is_long);
	if (request->rows->count != snapshot->nr_tasks)
		buf_printf(out, ", shown %zu", request->rows->count);
	if (snapshot->dropped > 0)
		buf_printf(out, ", dropped by the agent %" PRIu64, snapshot->dropped);
	put_resources(out, &snapshot->resources);
	for (int class = 0; class < CLASS_COUNT; class ++) {
		if (snapshot->counts.by_class[class] == 0)
			continue;
		buf_printf(out, "%s%s %" PRIu32, separator, state_class_name(class),
			   snapshot->counts.by_class[class]);
		separator = ", ";
	}
	buf_puts(out, *separator ? "\n" : "");
	put_warnings(out, snapshot, ascii);
	for (size_t i = 0; i < snapshot->nr_notes; i++) {
		buf_puts(out, "note: ");
		escape_text(out, snapshot->notes[i], 0, ascii);
		buf_puts(out, "\n");
	}
	buf_puts(out, "\n");
	text_put_members(out, snapshot, ascii);
}

/* Writes where it waits, as in the table: ", transfer at bank.py:14,". */
static void put_place(struct buf *out, const struct task *task, bool ascii)
{
	const char *location;
	char text[COLUMN_TEXT_MAX];

	if (!stack_top_frame(task->stack))
		return;
	buf_puts(out, ", ");
	escape_text(out, column_format(COLUMN_FUNCTION, task, 0, text), 0, ascii);
	location = column_format(COLUMN_LOCATION, task, 0, text);
	if (*location && strcmp(location, "-") != 0) {
		buf_puts(out, " at ");
		escape_text(out, location, 0, ascii);
	}
	buf_puts(out, ",");
}

/* Writes the deadlocks, which come before the tasks. */
static void put_cycles(struct buf *out, const struct snapshot *snapshot, bool ascii)
{
	char id[TASK_ID_MAX], age[CLOCK_DURATION_MAX], of[SPREAD_TEXT_MAX];
	int64_t age_ns;

	for (size_t i = 0; i < graph_cycles(snapshot); i++) {
		const struct cycle *cycle = &snapshot->graph->cycles[i];

		buf_printf(out, "deadlock %zu of %zu: %s\n", i + 1,
			   graph_cycles(snapshot),
			   cycle->nr_nodes == 1 ? "it waits for itself"
						: "they wait for each other");
		for (size_t n = 0; n < cycle->nr_nodes; n++) {
			const struct task *task = graph_task(snapshot, cycle->nodes[n]);
			const struct other_process *process =
				graph_process(snapshot, cycle->nodes[n]);

			buf_printf(out, "  %s ", task_format_id(task, id));
			escape_text(out, task->name, 0, ascii);
			if (process)
				buf_printf(out, " of process %d", (int)process->pid);
			else
				escape_text(out, spread_task_text(task, of), 0, ascii);
			put_place(out, task, ascii);
			buf_printf(out, " in %s", state_info(task->state)->name);
			age_ns = task_age_ns(task, snapshot->mono_ns);
			if (age_ns >= 0)
				buf_printf(out, " for %s%s",
					   task->flags & TASK_AGE_EXACT ? ""
									: "at least ",
					   clock_format_duration(age_ns, age));
			buf_puts(out, " on ");
			escape_text(out, task->waits.text, 0, ascii);
			buf_puts(out, "\n");
		}
		buf_puts(out, "\n");
	}
}

static void put_frames(struct buf *out, const struct stack *stack, bool ascii)
{
	for (size_t i = 0; i < stack->nr_frames; i++) {
		const struct frame *frame = &stack->frames[i];

		buf_printf(out, "      #%-2zu ", i);
		if (frame->function)
			escape_text(out, frame->function, 0, ascii);
		else
			buf_printf(out, "0x%" PRIx64, frame->address);
		if (frame->inlined)
			buf_puts(out, " (inlined)");
		if (frame->file) {
			buf_puts(out, " at ");
			escape_text(out, frame->file, 0, ascii);
			if (frame->line > 0)
				buf_printf(out, ":%d", frame->line);
		}
		buf_puts(out, "\n");
	}
	if (stack->truncated)
		buf_puts(out, "      (the rest is unknown)\n");
}

/* Returns true if text contains id as a whole word: not t47 in a text about t471. Texts
 * are those of one process, so they have g17 for g17@4711. */
static bool mentions(const char *text, const char *id)
{
	size_t bytes = strcspn(id, "@");

	for (const char *at = text; *at; at++)
		if (strncmp(at, id, bytes) == 0 && !byte_is_digit(at[bytes]))
			return true;
	return false;
}

/* Writes "stuck: waits for a mutex held by t12, for 14s", or nothing if the state is
 * enough. */
static void put_evidence(struct buf *out, const struct task *task, int64_t now_ns)
{
	const char *word = task->flags & TASK_STUCK  ? "stuck"
			   : task->flags & TASK_LONG ? "long"
			   : task->flags & TASK_IDLE ? "idle"
						     : NULL;
	char text[VERDICT_TEXT_MAX];

	if (word && task->evidence.why != WHY_NOTHING && task->evidence.why != WHY_STATE)
		buf_printf(out, "    %s: %s\n", word,
			   verdict_explain(task, now_ns, text));
}

/* Who awaits the task; one that is alone with its name. */
static void put_awaiting(struct buf *out, const struct task *task, bool ascii)
{
	const struct task_more *more = task_more(task);
	char id[TASK_ID_MAX];

	for (size_t i = 0; i < more->nr_awaiting && i < AWAITING_SHOWN; i++)
		buf_printf(out, "%s%s", i ? ", " : "    awaited by ",
			   task_format_coroutine(task, more->awaiting_cids[i], id));
	if (more->nr_awaiting > AWAITING_SHOWN)
		buf_printf(out, " and %u more", more->nr_awaiting - AWAITING_SHOWN);
	if (more->nr_awaiting == 1 && task_awaited_by(task)) {
		buf_puts(out, " ");
		escape_text(out, task_awaited_by(task), 0, ascii);
	}
	if (more->nr_awaiting > 0)
		buf_puts(out, "\n");
}

static void put_stacks(struct buf *out, const struct task *task, int64_t now_ns,
		       bool ascii)
{
	char id[TASK_ID_MAX];
	const char *owner = task_format_owner(task, id);

	put_evidence(out, task, now_ns);
	if (task->waits.kind) {
		buf_puts(out, "    waits on ");
		escape_text(out, task->waits.text, 0, ascii);
		/* Most texts name the owner already. */
		if (owner && !strstr(task->waits.text, "held by") &&
		    !mentions(task->waits.text, owner))
			buf_printf(out, ", held by %s", owner);
		buf_puts(out, "\n");
	}
	if (task_more(task)->inner) {
		buf_puts(out, "    inside ");
		escape_text(out, task_more(task)->inner, 0, ascii);
		buf_puts(out, "\n");
	}
	put_awaiting(out, task, ascii);
	if (task->stack) {
		buf_puts(out, "    stack\n");
		put_frames(out, task->stack, ascii);
	}
	if (task->created_by || task->creator_id) {
		const char *parent = task_format_parent(task, id);

		buf_printf(out, "    created by%s%s", parent ? " " : "",
			   parent ? parent : "");
		if (task_more(task)->creator_name && *task_more(task)->creator_name) {
			buf_puts(out, " ");
			escape_text(out, task_more(task)->creator_name, 0, ascii);
		}
		buf_puts(out, "\n");
		if (task->created_by)
			put_frames(out, task->created_by, ascii);
	}
	for (size_t i = 1; task_more(task)->ancestry && i < task_more(task)->ancestry->nr;
	     i++) {
		const char *ancestor = task_format_ancestor(task, i, id);

		buf_printf(out, "    which was created by%s%s\n", ancestor ? " " : "",
			   ancestor ? ancestor : "");
		put_frames(out, task_more(task)->ancestry->stacks[i], ascii);
	}
}

static int text_write(const struct out_request *request, struct buf *out, struct err *e)
{
	const struct snapshot *snapshot = request->snapshot;
	bool ascii = request->settings->ascii;
	char cell[COLUMN_TEXT_MAX];
	struct layout layout;
	int rc = 0;

	put_header(out, request);
	put_cycles(out, snapshot, ascii);
	if (request->holds)
		text_put_holds_groups(out, snapshot, request->rows, ascii);
	layout_make(&layout, request);
	for (size_t i = 0; i < layout.count; i++)
		put_cell(out, &layout, i, column_info(layout.ids[i])->title, ascii);
	trim_line(out);
	for (size_t row = 0; rc == 0 && row < request->rows->count; row++) {
		const struct task *task = &snapshot->tasks[request->rows->index[row]];

		for (size_t i = 0; i < layout.count; i++)
			put_cell(out, &layout, i,
				 column_format(layout.ids[i], task, snapshot->mono_ns,
					       cell),
				 ascii);
		trim_line(out);
		if (request->stacks)
			put_stacks(out, task, snapshot->mono_ns, ascii);
		if (request->holds)
			text_put_holds(out, snapshot, task, ascii);
		rc = out_flush(request, out, OUT_CHUNK_BYTES, e);
	}
	return rc ? rc : out_flush(request, out, 1, e);
}

const struct out_ops out_text = {
	.name = "text",
	.summary = "a header and a table, for people",
	.write = text_write,
	.holds = true,
};
