/* SPDX-License-Identifier: MIT */
/* Follows waits from the target into other processes, breadth first, within the bounds of
 * holders_private.h. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/text.h"
#include "source/peers/holders_private.h"

#define WAITS_MAX        256u  /* waits per process whose other end is searched */
#define WAITS_ALL_MAX    4096u /* the same for all processes of a target that is several */
#define CHILDREN_BYTES   4096
#define CHILDREN_THREADS 256u /* threads whose children are searched */
#define CHILDREN_MAX     16u

struct holders *holders_new(void)
{
	struct holders *holders = calloc(1, sizeof(*holders));

	if (holders)
		holders->peers = peers_new();
	if (holders && !holders->peers) {
		free(holders);
		return NULL;
	}
	return holders;
}

void holders_free(struct holders *holders)
{
	if (!holders)
		return;
	peers_free(holders->peers);
	free(holders);
}

static struct wait_actors *copy_actors(struct snapshot *snapshot, const char *how,
				       const struct peers_found *found)
{
	struct wait_actors *actors;

	if (found->nr_pids == 0)
		return NULL;
	actors = arena_alloc(&snapshot->arena,
			     sizeof(*actors) + found->nr_pids * sizeof(actors->pids[0]));
	if (!actors)
		return NULL;
	actors->how = how;
	actors->tid = 0;
	actors->complete = found->complete;
	actors->nr_pids = found->nr_pids;
	memcpy(actors->pids, found->pids, found->nr_pids * sizeof(actors->pids[0]));
	return actors;
}

/* Finds all children of all threads. */
static void find_children(pid_t pid, struct peers_found *found)
{
	char text[CHILDREN_BYTES], *save = NULL;
	pid_t *tids = NULL;
	size_t capacity = 0;
	struct kernel kernel;

	found->complete = kernel_open(&kernel, pid, NULL) == 0;
	if (!found->complete)
		return;
	ssize_t count = process_threads(&kernel.process, &tids, &capacity);

	found->complete = count > 0 && count <= (ssize_t)CHILDREN_THREADS;
	for (ssize_t i = 0; i < count && i < (ssize_t)CHILDREN_THREADS; i++) {
		ssize_t got = process_thread_text(&kernel.process, tids[i],
						  THREAD_CHILDREN, text, sizeof(text));

		if (got < 0 || got + 1 >= (ssize_t)sizeof(text))
			found->complete = false;
		for (char *word = got > 0 ? strtok_r(text, " \n", &save) : NULL; word;
		     word = strtok_r(NULL, " \n", &save)) {
			if (found->nr_pids < CHILDREN_MAX)
				found->pids[found->nr_pids++] = proc_parse_pid(word);
			else
				found->complete = false;
		}
	}
	free(tids);
	kernel_close(&kernel);
}

/* Returns true for a socket whose other end is the kernel or a network interface, not a
 * process. */
static bool is_of_kernel(const char *text)
{
	return text && (strstr(text, " netlink ") || strstr(text, " packet"));
}

struct wait_actors *holders_find(struct holders *holders, struct snapshot *snapshot,
				 pid_t pid, const struct task *task)
{
	const struct waits_on *waits = &task->waits;
	struct peers_found found = {0};

	switch (task->state) {
	case STATE_WAIT_CHILD:
		if (waits_more(waits)->owner_pid > 0) {
			found.complete = true;
			found.pids[found.nr_pids++] = waits_more(waits)->owner_pid;
		} else {
			find_children(pid, &found);
		}
		return copy_actors(snapshot, "child", &found);
	case STATE_FLOCK:
		if (waits->fd < 0)
			return NULL;
		holders_of_lock(holders, pid, task, &found);
		return copy_actors(snapshot, "file lock", &found);
	case STATE_POLL:
	case STATE_IO_READ:
	case STATE_IO_WRITE:
		if (waits->fd < 0 ||
		    (task->state == STATE_POLL && waits->reads == waits->writes) ||
		    is_of_kernel(waits->text))
			return NULL;
		holders_of_end(holders, pid, task, &found);
		/* Reads and writes of a regular file do not wait for a process. */
		if (!found.how || strcmp(found.how, "file") == 0)
			return NULL;
		return copy_actors(snapshot, found.how, &found);
	default:
		return NULL;
	}
}

static const struct other_process *process_find(const struct holders *holders, pid_t pid)
{
	for (size_t i = 0; i < holders->nr_processes; i++)
		if (holders->processes[i].pid == pid)
			return &holders->processes[i];
	return NULL;
}

bool holders_is_own(const struct snapshot *snapshot, pid_t pid)
{
	return snapshot->nr_members ? snapshot_member(snapshot, pid) != NULL
				    : pid == snapshot->target.pid;
}

