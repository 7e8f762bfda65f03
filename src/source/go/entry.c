/* SPDX-License-Identifier: MIT */
/* What is known of few goroutines is allocated for each of them. */
#include "source/go/sample.h"

#include <stdlib.h>

#define CHANS_FIRST 4u

const struct go_more go_more_none;

struct go_more *go_entry_edit(struct go_entry *entry)
{
	if (!entry->more)
		entry->more = calloc(1, sizeof(*entry->more));
	return entry->more;
}

/* Returns false if there is no room for one more. */
static bool grow_chans(struct go_more *more)
{
	struct go_chans *chans = more->chans;
	uint32_t capacity = chans ? GO_CHANS_MAX : CHANS_FIRST;

	if (chans && chans->nr < chans->capacity)
		return true;
	if (chans && chans->capacity == GO_CHANS_MAX)
		return false;
	chans = realloc(chans, sizeof(*chans) + capacity * sizeof(chans->list[0]));
	if (!chans)
		return false;
	if (!more->chans)
		chans->nr = 0;
	chans->capacity = capacity;
	more->chans = chans;
	return true;
}

void go_entry_add_chan(struct go_entry *entry, uint64_t chan)
{
	struct go_more *more;

	if (!entry->object) {
		entry->object = chan;
		return;
	}
	more = go_entry_edit(entry);
	if (!more || !grow_chans(more))
		return;
	if (more->chans->nr == 0)
		more->chans->list[more->chans->nr++] = entry->object;
	more->chans->list[more->chans->nr++] = chan;
}

void go_entry_forget_ancestors(struct go_entry *entry, uint64_t list)
{
	struct go_more *more = list ? go_entry_edit(entry) : entry->more;

	if (!more)
		return;
	free(more->ancestor_ids);
	more->ancestor_ids = NULL;
	more->ancestry = NULL;
	more->ancestors = list;
}

void go_entry_release(struct go_entry *entry)
{
	if (!entry->more)
		return;
	free(entry->more->chans);
	free(entry->more->ancestor_ids);
	free(entry->more);
	entry->more = NULL;
}
