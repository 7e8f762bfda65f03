/* SPDX-License-Identifier: MIT */
/* The fields of a leak that say what made it. */
#ifndef OUT_JSON_WAYBACK_H
#define OUT_JSON_WAYBACK_H

#include "base/buf.h"
#include "core/group.h"

/* Writes "ran", "made_by", "shared_with" and "by_ancestors", each after a comma. */
void json_put_wayback(struct buf *out, const struct snapshot *snapshot,
		      const struct leak *leak);

#endif
