/* SPDX-License-Identifier: MIT */
/* The task view stores the filters because its table is their main user. */
#include "tui/filters.h"

#include <stdio.h>

#include "tui/tasks.h"

void filters_changed(struct tui *t)
{
	struct tasks *v = t->ctx[VIEW_TASKS];

	v->stale = true;
	tasks_forget_widths(v);
}

bool filters_set(struct tui *t, const char *text, struct err *e)
{
	struct tasks *v = t->ctx[VIEW_TASKS];
	struct query *query = query_new(text, e);

	if (!query)
		return false;
	query_free(v->query);
	v->query = query;
	snprintf(t->settings.filter, sizeof(t->settings.filter), "%s", text);
	filters_changed(t);
	return true;
}

struct query *filters_query(struct tui *t)
{
	return ((struct tasks *)t->ctx[VIEW_TASKS])->query;
}

void filters_clear(struct tui *t)
{
	struct err e = {0};

	t->class = -1;
	t->changes_only = false;
	filters_set(t, "", &e);
}
