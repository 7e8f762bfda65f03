/* SPDX-License-Identifier: MIT */
/* The processes of a target that is several, as a table. */
#ifndef OUT_TEXT_MEMBERS_H
#define OUT_TEXT_MEMBERS_H

#include <stdbool.h>

#include "base/buf.h"
#include "core/snapshot.h"

/* Writes one line per process and an empty line; nothing if the target is one process. */
void text_put_members(struct buf *out, const struct snapshot *snapshot, bool ascii);
/* Writes for example "4.0 kB". */
void text_put_bytes(struct buf *out, int64_t bytes);

#endif
