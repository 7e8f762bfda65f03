/* SPDX-License-Identifier: MIT */
/* The live list of processes. A row is only a hint: the process may have ended since. */
#include "source/processes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "source/agent/agent.h"
#include "source/proc/arguments.h"
#include "source/process_scan.h"
#include "source/processes_fit.h"

#define COMMAND_MAX 512u

struct processes {
	struct process_scan *scan;
	struct pages *pages;
	struct fits *fits; /* NULL if the sources are not requested */
	int64_t budget_ns; /* for fits, in each sample */
	struct process_row *rows;
	size_t capacity;
	struct arena texts;
	int64_t sampled_at_ns;
	bool sampled_before; /* differences of ticks are valid */
};

struct processes *source_processes_new(int64_t budget_ns)
{
	struct processes *list = calloc(1, sizeof(*list));

	if (!list)
		return NULL;
	list->scan = process_scan_new();
	if (!list->scan) {
		free(list);
		return NULL;
	}
	list->pages = pages_new(NULL);
	arena_init(&list->texts, 64u << 20);
	agent_sockets_sweep();
	list->budget_ns = budget_ns;
	if (budget_ns > 0)
		list->fits = fits_new(list->pages);
	return list;
}

void source_processes_free(struct processes *list)
{
	if (!list)
		return;
	process_scan_free(list->scan);
	arena_release(&list->texts);
	fits_free(list->fits);
	pages_free(list->pages);
	free(list->rows);
	free(list);
}

/* Returns true if we may read what a thread waits for, which watching requires. */
static bool may_watch(pid_t pid)
{
	struct process process = process_named(pid);
	char text[256];

	return process_text(&process, PROCESS_CALL, text, sizeof(text)) > 0;
}

static const char *copy_text(struct processes *list, const char *text, size_t max)
{
	const char *copy = text ? arena_strndup(&list->texts, text, max) : NULL;

	return copy ? copy : "";
}

/* Returns the command line with blanks between words, or the name in brackets. */
static const char *copy_command(struct processes *list, pid_t pid, const char *name)
{
	struct process process = process_named(pid);
	char text[COMMAND_MAX + 1];
	ssize_t got = arguments_read(&process, list->pages, ARGUMENTS_COMMAND, text,
				     sizeof(text));

	while (got > 0 && (text[got - 1] == '\0' || text[got - 1] == ' '))
		got--;
	for (ssize_t i = 0; i < got; i++)
		if (text[i] == '\0')
			text[i] = ' ';
	if (got > 0)
		text[got] = '\0';
	else
		snprintf(text, sizeof(text), "[%s]", name);
	return copy_text(list, text, COMMAND_MAX);
}

/* Returns false if it is not a process that can be watched. */
static bool fill_row(struct processes *list, const struct scanned_process *from,
		     double elapsed_s, struct process_row *row)
{
	double hz = (double)sysconf(_SC_CLK_TCK);

	memset(row, 0, sizeof(*row));
	row->pid = from->pid;
	/* Kernel threads cannot be recognised by pid: in a pid namespace, 2 is any
	 * process. */
	if (source_is_self(row->pid) ||
	    proc_has_ended(&(struct proc_stat){.state = from->state,
					       .threads = from->threads}) ||
	    (from->flags & PROC_PF_KTHREAD))
		return false;
	row->tasks = from->threads;
	row->rss_bytes = (int64_t)from->rss_bytes;
	row->cpu_percent = -1;
	if (list->sampled_before && elapsed_s > 0.05 && hz > 0)
		row->cpu_percent = 100.0 * (double)from->used_ticks / hz / elapsed_s;
	if (row->cpu_percent > 100.0 * 4096)
		row->cpu_percent = -1;
	row->user = copy_text(list, from->user, sizeof(from->user));
	row->name = copy_text(list, from->name, sizeof(from->name));
	row->command = copy_command(list, row->pid, row->name);
	row->allowed = may_watch(row->pid);
	row->source = "-";
	if (row->allowed && list->fits)
		row->source = fits_of(list->fits, row->pid, from->began_ticks);
	if (!row->source)
		row->source = "?";
	return true;
}

struct pages *source_processes_pages(struct processes *list)
{
	return list->pages;
}

static int compare_rows(const void *a, const void *b)
{
	const struct process_row *left = a;
	const struct process_row *right = b;

	return (left->pid > right->pid) - (left->pid < right->pid);
}

int source_processes(struct processes *list, const struct process_row **rows,
		     size_t *count, struct err *e)
{
	const struct scanned_process *scanned;
	size_t total;
	int rc = process_scan_take(list->scan, &scanned, &total, e);
	int64_t now_ns = clock_mono_ns();
	double elapsed_s = (double)(now_ns - list->sampled_at_ns) / 1e9;

	*rows = NULL;
	*count = 0;
	if (rc != 0)
		return rc;
	arena_release(&list->texts);
	arena_init(&list->texts, 64u << 20);
	if (!array_reserve(&list->rows, &list->capacity, total))
		return err_set(e, ERR_NOMEM, "no memory for %zu processes", total);
	if (list->fits)
		fits_begin(list->fits, list->budget_ns);
	for (size_t i = 0; i < total; i++)
		*count += fill_row(list, &scanned[i], elapsed_s, &list->rows[*count]);
	if (list->fits)
		fits_end(list->fits);
	if (*count)
		qsort(list->rows, *count, sizeof(*list->rows), compare_rows);
	list->sampled_at_ns = now_ns;
	list->sampled_before = true;
	*rows = list->rows;
	return 0;
}
