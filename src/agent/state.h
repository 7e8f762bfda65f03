/* SPDX-License-Identifier: MIT */
/*
 * State that the files of the agent share: the global state object, the page that is
 * cleared on fork, and each thread's own pointers. Other code uses agent.h.
 */
#ifndef AGENT_STATE_H
#define AGENT_STATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "agent/agent.h"
#include "agent/resolve.h"
#include "wire/wire.h"

#define AGENT_NO_INDEX    UINT32_MAX
#define AGENT_LINE        64

#define agent_load(p)     __atomic_load_n(p, __ATOMIC_RELAXED)
#define agent_store(p, v) __atomic_store_n(p, v, __ATOMIC_RELAXED)

/* Returned records are reused first, so that few pages are in use. */
struct agent_pool {
	/* tag << 32 | index + 1 of the first free record; the tag prevents the ABA
	 * problem */
	uint64_t head;
	uint32_t used; /* records with this index or a higher one have never been taken */
	uint32_t padding;
};

/*
 * Stored in anonymous memory under MADV_WIPEONFORK. It is all zero in a child, however
 * the child was created, so none of its fields can be held by a thread that the child
 * does not have.
 */
struct agent_control {
	uint32_t generation; /* of the region; 0 if this process has none */
	uint8_t line[AGENT_LINE - 4];
	uint32_t making; /* a thread is creating the region */
	uint32_t reclaim_cursor;
	uint64_t last_serial;
	uint64_t last_chan_id;
	struct agent_pool slots;
	struct agent_pool chans;
	uint32_t server; /* enum agent_server */
	int32_t server_tid;
	int32_t server_region; /* the descriptor that the server starts with */
	uint32_t server_stop;
	/* 1: server_thread must be joined; 2: a thread is joining it */
	uint32_t server_made;
	uint32_t server_named; /* a socket of this process is in the file system */
	uint32_t threads;      /* the program has created a thread */
	uint32_t main_watched; /* the end of the main thread will be detected */
	uint32_t main_left;    /* the main thread ended before the process */
	pthread_t server_thread;
	char socket_path[108];
};

/*
 * Additional data of each slot: what a new thread runs, or a coroutine's handle. Stored
 * in memory that survives fork, since a process may fork while it creates a thread.
 */
struct agent_start {
	struct wire_slot *slot;
	uint64_t serial;
	uint32_t generation;
	uint32_t next; /* link of the pool of slots */
	union {
		void *(*posix)(void *);
		int (*c11)(void *);
	} routine;
	void *argument;
	size_t stack_bytes;
};

struct agent_state {
	/* What every wait and every new thread needs, in two cache lines. */
	_Alignas(AGENT_LINE) const uint32_t *live; /* the region's generation; 0 if
						    * nothing is published */
	struct agent_control *control;
	/* The region. Its address never changes: a child maps its own region over the
	 * parent's. */
	struct wire_slot *slots;
	uint32_t off; /* publishing has stopped, or never began */
	/* seccomp filters in force, 0 if none; see filter.h; preserved across fork */
	uint32_t filtered;
	bool shared; /* the region is a memfd, not a child's anonymous memory */
	bool serves; /* the program requested the server and its socket */
	struct wire_header *header;
	struct agent_start *start; /* of slot 0; see agent_start_of() */
	struct wire_creator *creators;
	size_t default_stack;

	uint32_t *next_chan; /* links of the pool of channels */
	struct wire_labels *labels;
	struct wire_chan *chans;
	struct wire_header layout; /* private copy: counts and offsets */
	uint32_t last_generation;
	/* descriptor of the memfd, or -1 if it is no longer in the program's table */
	int fd;
	uint64_t fd_device, fd_inode;

	bool no_children; /* GRMON_CHILDREN=0 */
	bool preloaded;   /* preloaded or opened later, not linked */
	bool guarded;     /* see memfd_guarded() */
	bool key_made;    /* only where the end of the main thread must be detected */
	pthread_key_t key;
	const char *status;
	/* set by grmon_start() or GRMON_SOCKET_DIR; empty if neither was given */
	char socket_dir[108];
	char runtime_dir[108]; /* XDG_RUNTIME_DIR */
	/* the word that `live` points to while there is no region */
	uint32_t none;
};

