/* SPDX-License-Identifier: MIT */
/* The order is that of the lines: by memory, the largest first. */
#include "tui/resources_members.h"

#include <stdio.h>
#include <string.h>

#include "tui/members.h"

static const struct member_process *chosen(const struct tui *t)
{
	return t->snapshot && t->member != 0 ? snapshot_member(t->snapshot, t->member)
					     : NULL;
}

/* Writes "nginx 4711  rss 12M  fds 40  threads 4  cpu 3.0%"; unknown and 0 are left
 * out. */
static void say_member(const struct tui *t, const struct member_row *row, char *out)
{
	static const struct {
		int column;
		const char *label, *unit;
	} cells[] = {{MEMBER_RSS, "rss", ""},
		     {MEMBER_CPU, "cpu", "%"},
		     {MEMBER_FDS, "fds", ""},
		     {MEMBER_TASKS, "tasks", ""},
		     {MEMBER_CHILDREN, "children", ""}};
	char text[MEMBER_TEXT_MAX], name[MEMBER_TEXT_MAX];
	size_t used = (size_t)snprintf(out, MEMBERS_LINE_MAX, "    %-20s",
				       member_name(row->process, name));

	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
		const char *cell = member_cell(t, row, cells[i].column, text);

		if (strcmp(cell, "-") != 0 && strcmp(cell, "0") != 0 &&
		    used < MEMBERS_LINE_MAX)
			used += (size_t)snprintf(out + used, MEMBERS_LINE_MAX - used,
						 "  %s %5.20s%s", cells[i].label, cell,
						 cells[i].unit);
	}
	if (row->process->trouble && used < MEMBERS_LINE_MAX)
		snprintf(out + used, MEMBERS_LINE_MAX - used, "  %.160s",
			 row->process->trouble);
}

void resources_members_lines(struct tui *t, struct members_lines *out)
{
	const struct member_process *one = chosen(t);
	struct member_rows rows = {.count = 0};
	char name[MEMBER_TEXT_MAX];

	out->count = 0;
	if (!t->snapshot || t->snapshot->nr_members == 0)
		return;
	if (one) {
		snprintf(out->text[out->count++], MEMBERS_LINE_MAX,
			 "  Only %.80s, one of %zu processes: n the next, Esc all of "
			 "them",
			 member_name(one, name), t->snapshot->nr_members);
		return;
	}
	member_rows_fill(t, &rows, MEMBER_RSS, true);
	snprintf(out->text[out->count++], MEMBERS_LINE_MAX,
		 "  All of %zu processes, the largest first: n shows one alone",
		 rows.count);
	for (size_t i = 0; i < rows.count && out->count + 1 < MEMBERS_LINES_MAX; i++)
		say_member(t, &rows.list[i], out->text[out->count++]);
	if (out->count <= rows.count) {
		size_t more = rows.count + 1 - out->count;

		snprintf(out->text[out->count++], MEMBERS_LINE_MAX,
			 "    and %zu more: P lists them", more);
	}
	member_rows_release(&rows);
}

/* Returns whether processes of one user or cgroup share the limit. */
static bool is_shared(const struct snapshot *s, enum limit_id id)
{
	int64_t most = -1;

	for (size_t i = 0; id != LIMIT_FDS && i < s->nr_members; i++) {
		const struct limit *limit = &s->members[i].resources.limits[id];

		if (limit_share(limit) < 0)
			continue;
		if (most >= 0 && limit->most != most)
			return false;
		most = limit->most;
	}
	return id != LIMIT_FDS;
}

void resources_limit_owner(const struct snapshot *s, enum limit_id id, char *out,
			   size_t size)
{
	const struct limit *of = &s->resources.limits[id];
	char name[MEMBER_TEXT_MAX];

	out[0] = '\0';
	for (size_t i = 0; i < s->nr_members && !is_shared(s, id); i++) {
		const struct limit *limit = &s->members[i].resources.limits[id];

		if (limit->used != of->used || limit->most != of->most)
			continue;
		snprintf(out, size, ", in %.80s", member_name(&s->members[i], name));
		return;
	}
}

bool resources_of_member(const struct tui *t, struct snapshot *copy)
{
	const struct member_process *one = chosen(t);

	if (!one)
		return false;
	*copy = *t->snapshot;
	copy->resources = one->resources;
	copy->timers = one->timers;
	copy->figures = NULL;
	copy->members = NULL;
	copy->nr_members = 0;
	copy->target.sources = one->sources;
	copy->target.runtime = one->runtime;
	return true;
}

static void choose_beside(struct tui *t, int step)
{
	struct member_rows rows = {.count = 0};
	size_t at = 0;

	member_rows_fill(t, &rows, MEMBER_RSS, true);
	while (at < rows.count && rows.list[at].process->pid != t->member)
		at++;
	if (rows.count > 0 && at == rows.count)
		at = step > 0 ? 0 : rows.count - 1;
	else if (rows.count > 0)
		at = (at + rows.count + (size_t)(step > 0 ? 1 : rows.count - 1)) %
		     rows.count;
	t->member = rows.count > 0 ? rows.list[at].process->pid : 0;
	member_rows_release(&rows);
}

bool resources_members_act(struct tui *t, enum action action)
{
	switch (action) {
	case ACTION_NEXT_PROCESS:
	case ACTION_PREVIOUS_PROCESS:
		if (!t->snapshot || t->snapshot->nr_members == 0)
			tui_say(t, ROLE_NORMAL, "the target is one process");
		else
			choose_beside(t, action == ACTION_NEXT_PROCESS ? 1 : -1);
		return true;
	case ACTION_BACK:
		if (!chosen(t))
			return false;
		t->member = 0;
		return true;
	default:
		return false;
	}
}
