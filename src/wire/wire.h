/* SPDX-License-Identifier: MIT */
/*
 * The folder src/wire defines the format that libgrmon and the client share. It must not
 * know anything else about either of them.
 *
 * libgrmon writes the region and grmon-c reads it. The region is a sealed memfd of fixed
 * size; in forked children and under seccomp filters it is anonymous memory.
 *
 *   header | slots | creators | labels | channels
 *
 * Every area except the header is an array of fixed-size records. Slot i, creator i and
 * labels i describe the same task. The region is sparse: a page that no task has used
 * occupies no memory. Integers are little-endian. The header holds the offsets and
 * counts. A reader must check them with wire_check() against the true size before it
 * reads anything else, because the writer may be hostile and keeps writing while the
 * region is being read.
 *
 * A record with a `seq` field is written by one task at a time. The writer makes seq odd
 * (relaxed), issues a release fence, writes the fields and makes seq even (release). The
 * reader loads seq (acquire), copies the record, issues an acquire fence and loads seq
 * again. If both values are equal and even, the copy is consistent. Counters may be read
 * without this protocol.
 *
 * grmon-wire(5) documents all of this for readers in other languages. tests/e2e/wire.t
 * fails where its tables and this file differ.
 */
/*
 * How a reader finds the region, in this order:
 *
 *   1. over the socket;
 *   2. through a link to /memfd:grmon in /proc/PID/fd or, once the server thread (named
 *      "grmon") has moved it to a descriptor table of its own, in /proc/PID/task/TID/fd;
 *   3. through the mapping of that name in /proc/PID/maps, read with process_vm_readv();
 *   4. for anonymous memory, through the address in struct wire_anchor, which is aligned
 *      to 16 bytes in the writable data of libgrmon.so or of the program that contains
 *      libgrmon.a.
 *
 * If the header has WIRE_STOPPED set, the agent has stopped or moved the region: search
 * again. If the header holds the pid of another process, the region belongs to a parent.
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
#define WIRE_WAIT_STATES  24u /* states 1 to 24 have a counter */
#define WIRE_NAME_BYTES   32u
#define WIRE_WHAT_BYTES   32u

/* Type of the task that a slot describes. */
enum wire_kind {
	WIRE_FREE = 0,
	WIRE_THREAD = 1,
	WIRE_COROUTINE = 2,
};

/* Values of wire_slot.state that grmon.h does not define. */
#define WIRE_STATE_RUNNING 26u

enum wire_slot_flags {
	/* grmon_wait_begin() or a channel published the outer wait */
	WIRE_SLOT_API = 1u << 0,
	WIRE_SLOT_CREATOR = 1u << 1, /* the creator record at this index is valid */
	WIRE_SLOT_LABELS = 1u << 2,  /* the label record at this index is valid */
	/* the program set the name, not the kernel */
	WIRE_SLOT_NAMED = 1u << 3,
};

enum wire_header_flags {
	WIRE_STOPPED = 1u << 0,   /* grmon_stop() was called */
	WIRE_PRELOADED = 1u << 1, /* loaded through LD_PRELOAD, not linked */
};

/* 16 bytes that do not occur at an aligned address in other data. */
#define WIRE_ANCHOR_MAGIC "\xa9grmon-region\x01\x96"
struct wire_anchor {
	char magic[16];
	uint64_t region; /* address of the header; 0 if there is no region yet */
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
	/* slots with this index or a higher one have no creator record */
	uint32_t nr_creators;
	uint64_t creators_offset;
	uint32_t labels_bytes;
	uint32_t nr_labels;
	uint64_t labels_offset;
	uint32_t chan_bytes;
	uint32_t nr_chans;
	uint64_t chans_offset;

	/* the process's pid in its own pid namespace */
	int32_t pid;
	uint32_t flags;         /* enum wire_header_flags */
	uint64_t start_mono_ns; /* CLOCK_MONOTONIC when the region was created */
	uint64_t start_real_ns; /* CLOCK_REALTIME at the same moment */
	/* slots with this index or a higher one have never been used */
	uint32_t nr_slots_used;
	uint32_t nr_chans_used;
	uint64_t dropped_tasks;    /* threads and coroutines for which no slot was free */
	uint64_t dropped_labels;   /* labels that did not fit */
	uint64_t dropped_creators; /* tasks whose slot has no creator record */
	uint64_t dropped_chans;    /* channels for which no record was free */
	uint64_t tasks_begun;      /* total number; those no longer live have ended */
	uint64_t reserved[12];
};