static void process_add(struct holders *holders, struct snapshot *snapshot, pid_t pid)
{
	if (pid <= 0 || holders_is_own(snapshot, pid) || process_find(holders, pid) ||
	    holders->nr_processes == HOLDERS_PROCESSES)
		return;
	if (!holders->processes)
		holders->processes =
			arena_alloc(&snapshot->arena,
				    HOLDERS_PROCESSES * sizeof(*holders->processes));
	if (!holders->processes)
		return;
	holders->processes[holders->nr_processes++] =
		(struct other_process){.pid = pid, .name = ""};
}

/* Finds the processes that could end the wait of this task of process pid, and follows
 * those too. */
static void follow_wait(struct holders *holders, struct snapshot *snapshot, pid_t pid,
			struct task *task)
{
	struct waits_on *waits = &task->waits;
	const struct wait_actors *actors = waits_more(waits)->actors;
	struct wait_more *more;

	if (!waits->kind || task->kind != TASK_THREAD)
		return;
	if (!waits->owner_tid)
		actors = holders_find(holders, snapshot, pid, task);
	process_add(holders, snapshot, waits_more(waits)->owner_pid);
	for (size_t i = 0; actors && i < actors->nr_pids; i++)
		process_add(holders, snapshot, actors->pids[i]);
	if (!actors)
		return;
	more = waits_edit(waits, &snapshot->arena);
	more->actors = actors;
	if (actors->pids[0] != pid)
		more->owner_pid = actors->pids[0];
}

/* Returns the time since which the thread's line has not changed. */
static int64_t waits_since(struct holders *holders, pid_t tid, uint64_t start_ticks,
			   const char *line, int64_t now_ns)
{
	const struct seen *before = holders->seen[!holders->now];
	struct seen *seen = &holders->seen[holders->now][holders->nr_seen[holders->now]];

	*seen = (struct seen){tid, start_ticks, hash_bytes(0, line, strlen(line)),
			      now_ns};
	for (size_t i = 0; i < holders->nr_seen[!holders->now]; i++)
		if (before[i].tid == tid && before[i].start_ticks == start_ticks &&
		    before[i].call == seen->call)
			seen->since_ns = before[i].since_ns;
	if (holders->nr_seen[holders->now] + 1 < HOLDERS_OTHERS)
		holders->nr_seen[holders->now]++;
	return seen->since_ns;
}

/* Returns false if the thread has ended. */
static bool read_thread(struct holders *holders, struct kernel *kernel, pid_t tid,
			struct snapshot *snapshot, struct task *task)
{
	char text[PROC_TEXT_MAX];
	struct kernel_wait wait;
	struct proc_stat stat;
	struct proc_call call;
	bool readable;

	if (process_thread_stat(&kernel->process, tid, &stat) != 0 || stat.state == 'Z' ||
	    stat.state == 'X')
		return false;
	readable = process_thread_text(&kernel->process, tid, THREAD_CALL, text,
				       sizeof(text)) > 0 &&
		   proc_parse_call(text, &call);
	if (!readable)
		text[0] = '\0';
	kernel_explain(kernel, tid, stat.state, readable ? &call : NULL, &wait);
	memset(task, 0, sizeof(*task));
	task->id = (uint64_t)tid;
	task->tid = tid;
	task->kind = TASK_THREAD;
	task->serial = stat.start_ticks;
	task->cpu_percent = -1;
	task->since_ns =
		waits_since(holders, tid, stat.start_ticks, text, snapshot->mono_ns);
	task->name = arena_strndup(&snapshot->arena, stat.comm, sizeof(stat.comm));
	if (!task->name)
		task->name = "";
	kernel_wait_to_task(&wait, snapshot, task);
	return true;
}

static void read_process(struct holders *holders, struct snapshot *snapshot,
			 struct other_process *process)
{
	struct kernel kernel;
	pid_t *tids = NULL;
	size_t capacity = 0, waits = 0;
	char *name;

	if (kernel_open(&kernel, process->pid, NULL) != 0)
		return;
	kernel.now_ns = snapshot->mono_ns;
	name = arena_strndup(&snapshot->arena, kernel.facts.comm, PROC_COMM_MAX);
	process->name = name ? name : "";
	ssize_t count = process_threads(&kernel.process, &tids, &capacity);

	process->complete = count > 0 && count <= (ssize_t)HOLDERS_THREADS;
	for (ssize_t i = 0; i < count && i < (ssize_t)HOLDERS_THREADS; i++) {
		struct other_task *other = &holders->others[holders->nr_others];

		if (!read_thread(holders, &kernel, tids[i], snapshot, &other->task))
			continue;
		other->process = process;
		holders->nr_others++;
		if (waits++ < WAITS_MAX)
			follow_wait(holders, snapshot, process->pid, &other->task);
	}
	free(tids);
	kernel_close(&kernel);
}

static bool is_named_child(const char *text)
{
	return text_starts_with(text, "child ") || text_starts_with(text, "vfork child ");
}

