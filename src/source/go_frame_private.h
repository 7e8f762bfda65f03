/* SPDX-License-Identifier: MIT */
/* Between go_frame.c, which knows frames, and go_frame_walk.c, which goes through a stack. */
#ifndef SOURCE_GO_FRAME_PRIVATE_H
#define SOURCE_GO_FRAME_PRIVATE_H

#include "source/go_frame.h"

/* Holds until the next call. NULL: no memory. */
const struct go_frame *go_frame_at(struct go_frames *frames, struct go_mem *mem,
				   uint64_t pc);

#endif
