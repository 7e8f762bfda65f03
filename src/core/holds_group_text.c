/* SPDX-License-Identifier: MIT */
/* Which tasks of a snapshot are compared, and the result as sentences. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/holds_group.h"

bool holds_who_has(struct holds_who who, const struct task *task)
{
	return who.group ? group_has(who.group, task) : leak_has(who.leak, task);
}

/* Counts the tasks outside that were taken, by their stacks. */
struct outside {
	const struct stack *stacks[HOLDS_OUTSIDE_MAX];
	unsigned counts[HOLDS_OUTSIDE_MAX];
	size_t nr_stacks, nr;
};

static bool take_outside(struct outside *outside, const struct stack *stack)
{
	size_t at = 0;

	if (outside->nr == HOLDS_OUTSIDE_MAX)
		return false;
	while (at < outside->nr_stacks && outside->stacks[at] != stack)
		at++;
	if (at == outside->nr_stacks) {
		outside->stacks[at] = stack;
		outside->counts[at] = 0;
		outside->nr_stacks++;
	}
	if (outside->counts[at] == HOLDS_OUTSIDE_STACK)
		return false;
	outside->counts[at]++;
	outside->nr++;
	return true;
}

/* Equal addresses in two processes are not the same object. */
static const struct holds *of_process(const struct task *task, struct arena *arena)
{
	struct holds *copy = task->pid > 0 ? arena_alloc(arena, sizeof(*copy)) : NULL;

	if (!copy)
		return task_more(task)->holds;
	*copy = *task_more(task)->holds;
	copy->pid = task->pid;
	return copy;
}

const struct holds_group *holds_group_of(const struct snapshot *snapshot,
					 struct holds_who who, struct arena *arena)
{
	const struct holds **members = calloc(HOLDS_TASKS_MAX, sizeof(*members));
	const struct holds *others[HOLDS_OUTSIDE_MAX];
	const struct holds_group *group = NULL;
	struct outside outside = {.nr = 0};
	size_t nr_members = 0;

	if (!members)
		return NULL;
	for (size_t i = 0; i < snapshot->nr_tasks; i++) {
		const struct task *task = &snapshot->tasks[i];

		if (!task_more(task)->holds)
			continue;
		if (!holds_who_has(who, task)) {
			if (take_outside(&outside, task->stack))
				others[outside.nr - 1] = of_process(task, arena);
		} else if (nr_members < HOLDS_TASKS_MAX) {
			members[nr_members++] = of_process(task, arena);
		}
	}
	if (nr_members > 0)
		group = holds_group_find(members, nr_members, others, outside.nr, arena);
	free(members);
	return group;
}

static int by_count(const void *left, const void *right)
{
	const struct group *a = *(const struct group *const *)left;
	const struct group *b = *(const struct group *const *)right;

	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return a->serial < b->serial ? -1 : a->serial > b->serial;
}

static bool has_any(const struct group *group, const struct snapshot *snapshot,
		    const uint32_t *tasks, size_t nr_tasks)
{
	struct holds_who who = {.group = group};

	for (size_t i = 0; i < nr_tasks; i++)
		if (holds_who_has(who, &snapshot->tasks[tasks[i]]))
			return true;
	return false;
}

/* Returns the number of the shown tasks that have holds, whose indexes it stores. */
static size_t take_read(const struct snapshot *snapshot, const uint32_t *shown,
			size_t nr_shown, uint32_t out[HOLDS_TASKS_MAX])
{
	size_t nr = 0;

	for (size_t i = 0; i < nr_shown && nr < HOLDS_TASKS_MAX; i++)
		if (task_more(&snapshot->tasks[shown[i]])->holds)
			out[nr++] = shown[i];
	return nr;
}

size_t holds_of_groups(const struct snapshot *snapshot, const uint32_t *shown,
		       size_t nr_shown, struct holds_of_group out[HOLDS_GROUPS_MAX],
		       struct arena *arena)
{
	const struct groups *groups = snapshot->groups;
	size_t count = groups ? groups->count[GROUP_STACK] : 0, nr = 0, found = 0;
	const struct group **list = calloc(count + 1, sizeof(*list));
	uint32_t read[HOLDS_TASKS_MAX];
	size_t nr_read = take_read(snapshot, shown, nr_shown, read);

