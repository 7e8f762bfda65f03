/* SPDX-License-Identifier: MIT */
/* Between frame.c, which knows frames, and frame_walk.c, which goes through a stack. */
#ifndef SOURCE_GO_PROOF_FRAME_PRIVATE_H
#define SOURCE_GO_PROOF_FRAME_PRIVATE_H

#include "source/go/proof/frame.h"

/* Holds until the next call. NULL: no memory. */
const struct go_frame *go_frame_at(struct go_frames *frames, struct memory *mem,
				   uint64_t pc);

#endif