/* One task: 256 bytes, four cache lines. A wait writes only the first line. */
struct wire_slot {
	uint32_t seq;
	uint32_t state; /* 1..24, or WIRE_STATE_RUNNING */
	/* CLOCK_MONOTONIC_COARSE when the state began; 0 if unknown */
	uint64_t since_ns;
	uint64_t object;    /* address of the object waited for, or 0 */
	uint64_t call_site; /* return address of the blocking call */
	uint64_t waits;     /* total number of waits, without inner ones */
	/* descriptor of an I/O wait, child pid of wait-child, tid of join; otherwise
	 * -1 */
	int32_t fd;
	uint32_t flags; /* enum wire_slot_flags */
	uint64_t inner_object;
	uint32_t inner_state; /* a libc wait inside an API wait; otherwise 0 */
	int32_t inner_fd;

	uint64_t serial;   /* > 0; never reused within the process */
	uint64_t start_ns; /* CLOCK_MONOTONIC */
	uint32_t kind;     /* enum wire_kind */
	/* thread: its own tid; coroutine: tid of the thread it last ran on, 0 if none */
	int32_t tid;
	uint64_t carried; /* thread: serial of the coroutine it is running, or 0 */
	char name[WIRE_NAME_BYTES];

	char what[WIRE_WHAT_BYTES];
	uint32_t counts[WIRE_WAIT_STATES]; /* waits by state - 1; may wrap */
};

/*
 * The creator of a task at its call to pthread_create() or grmon_task_begin(): registers
 * and the top of the stack, which the reader unwinds. Written once, before the slot's
 * WIRE_SLOT_CREATOR flag is set. pc and stack_pointer are those of the calling function
 * immediately after the call returns. pc is therefore a return address (look up pc - 1),
 * and stack[0] is the memory at stack_pointer. stack[] may end in the middle of a frame.
 */
#define WIRE_CREATOR_STACK_BYTES 3840u
struct wire_creator {
	uint64_t serial; /* of the creating task */
	/* of the created task; if it differs from the slot's, the record is stale */
	uint64_t created_serial;
	uint64_t mono_ns;
	uint64_t stack_pointer; /* address of stack[0] in the process */
	uint64_t pc;
	/* In the DWARF numbering of x86-64 (System V psABI, figure 3.36): rax rdx rcx rbx
	 * rsi rdi rbp rsp r8..r15 ra. Only callee-saved registers are set. */
	uint64_t regs[17];
	int32_t tid;
	uint32_t stack_bytes;       /* valid bytes of stack[] */
	char name[WIRE_NAME_BYTES]; /* of the creating task */
	uint8_t padding[256 - 5 * 8 - 17 * 8 - 8 - WIRE_NAME_BYTES];
	uint8_t stack[WIRE_CREATOR_STACK_BYTES];
};

/* Pairs of "key\0text\0"; `used` is their total size in bytes. */
#define WIRE_LABEL_BYTES 504u
struct wire_labels {
	uint32_t seq;
	uint32_t used;
	char text[WIRE_LABEL_BYTES];
};

/* A channel. Each field is one word that is read and written atomically; id is written
 * last. */
struct wire_chan {
	uint64_t id;      /* > 0, never reused; 0 if the record is free */
	uint64_t address; /* the value that wire_slot.object holds */
	uint64_t site;    /* return address of grmon_chan_new() */
	uint32_t element_bytes;
	uint32_t capacity; /* saturates at UINT32_MAX */
	uint32_t length;
	uint32_t nr_send; /* blocked senders, including selects */
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

/* Fill in the header of a region with these counts. Offsets are page-aligned. */
void wire_layout(struct wire_header *header, uint32_t nr_slots, uint32_t nr_creators,
		 uint32_t nr_chans);

/*
 * Validate a copy of a region's header. region_bytes must be the size that the kernel
 * reports, not the one in the header.
 *
 * Returns NULL if the header is valid, otherwise a static sentence that describes the
 * problem. In a valid header all areas are inside the region, aligned, in order and
 * without overlap, the counts are within the maxima above, and the record sizes are those
 * of this version. nr_slots_used and nr_chans_used change while they are read: the caller
 * must clamp them to nr_slots and nr_chans.
 */
const char *wire_check(const struct wire_header *header, uint64_t region_bytes);

/*
 * Copy one record that may be written concurrently, using its sequence counter.
 *
 * `live` must be mapped and aligned to 8 bytes, and its record must start with the
 * uint32_t seq. Returns 1 if the copy is consistent, or 0 if the record was still
 * changing after 16 attempts.
 */
int wire_read(void *copy, const void *live, size_t bytes);

#endif
