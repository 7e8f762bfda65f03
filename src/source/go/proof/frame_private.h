/* SPDX-License-Identifier: MIT */
/* Shared by frame.c, which decodes frames, and frame_walk.c, which walks a stack. */
#ifndef SOURCE_GO_PROOF_FRAME_PRIVATE_H
#define SOURCE_GO_PROOF_FRAME_PRIVATE_H

#include "source/go/proof/frame.h"

/* Valid until the next call. Returns NULL if out of memory. */
const struct go_frame *go_frame_at(struct go_frames *frames, struct memory *mem,
				   uint64_t pc);

#endif
