/* SPDX-License-Identifier: MIT */
/*
 * The folder src/source/go/holds finds what a goroutine holds: from the live words of its
 * stack it follows pointers through the heap, and says what the objects are. It does not
 * know who asks, or how the result is shown.
 *
 * Reads only when asked, and as sampling does: the target is never stopped or written to.
 * An object that has moved or changed while it was read is left out. Time, objects and
 * bytes are bounded, see core/holds.h.
 *
 * reach.h is the walk and the interface of the recognisers.
 */
#ifndef SOURCE_GO_HOLDS_HOLDS_H
#define SOURCE_GO_HOLDS_HOLDS_H

#include "core/snapshot.h"
#include "source/go/holds/constant.h"
#include "source/go/holds/crowd.h"
#include "source/go/holds/plan.h"
#include "source/go/holds/reach.h"
#include "source/go/holds/span.h"
#include "source/go/locals/locals.h"
#include "source/go/proof/frame.h"
#include "source/go/queue.h"
#include "source/go/thread.h"
#include "source/kernel/kernel.h"

struct go_holds {
	/* Owned by the source. */
	struct memory *mem;
	const struct go_elf *elf;
	struct go_module *module;
	struct go_sampler *sampler;
	struct go_queues *queues;
	struct kernel *kernel;      /* names of descriptors; may be NULL */
	struct go_threads *threads; /* NULL: variables are not named */

	/* Made when something is first asked for; NULL if out of memory. */
	struct go_types *types;
	struct go_plans *plans;
	struct go_locals *locals; /* also NULL without threads */
	/* See recognise.h. */
	const go_recognise_object *recognisers;
	const go_recognise_frame *frame_recognisers;
	struct go_spans spans;
	struct go_frames frames;
	bool ready; /* frames are */
	struct go_crowd crowd;
	struct go_constants constants;
};

/* All of them must outlive it. */
void go_holds_init(struct go_holds *holds, struct memory *mem, const struct go_elf *elf,
		   struct go_module *module, struct go_sampler *sampler,
		   struct go_queues *queues);
void go_holds_release(struct go_holds *holds);
/* Call when modules have been added. */
void go_holds_forget(struct go_holds *holds);
/* Sets task->holds of the goroutines in out that are asked for, if they are there. All of
 * them are in this process. */
void go_holds_read(struct go_holds *holds, const struct holds_wish *asked, size_t nr,
		   struct snapshot *out);

#endif
