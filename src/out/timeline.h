/* SPDX-License-Identifier: MIT */
/* The states of each task over time, from one sample or many, for speedscope
 * (https://www.speedscope.app/file-format-schema.json). */
#ifndef OUT_TIMELINE_H
#define OUT_TIMELINE_H

#include "base/buf.h"
#include "base/err.h"
#include "core/rows.h"
#include "core/snapshot.h"

/* Tasks and segments beyond these limits are left out, which the profile's name
 * reports. */
#define TIMELINE_TASKS_MAX    20000u
#define TIMELINE_SEGMENTS_MAX 2000000u

struct timeline;

struct timeline *timeline_new(void); /* NULL if out of memory */
void timeline_free(struct timeline *timeline);
/*
 * Adds the rows of one sample; samples come in chronological order. The first state of a
 * task begins when its wait began. The functions named by frames must outlive the
 * timeline; the snapshot need not. Returns ERR_NOMEM if out of memory.
 */
int timeline_add(struct timeline *timeline, const struct snapshot *snapshot,
		 const struct rows *rows, struct err *e);
void timeline_write(struct timeline *timeline, struct buf *out);

#endif
