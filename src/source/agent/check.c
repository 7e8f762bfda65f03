/* SPDX-License-Identifier: MIT */
/*
 * Asks the kernel what the slots do not tell, each within a time budget, so that ten
 * thousand threads cost no more than a few: threads without a slot, threads that seem to
 * run, waits that are about to be called stuck, names and CPU time.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/order.h"
#include "source/agent/private.h"

/* Listing the threads may take one part in this many of the time. */
#define LIST_SHARE     20
#define LIST_EVERY_NS  (5 * CLOCK_SECOND_NS)

#define CHECK_FIRST_NS (6 * CLOCK_MS_NS) /* waits that were never checked */
#define CHECK_AGAIN_NS (CLOCK_MS_NS / 3) /* … that were checked before */
#define CHECK_RUNNING_NS                                                                 \
	(3 * CLOCK_MS_NS) /* threads that seem to run, or are contradicted */
#define CHECK_ALL_NS    (5 * CLOCK_SECOND_NS) /* for a single snapshot */
#define CHECK_AGE_NS    (500 * CLOCK_MS_NS)   /* minimum age of a wait to be checked */

#define NAMES_FIRST_NS  (80 * CLOCK_MS_NS)
#define NAMES_BUDGET_NS (CLOCK_MS_NS / 5)
#define NAMES_PER_POLL  500u /* rows per poll once all have a name */
#define NAME_NEW_NS     (CLOCK_SECOND_NS / 2)
#define NAME_KEPT_NS    (20 * CLOCK_SECOND_NS)
#define CPU_BUDGET_NS   (CLOCK_MS_NS / 2)

struct claim {
	pid_t tid;
	uint32_t row;
	uint64_t serial;
};

static int compare_claims(const void *a, const void *b)
{
	const struct claim *left = a;
	const struct claim *right = b;

	if (left->tid != right->tid)
		return left->tid < right->tid ? -1 : 1;
	/* The newer one first: the thread belongs to it. */
	return ORDER(right->serial, left->serial);
}

static void kill_row(struct agent *agent, struct row *row)
{
	row_drop_thread(agent, row);
	rest_wake(agent, row_index(agent, row));
	row->dead = true;
	if (agent->nr_threads)
		agent->nr_threads--;
}

/* Merges rows of threads and the kernel's threads, both sorted by tid. A row without a
 * thread is dead; a thread without a row has no slot. */
static void match_rows_to_threads(struct agent *agent, struct claim *claims,
				  size_t nr_claims)
{
	size_t at = 0;

	agent->nr_others = 0;
	for (size_t i = 0; i < agent->nr_tids; i++) {
		pid_t tid = agent->tids[i];
		bool taken = false;

		while (at < nr_claims && claims[at].tid < tid)
			kill_row(agent, &agent->rows[claims[at++].row]);
		for (; at < nr_claims && claims[at].tid == tid; at++) {
			if (taken)
				kill_row(agent, &agent->rows[claims[at].row]);
			taken = true;
		}
		if (!taken)
			agent->tids[agent->nr_others++] = tid;
	}
	while (at < nr_claims)
		kill_row(agent, &agent->rows[claims[at++].row]);
	if (!array_reserve(&agent->others, &agent->cap_others, agent->nr_others)) {
		agent->nr_others = 0;
		return;
	}
	/* The list is sorted by now; its head contains the threads without a row. */
	if (agent->nr_others)
		memcpy(agent->others, agent->tids, agent->nr_others * sizeof(pid_t));
}

/* Drops records of threads that are no longer among those without a slot. */
static void drop_unlisted(struct agent *agent)
{
	struct thread *next;

	for (struct thread *thread = agent->threads.threads; thread; thread = next) {
		next = thread->hh.next;
		if (!thread->claimed &&
		    (!agent->nr_others ||
		     !bsearch(&thread->tid, agent->others, agent->nr_others,
			      sizeof(pid_t), order_pid)))
			thread_drop(&agent->threads, thread);
	}
}

static void read_thread_list(struct agent *agent)
{
	int64_t begin_ns = clock_mono_ns();
	ssize_t count =
		process_threads(&agent->kernel.process, &agent->tids, &agent->cap_tids);
	struct claim *claims;
	size_t nr_claims = 0;

	agent->listed_ns = begin_ns;
	if (count < 0)
		return;
	agent->nr_tids = (size_t)count;
	qsort(agent->tids, agent->nr_tids, sizeof(pid_t), order_pid);
	claims = malloc((agent->nr_threads + 1) * sizeof(*claims));
	if (!claims)
		return;
	for (uint32_t i = 0; i < agent->nr_rows && nr_claims < agent->nr_threads; i++) {
		const struct row *row = &agent->rows[i];

		if (row->kind != WIRE_THREAD || row->dead)
			continue;
		claims[nr_claims++] = (struct claim){row->tid, i, row->more->slot.serial};
	}
	qsort(claims, nr_claims, sizeof(*claims), compare_claims);
	match_rows_to_threads(agent, claims, nr_claims);
	free(claims);
	drop_unlisted(agent);
	agent->list_cost_ns = clock_mono_ns() - begin_ns;
}

