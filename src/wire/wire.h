/* SPDX-License-Identifier: MIT */
/*
 * The folder src/wire has the format that libgrmon and the client share, and nothing
 * else. It knows neither of the two.
 *
 * The region that libgrmon writes and grmon-c reads: a sealed memfd of fixed size, or in
 * forked children and under seccomp filters anonymous memory.
 *
 *   header | slots | creators | labels | channels
 *
 * Every area but the header is an array of fixed-size records; record i of slots, creators
 * and labels belong together. The region is sparse: a page that no task has used takes no
 * memory. Integers are little-endian. Offsets and counts stand in the header and are
 * checked by wire_check() against the true size before anything else is read: the writer
 * is hostile for all that the reader knows, and goes on writing while it is read.
 *
 * A record with `seq` is written by one task at a time. Writer: seq odd (relaxed), release
 * fence, fields, seq even (release). Reader: seq (acquire), copy, acquire fence, seq again;
 * equal and even means that the copy is whole. Counters may be read without it.
 */
/*
 * Where a reader finds the region: over the socket; else a link to /memfd:grmon in
 * /proc/PID/fd or, once the server thread (named "grmon") has taken it into a descriptor
 * table of its own, in /proc/PID/task/TID/fd; else the mapping of that name in
 * /proc/PID/maps, read by process_vm_readv(); else, for anonymous memory, the address in
 * struct wire_anchor, which lies 16-byte aligned in the writable data of libgrmon.so or of
 * the program that contains libgrmon.a. A region whose header says WIRE_STOPPED has ended or
 * was moved: look once more. One whose header has another process's pid is a parent's.
 */
#ifndef WIRE_WIRE_H
#define WIRE_WIRE_H

#include <stddef.h>
#include <stdint.h>

#define WIRE_MAGIC        0x314e4f4d5247ull /* "GRMON1" */
#define WIRE_VERSION      1u                /* readers refuse any other */
#define WIRE_MEMFD        "grmon" /* shown as /memfd:grmon in maps and fd links */
#define WIRE_SERVER_COMM  "grmon" /* name of the agent's server thread */

#define WIRE_SLOTS_MAX    65536u
#define WIRE_CREATORS_MAX 16384u
#define WIRE_CHANS_MAX    32768u
#define WIRE_WAIT_STATES  24u /* states 1..24 have a counter */
#define WIRE_NAME_BYTES   32u
#define WIRE_WHAT_BYTES   32u

/* What a slot holds. */
enum wire_kind {
	WIRE_FREE = 0,
	WIRE_THREAD = 1,
	WIRE_COROUTINE = 2,
};

/* wire_slot.state beyond the states of grmon.h. */
#define WIRE_STATE_RUNNING 26u

enum wire_slot_flags {
	/* the outer wait was published by grmon_wait_begin() or a channel */
	WIRE_SLOT_API = 1u << 0,
	WIRE_SLOT_CREATOR = 1u << 1, /* the creator record of this index is valid */
	WIRE_SLOT_LABELS = 1u << 2,  /* the label record of this index is valid */
	/* name was given by the program, not by the kernel */
	WIRE_SLOT_NAMED = 1u << 3,
};

enum wire_header_flags {
	WIRE_STOPPED = 1u << 0,   /* grmon_stop() was called */
	WIRE_PRELOADED = 1u << 1, /* by LD_PRELOAD, not linked */
};

/* 16 bytes that other data does not begin with. */
#define WIRE_ANCHOR_MAGIC "\xa9grmon-region\x01\x96"
struct wire_anchor {
	char magic[16];
	uint64_t region; /* address of the header; 0: none yet */
};

struct wire_header {
	uint64_t magic;
	uint32_t version;
	uint32_t header_bytes; /* sizeof(struct wire_header) */
	uint64_t region_bytes;
	uint32_t slot_bytes;
	uint32_t nr_slots;
	uint64_t slots_offset;
	uint32_t creator_bytes;
	uint32_t nr_creators; /* slots from here on have no creator record */
	uint64_t creators_offset;
	uint32_t labels_bytes;
	uint32_t nr_labels;
	uint64_t labels_offset;
	uint32_t chan_bytes;
	uint32_t nr_chans;
	uint64_t chans_offset;

	/* as the process saw itself, that is in its own pid namespace */
	int32_t pid;
	uint32_t flags;         /* enum wire_header_flags */
	uint64_t start_mono_ns; /* CLOCK_MONOTONIC when the region was made */
	uint64_t start_real_ns; /* CLOCK_REALTIME then */
	uint32_t nr_slots_used; /* no slot at or beyond this index was ever used */
	uint32_t nr_chans_used;
	uint64_t dropped_tasks;    /* threads and coroutines that found no slot */
	uint64_t dropped_labels;   /* labels that did not fit */
	uint64_t dropped_creators; /* tasks whose slot has no creator record */
	uint64_t dropped_chans;    /* channels that found no record */
	uint64_t tasks_begun;      /* ever; the difference to what is live has ended */
	uint64_t reserved[12];
};

