/* SPDX-License-Identifier: MIT */
#include "session/members_merge.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"

#define NAME_MAX_BYTES 200u
/* Serials are written to JSON, where larger numbers are not exact everywhere. */
#define SERIAL_BITS    48

static const char *copy_text(struct snapshot *out, const char *text)
{
	const char *copy = text ? arena_strndup(&out->arena, text, strlen(text)) : NULL;

	return copy || !text ? copy : "";
}

/* The words that the user wrote. */
static void set_name(struct snapshot *out, const struct words *words)
{
	char name[NAME_MAX_BYTES] = "";
	size_t used = 0;

	for (size_t i = 0; i < words_count(words) && used < sizeof(name); i++)
		used += (size_t)snprintf(name + used, sizeof(name) - used, "%s%s",
					 i ? " " : "", words_text(words, i));
	out->target.name = copy_text(out, name);
}

/* Goroutines and coroutines are numbered by their process, so that two processes have
 * equal ids. */
static uint64_t serial_of(const struct member *member, const struct task *task)
{
	uint64_t serial;

	if (task->kind == TASK_THREAD)
		return task->serial;
	serial = hash_mix(hash_mix(task->serial, (uint64_t)member->pid),
			  member->start_ticks) &
		 ((1ull << SERIAL_BITS) - 1);
	return serial ? serial : 1;
}

/* Processes of one program have the same code at other addresses. */
static void make_alike(struct stack_table *stacks, struct arena *arena, struct task *task)
{
	const struct stack *list[SNAPSHOT_ANCESTORS_MAX];
	const struct ancestry *ancestry = task_more(task)->ancestry;

	task->stack = stack_alike(stacks, task->stack);
	task->created_by = stack_alike(stacks, task->created_by);
	if (!ancestry)
		return;
	for (size_t i = 0; i < ancestry->nr; i++)
		list[i] = stack_alike(stacks, ancestry->stacks[i]);
	ancestry = stack_intern_ancestry(stacks, list, ancestry->nr);
	if (ancestry)
		task_edit(task, arena)->ancestry = ancestry;
}

static int add_tasks(struct snapshot *out, struct stack_table *stacks,
		     const struct member *member, struct err *e)
{
	const struct snapshot *part = member->part;

	for (size_t i = 0; i < part->nr_tasks; i++) {
		struct task *task = snapshot_add(out);

		if (!task)
			return err_set(e, ERR_NOMEM, "no memory for %zu tasks",
				       out->nr_tasks + part->nr_tasks - i);
		*task = part->tasks[i];
		task->pid = member->pid;
		task->serial = serial_of(member, task);
		make_alike(stacks, &out->arena, task);
	}
	return 0;
}

/* The one row of a process that cannot be read. */
static int add_unread(struct snapshot *out, const struct member *member,
		      const char *trouble, struct err *e)
{
	struct task *task = snapshot_add(out);

	if (!task)
		return err_set(e, ERR_NOMEM, "no memory for %zu tasks", out->nr_tasks);
	task->kind = TASK_THREAD;
	task->id = (uint64_t)member->pid;
	task->pid = task->tid = member->pid;
	task->serial = member->start_ticks;
	task->state = STATE_UNKNOWN;
	task->name = member->name;
	task->waits.kind = "process";
	task->waits.text = trouble;
	return 0;
}

static void add_number(int64_t *sum, int64_t value)
{
	if (value < 0)
		return;
	if (*sum < 0)
		*sum = 0;
	if (__builtin_add_overflow(*sum, value, sum))
		*sum = INT64_MAX;
}

/* Limits are of each process or of a cgroup: the one that is used most is shown. */
static void add_resources(struct resources *sum, const struct resources *one)
{
	add_number(&sum->rss_bytes, one->rss_bytes);
	add_number(&sum->threads, one->threads);
	add_number(&sum->fds, one->fds);
	add_number(&sum->children, one->children);
	add_number(&sum->posix_timers, one->posix_timers);
	add_number(&sum->inotify_watches, one->inotify_watches);
	for (int i = 0; i < FD_KIND_COUNT; i++)
		add_number(&sum->by_kind[i], one->by_kind[i]);
	for (int i = 0; i < SOCKET_STATE_COUNT; i++)
		add_number(&sum->by_socket[i], one->by_socket[i]);
	for (int i = 0; i < LIMIT_COUNT; i++)
		if (limit_share(&one->limits[i]) > limit_share(&sum->limits[i]))
			sum->limits[i] = one->limits[i];
	if (one->cpu_percent >= 0)
		sum->cpu_percent =
			(sum->cpu_percent > 0 ? sum->cpu_percent : 0) + one->cpu_percent;
}