void agent_remove_other(struct agent *agent, pid_t tid)
{
	pid_t *found = agent->nr_others ? bsearch(&tid, agent->others, agent->nr_others,
						  sizeof(tid), order_pid)
					: NULL;
	struct thread *thread;

	if (!found)
		return;
	memmove(found, found + 1,
		(size_t)(agent->others + agent->nr_others - found - 1) * sizeof(*found));
	agent->nr_others--;
	HASH_FIND_INT(agent->threads.threads, &tid, thread);
	if (thread && !thread->claimed)
		thread_drop(&agent->threads, thread);
}

void agent_list_threads(struct agent *agent)
{
	int64_t threads = process_thread_count(&agent->kernel.process);
	int64_t since_ns = agent->now_ns - agent->listed_ns;
	bool differs = threads - (int64_t)agent->nr_threads != agent->unexplained;

	if (agent->listed_ns && since_ns < agent->list_cost_ns * LIST_SHARE)
		return;
	if (agent->listed_ns && !differs &&
	    since_ns < LIST_EVERY_NS + agent->list_cost_ns * 1000)
		return;
	read_thread_list(agent);
	agent->unexplained = threads - (int64_t)agent->nr_threads;
}

/* Returns true if a blocked system call is consistent with the slot. */
static bool call_agrees(const struct row_slot *slot, enum task_state kernel)
{
	enum task_class published = state_info(slot->state)->class;
	enum task_class class = state_info(kernel)->class;

	if (kernel == STATE_RUNNING)
		return false;
	/* A wait published through the API may block in any call, other waits in one of
	 * theirs. */
	if ((slot->flags & WIRE_SLOT_API) || class == CLASS_OTHER || class == CLASS_RUN ||
	    kernel == STATE_STOPPED || kernel == STATE_DISK)
		return true;
	if (published == CLASS_LOCK || published == CLASS_CHANNEL)
		return class == CLASS_LOCK || class == CLASS_CHANNEL;
	if (slot->state == STATE_DNS)
		return true;
	/* aio_suspend() waits on a futex of its own. */
	if (slot->state == STATE_POLL && slot->fd < 0 && slot->object &&
	    kernel == STATE_FUTEX)
		return true;
	return published == class;
}

enum check_result { CHECK_AGREES, CHECK_DIFFERS, CHECK_GONE, CHECK_UNKNOWN };

/* Reads the thread's system call once and compares it with the slot. */
static enum check_result check_slot(struct agent *agent, uint32_t i)
{
	struct row *row = &agent->rows[i];
	struct proc_call call;
	struct kernel_wait wait;
	int rc = process_thread_call(&agent->kernel.process, row->tid, &call);

	row->checked_ns = agent->now_ns;
	if (rc == -ENOENT || rc == -ESRCH)
		return CHECK_GONE;
	if (rc != 0)
		return CHECK_UNKNOWN;
	/* The thread continued in the meantime, which is not a contradiction. */
	if (__atomic_load_n(&region_slot(&agent->region, i)->seq, __ATOMIC_ACQUIRE) !=
	    agent->seen[i].seq)
		return CHECK_UNKNOWN;
	if (row->more->slot.state == WIRE_STATE_RUNNING)
		return call.running ? CHECK_AGREES : CHECK_DIFFERS;
	if (call.running)
		return CHECK_DIFFERS;
	agent->kernel.began_ns = slot_since_ns(agent, &row->more->slot);
	kernel_explain(&agent->kernel, row->tid, 'S', &call, &wait);
	agent->kernel.began_ns = 0;
	/* A wait that was interrupted by a stop continues as this call, which tells no
	 * more. */
	if (call.nr == SYS_restart_syscall && !wait.restarted)
		return CHECK_AGREES;
	if (!call_agrees(&row->more->slot, wait.state))
		return CHECK_DIFFERS;
	/* The agent saw the wait begin. */
	if (wait.restarted)
		wait.began_ns = slot_since_ns(agent, &row->more->slot);
	row_refine_wait(row, &wait);
	return CHECK_AGREES;
}

/* Shows the kernel's view of this thread from now on. */
static void watch_thread(struct agent *agent, struct row *row)
{
	if (!row->thread) {
		struct thread *thread = thread_get(&agent->threads, row->tid);

		/* Two slots may name one thread, until the next list tells which is
		 * valid. */
		if (!thread || thread->claimed)
			return;
		thread->claimed = true;
		row->thread = thread;
	}
	if (thread_sample(&agent->threads, row->thread) != 0)
		row_drop_thread(agent, row);
}

static void check_row(struct agent *agent, uint32_t i)
{
	struct row *row = &agent->rows[i];

	switch (check_slot(agent, i)) {
	case CHECK_GONE:
		kill_row(agent, row);
		break;
	case CHECK_DIFFERS:
		if (row->contradicted < UINT8_MAX)
			row->contradicted++;
		row->kept_generation = 0;
		row->blocked_agreed = false;
		watch_thread(agent, row);
		if (row->thread)
			thread_unwind(&agent->threads, row->thread, false);
		break;
	case CHECK_AGREES:
		row->blocked_agreed = true;
		if (row->contradicted)
			row->kept_generation = 0;
		row->contradicted = 0;
		row_drop_thread(agent, row);
		break;
	case CHECK_UNKNOWN:
		break;
	}
}

