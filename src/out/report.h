/* SPDX-License-Identifier: MIT */
/* What was found while a target was watched: leaks with their evidence, stuck tasks,
 * deadlocks, figures. Each format is one row of report_table. */
#ifndef OUT_REPORT_H
#define OUT_REPORT_H

#include "base/buf.h"
#include "core/excerpt.h"
#include "core/figures.h"
#include "core/group.h"
#include "core/snapshot.h"

#define REPORT_LINE_MAX 600
#define REPORT_PAST_MAX 32

/* A site that was called a leak in some samples. */
struct report_past {
	char site[REPORT_LINE_MAX], evidence[2000];
	int64_t until_real_ns; /* when it was last called a leak */
	uint64_t nr_samples;
	uint32_t most;
	bool still; /* it has a verdict in the last sample */
};

#define REPORT_PROCESSES_MAX   256
#define REPORT_PROCESS_FIGURES 7

/* One process of a target that is several, from its first sample to its last. */
struct report_process {
	pid_t pid;
	int64_t start_real_ns; /* 0 if unknown */
	char name[64], trouble[256];
	int64_t first_ns, last_ns; /* its first and last sample */
	int64_t gone_ns;           /* the first sample without it; 0: it is here */
	bool here;                 /* it is in the last sample */
	uint32_t nr_tasks, stuck, is_long; /* in its last sample */
	struct limit limit;                /* of its descriptors */
	/* figures in the order of a table; -1 if unknown */
	double first[REPORT_PROCESS_FIGURES], last[REPORT_PROCESS_FIGURES];
};

struct report_history {
	struct report_past list[REPORT_PAST_MAX];
	size_t count;
	uint64_t nr_samples;
	struct report_process processes[REPORT_PROCESSES_MAX];
	size_t nr_processes;
	/* Those that were taken from the list to make room: how many appeared and ended. */
	size_t appeared_before, ended_before;
	size_t processes_here;     /* in the last sample */
	bool more_processes;       /* some could not even be counted */
	int64_t first_ns, last_ns; /* of the first and the last sample */
};

struct report_request {
	const struct snapshot *snapshot;      /* the last sample, with groups */
	const struct report_history *history; /* or NULL */
	uint64_t nr_samples;
	int64_t watched_ns;
	size_t width; /* of the terminal, to wrap text at; 0 if there is none */
	/* Reads the source lines that an HTML report shows. NULL: it shows none. */
	excerpt_read *read_code;
	bool ascii;
	bool holds; /* also say what the tasks of a leak hold, which may contain secrets */
};

struct report_ops {
	const char *name; /* what -f accepts */
	const char *summary;
	void (*write)(const struct report_request *request, struct buf *out);
};

extern const struct report_ops *const report_table[]; /* NULL-terminated */
const struct report_ops *report_by_name(const char *name);

/* Writes "send_product in chan-send at main.c:97, created by get_products at
 * main.c:175". */
const char *report_site(const struct stack *stack, const struct stack *created_by,
			enum task_state state, char out[REPORT_LINE_MAX]);
#define REPORT_COUNTS_MAX 80
/* Writes "196 tasks, 3 stuck, 1 long". All that is printed about counts uses these
 * words. */
const char *report_counts_text(uint32_t tasks, uint32_t stuck, uint32_t is_long,
			       char out[REPORT_COUNTS_MAX]);
#define REPORT_FIGURE_MAX 100
/* Writes "tasks 26 to 196", or "fds 10" if it is the same. */
const char *report_figure_text(enum figure_id id, double from, double to,
			       char out[REPORT_FIGURE_MAX]);
/* Returns the number of tasks that are now where a leak is, with those that may yet go:
 * leak->count has only those that stayed. */
uint32_t report_live_tasks(const struct snapshot *snapshot, const struct leak *leak);
#define REPORT_STAYED_MAX 48
/* Formats " (179 of them have stayed)" of those `live` tasks, or "" if all of them have. */
const char *report_stayed(const struct leak *leak, uint32_t live,
			  char out[REPORT_STAYED_MAX]);
/* Call this for every sample. */
void report_history_note(struct report_history *history, const struct snapshot *snapshot);
/* Notes the processes of a sample; report_history_note() calls it. */
void report_processes_note(struct report_history *history,
			   const struct snapshot *snapshot);
/* Returns true if the process was not there in the first sample. */
bool report_process_appeared(const struct report_history *history,
			     const struct report_process *process);
/* The figures of a process, in the order in which it keeps their values. */
extern const enum figure_id report_process_figures[REPORT_PROCESS_FIGURES];
/* Writes "6 processes at the end, 2 appeared, 1 ended." */
const char *report_processes_text(const struct report_history *history,
				  char out[REPORT_LINE_MAX]);
/* Writes "api 4711: 12 tasks, 0 stuck, 0 long, rss 40.1 to 60.3 MB; ended after 12s". */
const char *report_process_text(const struct report_history *history,
				const struct report_process *process,
				char out[REPORT_LINE_MAX]);
/* Returns true if the site was called a leak long enough to be mentioned but is not one
 * at the end. */
bool report_is_past(const struct report_history *history, const struct report_past *past);
/* Returns the number of leaks with this verdict or a worse one; without those of timers,
 * which timers_leaks() counts. */
size_t report_leaks(const struct snapshot *snapshot, enum verdict least);
/* Writes the ids of some tasks of the leak: "t12, t13, …", or "" if there are none. */
const char *report_examples(const struct snapshot *snapshot, const struct leak *leak,
			    char out[REPORT_LINE_MAX]);
/* Stores groups of equal stacks that have stuck tasks or, if is_long, long but no stuck
 * tasks; those with the most tasks come first. Returns the number stored, at most max. */
size_t report_stuck(const struct snapshot *snapshot, bool is_long,
		    const struct group **out, size_t max);
/* Returns the number of all such groups. */
size_t report_stuck_count(const struct snapshot *snapshot, bool is_long);

#endif