/* One task. 256 bytes, four cache lines; the first is what a wait writes. */
struct wire_slot {
	uint32_t seq;
	uint32_t state; /* 1..24, or WIRE_STATE_RUNNING */
	/* CLOCK_MONOTONIC_COARSE when the state began; 0: not known */
	uint64_t since_ns;
	uint64_t object;    /* address waited on, or 0 */
	uint64_t call_site; /* return address of the call that blocks */
	uint64_t waits;     /* how many waits ever, inner ones not counted */
	/* of an io wait, else -1; child pid of wait-child; tid of join */
	int32_t fd;
	uint32_t flags; /* enum wire_slot_flags */
	uint64_t inner_object;
	uint32_t inner_state; /* a libc wait inside an API wait, else 0 */
	int32_t inner_fd;

	uint64_t serial;   /* > 0, never reused within the process */
	uint64_t start_ns; /* CLOCK_MONOTONIC */
	uint32_t kind;     /* enum wire_kind */
	/* thread: its own; coroutine: where it last ran, 0 if nowhere yet */
	int32_t tid;
	uint64_t carried; /* thread: serial of the coroutine that runs on it, else 0 */
	char name[WIRE_NAME_BYTES];

	char what[WIRE_WHAT_BYTES];
	uint32_t counts[WIRE_WAIT_STATES]; /* waits by state - 1; wraps */
};

/*
 * The creator of a task as it stood in pthread_create() or grmon_task_begin(): registers
 * and the top of its stack, for the reader to unwind. Written once, before the slot's
 * WIRE_SLOT_CREATOR flag is set. pc and stack_pointer are those of the function that made
 * the call, as they are when the call returns: pc is a return address (look up pc - 1), and
 * stack[0] lies at stack_pointer. stack[] may end in the middle of a frame.
 */
#define WIRE_CREATOR_STACK_BYTES 3840u
struct wire_creator {
	uint64_t serial; /* of the creating task */
	/* of the task that this belongs to; differs: stale, ignore */
	uint64_t created_serial;
	uint64_t mono_ns;
	uint64_t stack_pointer; /* address of stack[0] in the process */
	uint64_t pc;
	/* DWARF numbers of x86-64 (System V psABI, figure 3.36): rax rdx rcx rbx rsi rdi rbp
	 * rsp r8..r15 ra; only callee-saved ones are set. */
	uint64_t regs[17];
	int32_t tid;
	uint32_t stack_bytes;       /* valid bytes of stack[] */
	char name[WIRE_NAME_BYTES]; /* of the creating task */
	uint8_t padding[256 - 5 * 8 - 17 * 8 - 8 - WIRE_NAME_BYTES];
	uint8_t stack[WIRE_CREATOR_STACK_BYTES];
};

/* "key\0text\0" pairs, used bytes in all. */
#define WIRE_LABEL_BYTES 504u
struct wire_labels {
	uint32_t seq;
	uint32_t used;
	char text[WIRE_LABEL_BYTES];
};

/* A channel. Fields are single words, each read and written atomically; id last. */
struct wire_chan {
	uint64_t id;      /* > 0, never reused; 0: free */
	uint64_t address; /* what wire_slot.object holds */
	uint64_t site;    /* return address of grmon_chan_new() */
	uint32_t element_bytes;
	uint32_t capacity; /* saturates */
	uint32_t length;
	uint32_t nr_send; /* blocked senders, selects included */
	uint32_t nr_recv;
	uint32_t closed;
	char name[16];
};

_Static_assert(sizeof(struct wire_header) == 256, "header is 256 bytes");
_Static_assert(sizeof(struct wire_slot) == 256, "slot is four cache lines");
_Static_assert(offsetof(struct wire_slot, serial) == 64, "a wait writes one line");
_Static_assert(sizeof(struct wire_creator) == 4096, "creator is a page");
_Static_assert(sizeof(struct wire_labels) == 512, "labels");
_Static_assert(sizeof(struct wire_chan) == 64, "channel is a cache line");

/* The header that a whole region of these counts has; offsets are page-aligned. */
void wire_layout(struct wire_header *header, uint32_t nr_slots, uint32_t nr_creators,
		 uint32_t nr_chans);

/*
 * Check a header that was copied out of a region of region_bytes bytes (as the kernel
 * says, never as the header does). Returns NULL, or a static sentence that says what is
 * wrong. A header that passes describes areas inside the region, aligned, in order and not
 * overlapping, with counts within the maxima above and the record sizes of this version.
 * nr_slots_used and nr_chans_used are live: clamp them to nr_slots and nr_chans yourself.
 */
const char *wire_check(const struct wire_header *header, uint64_t region_bytes);

/*
 * Copy one record out of memory that is being written, by its sequence counter.
 * Returns 1 if the copy is whole, 0 if it still changed after a few tries.
 * `live` must be mapped and 8-byte aligned; `record` starts with the uint32_t seq.
 */
int wire_read(void *copy, const void *live, size_t bytes);

#endif
