/* SPDX-License-Identifier: MIT */
/* Limits in words, for the header and the resources view. */
#ifndef TUI_RESOURCES_H
#define TUI_RESOURCES_H

#include "core/figures.h"
#include "core/snapshot.h"

/* Formats "1,012 of 1,024 fds". Returns false if there is no such limit or it is
 * unknown. */
bool resources_limit_text(const struct snapshot *snapshot, enum limit_id id, char *out,
			  size_t size);

#endif
