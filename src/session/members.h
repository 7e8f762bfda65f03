/* SPDX-License-Identifier: MIT */
/*
 * The processes of a target that is several. Each has a source of its own, as if it were
 * watched alone. New ones join, and those that have ended leave. Their samples become one
 * snapshot. One thread uses it.
 */
#ifndef SESSION_MEMBERS_H
#define SESSION_MEMBERS_H

#include "session/guard.h"
#include "source/words.h"

#define MEMBERS_MAX 1024u

struct members;

/* pattern: an access without a target, whose options each process gets. It and the guard
 * must outlive the members, which take over words. Returns NULL if out of memory. */
struct members *members_new(struct words *words, const struct access *pattern,
			    struct guard *guard);
/* Closes all sources. NULL is accepted. */
void members_free(struct members *members);
/* Looks for processes that the words mean. ERR_NOTFOUND or ERR_GONE, with a sentence, if
 * there are none and none can appear. */
int members_find(struct members *members, struct err *e);
/*
 * Takes a snapshot of all of them, which is not complete yet; the caller gets one
 * reference. Looks for processes first if that is due. A process that does not answer or
 * cannot be read gets a row that says so. ERR_GONE if all have ended and none can appear;
 * ERR_PERM if none can be read, and the pattern's partial is false.
 */
int members_sample(struct members *members, const struct source_focus *focus,
		   struct snapshot **snapshot, struct err *e);
/* Starts or stops a proof of leaks in those that support it. Returns false if none
 * does. */
bool members_prove(struct members *members, bool start);
/* Returns true while a proof runs, and how much is done of the one that has the longest to
 * go. */
bool members_proving(const struct members *members, unsigned *percent);
/* Returns whether all have ended and none can appear any more. Never blocks. */
bool members_ended(const struct members *members);

#endif