	for (size_t i = 0; list && i < count; i++)
		if (groups->list[GROUP_STACK][i].count > 1 &&
		    has_any(&groups->list[GROUP_STACK][i], snapshot, read, nr_read))
			list[nr++] = &groups->list[GROUP_STACK][i];
	if (list)
		qsort(list, nr, sizeof(*list), by_count);
	for (size_t i = 0; i < nr && i < HOLDS_GROUPS_MAX * 2 && found < HOLDS_GROUPS_MAX;
	     i++) {
		const struct holds_group *holds = holds_group_of(
			snapshot, (struct holds_who){.group = list[i]}, arena);

		if (holds && holds->members > 1)
			out[found++] = (struct holds_of_group){list[i], holds};
	}
	free(list);
	return found;
}

struct asked {
	int64_t since_ns;
	struct holds_wish wish;
};

static int by_age(const void *left, const void *right)
{
	const struct asked *a = left, *b = right;

	if (a->since_ns != b->since_ns) /* 0 is unknown, and comes last */
		return (uint64_t)a->since_ns - 1 < (uint64_t)b->since_ns - 1 ? -1 : 1;
	return holds_wish_order(&a->wish, &b->wish);
}

size_t holds_ask_outside(const struct snapshot *snapshot, const bool *outside,
			 struct holds_wish out[HOLDS_OUTSIDE_MAX])
{
	struct outside taken = {.nr = 0};

	for (size_t i = 0; i < snapshot->nr_tasks; i++)
		if (holds_can(&snapshot->tasks[i]) && outside[i] &&
		    take_outside(&taken, snapshot->tasks[i].stack))
			out[taken.nr - 1] = holds_wish_of(&snapshot->tasks[i]);
	return taken.nr;
}

size_t holds_group_ask(const struct snapshot *snapshot, struct holds_who who,
		       struct holds_wish out[HOLDS_ASK_MAX], size_t *members, size_t *all)
{
	struct asked *list = calloc(snapshot->nr_tasks + 1, sizeof(*list));
	bool *outside = calloc(snapshot->nr_tasks + 1, sizeof(*outside));
	size_t nr = 0;

	for (size_t i = 0; list && outside && i < snapshot->nr_tasks; i++) {
		const struct task *task = &snapshot->tasks[i];

		outside[i] = !holds_who_has(who, task);
		if (holds_can(task) && !outside[i])
			list[nr++] = (struct asked){task->since_ns, holds_wish_of(task)};
	}
	if (list)
		qsort(list, nr, sizeof(*list), by_age);
	*all = nr;
	*members = nr < HOLDS_TASKS_MAX ? nr : HOLDS_TASKS_MAX;
	for (size_t i = 0; i < *members; i++)
		out[i] = list[i].wish;
	nr = *members;
	if (nr > 0)
		nr += holds_ask_outside(snapshot, outside, out + nr);
	free(list);
	free(outside);
	return nr;
}

