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
#include "out/text_stacks.h"

#define GAP_CELLS 2

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

static int text_write(const struct out_request *request, struct buf *out, struct err *e)
{
	const struct snapshot *snapshot = request->snapshot;
	bool ascii = request->settings->ascii;
	char cell[COLUMN_TEXT_MAX];
	struct layout layout;
	struct text_stacks stacks;
	int rc = 0;

	text_stacks_init(&stacks);
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
			text_put_stacks(&stacks, out, task, snapshot->mono_ns, ascii);
		if (request->holds)
			text_put_holds(out, snapshot, task, ascii);
		rc = out_flush(request, out, OUT_CHUNK_BYTES, e);
	}
	text_stacks_release(&stacks);
	return rc ? rc : out_flush(request, out, 1, e);
}

const struct out_ops out_text = {
	.name = "text",
	.summary = "a header and a table, for people",
	.write = text_write,
	.holds = true,
};
