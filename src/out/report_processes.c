/* SPDX-License-Identifier: MIT */
/* The processes of a target that is several, over the time of a report: which appeared and
 * ended, and what moved in each. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/figures.h"
#include "out/report.h"

const enum figure_id report_process_figures[REPORT_PROCESS_FIGURES] = {
	FIGURE_TASKS,     FIGURE_THREADS, FIGURE_RSS,      FIGURE_FDS,
	FIGURE_GO_TIMERS, FIGURE_GO_LIVE, FIGURE_GO_STACKS};

static struct report_process *find_process(struct report_history *history,
					   const struct member_process *member)
{
	for (size_t i = 0; i < history->nr_processes; i++) {
		struct report_process *process = &history->processes[i];

		if (process->pid == member->pid &&
		    (process->start_real_ns == member->start_real_ns ||
		     process->start_real_ns == 0 || member->start_real_ns == 0))
			return process;
	}
	return NULL;
}

/* Returns the one of those that have ended that was there for the shortest time, or NULL. */
static struct report_process *shortest_ended(struct report_history *history)
{
	struct report_process *found = NULL;

	for (size_t i = 0; i < history->nr_processes; i++) {
		struct report_process *process = &history->processes[i];

		if (!process->here &&
		    (!found || process->last_ns - process->first_ns <
				       found->last_ns - found->first_ns))
			found = process;
	}
	return found;
}

/* Returns room for another one, or NULL if all that are listed are still there. */
static struct report_process *make_room(struct report_history *history)
{
	struct report_process *process;

	if (history->nr_processes < REPORT_PROCESSES_MAX)
		return &history->processes[history->nr_processes++];
	process = shortest_ended(history);
	if (!process) {
		history->more_processes = true;
		return NULL;
	}
	history->appeared_before += report_process_appeared(history, process);
	history->ended_before++;
	return process;
}

static struct report_process *add_process(struct report_history *history,
					  const struct member_process *member,
					  int64_t now_ns)
{
	struct report_process *process = make_room(history);

	if (!process)
		return NULL;
	memset(process, 0, sizeof(*process));
	process->pid = member->pid;
	snprintf(process->name, sizeof(process->name), "%s", member->name);
	process->first_ns = now_ns;
	for (int i = 0; i < REPORT_PROCESS_FIGURES; i++)
		process->first[i] = process->last[i] = -1;
	return process;
}

static void note_process(struct report_process *process,
			 const struct member_process *member, int64_t now_ns)
{
	process->here = true;
	process->gone_ns = 0;
	process->last_ns = now_ns;
	if (member->start_real_ns > 0)
		process->start_real_ns = member->start_real_ns;
	snprintf(process->trouble, sizeof(process->trouble), "%s",
		 member->trouble ? member->trouble : "");
	process->nr_tasks = member->tasks;
	process->stuck = member->stuck;
	process->is_long = member->is_long;
	process->limit = member->resources.limits[LIMIT_FDS];
	for (int i = 0; i < REPORT_PROCESS_FIGURES; i++) {
		double value = figure_of_member(report_process_figures[i], member);

		if (value >= 0 && process->first[i] < 0)
			process->first[i] = value;
		if (value >= 0)
			process->last[i] = value;
	}
}

void report_processes_note(struct report_history *history,
			   const struct snapshot *snapshot)
{
	struct report_process *process;

	if (history->first_ns == 0)
		history->first_ns = snapshot->mono_ns;
	history->last_ns = snapshot->mono_ns;
	history->processes_here = snapshot->nr_members;
	for (size_t i = 0; i < history->nr_processes; i++)
		history->processes[i].here = false;
	/* Those that are known come first, so that none of them makes room for a new one. */
	for (size_t i = 0; i < snapshot->nr_members; i++) {
		process = find_process(history, &snapshot->members[i]);
		if (process)
			note_process(process, &snapshot->members[i], snapshot->mono_ns);
	}
	for (size_t i = 0; i < history->nr_processes; i++)
		if (!history->processes[i].here && history->processes[i].gone_ns == 0)
			history->processes[i].gone_ns = snapshot->mono_ns;
	for (size_t i = 0; i < snapshot->nr_members; i++) {
		const struct member_process *member = &snapshot->members[i];

		if (find_process(history, member))
			continue;
		process = add_process(history, member, snapshot->mono_ns);
		if (process)
			note_process(process, member, snapshot->mono_ns);
	}
}

