/* SPDX-License-Identifier: MIT */
/*
 * The folder src/agent is libgrmon, the library that runs inside the observed program. It
 * knows src/wire and the public headers, and must not know anything of the client.
 *
 * Every function here runs in another program's process. While that program runs, the
 * library does not log, does not take a lock of the application, preserves errno, never
 * blocks, and does not call malloc() except in grmon_chan_new(), which the program calls
 * itself. The constructor may set one environment variable (GRMON_CHILDREN=0), and the
 * server thread formats one line.
 *
 * A thread gets a slot when it is created (in the wrapper of pthread_create()) or at its
 * first wait, and a cleanup handler around its start function returns the slot. A page
 * that the kernel clears on fork (MADV_WIPEONFORK) tells whether the mapping belongs to
 * this process. In a child it reads as zero, however the child was created; region.c
 * describes when the child gets a region of its own.
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
/* These functions are put beside each other: after a switch of threads, each line and page
 * of code that is not yet at hand costs more than the instructions in it. */
#define AGENT_HOT         __attribute__((hot))

/* Which fields of a mark were filled in, beside slot and generation. */
enum agent_saved {
	AGENT_SAVED_NONE,  /* the task was running, and no field is needed to say so */
	AGENT_SAVED_INNER, /* those that inner_* had */
	AGENT_SAVED_ALL,
};

/* What was published before this wait. Stored in the frame of the function that
 * blocks. */
struct agent_mark {
	struct wire_slot *slot; /* NULL if the mark is inert */
	uint64_t since_ns;
	uint64_t object;
	uint64_t call_site;
	uint32_t state;
	int32_t fd;
	/* of the region; it changes on fork, which makes the mark inert */
	uint32_t generation;
	uint8_t saved; /* enum agent_saved */
	bool api;      /* the saved state was an API wait */
	char what;     /* first byte of the saved text */
	/* where the caller of the wrapper had its stack pointer: the same for each wrapper that
	 * one function calls, and lower for what runs inside this one, whatever the compiler
	 * makes of their frames */
	uintptr_t frame;
	uintptr_t outer; /* the frame of the wait that published the saved state, or 0 */
};

/*
 * Publish a wait of the calling task. If an API wait is already published, the new wait
 * is written to the inner fields. Async-signal-safe; if a signal interrupts a
 * publication, the handler's mark stays inert.
 */
AGENT_HIDDEN void agent_enter(struct agent_mark *mark, uint32_t state, uint64_t object,
			      int32_t fd, const void *call_site);
/* Like agent_enter(), for an outer wait that a channel or grmon_wait_begin()
 * describes. */
AGENT_HIDDEN void agent_enter_api(struct agent_mark *mark, uint32_t state,
				  uint64_t object, const void *call_site);
/* Restore the state that mark saved. Only stores, so it can be used as
 * __attribute__((cleanup)). */
AGENT_HIDDEN void agent_leave(struct agent_mark *mark);

/* Declares a mark that is inert until it is entered, even if the thread is cancelled
 * before that. */
#define AGENT_MARK                                                                       \
	struct agent_mark mark __attribute__((cleanup(agent_leave)));                    \
	mark.slot = NULL;                                                                \
	mark.frame = (uintptr_t)__builtin_dwarf_cfa()

/* Returns the record for a new channel, or NULL if none is free (which is counted) or the
 * agent is not running. Write its fields with relaxed atomic stores, and only while
 * agent_region_mine(generation) returns true. */
AGENT_HIDDEN struct wire_chan *agent_chan_acquire(uint32_t *generation);
AGENT_HIDDEN void agent_chan_release(struct wire_chan *record, uint32_t generation);
/* Returns whether the region that a record was taken from still belongs to this process.
 * It is false in a forked child, whose channels must not write to the parent's records.
 * Costs one load. */
AGENT_HIDDEN bool agent_region_mine(uint32_t generation);

#endif
