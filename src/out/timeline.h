/* SPDX-License-Identifier: MIT */
/* The states of each task over time, from one look or from many, for speedscope
 * (https://www.speedscope.app/file-format-schema.json). */
#ifndef OUT_TIMELINE_H
#define OUT_TIMELINE_H

#include "base/buf.h"
#include "base/err.h"
#include "core/rows.h"
#include "core/snapshot.h"

/* Beyond these the rest is left out, and the name of the profile says so. */
#define TIMELINE_TASKS_MAX    20000u
#define TIMELINE_SEGMENTS_MAX 2000000u

struct timeline;

struct timeline *timeline_new(void); /* NULL: no memory */
void timeline_free(struct timeline *timeline);
/*
 * Add the rows of a look; looks come in the order of time. A task's first state begins when
 * its wait did. Functions of frames must outlive the timeline, the snapshot need not.
 * ERR_NOMEM.
 */
int timeline_add(struct timeline *timeline, const struct snapshot *snapshot,
		 const struct rows *rows, struct err *e);
void timeline_write(struct timeline *timeline, struct buf *out);

#endif