/* Appends, as far as there is room. */
static void add(char *out, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void add(char *out, size_t size, const char *format, ...)
{
	size_t used = strlen(out);
	va_list args;

	va_start(args, format);
	vsnprintf(out + used, size - used, format, args);
	va_end(args);
}

#define SHARED_MAX (HELD_LINE_MAX + 64)

const char *holds_shared_text(const struct holds_shared *shared, bool ascii,
			      char out[SHARED_MAX])
{
	const struct held *held = shared->held;
	const char *more = ascii ? "..." : "\u2026";
	char text[HELD_LINE_MAX];

	out[0] = '\0';
	if (shared->prefix)
		add(out, SHARED_MAX, "%s %s%s (%u different)", held_label(held),
		    shared->text, more, shared->values);
	else if (shared->remote)
		add(out, SHARED_MAX, "connections to %s", shared->text);
	else if (held->kind == HELD_LOCAL)
		add(out, SHARED_MAX, "%s", held_format(held, ascii, text));
	else
		add(out, SHARED_MAX, "%s %s", held_label(held),
		    held_format(held, ascii, text));
	if (ascii)
		held_make_plain(out);
	return out;
}

const char *holds_differing_text(const struct holds_differing *differing, bool ascii,
				 char out[SHARED_MAX])
{
	const struct held *held = differing->held;
	char text[HELD_LINE_MAX];

	out[0] = '\0';
	if (held->kind == HELD_LOCAL)
		add(out, SHARED_MAX, "%u different values of %s, such as %s",
		    differing->values, held->name, held->text);
	else
		add(out, SHARED_MAX, "%u different %s%s, such as %s", differing->values,
		    held_label(held),
		    strcmp(held_label(held), "sql") == 0 ? " texts" : "s",
		    held_format(held, ascii, text));
	return out;
}

#define WORTH_TELLING 6
#define THING_MAX     120 /* bytes of one of them */
#define LABEL_MOST    2   /* things of one kind in a sentence */

/* Returns whether the sentence should name it: it says something, and few other tasks hold
 * it; of plain texts, no other task. */
static bool is_telling(const struct holds_group *group, const struct holds_shared *shared)
{
	bool text = shared->held->kind == HELD_TEXT;

	if (shared->worth < WORTH_TELLING)
		return text && shared->outside == 0 && group->outsiders > 2;
	return shared->outside * 2 <= group->outsiders;
}

/* Chooses what the sentence names, most telling first. Returns the number. */
static size_t choose(const struct holds_group *group, size_t most,
		     const struct holds_shared *list[HOLDS_SHARED_MAX])
{
	size_t nr = 0;

	for (size_t i = 0; i < group->nr_shared && nr < most; i++) {
		const struct holds_shared *shared = &group->shared[i];
		size_t same = 0, at = nr;

		for (size_t n = 0; n < nr; n++)
			same += strcmp(held_label(list[n]->held),
				       held_label(shared->held)) == 0;
		if (same >= LABEL_MOST || !is_telling(group, shared))
			continue;
		for (; at > 0 && list[at - 1]->worth < shared->worth; at--)
			list[at] = list[at - 1];
		list[at] = shared;
		nr++;
	}
	return nr;
}

/* Cuts a long text at a character. */
static void cut(char text[SHARED_MAX], bool ascii)
{
	size_t at = THING_MAX;

	if (strlen(text) <= THING_MAX)
		return;
	while (at > 0 && ((unsigned char)text[at] & 0xc0) == 0x80)
		at--;
	text[at] = '\0';
	add(text, SHARED_MAX, "%s", ascii ? "..." : "\u2026");
}

const char *holds_group_text(const struct holds_group *group, size_t most, bool ascii,
			     char out[HOLDS_GROUP_TEXT_MAX])
{
	const struct holds_shared *list[HOLDS_SHARED_MAX];
	size_t nr =
		choose(group, most < HOLDS_SHARED_MAX ? most : HOLDS_SHARED_MAX, list);
	char text[SHARED_MAX];

	out[0] = '\0';
	/* Those that as many members have are told together. */
	for (size_t i = 0; i < nr; i++) {
		uint32_t members = list[i] ? list[i]->members : 0;
		const char *separator = "";

		if (!list[i])
			continue;
		add(out, HOLDS_GROUP_TEXT_MAX, "%s", out[0] ? "; " : "");
		if (members == group->members)
			add(out, HOLDS_GROUP_TEXT_MAX, "all %u: ", members);
		else
			add(out, HOLDS_GROUP_TEXT_MAX, "%u of %u: ", members,
			    group->members);
		for (size_t n = i; n < nr; n++) {
			if (!list[n] || list[n]->members != members)
				continue;
			holds_shared_text(list[n], ascii, text);
			cut(text, ascii);
			add(out, HOLDS_GROUP_TEXT_MAX, "%s%s", separator, text);
			separator = ", ";
			list[n] = NULL;
		}
	}
	return out;
}

const char *holds_group_read(const struct holds_group *group, uint32_t tasks,
			     char out[HOLDS_READ_MAX])
{
	out[0] = '\0';
	if (group->members < tasks)
		add(out, HOLDS_READ_MAX, " (%u of %u were read)", group->members, tasks);
	return out;
}