/* Returns the budget that a check of this row is charged to, or -1 if none is due. */
static int check_due(const struct agent *agent, const struct row *row)
{
	if (row->kind != WIRE_THREAD || row->dead || !row->unchanged)
		return -1;
	if (row->running || row->contradicted)
		return 2;
	if (row->blocked_agreed)
		return agent->now_ns - row->checked_ns > CHECK_REPEAT_NS ? 1 : -1;
	return row->more->slot.since_ns &&
			       agent->now_ns - slot_since_ns(agent, &row->more->slot) <
				       CHECK_AGE_NS
		       ? -1
		       : 0;
}

void agent_check_rows(struct agent *agent, bool all)
{
	int64_t left_ns[3] = {all ? CHECK_ALL_NS : CHECK_FIRST_NS, CHECK_AGAIN_NS,
			      all && agent->polls < 2 ? CHECK_ALL_NS : CHECK_RUNNING_NS};
	uint32_t start = agent->nr_rows ? agent->check_cursor % agent->nr_rows : 0;
	int64_t then_ns = clock_mono_ns();
	bool stopped = false;

	if (agent->kernel.denied)
		return;
	for (uint32_t n = 0; n < agent->nr_rows; n++) {
		uint32_t i = start + n < agent->nr_rows ? start + n
							: start + n - agent->nr_rows;
		int budget;

		if (rest_is(agent, i))
			continue;
		budget = check_due(agent, &agent->rows[i]);
		if (budget < 0)
			continue;
		if (left_ns[budget] <= 0) {
			/* Continue from the first one that had to wait. */
			if (!stopped)
				agent->check_cursor = i;
			stopped = true;
			continue;
		}
		check_row(agent, i);
		int64_t after_ns = clock_mono_ns();

		left_ns[budget] -= after_ns - then_ns;
		then_ns = after_ns;
	}
}

void agent_read_names(struct agent *agent, bool all)
{
	bool first = agent->polls < 3;
	int64_t deadline_ns = clock_mono_ns() + (first && all ? CHECK_ALL_NS
						 : first      ? NAMES_FIRST_NS
							      : NAMES_BUDGET_NS);
	uint32_t count = first || agent->nr_rows < NAMES_PER_POLL ? agent->nr_rows
								  : NAMES_PER_POLL;

	for (uint32_t n = 0; n < count; n++) {
		uint32_t i = agent->name_cursor++ % agent->nr_rows;
		struct row *row = &agent->rows[i];
		char comm[PROC_COMM_MAX];

		if (row->kind != WIRE_THREAD || row->dead ||
		    agent->now_ns < row->name_due_ns ||
		    (row->more->slot.flags & WIRE_SLOT_NAMED))
			continue;
		/* Most threads that name themselves do so when they begin. */
		row->more->name_kept_ns =
			row->name_due_ns ? row->more->name_kept_ns * 4 : NAME_NEW_NS;
		if (row->more->name_kept_ns > NAME_KEPT_NS)
			row->more->name_kept_ns = NAME_KEPT_NS;
		row->name_due_ns = agent->now_ns + row->more->name_kept_ns;
		ssize_t got = process_thread_text(&agent->kernel.process, row->tid,
						  THREAD_NAME, comm, sizeof(comm));

		/* The kernel adds a newline. */
		if (got > 0) {
			comm[got - 1] = '\0';
			if (strcmp(row->more->name, comm) != 0) {
				row->kept_generation = 0;
				rest_wake(agent, i);
			}
			snprintf(row->more->name, sizeof(row->more->name), "%.*s",
				 WIRE_NAME_BYTES, comm);
		}
		if (clock_mono_ns() > deadline_ns)
			break;
	}
}

/* Reads the CPU time of threads whose slots changed; the others are blocked and use none.
 * */
void agent_read_cpu(struct agent *agent)
{
	int64_t deadline_ns = clock_mono_ns() + CPU_BUDGET_NS;

	for (uint32_t n = 0; n < agent->nr_changed; n++) {
		uint32_t i = agent->changed[agent->cpu_cursor++ % agent->nr_changed];
		struct row *row = &agent->rows[i];
		char text[128];
		int64_t run_ns;

		if (row->dead || row->thread)
			continue;
		if (process_thread_text(&agent->kernel.process, row->tid, THREAD_TIMES,
					text, sizeof(text)) <= 0 ||
		    sscanf(text, "%" SCNd64, &run_ns) != 1)
			continue;
		int64_t elapsed_ns = agent->now_ns - row->more->run_at_ns;

		if (row->more->run_at_ns && elapsed_ns > 0 && run_ns >= row->more->run_ns)
			row->more->cpu_percent =
				(float)(100.0 * (double)(run_ns - row->more->run_ns) /
					(double)elapsed_ns);
		row->kept_generation = 0;
		row->more->run_ns = run_ns;
		row->more->run_at_ns = agent->now_ns;
		if (clock_mono_ns() > deadline_ns)
			break;
	}
}
