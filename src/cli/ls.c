/* SPDX-License-Identifier: MIT */
/* `grmon-c ls` lists the processes that this user can watch, those with an agent or
 * goroutines first. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/order.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "out/escape.h"
#include "source/processes.h"

/* Time budget for the list; a few thousand processes take about one second. */
#define SOURCES_BUDGET_NS (5 * CLOCK_SECOND_NS)

/* Sorts the sources that show most first. */
static int source_rank(const struct process_row *row)
{
	static const char *const order[] = {"agent", "goruntime", "native"};
	int count = (int)(ARRAY_COUNT(order));

	for (int i = 0; i < count; i++)
		if (strcmp(row->source, order[i]) == 0)
			return i;
	return count;
}

static int compare_rows(const void *left, const void *right)
{
	const struct process_row *a = left, *b = right;

	if (source_rank(a) != source_rank(b))
		return source_rank(a) - source_rank(b);
	return ORDER(a->pid, b->pid);
}

static void put_padded(struct buf *out, const char *text, size_t cells, bool ascii)
{
	size_t written = escape_text(out, text, cells, ascii);

	for (; written < cells + 1; written++)
		buf_puts(out, " ");
}

static void put_text(struct buf *out, const struct process_row *rows, size_t count,
		     bool ascii)
{
	size_t width = (size_t)cli_width(), used;

	buf_puts(out, "    PID SOURCE     TASKS NAME            USER     COMMAND\n");
	used = strlen("    PID SOURCE     TASKS NAME            USER     ");
	for (size_t i = 0; i < count; i++) {
		buf_printf(out, "%7d ", (int)rows[i].pid);
		put_padded(out, rows[i].source, 9, ascii);
		buf_printf(out, "%6" PRId64 " ", rows[i].tasks);
		put_padded(out, rows[i].name, 15, ascii);
		put_padded(out, rows[i].user, 8, ascii);
		escape_text(out, rows[i].command, width > used + 8 ? width - used : 0,
			    ascii);
		while (out->length > 0 && out->bytes[out->length - 1] == ' ')
			out->length--;
		buf_puts(out, "\n");
	}
}

static void put_json(struct buf *out, const struct process_row *rows, size_t count)
{
	buf_puts(out, "{\"grmon\": 1, \"processes\": [");
	for (size_t i = 0; i < count; i++) {
		buf_printf(out, "%s\n {\"pid\": %d, \"source\": ", i ? "," : "",
			   (int)rows[i].pid);
		escape_json(out, rows[i].source);
		buf_printf(out, ", \"tasks\": %" PRId64 ", \"rss_bytes\": %" PRId64,
			   rows[i].tasks, rows[i].rss_bytes);
		buf_puts(out, ", \"name\": ");
		escape_json(out, rows[i].name);
		buf_puts(out, ", \"user\": ");
		escape_json(out, rows[i].user);
		buf_puts(out, ", \"command\": ");
		escape_json(out, rows[i].command);
		buf_puts(out, "}");
	}
	buf_puts(out, "]}\n");
}

/* Selects and sorts the rows. Their texts still belong to the list. */
static struct process_row *choose_rows(const struct options *options,
				       const struct process_row *all, size_t *count)
{
	const char *source = options->value[OPTION_SOURCE];
	struct process_row *rows = calloc(*count + 1, sizeof(*rows));
	size_t used = 0;

	if (!rows)
		return NULL;
	if (source && strcmp(source, "auto") == 0)
		source = NULL;
	for (size_t i = 0; i < *count; i++) {
		if (all[i].allowed && (!source || strcmp(source, all[i].source) == 0))
			rows[used++] = all[i];
	}
	qsort(rows, used, sizeof(*rows), compare_rows);
	*count = used;
	return rows;
}

int command_ls(struct options *options)
{
	const char *format = options->value[OPTION_FORMAT];
	struct processes *list = source_processes_new(SOURCES_BUDGET_NS);
	const struct process_row *all = NULL;
	struct process_row *rows = NULL;
	struct err e = {0};
	struct buf out;
	size_t count = 0;
	int rc;

	buf_init(&out, 0);
	if (format && strcmp(format, "text") != 0 && strcmp(format, "json") != 0)
		rc = err_set(&e, ERR_USAGE,
			     "'grmon-c ls' supports the formats text and json");
	else if (!list)
		rc = err_set(&e, ERR_NOMEM, "out of memory: cannot list processes");
	else
		rc = source_processes(list, &all, &count, &e);
	if (rc == 0) {
		rows = choose_rows(options, all, &count);
		if (!rows)
			rc = err_set(&e, ERR_NOMEM, "out of memory for the list");
	}
	if (rc == 0) {
		if (format && strcmp(format, "json") == 0)
			put_json(&out, rows, count);
		else
			put_text(&out, rows, count, options->settings.ascii);
		rc = cli_write(STDOUT_FILENO, "the standard output", &out, &e);
	}
	if (rc != 0)
		cli_complain("%s", e.text);
	free(rows);
	buf_release(&out);
	source_processes_free(list);
	return rc ? CLI_USAGE : CLI_FINE;
}
