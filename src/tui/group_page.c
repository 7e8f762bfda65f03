/* SPDX-License-Identifier: MIT */
/* The group of a page, and examples of its tasks. */
#include "tui/group_page.h"

#include <stdio.h>
#include <string.h>

#include "tui/filters.h"

void group_page_init(struct group_page *page)
{
	lines_init(&page->lines);
}

void group_page_release(struct group_page *page)
{
	lines_release(&page->lines);
	snapshot_unref(page->snapshot);
}

void group_page_forget(struct group_page *page)
{
	page->set = false;
	page->excerpt.file = NULL; /* its address may be another file's */
	snapshot_unref(page->snapshot);
	page->snapshot = NULL;
}

/* Copies the labels, because the snapshot or the mark that owns them may be freed. */
static void keep_group(struct group_page *page, const struct group *group)
{
	page->group = *group;
	if (group->by != GROUP_LABEL)
		return;
	snprintf(page->label_key, sizeof(page->label_key), "%s", group->label_key);
	snprintf(page->label_text, sizeof(page->label_text), "%s", group->label_text);
	page->group.label_key = page->label_key;
	page->group.label_text = page->label_text;
}

void group_page_show(struct group_page *page, struct snapshot *snapshot,
		     const struct group *group, bool gone)
{
	snapshot_ref(snapshot);
	snapshot_unref(page->snapshot);
	page->snapshot = snapshot;
	page->set = true;
	page->by = group->by;
	page->identity = group_identify(group);
	page->gone = gone;
	keep_group(page, group);
	if (gone)
		page->group.leak = NULL;
	page->nr_examples = 0;
	page->processes[0] = '\0';
	page->searched = false;
	page->way_known = false;
}

static bool is_older(const struct task *a, const struct task *b)
{
	if (a->since_ns != b->since_ns)
		return b->since_ns == 0 ||
		       (a->since_ns != 0 && a->since_ns < b->since_ns);
	return a->id < b->id;
}

void group_page_search(struct group_page *page)
{
	const struct snapshot *s = page->snapshot;

	page->nr_examples = 0;
	page->searched = true;
	group_processes(s, &page->group, page->processes);
	for (size_t i = 0; i < s->nr_tasks; i++) {
		size_t at = page->nr_examples;

		if (!group_has(&page->group, &s->tasks[i]))
			continue;
		while (at > 0 &&
		       is_older(&s->tasks[i], &s->tasks[page->examples[at - 1]]))
			at--;
		if (at == GROUP_EXAMPLES_MAX)
			continue;
		if (page->nr_examples < GROUP_EXAMPLES_MAX)
			page->nr_examples++;
		memmove(&page->examples[at + 1], &page->examples[at],
			(page->nr_examples - at - 1) * sizeof(page->examples[0]));
		page->examples[at] = (uint32_t)i;
	}
}

static void show_tasks(struct tui *t, const struct group_page *page)
{
	char filter[QUERY_TEXT_MAX];
	struct err e = {0};

	group_filter(&page->group, page->snapshot, filter, sizeof(filter));
	t->class = -1;
	if (filters_set(t, filter, &e))
		tui_switch(t, VIEW_TASKS);
	else
		tui_say(t, ROLE_ERROR, "filter: %s", e.text);
}

bool group_page_open_line(struct tui *t, const struct group_page *page)
{
	const struct text_line *here = lines_here(&page->lines);
	const struct task *task;

	if (!here || (!here->link.set && here->command == 0))
		return false;
	if (here->command == GROUP_COMMAND_ALL_TASKS) {
		show_tasks(t, page);
		return true;
	}
	task = identity_find(&here->link, t->snapshot);
	if (task)
		tui_open_task(t, task);
	else
		tui_say(t, ROLE_WARN, "this task has ended");
	return true;
}
