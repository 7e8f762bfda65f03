/* SPDX-License-Identifier: MIT */
/*
 * Where the runtime keeps its goroutines, and where the fields of runtime.g are. Nothing
 * is taken for granted from a version: the list is found by decoding the function that
 * appends to it (or by symbols), the fields by what live goroutines hold in them.
 */
#ifndef SOURCE_GO_LAYOUT_H
#define SOURCE_GO_LAYOUT_H

#include "source/go/module.h"

/* Fields that never moved. */
#define GO_G_STACK_LO  0u
#define GO_G_STACK_HI  8u
#define GO_G_STACK_END 32u /* of its bounds; where one stack ends an object may begin */
#define GO_G_PANIC     32u
#define GO_G_DEFER     40u
#define GO_G_M         48u
#define GO_G_SP        56u
#define GO_G_PC        64u
#define GO_G_CONTEXT   80u
#define GO_M_G0        0u

/* Bytes of a g that are read at most; no version's g is smaller than what is used. */
#define GO_G_BYTES_MAX 416u

struct go_allgs {
	uint64_t slice;  /* address of runtime.allgs, 0: not found */
	uint64_t first;  /* address of runtime.allgptr, or 0 */
	uint64_t length; /* address of runtime.allglen, or 0 */
};

/* Offsets into runtime.g; 0: this version has no such field. */
struct go_g_layout {
	unsigned syscallsp; /* syscallpc follows it */
	unsigned status;
	unsigned goid;
	unsigned waitsince;
	unsigned waitreason;
	unsigned parent; /* goid of the creator, 1.21 on */
	unsigned gopc;
	unsigned startpc;
	unsigned waiting; /* first sudog */
	unsigned labels;
	unsigned timer;   /* of its sleep */
	unsigned lockedm; /* the thread it is tied to; whoever uses it checks it */
	unsigned bytes;   /* that hold all of these */
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
	GO_STATUS_SCAN = 0x1000,  /* a flag on the others */
};

struct go_layout {
	struct go_allgs allgs;
	struct go_g_layout g;
	unsigned procid;     /* offset of the thread id in runtime.m */
	unsigned sudog_link; /* next sudog of the same goroutine */
	unsigned sudog_chan;
	unsigned sudog_elem;
	bool cond_elem;      /* a sync.Cond's sudogs say where its list is: 1.26 on */
	unsigned chan_recvq; /* waitq of hchan; sendq follows 16 bytes later */
	bool poll_lock; /* the first of 1.17 and before: a pollDesc's fd is behind its lock */
	uint64_t main_entry; /* runtime.main */
	bool turns; /* 1.17 on: a g counts and stamps its turns, so that it shows them */
	unsigned turn; /* offset of that count, 8 bits, in a g; 0: not known */
};

/* 0, or ERR_UNSUPPORTED: the live goroutines do not fit. */
int go_layout_read(struct go_layout *layout, const struct go_module *module,
		   const struct go_elf *elf, struct memory *mem, struct err *e);

/* How many goroutines there are and where the list of their addresses starts. */
bool go_allgs_read(const struct go_allgs *allgs, struct memory *mem, uint64_t *first,
		   uint64_t *count);

/* The parts of go_layout_read(), for tests. */
#define GO_SAMPLE_MAX 256u
struct go_g_sample {
	size_t nr;
	uint8_t bytes[GO_SAMPLE_MAX][GO_G_BYTES_MAX];
};
size_t go_layout_refs(const uint8_t *code, size_t bytes, uint64_t address, uint64_t *out,
		      size_t max);
/* NULL if it fits, else what does not. main_entry 0: of a library, where the first
 * goroutine may have ended. */
const char *go_layout_derive(struct go_g_layout *g, const struct go_g_sample *sample,
			     const struct go_pclntab *table, uint64_t main_entry,
			     unsigned minor);

static inline uint32_t go_g_status(const uint8_t *bytes, const struct go_g_layout *layout)
{
	return load_u32(bytes + layout->status) & ~(uint32_t)GO_STATUS_SCAN;
}
/* Where a g counts how often it left the running state, in bytes; 0: not known. */
unsigned go_g_turns(const struct go_g_layout *layout, unsigned minor);

#endif
