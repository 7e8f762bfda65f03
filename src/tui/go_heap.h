/* SPDX-License-Identifier: MIT */
/* The heap of a Go program in words, for the resources view and for marks. */
#ifndef TUI_GO_HEAP_H
#define TUI_GO_HEAP_H

#include "tui/state.h"

#define GO_HEAP_LINE_MAX 240
/* Formats the figures of the memory, or says that they cannot be read, and those of the
 * collector. Returns false if there is nothing to say. */
bool go_heap_memory_line(const struct snapshot *snapshot, char out[GO_HEAP_LINE_MAX]);
bool go_heap_collector_line(const struct snapshot *snapshot, char out[GO_HEAP_LINE_MAX]);
/* Gets the heap at the chosen mark and now. Returns false if one of them is unknown. */
bool go_heap_since_mark(const struct tui *t, struct go_heap_point *from,
			struct go_heap_point *to);
/* Formats "live heap 2.1 MB to 120 MB, a leak?", with timers, for what has changed since the
 * chosen mark, or "". */
#define GO_HEAP_SINCE_MAX 256
const char *go_heap_since_text(const struct tui *t, char out[GO_HEAP_SINCE_MAX]);

#endif