bool report_process_appeared(const struct report_history *history,
			     const struct report_process *process)
{
	return process->first_ns > history->first_ns;
}

const char *report_processes_text(const struct report_history *history,
				  char out[REPORT_LINE_MAX])
{
	const char *least = history->more_processes ? "at least " : "";
	size_t here = history->processes_here, used;
	size_t appeared = history->appeared_before, ended = history->ended_before;

	for (size_t i = 0; i < history->nr_processes; i++) {
		appeared += report_process_appeared(history, &history->processes[i]);
		ended += !history->processes[i].here;
	}
	used = (size_t)snprintf(out, REPORT_LINE_MAX, "%zu %s at the end", here,
				here == 1 ? "process" : "processes");
	if (appeared > 0)
		used += (size_t)snprintf(out + used, REPORT_LINE_MAX - used,
					 ", %s%zu appeared", least, appeared);
	if (ended > 0)
		used += (size_t)snprintf(out + used, REPORT_LINE_MAX - used,
					 ", %s%zu ended", least, ended);
	if (history->more_processes || history->ended_before > 0)
		snprintf(out + used, REPORT_LINE_MAX - used,
			 "; there were more than are listed.");
	else
		snprintf(out + used, REPORT_LINE_MAX - used, ".");
	return out;
}

/* Appends the figures that moved. The first one is the number of tasks. */
static size_t put_moved(const struct report_process *process, char *out, size_t used)
{
	char text[REPORT_FIGURE_MAX];

	for (int i = 0; i < REPORT_PROCESS_FIGURES; i++)
		if (process->first[i] >= 0 &&
		    strstr(report_figure_text(report_process_figures[i],
					      process->first[i], process->last[i], text),
			   " to "))
			used += (size_t)snprintf(out + used, REPORT_LINE_MAX - used,
						 ", %s", text);
	return used;
}

static size_t put_span(const struct report_history *history,
		       const struct report_process *process, char *out, size_t used)
{
	char span[CLOCK_DURATION_MAX];

	if (report_process_appeared(history, process))
		used += (size_t)snprintf(
			out + used, REPORT_LINE_MAX - used, "; appeared after %s",
			clock_format_duration(process->first_ns - history->first_ns,
					      span));
	if (!process->here)
		used += (size_t)snprintf(
			out + used, REPORT_LINE_MAX - used, "; ended after %s",
			clock_format_duration(process->gone_ns - history->first_ns,
					      span));
	return used;
}

const char *report_process_text(const struct report_history *history,
				const struct report_process *process,
				char out[REPORT_LINE_MAX])
{
	char counts[REPORT_COUNTS_MAX];
	size_t used = (size_t)snprintf(out, REPORT_LINE_MAX, "%.60s %d", process->name,
				       (int)process->pid);

	if (process->trouble[0]) {
		used += (size_t)snprintf(out + used, REPORT_LINE_MAX - used,
					 " cannot be read: %.200s", process->trouble);
		put_span(history, process, out, used);
		return out;
	}
	used += (size_t)snprintf(out + used, REPORT_LINE_MAX - used, ": %s",
				 report_counts_text(process->nr_tasks, process->stuck,
						    process->is_long, counts));
	used = put_moved(process, out, used);
	if (process->here && limit_share(&process->limit) >= LIMIT_NEAR)
		used += (size_t)snprintf(out + used, REPORT_LINE_MAX - used,
					 "; fds %" PRId64 " of the %" PRId64
					 " that it may open",
					 process->limit.used, process->limit.most);
	put_span(history, process, out, used);
	return out;
}
