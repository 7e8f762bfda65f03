/* SPDX-License-Identifier: MIT */
/*
 * The folder src/core derives from snapshots all that is said about tasks: ages,
 * verdicts, groups, trends, who waits for whom, what a filter matches. It does not know
 * where a snapshot comes from, nor how it is shown: it reads no target and writes no
 * output.
 *
 * One look at all tasks of a target. A source fills it, core/track.h completes it (ages,
 * stuck); from then on it is immutable, shared between threads by reference count and read
 * by views and outputs. Everything a snapshot points to lives in its own arena or in its
 * session's intern and stack tables, which outlive it.
 */
#ifndef CORE_SNAPSHOT_H
#define CORE_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "core/resource.h"
#include "core/state.h"

/* Bounds that hold whatever a target says. */
#define SNAPSHOT_TASKS_MAX  4000000u
#define SNAPSHOT_FRAMES_MAX 128u
#define SNAPSHOT_LABELS_MAX 16u

struct frame {
	const char *function; /* interned; NULL: not known */
	const char *file;     /* interned; NULL: not known */
	int line;             /* 0: not known */
	uint64_t address;
	bool inlined;
	bool library; /* of a library of the system, or of an installed program's launcher */
};

/* Immutable, unique per content within a session: equal stacks have equal pointers. */
struct stack {
	size_t nr_frames; /* innermost first */
	bool truncated;   /* does not reach the outermost frame */
	uint64_t hash;
	/* 1 + index of the frame that a user cares for; 0: to be looked for */
	uint32_t top;
	uint8_t rests; /* not 0: a worker of a pool that waits for work; core/pool.c */
	/* How deep in its work a task is that waits here; core/depth.c. */
	uint8_t depth;  /* frames of the program's own */
	bool began;     /* they reach the function that the task began with */
	bool unknown;   /* frames of another language are not known */
	bool asks;      /* a name says that it waits for work */
	bool reads;     /* what the task began with is a reader by its name */
	bool vague;     /* a lock that may as well be an event: nobody need hold it */
	uint64_t place; /* of the wait: its function and who calls that */
	uint64_t site; /* of the innermost frames, by which waits are told apart; not 0 */
	uint64_t root; /* of the program's function that the task began with; 0: none */
	struct frame frames[];
};

enum task_kind { TASK_THREAD, TASK_GOROUTINE, TASK_COROUTINE };

/* Processes any thread of which can end a wait: those at the other end of a pipe or socket,
 * the holder of a file lock, the child. Other processes come before the target. */
struct wait_actors {
	const char *how; /* static: "pipe", "socket", "file lock", "child" */
	bool complete;   /* nobody else can end it */
	size_t nr_pids;
	pid_t pids[];
};

/* What a task waits on. */
struct waits_on {
	/* static: "channel", "mutex", "fd", "pid", "thread", "futex" …; NULL: nothing */
	const char *kind;
	uint64_t address; /* of the object in the target, or 0 */
	/* "chan results cap 0, len 0, 3 senders"; arena; never NULL if kind is set */
	const char *text;
	/* more of the task that is looked at, line by line; or NULL; arena */
	const char *detail;
	int fd;              /* -1: none */
	pid_t owner_tid;     /* who holds it, or 0 */
	uint64_t owner_goid; /* the goroutine on that thread that has it for sure, or 0 */
	pid_t owner_pid;     /* the other process that can end it, or 0 */
	bool reads, writes;  /* a poll of one fd: what it waits for */
	bool limited;        /* it ends by itself after a time */
	int64_t until_ns;    /* … then, by CLOCK_MONOTONIC; 0: not known */
	bool retries;        /* … and begins again: that is the same wait */
	bool accepted;       /* a connection that the peer has made: it speaks next */
	const struct wait_actors *actors; /* or NULL; arena */
	/* where it waits on several, the address of each; else NULL; arena */
	const uint64_t *objects;
	unsigned nr_objects;
};

struct label {
	const char *key;
	const char *text;
};