/* Returns "" if it is unknown. */
static const char *process_name(const struct holders *holders,
				const struct snapshot *snapshot, pid_t pid)
{
	const struct member_process *member = snapshot_member(snapshot, pid);
	const struct other_process *process = process_find(holders, pid);

	return member                        ? member->name
	       : process                     ? process->name
	       : pid == snapshot->target.pid ? snapshot->target.name
					     : "";
}

/* "fd 5 pipe:[17], with sh 901 (t903) and 2 more" */
static void name_actors(struct holders *holders, struct snapshot *snapshot, pid_t pid,
			struct task *task)
{
	/* Ours, and not complete yet. */
	struct wait_actors *actors = (struct wait_actors *)wait_more(task)->actors;
	const char *word = ", with", *name;
	char number[24], thread[24] = "", more[32] = "", *text;

	if (!actors || !task->waits.text)
		return;
	name = actors->pids[0] == pid ? "itself"
				      : process_name(holders, snapshot, actors->pids[0]);
	snprintf(number, sizeof(number), "%s%d", *name ? " " : "", (int)actors->pids[0]);
	if (strcmp(actors->how, "file lock") == 0)
		word = ", held by";
	else if (strcmp(actors->how, "child") == 0)
		word = is_named_child(task->waits.text) ? "" : ", such as";
	if (*word == '\0' || actors->pids[0] == pid)
		number[0] = '\0';
	else if (strcmp(actors->how, "pipe") == 0 || strcmp(actors->how, "socket") == 0)
		actors->tid =
			holders_end_thread(holders, snapshot, pid, task, actors->pids[0]);
	if (actors->tid)
		snprintf(thread, sizeof(thread), " (t%d)", (int)actors->tid);
	/* The waiting process is the last one. */
	size_t others = actors->nr_pids - 1;

	others -= others > 0 && actors->pids[others] == pid;
	if (others > 0)
		snprintf(more, sizeof(more), " and %zu more", others);
	text = arena_printf(&snapshot->arena, "%s%s %s%s%s%s", task->waits.text, word,
			    name, number, thread, more);
	if (text)
		task->waits.text = text;
}

static void publish_others(struct holders *holders, struct snapshot *snapshot)
{
	size_t bytes = holders->nr_others * sizeof(holders->others[0]);

	for (size_t i = 0; i < snapshot->nr_tasks; i++)
		name_actors(holders, snapshot, graph_pid(snapshot, (uint32_t)i),
			    &snapshot->tasks[i]);
	for (size_t i = 0; i < holders->nr_others; i++)
		name_actors(holders, snapshot, holders->others[i].process->pid,
			    &holders->others[i].task);
	if (holders->nr_processes == 0)
		return;
	snapshot->processes = holders->processes;
	snapshot->nr_processes = holders->nr_processes;
	snapshot->others = bytes ? arena_alloc(&snapshot->arena, bytes) : NULL;
	if (!snapshot->others)
		return;
	memcpy(snapshot->others, holders->others, bytes);
	snapshot->nr_others = holders->nr_others;
}

/* Follows the waits of the target's own tasks. Returns how many there are. */
static size_t follow_own(struct holders *holders, struct snapshot *snapshot)
{
	size_t all = 0, waits = 0;
	pid_t last = 0;

	for (size_t i = 0; i < snapshot->nr_tasks && all < WAITS_ALL_MAX; i++) {
		struct task *task = &snapshot->tasks[i];
		pid_t pid = graph_pid(snapshot, (uint32_t)i);
		bool leads_out = task->state == STATE_IO_READ ||
				 task->state == STATE_IO_WRITE || task->waits.reads ||
				 task->waits.writes || task->state == STATE_FLOCK ||
				 task->state == STATE_WAIT_CHILD;

		if (!leads_out && !wait_more(task)->owner_pid)
			continue;
		if (pid != last)
			waits = 0;
		last = pid;
		all++;
		if (waits++ < WAITS_MAX)
			follow_wait(holders, snapshot, pid, task);
	}
	return all;
}

void holders_fill(struct holders *holders, struct snapshot *snapshot)
{
	pid_t first =
		snapshot->nr_members ? snapshot->members[0].pid : snapshot->target.pid;
	size_t waits;

	if (first <= 0)
		return;
	peers_begin(holders->peers, snapshot->mono_ns);
	peers_target(holders->peers, first);
	holders->processes = NULL;
	holders->nr_processes = holders->nr_others = holders->nr_probes = 0;
	holders->nr_answers = 0;
	holders->now = !holders->now;
	holders->nr_seen[holders->now] = 0;
	waits = follow_own(holders, snapshot);
	for (size_t i = 0; i < holders->nr_processes; i++)
		read_process(holders, snapshot, &holders->processes[i]);
	if (waits > 0)
		publish_others(holders, snapshot);
}
