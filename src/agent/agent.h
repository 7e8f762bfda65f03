/* SPDX-License-Identifier: MIT */
/*
 * The folder src/agent is libgrmon. It knows src/wire and the public headers, and nothing
 * of the client.
 *
 * Inside of libgrmon. Everything here runs in somebody else's process. While the program
 * runs: no log, no lock of the application, errno preserved, never a block; and no malloc,
 * except in grmon_chan_new(), which the program calls. The constructor may set one
 * variable of the environment (GRMON_CHILDREN=0), and the server formats one line.
 *
 * Life of a slot: a thread gets one at its creation (pthread_create's wrapper), or at its
 * first wait; a cleanup around its function gives it back. A page that the kernel wipes on
 * fork (MADV_WIPEONFORK) says whether the mapping is this process's own; in a child it reads
 * zero, whatever made the child, and region.c says when it gets a region of its own.
 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "grmon.h"
#include "wire/wire.h"

#define AGENT_HIDDEN      __attribute__((visibility("hidden")))
#define AGENT_UNLIKELY(x) __builtin_expect(!!(x), 0)

/* What a wait published before this one; lives in the frame of the function that blocks. */
struct agent_mark {
	struct wire_slot *slot; /* NULL: inert */
	uint64_t since_ns;
	uint64_t object;
	uint64_t call_site;
	uint32_t state;
	int32_t fd;
	uint32_t generation; /* of the region; another after fork: inert */
	bool inner;          /* saved the inner_* fields only */
	bool api;            /* what was published was an API wait */
	char what;           /* first byte of its text */
	uintptr_t outer;     /* address of the mark that published it; 0: none */
};

/*
 * Publish a wait of the calling task. Where an API wait is published already it goes to
 * the inner fields. Async-signal-safe; a signal inside a publication leaves mark inert.
 */
AGENT_HIDDEN void agent_enter(struct agent_mark *mark, uint32_t state, uint64_t object,
			      int32_t fd, const void *call_site);
/* The same for a wait that a channel or grmon_wait_begin() describes: the outer one. */
AGENT_HIDDEN void agent_enter_api(struct agent_mark *mark, uint32_t state,
				  uint64_t object, const void *call_site);
/* Restores what mark keeps. Only stores: usable as __attribute__((cleanup)). */
AGENT_HIDDEN void agent_leave(struct agent_mark *mark);

/* Inert until it is entered, also when the thread is cancelled before that. */
#define AGENT_MARK                                                                       \
	struct agent_mark mark __attribute__((cleanup(agent_leave)));                    \
	mark.slot = NULL

/* The record of a new channel, or NULL: none left (counted) or no agent. Write its fields
 * with relaxed atomic stores while agent_region_mine(generation) holds. */
AGENT_HIDDEN struct wire_chan *agent_chan_acquire(uint32_t *generation);
AGENT_HIDDEN void agent_chan_release(struct wire_chan *record, uint32_t generation);
/* Whether the region that a record was taken from is still this process's own; false in a
 * forked child, whose channels must not write to the parent's records. One load. */
AGENT_HIDDEN bool agent_region_mine(uint32_t generation);

#endif
