/* SPDX-License-Identifier: MIT */
/* The list of processes by libproc2, which also keeps the ticks of the pass before. */
#include <libproc2/pids.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "source/process_scan.h"

enum item {
	ITEM_PID,
	ITEM_FLAGS,
	ITEM_BEGAN,
	ITEM_STATE,
	ITEM_USER,
	ITEM_NAME,
	ITEM_THREADS,
	ITEM_RSS,
	ITEM_TICKS,
	ITEM_COUNT,
};

static const enum pids_item items[ITEM_COUNT] = {
	[ITEM_PID] = PIDS_ID_PID,           [ITEM_FLAGS] = PIDS_FLAGS,
	[ITEM_BEGAN] = PIDS_TICS_BEGAN,     [ITEM_STATE] = PIDS_STATE,
	[ITEM_USER] = PIDS_ID_EUSER,        [ITEM_NAME] = PIDS_CMD,
	[ITEM_THREADS] = PIDS_NLWP,         [ITEM_RSS] = PIDS_VM_RSS,
	[ITEM_TICKS] = PIDS_TICS_ALL_DELTA,
};

struct process_scan {
	struct pids_info *info;
	struct scanned_process *rows;
	size_t capacity;
};

struct process_scan *process_scan_new(void)
{
	struct process_scan *scan = calloc(1, sizeof(*scan));
	enum pids_item wanted[ITEM_COUNT];

	if (!scan)
		return NULL;
	memcpy(wanted, items, sizeof(wanted));
	if (procps_pids_new(&scan->info, wanted, ITEM_COUNT) < 0) {
		free(scan);
		return NULL;
	}
	return scan;
}

void process_scan_free(struct process_scan *scan)
{
	if (!scan)
		return;
	procps_pids_unref(&scan->info);
	free(scan->rows);
	free(scan);
}

static void fill(const struct pids_stack *stack, struct scanned_process *row)
{
	const struct pids_result *value = stack->head;
	const char *user = value[ITEM_USER].result.str;
	const char *name = value[ITEM_NAME].result.str;
	int used = value[ITEM_TICKS].result.s_int;

	row->pid = value[ITEM_PID].result.s_int;
	row->threads = value[ITEM_THREADS].result.s_int;
	row->state = value[ITEM_STATE].result.s_ch;
	row->flags = value[ITEM_FLAGS].result.ul_int;
	row->began_ticks = value[ITEM_BEGAN].result.ull_int;
	row->rss_bytes = (uint64_t)value[ITEM_RSS].result.ul_int * 1024;
	row->used_ticks = used > 0 ? (uint64_t)used : 0;
	snprintf(row->user, sizeof(row->user), "%s", user ? user : "");
	snprintf(row->name, sizeof(row->name), "%s", name ? name : "");
}

int process_scan_take(struct process_scan *scan, const struct scanned_process **rows,
		      size_t *count, struct err *e)
{
	struct pids_fetch *fetch = procps_pids_reap(scan->info, PIDS_FETCH_TASKS_ONLY);
	size_t total;

	*rows = NULL;
	*count = 0;
	if (!fetch)
		return err_set(e, ERR_SYS,
			       "cannot read the list of processes from /proc");
	total = fetch->counts->total > 0 ? (size_t)fetch->counts->total : 0;
	if (!array_reserve(&scan->rows, &scan->capacity, total))
		return err_set(e, ERR_NOMEM, "no memory for %zu processes", total);
	for (size_t i = 0; i < total; i++)
		fill(fetch->stacks[i], &scan->rows[i]);
	*rows = scan->rows;
	*count = total;
	return 0;
}
