/* SPDX-License-Identifier: MIT */
#include "tui/told.h"

#include <stdlib.h>
#include <string.h>

static struct told *find(const struct tui *t, enum group_by by,
			 const struct group_identity *identity)
{
	for (size_t i = 0; t->told && i < t->nr_told; i++)
		if (t->told[i].by == by &&
		    group_identity_same(&t->told[i].identity, identity))
			return &t->told[i];
	return NULL;
}

const struct told *told_find(const struct tui *t, enum group_by by,
			     const struct group_identity *identity)
{
	return find(t, by, identity);
}

void told_add(struct tui *t, enum group_by by, const struct group_identity *identity,
	      const struct holds_group *holds, int64_t mono_ns)
{
	struct told *told = find(t, by, identity);

	if (!t->told)
		t->told = calloc(TOLD_MAX, sizeof(*t->told));
	if (!t->told)
		return;
	if (!told && t->nr_told == TOLD_MAX) {
		memmove(t->told, t->told + 1, (TOLD_MAX - 1) * sizeof(*t->told));
		t->nr_told--;
	}
	if (!told)
		told = &t->told[t->nr_told++];
	told->by = by;
	told->identity = *identity;
	told->mono_ns = mono_ns;
	holds_group_text(holds, HOLDS_SENTENCE, t->ascii, told->text);
}

void told_clear(struct tui *t)
{
	free(t->told);
	t->told = NULL;
	t->nr_told = 0;
}
