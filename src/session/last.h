/* SPDX-License-Identifier: MIT */
/* The picture that stays when its target has ended. */
#ifndef SESSION_LAST_H
#define SESSION_LAST_H

#include "core/snapshot.h"

/* A snapshot of its own with the same content and target.ended set; NULL: no memory. */
struct snapshot *last_copy(const struct snapshot *snapshot);

#endif
