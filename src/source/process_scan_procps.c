/* SPDX-License-Identifier: MIT */
/* The list of processes by libprocps of procps 3.3, where libproc2 is not available. It
 * reads one process at a time and keeps nothing between two passes, so the ticks of the
 * pass before are kept here. */
#include <proc/readproc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "source/process_scan.h"

struct seen {
	pid_t pid;
	uint64_t began_ticks, all_ticks;
};

struct process_scan {
	struct scanned_process *rows;
	size_t capacity;
	/* Of this pass, and of the one before, which is sorted by pid. */
	struct seen *seen, *before;
	size_t seen_capacity, before_capacity, nr_before;
};

/* The library reads into static buffers. */
static pthread_mutex_t library = PTHREAD_MUTEX_INITIALIZER;

struct process_scan *process_scan_new(void)
{
	return calloc(1, sizeof(struct process_scan));
}

void process_scan_free(struct process_scan *scan)
{
	if (!scan)
		return;
	free(scan->rows);
	free(scan->seen);
	free(scan->before);
	free(scan);
}

static int compare_pids(const void *a, const void *b)
{
	const struct seen *left = a, *right = b;

	return (left->pid > right->pid) - (left->pid < right->pid);
}

/* Returns the ticks since the pass before. A process that is new since then has used all
 * of them since. */
static uint64_t used_since(const struct process_scan *scan, const struct seen *now)
{
	const struct seen *before = NULL;

	if (scan->nr_before > 0)
		before = bsearch(now, scan->before, scan->nr_before, sizeof(*before),
				 compare_pids);
	if (!before || before->began_ticks != now->began_ticks)
		return now->all_ticks;
	return now->all_ticks > before->all_ticks ? now->all_ticks - before->all_ticks
						  : 0;
}

static void fill(const struct process_scan *scan, const proc_t *process,
		 struct seen *seen, struct scanned_process *row)
{
	seen->pid = process->tid;
	seen->began_ticks = process->start_time;
	seen->all_ticks = process->utime + process->stime;
	row->pid = process->tid;
	row->threads = process->nlwp;
	row->state = process->state;
	row->flags = process->flags;
	row->began_ticks = process->start_time;
	row->rss_bytes = (uint64_t)process->vm_rss * 1024;
	row->used_ticks = used_since(scan, seen);
	snprintf(row->user, sizeof(row->user), "%s", process->euser);
	snprintf(row->name, sizeof(row->name), "%s", process->cmd);
}

/* Makes what was seen in this pass what was seen before, for the next one. */
static void turn(struct process_scan *scan, size_t nr_seen)
{
	struct seen *seen = scan->seen;
	size_t capacity = scan->seen_capacity;

	if (nr_seen > 0)
		qsort(seen, nr_seen, sizeof(*seen), compare_pids);
	scan->seen = scan->before;
	scan->seen_capacity = scan->before_capacity;
	scan->before = seen;
	scan->before_capacity = capacity;
	scan->nr_before = nr_seen;
}

/* Returns the number of processes, or -1 if memory ran out. */
static ssize_t take_all(struct process_scan *scan, PROCTAB *table)
{
	proc_t process;
	size_t count = 0;
	bool room = true;

	memset(&process, 0, sizeof(process));
	/* The library frees what it has put into process in the call before, so the loop
	 * goes on to the end. */
	while (readproc(table, &process)) {
		room = room && array_reserve(&scan->rows, &scan->capacity, count + 1) &&
		       array_reserve(&scan->seen, &scan->seen_capacity, count + 1);
		if (!room)
			continue;
		fill(scan, &process, &scan->seen[count], &scan->rows[count]);
		count++;
	}
	return room ? (ssize_t)count : -1;
}

int process_scan_take(struct process_scan *scan, const struct scanned_process **rows,
		      size_t *count, struct err *e)
{
	PROCTAB *table;
	ssize_t total = 0;

	*rows = NULL;
	*count = 0;
	pthread_mutex_lock(&library);
	table = openproc(PROC_FILLSTAT | PROC_FILLSTATUS | PROC_FILLUSR);
	if (table) {
		total = take_all(scan, table);
		closeproc(table);
	}
	pthread_mutex_unlock(&library);
	if (!table)
		return err_set(e, ERR_SYS,
			       "cannot read the list of processes from /proc");
	if (total < 0)
		return err_set(e, ERR_NOMEM, "no memory for the list of processes");
	turn(scan, (size_t)total);
	*rows = scan->rows;
	*count = (size_t)total;
	return 0;
}