enum task_flags {
	TASK_IDLE = 1u << 0,  /* at rest; this and the next two by core/verdict.c */
	TASK_STUCK = 1u << 1, /* past its threshold in two looks in a row, by evidence */
	TASK_LONG = 1u << 2,  /* past it for an event, of which nothing more is known */
	TASK_AGE_EXACT = 1u << 3,   /* else "at least" */
	TASK_SUSPECT = 1u << 4,     /* changed while it was read */
	TASK_STALE = 1u << 5,       /* the kernel contradicts what the agent published */
	TASK_NEW = 1u << 6,         /* was not in the look before */
	TASK_DEADLOCK = 1u << 7,    /* in a confirmed cycle of waits, see core/graph.h */
	TASK_UNREACHABLE = 1u << 8, /* proved: nothing alive can reach what it waits on */
	TASK_LEAK = 1u << 9,        /* of a site that leaks, see core/group.h */
	TASK_GONE = 1u << 10,       /* as it was at a mark, see core/mark.h */
	TASK_MOVED = 1u << 11,      /* was elsewhere at a mark */
};

/* What idle, long or stuck rest on; core/verdict.c has a sentence for each. */
enum why {
	WHY_NOTHING,
	/* idle */
	WHY_STATE,
	WHY_POOL,
	WHY_SHARED, /* number: of tasks at this place for this object */
	WHY_LOOP,
	WHY_SIBLINGS, /* number: of threads with this stack */
	WHY_RETURNS,  /* number: how often it came back */
	WHY_FIRST,
	WHY_REQUEST,
	WHY_TURN, /* who has the lock that it waits for is at rest in the same loop */
	/* long */
	WHY_LONG,
	/* stuck */
	WHY_HELD,
	WHY_HISTORY, /* number: of waits that ended here; most_ns: the longest */
	WHY_COUNTED, /* the same by an agent; most_ns: their mean */
	WHY_NAMED,
	WHY_DEADLOCK,
	WHY_PROOF,
	WHY_RUNTIME,
	WHY_COUNT,
};

struct evidence {
	enum why why;
	uint32_t number;
	int64_t most_ns;
};

struct task {
	uint64_t id; /* tid, goid or serial: with kind what the user sees, "t4711" */
	/* tells a reused id from the first; 0 where ids are not reused */
	uint64_t serial;
	enum task_kind kind;
	enum task_state state;
	uint32_t flags;   /* enum task_flags */
	pid_t tid;        /* thread that it is or runs on, or 0 */
	int64_t since_ns; /* CLOCK_MONOTONIC of this machine; 0: the source cannot say */
	int64_t start_ns; /* the same clock; 0: not known */
	const char *raw;  /* the runtime's own word for the state, or NULL */
	const char *name; /* never NULL */
	struct waits_on waits;
	/* a wait inside the published one, for the detail view; or NULL */
	const char *inner;
	const struct stack *stack; /* or NULL */
	const struct stack *created_by;
	const char *creator_name; /* name of the task that created it, or NULL */
	uint64_t creator_id;      /* its id, or 0 */
	const struct label *labels;
	size_t nr_labels;
	float cpu_percent; /* of one CPU since the look before; < 0: not known */
	/* voluntary context switches, or waits where an agent counts them */
	uint64_t switches;
	const uint32_t *state_counts; /* STATE_COUNT counters of an agent, or NULL */
	uint32_t returns; /* how often it was seen to come back to this place */
	uint32_t turn;    /* another one when it has run in between; 0: not known */
	struct evidence evidence;
};

struct snapshot_counts {
	uint32_t tasks;
	uint32_t stuck;
	uint32_t is_long;
	uint32_t by_state[STATE_COUNT];
	uint32_t by_class[CLASS_COUNT];
	uint32_t stuck_by_class[CLASS_COUNT];
	uint32_t long_by_class[CLASS_COUNT];
};

/* A process that tasks of the target wait for. */
struct other_process {
	pid_t pid;
	const char *name; /* never NULL */
	bool complete;    /* all of its threads are in snapshot->others */
};

/* A thread of it. */
struct other_task {
	const struct other_process *process;
	struct task task;
};

struct wait_graph; /* core/graph.h */
struct figures;    /* core/figures.h */

struct groups; /* core/group.h */

/* A proof of leaks goes on in the background, and takes longer than a look. */
enum proving_state {
	PROVING_NONE,
	PROVING_RUNNING,
	PROVING_DONE, /* TASK_UNREACHABLE says who */
	PROVING_FAILED,
	PROVING_CANCELLED,
};

struct proving {
	bool possible; /* the source can */
	enum proving_state state;
	unsigned percent; /* while it runs */
	unsigned passes;  /* over the heap, which agree */
	uint32_t judged;  /* blocked tasks */
	uint32_t proven;  /* of them, then */
	uint32_t changed; /* of them, that ran meanwhile */
	int64_t took_ns;
	uint64_t heap_bytes;
	const char *why; /* it failed; NULL: no reason; arena */
};

