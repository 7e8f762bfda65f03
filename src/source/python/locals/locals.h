/* SPDX-License-Identifier: MIT */
/* Arguments and variables of the frames of a stack: those of the program's own functions,
 * innermost first. Everything is read twice, and only what was the same is told. */
#ifndef SOURCE_PYTHON_LOCALS_LOCALS_H
#define SOURCE_PYTHON_LOCALS_LOCALS_H

#include "base/arena.h"
#include "source/python/python.h"

#define PYTHON_LOCALS_MAX    64u  /* of a stack */
#define PYTHON_LOCAL_OBJECTS 400u /* that are read for them */
#define PYTHON_LOCAL_FRAMES  8u
#define PYTHON_LOCAL_BYTES   256u /* of a value; longer ones end with "…" */

struct python_local {
	uint32_t frame;          /* of the stack */
	uint64_t object;         /* its value */
	const char *name, *text; /* in the arena; one line without control characters */
};

struct python_locals {
	struct python_local list[PYTHON_LOCALS_MAX];
	size_t nr;
	uint32_t objects; /* that were read */
	bool cut;         /* a limit was reached: there are more */
	bool moved;       /* frames have gone on, and theirs were dropped */
	bool foreign;     /* there are no functions of the program's own on the stack */
};

/* Reads those of a stack of the last look. A variable without a value is left out, and so
 * is one whose value has changed meanwhile. The result is valid as long as the arena. */
void python_locals_read(struct python *python, const struct python_frame *frames,
			uint32_t nr_frames, struct arena *arena,
			struct python_locals *out);

#endif