struct agent_tls {
	/* slot of the task that runs on this thread: own, or a coroutine's */
	struct wire_slot *current;
	/* generation of the region that current and own are in */
	uint32_t generation;
	/* a slot is being taken; a signal handler must stay inert */
	uint32_t busy;
	uintptr_t top;         /* frame of the mark that published the outer wait, or 0 */
	struct wire_slot *own; /* the thread's own slot */
	uintptr_t stack_top;   /* 0 if unknown */
	/* bytes below stack_top that certainly belong to this stack */
	size_t stack_window;
	/* libc's record of the tid when the thread got its slot; 0: it never had one */
	int32_t record;
	uint32_t unseen; /* waits without a slot; 0: not yet counted as dropped */
	/* Waits in a child that has no region yet. Here, because fork() itself writes to
	 * this page, so that the child need not copy another. */
	uint32_t child_waits;
	bool internal; /* this is the server thread, or a thread that is creating it */
	bool over;     /* the thread's function has returned */
	bool child_filtered; /* a child of vfork() from this thread is under a filter */
	const struct agent_start *reserved; /* a slot to take at the first wait */
};

extern AGENT_HIDDEN struct agent_state agent;
extern AGENT_HIDDEN __thread struct agent_tls agent_tls;

/* Flags for the seccomp filters of this process. */
enum { AGENT_FILTER_INHERITED = 1, AGENT_FILTER_OWN = 2 };

/* Returns whether the process has installed a filter itself. What it allows is
 * unknown. */
static inline bool agent_filtered_itself(void)
{
	return agent_load(&agent.filtered) == AGENT_FILTER_OWN ||
	       agent_tls.child_filtered;
}

/* Returns whether the agent must not make system calls of its own, see filter.h. */
static inline bool agent_filtered(void)
{
	return agent_load(&agent.filtered) || agent_tls.child_filtered;
}

/* Orders the writer's stores (wire/wire.h). */
static inline void agent_fence_release(void)
{
#pragma GCC diagnostic push
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wtsan"
#endif
	__atomic_thread_fence(__ATOMIC_RELEASE);
#pragma GCC diagnostic pop
}

/* Both leave seq even for the next reader, even if a publication was abandoned
 * halfway. */
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

/* Served by the vDSO: no system call, and errno is unchanged. */
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

/* They lie in descending order, so that the first ones, which are used first, are beside
 * the control: a fork() copies fewer page tables. */
static inline struct agent_start *agent_start_of(const struct wire_slot *slot)
{
	return agent.start - agent_slot_index(slot);
}

/* Returns the caller's slot if it is valid and belongs to this process, otherwise
 * NULL. */
static inline struct wire_slot *agent_current(void)
{
	struct wire_slot *slot = agent_tls.current;

	if (AGENT_UNLIKELY(!slot || agent_tls.generation != agent_load(agent.live)))
		return NULL;
	return slot;
}

/* What pthread_self() returns. */
static inline uintptr_t agent_self(void)
{
#if defined(__x86_64__) && defined(__GLIBC__)
	uintptr_t self;

	__asm__("movq %%fs:0, %0" : "=r"(self));
	return self;
#else
	return (uintptr_t)pthread_self();
#endif
}

/* Returns the tid that libc records when it creates a thread and in fork(), or 0 if
 * unknown. */
static inline int32_t agent_own_record(void)
{
	if (real_tid_offset == 0)
		return 0;
	return agent_load((const int32_t *)(agent_self() + real_tid_offset));
}

/* Return the ids of the calling thread and process, or 0 if unknown. Under a seccomp
 * filter they are taken from libc's own record. */
AGENT_HIDDEN int32_t agent_own_tid(void);
AGENT_HIDDEN int32_t agent_own_pid(void);
/* Copies at most bytes - 1 characters and fills the rest with zeros. from may be NULL. */
AGENT_HIDDEN void agent_copy_text(char *to, const char *from, size_t bytes);

#endif
