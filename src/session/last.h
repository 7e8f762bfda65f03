/* SPDX-License-Identifier: MIT */
/* The last snapshot, which remains visible after the target has ended. */
#ifndef SESSION_LAST_H
#define SESSION_LAST_H

#include "core/snapshot.h"

/* Returns a copy of the snapshot with target.ended set, or NULL if out of memory. */
struct snapshot *last_copy(const struct snapshot *snapshot);

#endif
