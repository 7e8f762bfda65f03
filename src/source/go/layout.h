/* SPDX-License-Identifier: MIT */
/*
 * Locates the runtime's list of goroutines and the fields of runtime.g. Nothing is
 * assumed from the Go version alone: the list is found by decoding the function that
 * appends to it (or by symbols), and the fields by the values that live goroutines have
 * in them.
 */
#ifndef SOURCE_GO_LAYOUT_H
#define SOURCE_GO_LAYOUT_H

#include "source/go/module.h"

/* Fields with the same offset in all versions. */
#define GO_G_STACK_LO  0u
#define GO_G_STACK_HI  8u
#define GO_G_STACK_END 32u /* end of the bounds; an object may begin where a stack ends */
#define GO_G_PANIC     32u
#define GO_G_DEFER     40u
#define GO_G_M         48u
#define GO_G_SP        56u
#define GO_G_PC        64u
#define GO_G_CONTEXT   80u
#define GO_M_G0        0u

/* Upper limit of bytes read of a g; no version's g is smaller than the part that is
 * used. */
#define GO_G_BYTES_MAX 416u

struct go_allgs {
	uint64_t slice;  /* address of runtime.allgs, 0 if not found */
	uint64_t first;  /* address of runtime.allgptr, or 0 */
	uint64_t length; /* address of runtime.allglen, or 0 */
};

/* Offsets in runtime.g; 0 if this version has no such field. */
struct go_g_layout {
	unsigned syscallsp; /* syscallpc follows it */
	unsigned status;
	unsigned goid;
	unsigned waitsince;
	unsigned waitreason;
	unsigned parent; /* goid of the creator, since Go 1.21 */
	unsigned gopc;
	unsigned ancestors; /* pointer to a slice; every user verifies it */
	unsigned startpc;
	unsigned waiting; /* first sudog */
	unsigned labels;
	unsigned timer;   /* of its sleep */
	unsigned lockedm; /* the thread it is locked to; every user verifies it */
	unsigned bytes;   /* size of the part with these fields */
};

enum go_status {
	GO_STATUS_IDLE = 0,
	GO_STATUS_RUNNABLE = 1,
	GO_STATUS_RUNNING = 2,
	GO_STATUS_SYSCALL = 3,
	GO_STATUS_WAITING = 4,
	GO_STATUS_DEAD = 6,
	GO_STATUS_COPYSTACK = 8,
	GO_STATUS_PREEMPTED = 9,
	GO_STATUS_LEAKED = 10,
	GO_STATUS_DEADEXTRA = 11, /* waits for a callback from C */
	GO_STATUS_SCAN = 0x1000,  /* a flag added to the others */
};

struct go_layout {
	struct go_allgs allgs;
	struct go_g_layout g;
	unsigned procid;     /* offset of the thread id in runtime.m */
	unsigned sudog_link; /* next sudog of the same goroutine */
	unsigned sudog_chan;
	unsigned sudog_elem;
	bool cond_elem;      /* sudogs of a sync.Cond name its list, since Go 1.26 */
	unsigned chan_recvq; /* waitq of hchan; sendq is 16 bytes later */
	bool poll_lock;      /* up to Go 1.17: the fd of a pollDesc follows its lock */
	uint64_t main_entry; /* runtime.main */
	bool turns;          /* since Go 1.17 a g counts and timestamps its turns */
	unsigned turn;       /* offset of that 8-bit count in a g; 0 if unknown */
};

/* Returns 0, or ERR_UNSUPPORTED if the live goroutines match no layout. */
int go_layout_read(struct go_layout *layout, const struct go_module *module,
		   const struct go_elf *elf, struct memory *mem, struct err *e);

/* Gets the number of goroutines and the start of the list of their addresses. */
bool go_allgs_read(const struct go_allgs *allgs, struct memory *mem, uint64_t *first,
		   uint64_t *count);

/* Gets the addresses of the variables that a function of the runtime refers to, together
 * with other addresses that look like them. out has room for max of them. */
size_t go_layout_refs_of(const struct go_module *module, struct memory *mem,
			 const char *name, uint64_t *out, size_t max);

/* The parts of go_layout_read(), for tests. */
#define GO_SAMPLE_MAX 256u
struct go_g_sample {
	size_t nr;
	uint8_t bytes[GO_SAMPLE_MAX][GO_G_BYTES_MAX];
};
size_t go_layout_refs(const uint8_t *code, size_t bytes, uint64_t address, uint64_t *out,
		      size_t max);
/* Returns NULL if it matches, otherwise the reason. main_entry is 0 for a library, where
 * the first goroutine may have ended. */
const char *go_layout_derive(struct go_g_layout *g, const struct go_g_sample *sample,
			     const struct go_pclntab *table, uint64_t main_entry,
			     unsigned minor);

static inline uint32_t go_g_status(const uint8_t *bytes, const struct go_g_layout *layout)
{
	return load_u32(bytes + layout->status) & ~(uint32_t)GO_STATUS_SCAN;
}

/* A status that is not known yet counts as dead. */
static inline bool go_status_is_dead(uint32_t status)
{
	return status == GO_STATUS_IDLE || status == GO_STATUS_DEAD ||
	       status >= GO_STATUS_DEADEXTRA;
}

/* Returns the offset of the count of how often a g left the running state; 0 if
 * unknown. */
unsigned go_g_turns(const struct go_g_layout *layout, unsigned minor);

#endif
