/* SPDX-License-Identifier: MIT */
/* The memory of a snapshot, and properties of a single task of it. */
#include "core/snapshot.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ahead.h"
#include "base/array.h"
#include "base/number.h"
#include "base/text.h"
#include "core/texts.h"

/* Limit for the texts, labels and notes of one sample. Beyond it they are dropped. */
#define SNAPSHOT_ARENA_BYTES (512u << 20)
#define SNAPSHOT_TASKS_FIRST 64u
#define SNAPSHOT_NOTES_MAX   16u
#define SNAPSHOT_NOTE_BYTES  400u
#define SPARE_LEAST          1024u /* in tasks */
#define SPARE_TIMES          4u    /* maximum ratio by which it may be too large */

/* The task array of the last snapshot that was freed, for the next one. Allocating fresh
 * memory for a hundred thousand rows takes the kernel longer than reading them takes this
 * program. */
static struct {
	pthread_mutex_t lock;
	struct task *tasks;
	size_t capacity;
} spare = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void spare_put(struct task *tasks, size_t capacity)
{
	struct task *old = tasks;

	if (capacity >= SPARE_LEAST) {
		pthread_mutex_lock(&spare.lock);
		old = spare.tasks;
		spare.tasks = tasks;
		spare.capacity = capacity;
		pthread_mutex_unlock(&spare.lock);
	}
	free(old);
}

/* Returns NULL if there is none of a suitable size. */
static struct task *spare_take(size_t least, size_t *capacity)
{
	struct task *tasks = NULL, *misfit = NULL;

	if (least < SPARE_LEAST)
		return NULL;
	pthread_mutex_lock(&spare.lock);
	if (spare.capacity < least || spare.capacity / SPARE_TIMES > least) {
		misfit = spare.tasks;
	} else {
		tasks = spare.tasks;
		*capacity = spare.capacity;
	}
	spare.tasks = NULL;
	spare.capacity = 0;
	pthread_mutex_unlock(&spare.lock);
	free(misfit);
	return tasks;
}

static uint64_t last_number;

struct snapshot *snapshot_new(void)
{
	struct snapshot *snapshot = calloc(1, sizeof(*snapshot));

	if (!snapshot)
		return NULL;
	arena_init(&snapshot->arena, SNAPSHOT_ARENA_BYTES);
	snapshot->refs = 1;
	snapshot->number = __atomic_add_fetch(&last_number, 1, __ATOMIC_RELAXED);
	snapshot->target.name = "";
	snapshot->target.sources = "";
	resources_init(&snapshot->resources);
	return snapshot;
}

struct snapshot *snapshot_ref(struct snapshot *snapshot)
{
	__atomic_fetch_add(&snapshot->refs, 1, __ATOMIC_RELAXED);
	return snapshot;
}