static void add_proving(struct proving *sum, const struct proving *one)
{
	if (!one->possible)
		return;
	sum->possible = true;
	/* The one that has the longest to go. */
	if (sum->state == PROVING_NONE || one->state == PROVING_RUNNING) {
		if (sum->state != PROVING_RUNNING || one->percent < sum->percent)
			sum->percent = one->percent;
		sum->state = one->state;
	}
	if (sum->why == NULL)
		sum->why = one->why;
	if (one->passes > sum->passes)
		sum->passes = one->passes;
	if (one->took_ns > sum->took_ns)
		sum->took_ns = one->took_ns;
	sum->judged += one->judged;
	sum->proven += one->proven;
	sum->changed += one->changed;
	sum->heap_bytes += one->heap_bytes;
}

/* A sentence that does not name the process gets its id. */
static void add_notes(struct snapshot *out, const struct member *member)
{
	const struct snapshot *part = member->part;
	char pid[24];

	snprintf(pid, sizeof(pid), "%d", (int)member->pid);
	for (size_t i = 0; i < part->nr_notes; i++)
		if (strstr(part->notes[i], pid))
			snapshot_note(out, "%s", part->notes[i]);
		else
			snapshot_note(out, "%s %s: %s", member->name, pid,
				      part->notes[i]);
}

/* "agent, native" of all of them. */
static void add_sources(struct snapshot *out, const char *sources)
{
	while (*sources) {
		size_t bytes = strcspn(sources, ",");
		const char *was = out->target.sources;
		char word[64];
		const char *text;

		snprintf(word, sizeof(word), "%.*s", (int)bytes, sources);
		if (!strstr(was, word)) {
			text = arena_printf(&out->arena, "%s%s%s", was, *was ? ", " : "",
					    word);
			out->target.sources = text ? text : was;
		}
		sources += bytes + strspn(sources + bytes, ", ");
	}
}

static void add_process(struct snapshot *out, struct member_process *process,
			const struct member *member, const char *trouble)
{
	const struct snapshot *part = member->part;

	process->pid = member->pid;
	process->name = member->name;
	process->sources = part && !trouble ? part->target.sources : "";
	process->trouble = trouble;
	resources_init(&process->resources);
	if (!part)
		return;
	process->runtime = part->target.runtime;
	process->start_real_ns = part->target.start_real_ns;
	process->resources = part->resources;
	process->timers = part->timers;
	if (part->mono_ns > out->mono_ns)
		out->mono_ns = part->mono_ns;
	out->partial |= part->partial;
	out->dropped += part->dropped;
	add_resources(&out->resources, &part->resources);
	add_proving(&out->proving, &part->proving);
	if (!trouble)
		add_notes(out, member);
	add_sources(out, process->sources);
	/* One version if all have the same. */
	if (process->runtime &&
	    (out->nr_members == 0 ||
	     (out->target.runtime && strcmp(out->target.runtime, process->runtime) == 0)))
		out->target.runtime = process->runtime;
	else
		out->target.runtime = NULL;
}

static int add_member(struct snapshot *out, struct stack_table *stacks,
		      const struct member *member, struct err *e)
{
	struct member_process *process = &out->members[out->nr_members];
	const char *trouble = NULL;

	if (member->trouble[0])
		trouble = copy_text(out, member->trouble);
	if (member->part)
		snapshot_adopt_texts(out, member->part);
	add_process(out, process, member, trouble);
	out->nr_members++;
	if (trouble)
		return add_unread(out, member, trouble, e);
	return member->part ? add_tasks(out, stacks, member, e) : 0;
}

int members_merge(const struct words *words, struct stack_table *stacks,
		  struct member *const *list, size_t nr, struct snapshot **snapshot,
		  struct err *e)
{
	struct snapshot *out = snapshot_new();
	size_t tasks = nr;
	int rc = 0;

	*snapshot = out;
	if (out)
		out->members = arena_alloc(&out->arena, (nr + 1) * sizeof(*out->members));
	if (!out || !out->members) {
		snapshot_unref(out);
		*snapshot = NULL;
		return err_set(e, ERR_NOMEM, "out of memory: cannot take a snapshot");
	}
	set_name(out, words);
	for (size_t i = 0; i < nr; i++)
		tasks += list[i]->part ? list[i]->part->nr_tasks : 0;
	snapshot_reserve(out, tasks + 16);
	out->mono_ns = nr ? 0 : clock_mono_ns();
	for (size_t i = 0; i < nr && rc == 0; i++)
		if (!list[i]->gone)
			rc = add_member(out, stacks, list[i], e);
	if (out->mono_ns == 0)
		out->mono_ns = clock_mono_ns();
	out->real_ns = clock_real_ns();
	if (rc != 0) {
		snapshot_unref(out);
		*snapshot = NULL;
	}
	return rc;
}
