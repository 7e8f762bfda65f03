/* SPDX-License-Identifier: MIT */
/*
 * What the files of the agent's core share among themselves: the one state object, the
 * page that the kernel wipes on fork, a thread's own pointers. Others use agent.h.
 */
#ifndef AGENT_STATE_H
#define AGENT_STATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "agent/agent.h"
#include "wire/wire.h"

#define AGENT_NO_INDEX    UINT32_MAX
#define AGENT_LINE        64

#define agent_load(p)     __atomic_load_n(p, __ATOMIC_RELAXED)
#define agent_store(p, v) __atomic_store_n(p, v, __ATOMIC_RELAXED)

/* Records that are given back are taken again first, so that few pages stay in use. */
struct agent_pool {
	uint64_t
		head; /* tag << 32 | index + 1 of the first free record; the tag defeats ABA */
	uint32_t used; /* records from here on were never taken */
	uint32_t padding;
};

/*
 * Lives in anonymous memory under MADV_WIPEONFORK: all zero in a child, whatever made the
 * child, so nothing in here can be held by a thread that the child does not have.
 */
struct agent_control {
	uint32_t generation; /* of the region; 0: this process has none */
	uint8_t line[AGENT_LINE - 4];
	uint32_t making; /* a thread is making the region */
	uint32_t reclaim_cursor;
	uint64_t last_serial;
	uint64_t last_chan_id;
	struct agent_pool slots;
	struct agent_pool chans;
	uint32_t server; /* enum agent_server */
	int32_t server_tid;
	int32_t server_region; /* the descriptor that it starts with */
	uint32_t server_stop;
	uint32_t server_made;  /* 1: server_thread is to be joined; 2: somebody does */
	uint32_t server_named; /* a socket of this process is in the file system */
	uint32_t threads;      /* the program has created one */
	uint32_t main_watched; /* the end of the main thread will be noticed */
	uint32_t main_left;    /* the main thread ended before the process */
	pthread_t server_thread;
	char socket_path[108];
};

/*
 * Beside each slot: what a new thread runs, or a coroutine's handle. In memory that
 * survives fork, for a fork in mid-creation.
 */
struct agent_start {
	struct wire_slot *slot;
	uint64_t serial;
	uint32_t generation;
	union {
		void *(*posix)(void *);
		int (*c11)(void *);
	} routine;
	void *argument;
	size_t stack_bytes;
};

struct agent_state {
	const uint32_t *live; /* the region's generation; 0: publish nothing */
	struct agent_control *control;
	uint32_t *next_slot; /* links of the two pools; wiped on fork too */
	uint32_t *next_chan;
	struct agent_start *starts; /* by slot index */

	/* The region. Its address never changes: a child maps its own over the parent's. */
	struct wire_header *header;
	struct wire_slot *slots;
	struct wire_creator *creators;
	struct wire_labels *labels;
	struct wire_chan *chans;
	struct wire_header layout; /* private copy: counts and offsets */
	uint32_t last_generation;
	int fd; /* of the memfd, -1 when it is no longer in the program's table */
	uint64_t fd_device, fd_inode;
	bool shared;          /* the region is a memfd, not a child's anonymous memory */
	bool serves;          /* the program asked for the server and its socket */
	uint32_t child_waits; /* of a child that has no region yet */
	uint32_t
		filtered; /* the seccomp filter in force, 0: none; see filter.h; fork keeps it */

	uint32_t off;     /* nothing is published any more, or never was */
	bool no_children; /* GRMON_CHILDREN=0 */
	bool preloaded;   /* or opened later: not linked */
	bool guarded;     /* see memfd_guarded() */
	bool key_made;    /* only where the end of the main thread must be noticed */
	pthread_key_t key;
	size_t default_stack;
	const char *status;
	char socket_dir[108]; /* by grmon_start() or GRMON_SOCKET_DIR; empty: not given */
	char runtime_dir[108]; /* XDG_RUNTIME_DIR */
	uint32_t none;         /* what live points to without a region */
};

struct agent_tls {
	struct wire_slot *current; /* of the task that runs here: own, or a coroutine's */
	uint32_t generation;       /* of the region that current and own lie in */
	uint32_t busy;         /* a slot is being taken: a signal handler stays inert */
	uintptr_t top;         /* address of the mark that published the outer wait */
	struct wire_slot *own; /* the thread's */
	uintptr_t stack_top;   /* 0: not known */
	size_t stack_window;   /* bytes below stack_top that are surely this stack */
	int32_t record;  /* libc's of the tid, as seen last; 0: never; -1: it is new */
	uint32_t unseen; /* waits without a slot; 0: not counted as dropped yet */
	bool internal;   /* the server thread, or inside its creation */
	bool over;       /* the thread's function has returned */
	bool child_filtered; /* a child of vfork() from this thread is under a filter */
	const struct agent_start *reserved; /* a slot to take at the first wait */
};

extern AGENT_HIDDEN struct agent_state agent;
extern AGENT_HIDDEN __thread struct agent_tls agent_tls;

/* A seccomp filter of this process. */
enum { AGENT_FILTER_INHERITED = 1, AGENT_FILTER_OWN = 2 };

/* One that it has put on itself: nothing is known of what that allows. */
static inline bool agent_filtered_itself(void)
{
	return agent_load(&agent.filtered) == AGENT_FILTER_OWN ||
	       agent_tls.child_filtered;
}

/* Whether the caller may make no system call of the agent's own, see filter.h. */
static inline bool agent_filtered(void)
{
	return agent_load(&agent.filtered) || agent_tls.child_filtered;
}

/* The order of the writer's stores (wire/wire.h). */
static inline void agent_fence_release(void)
{
#pragma GCC diagnostic push
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wtsan"
#endif
	__atomic_thread_fence(__ATOMIC_RELEASE);
#pragma GCC diagnostic pop
}

/* Both leave seq even for the next reader even if a publication was abandoned halfway. */
static inline uint32_t agent_seq_begin(uint32_t *seq)
{
	uint32_t odd = agent_load(seq) | 1;

	agent_store(seq, odd);
	agent_fence_release();
	return odd;
}

static inline void agent_seq_end(uint32_t *seq, uint32_t odd)
{
	__atomic_store_n(seq, odd + 1, __ATOMIC_RELEASE);
}

/* The vDSO: no system call, errno untouched. */
static inline uint64_t agent_clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static inline void agent_set_status(const char *sentence)
{
	__atomic_store_n(&agent.status, sentence, __ATOMIC_RELEASE);
}

static inline uint32_t agent_slot_index(const struct wire_slot *slot)
{
	return (uint32_t)(slot - agent.slots);
}

/* The caller's slot is valid and belongs to this process. */
static inline struct wire_slot *agent_current(void)
{
	struct wire_slot *slot = agent_tls.current;

	if (AGENT_UNLIKELY(!slot || agent_tls.generation != agent_load(agent.live)))
		return NULL;
	return slot;
}

/* The calling thread's and process's ids; under a seccomp filter by libc's own record. 0: not
 * known. */
AGENT_HIDDEN int32_t agent_own_tid(void);
AGENT_HIDDEN int32_t agent_own_pid(void);
/* To be called when they have been asked, or, with true, in a thread that libc just made. */
AGENT_HIDDEN void agent_own_seen(bool new);
/* Copies at most bytes - 1 characters and fills the rest with zeros. from may be NULL. */
AGENT_HIDDEN void agent_copy_text(char *to, const char *from, size_t bytes);

#endif