void snapshot_unref(struct snapshot *snapshot)
{
	/* Acquire and release: the thread that frees the snapshot sees the last reads of
	 * all others. */
	if (!snapshot || __atomic_sub_fetch(&snapshot->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	for (struct snapshot_texts *at = snapshot->texts; at; at = at->next)
		texts_unref(at->texts);
	arena_release(&snapshot->arena);
	fill_end(&snapshot->fill);
	spare_put(snapshot->tasks, snapshot->cap_tasks);
	free(snapshot);
}

void snapshot_adopt_texts(struct snapshot *out, struct snapshot *from)
{
	struct snapshot_texts **end = &out->texts;

	while (*end)
		end = &(*end)->next;
	*end = from->texts;
	from->texts = NULL;
	arena_adopt(&out->arena, &from->arena);
}

bool snapshot_reserve(struct snapshot *snapshot, size_t capacity)
{
	struct task *tasks;

	if (capacity > SNAPSHOT_TASKS_MAX)
		capacity = SNAPSHOT_TASKS_MAX;
	if (capacity <= snapshot->cap_tasks)
		return snapshot->nr_tasks < snapshot->cap_tasks;
	if (snapshot->tasks) {
		fill_end(&snapshot->fill);
		return array_resize(&snapshot->tasks, &snapshot->cap_tasks, capacity);
	}
	tasks = spare_take(capacity, &capacity);
	if (!tasks) {
		if (!array_reserve_lines(&snapshot->tasks, &snapshot->cap_tasks,
					 capacity))
			return false;
		fill_begin(&snapshot->fill, snapshot->tasks,
			   capacity * sizeof(*snapshot->tasks));
		return true;
	}
	snapshot->tasks = tasks;
	snapshot->cap_tasks = capacity;
	return true;
}

static struct task *add_unset(struct snapshot *snapshot)
{
	if (snapshot->nr_tasks == snapshot->cap_tasks &&
	    !snapshot_reserve(snapshot, snapshot->cap_tasks ? snapshot->cap_tasks * 2
							    : SNAPSHOT_TASKS_FIRST))
		return NULL;
	return &snapshot->tasks[snapshot->nr_tasks++];
}

struct task *snapshot_add(struct snapshot *snapshot)
{
	struct task *task = add_unset(snapshot);

	if (!task)
		return NULL;
	ahead_bring(snapshot->tasks, sizeof(*task), snapshot->nr_tasks,
		    snapshot->cap_tasks, sizeof(*task));
	memset(task, 0, sizeof(*task));
	task->name = "";
	task->cpu_percent = -1;
	task->waits.fd = -1;
	return task;
}

struct task *snapshot_add_copy(struct snapshot *snapshot, const struct task *task)
{
	struct task *copy = add_unset(snapshot);

	if (copy)
		*copy = *task;
	return copy;
}

bool snapshot_add_copies(struct snapshot *snapshot, const struct task *tasks, size_t nr)
{
	size_t room = snapshot->cap_tasks - snapshot->nr_tasks;

	if (nr > room && (snapshot->nr_tasks + nr > SNAPSHOT_TASKS_MAX ||
			  !snapshot_reserve(snapshot, snapshot->nr_tasks + nr)))
		return false;
	memcpy(&snapshot->tasks[snapshot->nr_tasks], tasks, nr * sizeof(*tasks));
	snapshot->nr_tasks += nr;
	return true;
}

const struct wait_more *waits_more_none(void)
{
	static const struct wait_more none;

	return &none;
}

struct wait_more *waits_edit(struct waits_on *waits, struct arena *arena)
{
	static _Thread_local struct wait_more lost;
	struct wait_more *more = arena_alloc(arena, sizeof(*more));

	if (!more)
		return &lost;
	*more = *waits_more(waits);
	waits->more = more;
	return more;
}

const struct task_more *task_more_none(void)
{
	static const struct task_more none;

	return &none;
}

struct task_more *task_edit(struct task *task, struct arena *arena)
{
	static _Thread_local struct task_more lost;
	struct task_more *more = arena_alloc(arena, sizeof(*more));

	if (!more)
		return &lost;
	*more = *task_more(task);
	task->more = more;
	return more;
}

void snapshot_note(struct snapshot *snapshot, const char *format, ...)
{
	char text[SNAPSHOT_NOTE_BYTES];
	va_list args;
	char *copy;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	for (size_t i = 0; i < snapshot->nr_notes; i++)
		if (strcmp(snapshot->notes[i], text) == 0)
			return;
	if (snapshot->nr_notes >= SNAPSHOT_NOTES_MAX)
		return;
	if (!snapshot->notes)
		snapshot->notes = arena_alloc(
			&snapshot->arena, SNAPSHOT_NOTES_MAX * sizeof(*snapshot->notes));
	copy = arena_strndup(&snapshot->arena, text, sizeof(text));
	if (snapshot->notes && copy)
		snapshot->notes[snapshot->nr_notes++] = copy;
}

bool snapshot_note_is_silence(const char *note)
{
	return text_starts_with(note, "the memory of ") &&
	       strstr(note, " does not answer");
}

bool snapshot_note_is_stop(const char *note)
{
	return text_starts_with(note, "process ") && strstr(note, " is stopped by a");
}

bool task_is_many(const struct task *task)
{
	/* Goroutines of several processes have serials too. */
	return task->kind == TASK_GOROUTINE && task->serial != 0 && task->pid == 0 &&
	       task->nr_labels > 0 && strcmp(task->labels[0].key, "goroutines") == 0;
}

uint32_t task_weight(const struct task *task)
{
	unsigned long long weight;

	if (!task_is_many(task))
		return 1;
	weight = strtoull(task->labels[0].text, NULL, 10);
	return weight < 1 ? 1 : weight > 100000000 ? 100000000 : (uint32_t)weight;
}

/* Returns the index of a process, or nr_members. */
static size_t member_index(const struct snapshot *snapshot, pid_t pid)
{
	size_t low = 0, high = snapshot->nr_members;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (snapshot->members[middle].pid == pid)
			return middle;
		if (snapshot->members[middle].pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return snapshot->nr_members;
}

const struct member_process *snapshot_member(const struct snapshot *snapshot, pid_t pid)
{
	size_t at = member_index(snapshot, pid);

	return at < snapshot->nr_members ? &snapshot->members[at] : NULL;
}

static void add_count(uint32_t *count, uint32_t weight)
{
	if (__builtin_add_overflow(*count, weight, count))
		*count = UINT32_MAX;
}

void snapshot_count_begin(struct snapshot *snapshot)
{
	memset(&snapshot->counts, 0, sizeof(snapshot->counts));
	for (size_t i = 0; i < snapshot->nr_members; i++) {
		struct member_process *member = &snapshot->members[i];

		member->tasks = member->stuck = member->is_long = 0;
	}
}

static void count_member(struct snapshot *snapshot, const struct task *task,
			 uint32_t weight)
{
	size_t at = member_index(snapshot, task->pid);
	struct member_process *member = &snapshot->members[at];

	if (at == snapshot->nr_members)
		return;
	add_count(&member->tasks, weight);
	if (task->flags & TASK_STUCK)
		add_count(&member->stuck, weight);
	else if (task->flags & TASK_LONG)
		add_count(&member->is_long, weight);
}

void snapshot_count_task(struct snapshot *snapshot, const struct task *task)
{
	struct snapshot_counts *counts = &snapshot->counts;
	unsigned int state = task->state < STATE_COUNT ? task->state : STATE_UNKNOWN;
	unsigned int class = state_info(state)->class;
	uint32_t weight = task->serial ? task_weight(task) : 1;

	add_count(&counts->tasks, weight);
	add_count(&counts->by_state[state], weight);
	add_count(&counts->by_class[class], weight);
	if (task->flags & TASK_STUCK) {
		add_count(&counts->stuck, weight);
		add_count(&counts->stuck_by_class[class], weight);
	} else if (task->flags & TASK_LONG) {
		add_count(&counts->is_long, weight);
		add_count(&counts->long_by_class[class], weight);
	}
	if (snapshot->nr_members > 0)
		count_member(snapshot, task, weight);
}

void snapshot_count(struct snapshot *snapshot)
{
	snapshot_count_begin(snapshot);
	for (size_t i = 0; i < snapshot->nr_tasks; i++)
		snapshot_count_task(snapshot, &snapshot->tasks[i]);
}

void snapshot_name_processes(struct snapshot *snapshot)
{
	const struct member_process *member;
	struct task_more *named = NULL;
	struct task plain;
	pid_t pid = 0;

	for (size_t i = 0; snapshot->nr_members > 0 && i < snapshot->nr_tasks; i++) {
		struct task *task = &snapshot->tasks[i];

		if (!named || task->pid != pid) {
			member = snapshot_member(snapshot, pid = task->pid);
			plain = (struct task){.more = NULL};
			named = task_edit(&plain, &snapshot->arena);
			named->process = member ? member->name : "";
		}
		/* Most have nothing of their own. */
		if (!task->more)
			task->more = plain.more;
		else
			task_edit(task, &snapshot->arena)->process = named->process;
	}
}

const char *task_format_short_id(const struct task *task, char out[TASK_ID_MAX])
{
	static const char kinds[] = {
		[TASK_THREAD] = 't', [TASK_GOROUTINE] = 'g', [TASK_COROUTINE] = 'c'};
	unsigned int kind = task->kind;

	out[0] = kind >= sizeof(kinds) ? '?' : task_is_many(task) ? '#' : kinds[kind];
	number_digits(task->id, out + 1);
	return out;
}

const char *task_format_id(const struct task *task, char out[TASK_ID_MAX])
{
	size_t length;

	task_format_short_id(task, out);
	if (task->pid <= 0 || task->kind == TASK_THREAD)
		return out;
	length = strlen(out);
	out[length] = '@';
	number_digits((uint64_t)task->pid, out + length + 1);
	return out;
}

const char *task_format_parent(const struct task *task, char out[TASK_ID_MAX])
{
	struct task parent = {.id = task->creator_id, .pid = task->pid};

	parent.kind = task->kind == TASK_GOROUTINE ? TASK_GOROUTINE : TASK_THREAD;
	return parent.id ? task_format_id(&parent, out) : NULL;
}

const char *task_format_owner(const struct task *task, char out[TASK_ID_MAX])
{
	struct task owner = {.id = wait_more(task)->owner_goid,
			     .kind = TASK_GOROUTINE,
			     .pid = task->pid};

	if (wait_more(task)->owner_cid)
		owner = (struct task){.id = wait_more(task)->owner_cid,
				      .kind = TASK_COROUTINE,
				      .pid = task->pid};
	if (!owner.id && task->waits.owner_tid > 0)
		owner = (struct task){.id = (uint64_t)task->waits.owner_tid};
	return owner.id ? task_format_id(&owner, out) : NULL;
}

const char *task_format_coroutine(const struct task *task, uint64_t cid,
				  char out[TASK_ID_MAX])
{
	struct task other = {.id = cid, .kind = TASK_COROUTINE, .pid = task->pid};

	return cid ? task_format_id(&other, out) : NULL;
}

const char *task_awaited_by(const struct task *task)
{
	for (size_t i = 0; task_more(task)->nr_awaiting > 0 && i < task->nr_labels; i++)
		if (strcmp(task->labels[i].key, "awaited_by") == 0)
			return task->labels[i].text;
	return NULL;
}

const char *task_format_ancestor(const struct task *task, size_t at,
				 char out[TASK_ID_MAX])
{
	const struct task_more *more = task_more(task);
	struct task child = {.kind = task->kind, .pid = task->pid};

	if (!more->ancestor_ids || !more->ancestry || at >= more->ancestry->nr)
		return NULL;
	child.creator_id = more->ancestor_ids[at];
	return task_format_parent(&child, out);
}

bool task_same_ancestors(const struct task *task, const struct task *other)
{
	const struct task_more *a = task_more(task), *b = task_more(other);

	if (a->ancestry != b->ancestry || !a->ancestor_ids || !b->ancestor_ids)
		return a->ancestry == b->ancestry && a->ancestor_ids == b->ancestor_ids;
	return !a->ancestry || memcmp(a->ancestor_ids, b->ancestor_ids,
				      a->ancestry->nr * sizeof(a->ancestor_ids[0])) == 0;
}

int64_t task_age_ns(const struct task *task, int64_t now_ns)
{
	if (task->since_ns <= 0)
		return -1;
	return now_ns > task->since_ns ? now_ns - task->since_ns : 0;
}

const struct frame *task_top_frame(const struct task *task)
{
	return stack_top_frame(task->stack);
}

const struct frame *task_creator_frame(const struct task *task)
{
	return stack_top_frame(task->created_by);
}
