/* SPDX-License-Identifier: MIT */
/* Walks Python stacks. */
#ifndef SOURCE_PYTHON_FRAME_H
#define SOURCE_PYTHON_FRAME_H

#include "source/python/python.h"

struct python_walk;
struct python_walk *python_walk_new(void);
void python_walk_free(struct python_walk *walk);
/* Reads the stacks of all python->threads, whose `top` is their innermost frame, into
 * python->frames. Threads that move while they are read are read again, a few times. */
void python_walk_threads(struct python *python);
/* How many bytes of a frame python_frame_take() needs. */
size_t python_frame_bytes(const struct python_layout *layout);
/* Sets what the bytes of a frame at this address tell; not what its code does. */
void python_frame_take(const struct python_layout *layout, uint64_t address,
		       const uint8_t *bytes, struct python_frame *frame);
/* Sets what a frame's code tells: code, instruction and line. Returns false if its code is
 * not a code object that was read in this look. */
bool python_frame_resolve(struct python *python, struct python_frame *frame);

#endif
