/* SPDX-License-Identifier: MIT */
/* Where each release of CPython keeps what is read here. No state; reads no target. */
#ifndef SOURCE_PYTHON_LAYOUT_H
#define SOURCE_PYTHON_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PYTHON_MINOR_FIRST   8
#define PYTHON_MINOR_LAST    15

/* The first release that publishes its offsets, and the most bytes of that table. */
#define PYTHON_MINOR_OFFSETS 13
#define PYTHON_OFFSETS_MAX   888u

struct python_layout {
	int minor; /* 11 for 3.11; 0 if unknown */
	/* Offsets in bytes as layout.def lists them; -1 if the release lacks it. */
#define FIELD(name, v8, v9, v10, v11, v12, v13, v14, v15, d13, d14, d15) int32_t name;
#include "source/python/layout.def"
#undef FIELD
};

/* Fills in the layout of release 3.MINOR. Returns false if it is not a known one. */
bool python_layout_set(struct python_layout *layout, int minor);

/* What _PyRuntime says of itself from 3.13 on. */
struct python_offsets {
	uint32_t version; /* 0x030e0af0 for 3.14.10 */
	bool free_threaded;
};
/* Returns false if these are not such a table. */
bool python_offsets_read(struct python_offsets *out, const uint8_t *bytes, size_t size);
/* Replaces offsets by those that the table publishes; the layout is that of the table's
 * release. Returns false if one of them makes no sense. */
bool python_layout_publish(struct python_layout *layout, const uint8_t *bytes,
			   size_t size);

#endif