struct snapshot_target {
	pid_t pid;             /* 0: not a process */
	const char *name;      /* never NULL */
	const char *sources;   /* "agent, native"; comma and space between */
	const char *runtime;   /* "go1.26.4", or NULL */
	int64_t start_real_ns; /* when the process began; 0: not known */
	bool ended;            /* this is the last picture */
	unsigned dump, dumps; /* of a text with several: which, of how many; 0: no text */
	bool replay;          /* recorded: complete, and as old as it was then */
	bool unread;          /* recorded, but cannot be read: the one before */
};

struct snapshot {
	struct snapshot_target target;
	int64_t mono_ns; /* when it was taken */
	/* its clock minus CLOCK_MONOTONIC of this machine: waits may be older than that */
	int64_t clock_ahead_ns;
	bool undated; /* a text: a task that comes without its age has none */
	int64_t real_ns;
	struct resources resources;
	struct snapshot_counts counts; /* by snapshot_count() */
	struct task *tasks;
	size_t nr_tasks;
	size_t cap_tasks;
	/* Other processes that the waits lead to; arena. */
	struct other_process *processes;
	size_t nr_processes;
	struct other_task *others;
	size_t nr_others;
	/* by graph_build(); NULL: nobody waits for anybody */
	const struct wait_graph *graph;
	const struct figures *figures; /* up to this look; arena; NULL: none are kept */
	const struct groups *groups;   /* by grouping_update(); arena; NULL: none */
	struct proving proving;
	bool partial;     /* there was no time for stacks that the next look will have */
	uint64_t dropped; /* tasks that the agent had no room for */
	const char **notes; /* sentences for the footer and dump's errors; arena */
	size_t nr_notes;
	struct arena arena;
	int refs; /* atomic */
};

/* An empty snapshot with one reference, or NULL. */
struct snapshot *snapshot_new(void);
struct snapshot *snapshot_ref(struct snapshot *snapshot);
void snapshot_unref(struct snapshot *snapshot); /* NULL is accepted */
/* Room for `capacity` tasks, where their number is known. False: no memory, or full. */
bool snapshot_reserve(struct snapshot *snapshot, size_t capacity);
/* A zeroed task at the end (name "", cpu -1, fd -1), or NULL: no memory or too many. The
 * pointer holds until the next call. */
struct task *snapshot_add(struct snapshot *snapshot);
/* Copies the sentence; at most 16 are kept and equal ones once. */
void snapshot_note(struct snapshot *snapshot, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* A row of a profile that names no goroutine: it stands for all of one stack, and its id is
 * of this program's making. */
bool task_is_many(const struct task *task);
/* How many goroutines that are; of any other row 1. */
uint32_t task_weight(const struct task *task);
/* Tasks, not rows. */
void snapshot_count(struct snapshot *snapshot);
/* The same task by task. */
void snapshot_count_begin(struct snapshot *snapshot);
void snapshot_count_task(struct snapshot *snapshot, const struct task *task);

#define TASK_ID_MAX 24
/* "t4711", "g17", "c3"; "#3" of a row that stands for many */
const char *task_format_id(const struct task *task, char out[TASK_ID_MAX]);
/* The task that created it, and the one that holds what is waited for; NULL: not known. */
const char *task_format_parent(const struct task *task, char out[TASK_ID_MAX]);
const char *waits_format_owner(const struct waits_on *waits, char out[TASK_ID_MAX]);
/* Age of its state at now_ns; -1 where it is not known. Never below -1. */
int64_t task_age_ns(const struct task *task, int64_t now_ns);
/* The frame that a user cares for: the innermost one of the program's own code, else of a
 * library; NULL if there is none. */
const struct frame *task_top_frame(const struct task *task);
const struct frame *task_creator_frame(const struct task *task);
enum frame_role {
	FRAME_OWN,      /* of the program */
	FRAME_LIBRARY,  /* of a library or runtime */
	FRAME_PLUMBING, /* the same, and it waits for the sake of what called it */
};
enum frame_role frame_role(const struct frame *frame);
bool frame_is_plumbing(const struct frame *frame);
/* The same of any stack (NULL: none), and its index in frames that are no stack yet. */
const struct frame *stack_top_frame(const struct stack *stack);
size_t stack_find_top(const struct frame *frames, size_t nr_frames);

#endif
