/* SPDX-License-Identifier: MIT */
/*
 * The folder src/core derives from snapshots all that is said about tasks: ages,
 * verdicts, groups, trends, which task waits for which, and what a filter matches. It
 * must not know where a snapshot comes from or how it is shown. It reads no target and
 * writes no output.
 *
 * verdict.h decides whether a task is idle, long or stuck, by the thresholds of
 * threshold.h. trend.h judges whether a group leaks. graph.h finds deadlocks. query.h
 * parses filters.
 *
 * A snapshot is one sample of all tasks of a target. A source fills it in and
 * core/track.h completes it (ages, stuck). From then on it is immutable, shared between
 * threads with a reference count, and read by views and outputs. Everything that a
 * snapshot points to is in its own arena, or in the intern and stack tables of its
 * session, which outlive it.
 */
#ifndef CORE_SNAPSHOT_H
#define CORE_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/fill.h"
#include "core/holds.h"
#include "core/letters.h"
#include "core/resource.h"
#include "core/state.h"
#include "core/timer.h"

/* Limits that hold whatever a target contains. */
#define SNAPSHOT_TASKS_MAX     4000000u
#define SNAPSHOT_FRAMES_MAX    128u
#define SNAPSHOT_LABELS_MAX    16u
#define SNAPSHOT_ANCESTORS_MAX 16u

struct frame {
	const char *function; /* interned; NULL if unknown */
	const char *file;     /* interned; NULL if unknown */
	int line;             /* 0 if unknown */
	uint64_t address;
	bool inlined;
	/* belongs to a system library, or to the launcher of an installed program */
	bool library;
};

/* Immutable and unique per content within a session: equal stacks have equal pointers. */
struct stack {
	size_t nr_frames; /* innermost first */
	uint64_t hash;
	/* of that frame, so that a sort need not read it; NULL if unknown */
	const char *function;
	/* 1 + index of the frame that is relevant to a user; 0 if not determined yet */
	uint32_t top;
	bool truncated; /* does not reach the outermost frame */
	uint8_t rests;  /* not 0 for a pool worker that waits for work; core/pool.c */
	/* How deep in its work a task is that waits here; core/depth.c. */
	uint8_t depth; /* number of frames of the program's own */
	bool began;    /* they include the task's start function */
	bool unknown;  /* frames of another language are unknown */
	bool asks;     /* a name says that the task waits for work */
	bool reads;    /* the task's start function is a reader according to its name */
	bool handed;   /* a library has called the program's own frames with its work */
	/* a lock that may as well be an event, so it need not have a holder */
	bool vague;
	uint64_t place; /* the waiting function and its caller, as a hash */
	/* the innermost frames, which distinguish waits, as a hash; not 0 */
	uint64_t site;
	/* the program's function with which the task began, as a hash; 0 if none */
	uint64_t root;
	const struct stack *alike; /* stack_alike(), or NULL; used by the table's owner */
	struct letters letters;    /* of what a filter finds in it */
	struct frame frames[];
};

/* The stacks of the tasks that led to a task, its creator first, each as it was when it
 * created the next. Immutable and unique per content within a session, like stacks. The
 * ids of these tasks are the task's own. */
struct ancestry {
	uint64_t hash;
	size_t nr; /* at most SNAPSHOT_ANCESTORS_MAX, not 0 */
	const struct stack *stacks[];
};

/* One byte, because there may be a million tasks. */
enum __attribute__((packed)) task_kind { TASK_THREAD, TASK_GOROUTINE, TASK_COROUTINE };

/* Processes any thread of which can end a wait: those at the other end of a pipe or
 * socket, the holder of a file lock, or the child. Other processes come before the one that
 * waits. */
struct wait_actors {
	const char *how; /* static: "pipe", "socket", "file lock", "child" */
	pid_t tid;       /* the thread of the first process that will, or 0 */
	bool complete;   /* no other process can end the wait */
	size_t nr_pids;
	pid_t pids[];
};

/* Coroutines of its process, if a task waits for several at once. */
struct wait_several {
	bool any;  /* one of them that ends is enough; otherwise all of them must */
	bool open; /* it waits for something else too, and who ends that is not known */
	size_t nr;
	uint64_t cids[]; /* their ids; those that have not ended */
};

/* The kind of a lock that its waiters ask for again and again, so that they never sleep for
 * long. */
#define WAITS_GIL "gil"

/* What is known of few waits. Immutable, since copies of a task share it. */
struct wait_more {
	/* the addresses if it waits on several objects, otherwise NULL; in the arena */
	const uint64_t *objects;
	int64_t until_ns; /* when a limited wait ends, by CLOCK_MONOTONIC; 0 if unknown */
	/* more lines about the task that is being inspected, or NULL; in the arena */
	const char *detail;
	/* the goroutine on that thread that certainly holds it, or 0 */
	uint64_t owner_goid;
	/* the coroutine that certainly holds it, or is waited for, or 0 */
	uint64_t owner_cid;
	/* how often the thread had got a CPU when this wait was read, as the kernel counts;
	 * 0 if task->switches says that, or if it is unknown */
	uint64_t turns;
	const struct wait_actors *actors; /* or NULL; in the arena */
	/* or NULL; in the arena; owner_cid is then 0 */
	const struct wait_several *several;
	pid_t owner_pid; /* the other process that can end the wait, or 0 */
};

/* The object that a task waits on. */
struct waits_on {
	/* static: "channel", "mutex", "fd", "pid", "thread", "futex" …; NULL if it waits
	 * on nothing */
	const char *kind;
	uint64_t address; /* address of the object in the target, or 0 */
	/* "chan results cap 0, len 0, 3 senders"; in the arena; not NULL if kind is
	 * set */
	const char *text;
	/* or NULL; in the arena; waits_more() reads it and waits_edit() changes it */
	const struct wait_more *more;
	int fd;              /* -1 if there is none */
	pid_t owner_tid;     /* the thread that holds it, or 0 */
	uint16_t nr_objects; /* of more->objects */
	bool reads, writes;  /* for a poll of one fd: the requested events */
	bool limited;        /* the wait ends by itself after some time */
	bool retries;        /* … and begins again, which counts as the same wait */
	bool vague; /* a lock that may as well be an event, so it need not have a holder */
	/* a connection that the peer has opened, so the peer sends next */
	bool accepted;
};

struct label {
	const char *key;
	const char *text;
};

/* What is known of few tasks. Immutable, since copies of a task share it. */
struct task_more {
	/* the name of its process, if the target is several; snapshot_name_processes() */
	const char *process;
	/* where the runtime keeps it, otherwise NULL; its first stack is created_by */
	const struct ancestry *ancestry;
	/* ancestry->nr ids, each 0 if unknown; NULL if none is known; in the arena */
	const uint64_t *ancestor_ids;
	/* ids of the coroutines of its process that await this one; in the arena */
	const uint64_t *awaiting_cids;
	uint32_t nr_awaiting;
	/* a wait inside the published one, for the detail view, or NULL */
	const char *inner;
	const char *creator_name;     /* name of the task that created it, or NULL */
	const uint32_t *state_counts; /* STATE_COUNT counters of an agent, or NULL */
	const struct holds *holds;    /* NULL unless asked for; in the arena */
};

enum task_flags {
	/* at rest; core/verdict.c sets this and the next two flags */
	TASK_IDLE = 1u << 0,
	/* over its threshold in two consecutive samples, with evidence */
	TASK_STUCK = 1u << 1,
	/* waits for an event and is over its threshold; there is no further evidence */
	TASK_LONG = 1u << 2,
	TASK_AGE_EXACT = 1u << 3, /* the age is exact; otherwise it is a minimum */
	TASK_SUSPECT = 1u << 4,   /* changed while it was being read */
	/* the kernel contradicts what the agent has published */
	TASK_STALE = 1u << 5,
	TASK_NEW = 1u << 6,         /* not in the previous sample */
	TASK_DEADLOCK = 1u << 7,    /* in a confirmed cycle of waits, see core/graph.h */
	TASK_UNREACHABLE = 1u << 8, /* proven: nothing alive can reach what it waits on */
	TASK_LEAK = 1u << 9,        /* at a site that leaks, see core/group.h */
	TASK_GONE = 1u << 10,       /* from a mark; no longer exists, see core/mark.h */
	TASK_MOVED = 1u << 11,      /* has changed since a mark */
	/* its frames are those of an interpreter, which knows their variables */
	TASK_VARIABLES = 1u << 12,
};

/* The evidence for idle, long or stuck. core/verdict.c has a sentence for each. */
enum __attribute__((packed)) why {
	WHY_NOTHING,
	/* idle */
	WHY_STATE,
	WHY_POOL,
	WHY_SHARED, /* number: tasks at this place for this object */
	WHY_LOOP,
	WHY_SIBLINGS, /* number: threads with this stack */
	WHY_RETURNS,  /* number: how often it has returned here */
	WHY_FIRST,
	WHY_REQUEST,
	WHY_TURN, /* the holder of the lock that it waits for is idle in the same loop */
	/* long */
	WHY_LONG,
	/* stuck */
	WHY_HELD,
	WHY_HISTORY, /* number: waits that ended here; most_ns: the longest of them */
	WHY_COUNTED, /* the same, counted by an agent; most_ns: their mean */
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

/* What every sample needs of every task comes first, in TASK_HOT_BYTES. */
#define TASK_HOT_BYTES 128u
struct task {
	/* tid, goid or serial; together with kind it is what the user sees, "t4711" */
	uint64_t id;
	/* distinguishes reused ids, and equal ids of several processes: id, serial and kind
	 * identify a task within a snapshot; 0 if neither occurs */
	uint64_t serial;
	/* CLOCK_MONOTONIC of this machine; 0 if the source does not know */
	int64_t since_ns;
	uint32_t flags; /* enum task_flags */
	enum task_kind kind;
	enum task_state state;
	const struct stack *stack; /* or NULL */
	/* voluntary context switches, or waits if an agent counts them */
	uint64_t switches;
	struct evidence evidence;
	pid_t pid;        /* its process if the target is several, otherwise 0 */
	uint32_t returns; /* how often it has been seen to return to this place */
	const char *raw;  /* the runtime's own word for the state, or NULL */
	struct waits_on waits;
	/* TASK_HOT_BYTES end here */
	int64_t start_ns; /* as since_ns; 0 if unknown */
	pid_t tid;        /* thread that the task is or runs on, or 0 */
	uint32_t turn;    /* changes if the task has run in between; 0 if unknown */
	const char *name; /* never NULL */
	const struct stack *created_by;
	uint64_t creator_id; /* id of the task that created it, or 0 */
	const struct label *labels;
	uint32_t nr_labels;
	float cpu_percent; /* of one CPU since the previous sample; < 0 if unknown */
	/* or NULL; in the arena; task_more() reads it and task_edit() changes it */
	const struct task_more *more;
};

_Static_assert(offsetof(struct task, start_ns) == TASK_HOT_BYTES,
	       "what every sample needs is together");
_Static_assert(sizeof(struct task) == TASK_HOT_BYTES + 64,
	       "there may be a million tasks");

struct snapshot_counts {
	uint32_t tasks;
	uint32_t stuck;
	uint32_t is_long;
	uint32_t by_state[STATE_COUNT];
	uint32_t by_class[CLASS_COUNT];
	uint32_t stuck_by_class[CLASS_COUNT];
	uint32_t long_by_class[CLASS_COUNT];
};

/* Another process that tasks of the target wait for, not one of its own. */
struct other_process {
	pid_t pid;
	const char *name; /* never NULL */
	bool complete;    /* all of its threads are in snapshot->others */
};

/* A thread of such a process. */
struct other_task {
	const struct other_process *process;
	struct task task;
};

/* One process of a target that is several, such as a service. */
struct member_process {
	pid_t pid;
	const char *name;      /* never NULL; interned */
	const char *sources;   /* as in snapshot_target; "" if it cannot be read */
	const char *runtime;   /* or NULL */
	const char *trouble;   /* why it cannot be read, or NULL; in the arena */
	int64_t start_real_ns; /* start time of the process; 0 if unknown */
	struct resources resources;
	const struct timers *timers;    /* or NULL */
	uint32_t tasks, stuck, is_long; /* of its tasks; filled in by snapshot_count() */
};

struct wait_graph; /* core/graph.h */
struct figures;    /* core/figures.h */

struct groups; /* core/group.h */

/* A proof of leaks runs in the background and takes longer than a sample. */
enum proving_state {
	PROVING_NONE,
	PROVING_RUNNING,
	PROVING_DONE, /* TASK_UNREACHABLE marks the result */
	PROVING_FAILED,
	PROVING_CANCELLED,
};

struct proving {
	bool possible; /* the source supports it */
	enum proving_state state;
	unsigned percent; /* while it runs */
	unsigned passes;  /* passes over the heap that agree */
	uint32_t judged;  /* blocked tasks that were examined */
	uint32_t proven;  /* of these, proven */
	uint32_t changed; /* of these, ran in the meantime */
	int64_t took_ns;
	uint64_t heap_bytes;
	const char *why; /* reason of a failure; NULL if there is none; in the arena */
};

struct snapshot_target {
	pid_t pid;             /* 0 if the target is not a process */
	const char *name;      /* never NULL */
	const char *sources;   /* "agent, native", separated by a comma and a space */
	const char *runtime;   /* "go1.26.4", or NULL */
	int64_t start_real_ns; /* start time of the process; 0 if unknown */
	bool ended;            /* this is the last snapshot */
	/* for a text with several dumps: number of this one, and of dumps; 0 if it is not
	 * a text */
	unsigned dump, dumps;
	/* recorded, so complete; ages are those at the time of recording */
	bool replay;
	/* the recorded sample cannot be read; this is the one before */
	bool unread;
};

struct texts; /* core/texts.h */

/* In the arena. */
struct snapshot_texts {
	struct texts *texts; /* a reference */
	struct snapshot_texts *next;
};

struct snapshot {
	uint64_t number; /* different for each snapshot of this process */
	struct snapshot_target target;
	int64_t mono_ns; /* time at which the sample was taken */
	/* its clock minus this machine's CLOCK_MONOTONIC; waits may be older than that */
	int64_t clock_ahead_ns;
	bool undated; /* a text in which tasks may have no age */
	int64_t real_ns;
	struct resources resources;
	/* of the target's runtime; in the arena; NULL if it has none or is not read */
	const struct timers *timers;
	/* The processes of a target that is several, ordered by pid; in the arena. Then
	 * target.pid is 0, target.name is what the user named, `resources` are their sums,
	 * and every task has a pid. NULL and 0 if the target is one process. */
	struct member_process *members;
	size_t nr_members;
	struct snapshot_counts counts; /* filled in by snapshot_count() */
	struct task *tasks;
	size_t nr_tasks;
	size_t cap_tasks;
	struct fill fill; /* of `tasks` */
	/* Other processes that waits lead to; in the arena. */
	struct other_process *processes;
	size_t nr_processes;
	struct other_task *others;
	size_t nr_others;
	/* by graph_build(); NULL if no task waits for another */
	const struct wait_graph *graph;
	/* up to this sample; in the arena; NULL if none are kept */
	const struct figures *figures;
	/* by grouping_update(); in the arena; NULL if there are none */
	const struct groups *groups;
	struct proving proving;
	/* there was no time for some stacks, which the next sample will have */
	bool partial;
	uint64_t dropped; /* tasks for which the agent had no room */
	/* sentences for the footer and for dump's errors; in the arena */
	const char **notes;
	size_t nr_notes;
	struct arena arena;
	/* texts of tasks that it shares with others; core/texts.h */
	struct snapshot_texts *texts;
	int refs; /* atomic */
};

/* Returns an empty snapshot with one reference, or NULL. */
struct snapshot *snapshot_new(void);
struct snapshot *snapshot_ref(struct snapshot *snapshot);
void snapshot_unref(struct snapshot *snapshot); /* NULL is accepted */
/* Moves to `out` what the texts of the tasks of `from` are in: its arena, and what it
 * shares. */
void snapshot_adopt_texts(struct snapshot *out, struct snapshot *from);
/* Makes room for `capacity` tasks, if their number is known. Returns false if there is no
 * memory or the limit is exceeded. */
bool snapshot_reserve(struct snapshot *snapshot, size_t capacity);
/* Appends a zeroed task (name "", cpu -1, fd -1). Returns NULL if there is no memory or
 * there are too many tasks. The pointer is valid until the next call. */
struct task *snapshot_add(struct snapshot *snapshot);
/* Appends a copy of a task. Returns NULL as snapshot_add() does. */
struct task *snapshot_add_copy(struct snapshot *snapshot, const struct task *task);
/* Appends copies of `nr` tasks. Returns false as snapshot_add() returns NULL. */
bool snapshot_add_copies(struct snapshot *snapshot, const struct task *tasks, size_t nr);
/* Never NULL: what is not known of a wait is zero. */
const struct wait_more *waits_more_none(void);
static inline const struct wait_more *waits_more(const struct waits_on *waits)
{
	return waits->more ? waits->more : waits_more_none();
}
static inline const struct wait_more *wait_more(const struct task *task)
{
	return waits_more(&task->waits);
}
/* Gives the wait a copy of its own in the arena, for setting something in it. Never NULL:
 * without memory, what is set is lost. */
struct wait_more *waits_edit(struct waits_on *waits, struct arena *arena);
/* The same for what is known of few tasks. */
const struct task_more *task_more_none(void);
static inline const struct task_more *task_more(const struct task *task)
{
	return task->more ? task->more : task_more_none();
}
struct task_more *task_edit(struct task *task, struct arena *arena);
/* Copies the sentence. At most 16 different ones are kept. */
void snapshot_note(struct snapshot *snapshot, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Returns whether a note says that the target's memory does not answer. */
bool snapshot_note_is_silence(const char *note);
/* Returns whether a note says that the target is stopped. */
bool snapshot_note_is_stop(const char *note);
/* Returns whether this is a row of a profile without goroutine ids. It represents all
 * goroutines with one stack, and this program has chosen its id. */
bool task_is_many(const struct task *task);
/* Returns the number of goroutines that the row represents; 1 for any other row. */
uint32_t task_weight(const struct task *task);
/* Counts tasks, not rows. */
void snapshot_count(struct snapshot *snapshot);
/* Does the same one task at a time. */
void snapshot_count_begin(struct snapshot *snapshot);
void snapshot_count_task(struct snapshot *snapshot, const struct task *task);

/* Returns the process of a target that is several, or NULL. */
const struct member_process *snapshot_member(const struct snapshot *snapshot, pid_t pid);
/* Sets task_more(task)->process of all tasks, if the target is several processes. */
void snapshot_name_processes(struct snapshot *snapshot);

#define TASK_ID_MAX 36
/* Formats "t4711", "g17" or "c3", or "#3" for a row that represents several tasks. If the
 * target is several processes, goroutines and coroutines are "g17@4711", because their
 * numbers are those of their process. This is how files and messages refer to a task. */
const char *task_format_id(const struct task *task, char out[TASK_ID_MAX]);
/* The same without "@4711", for where the process is shown beside it. */
const char *task_format_short_id(const struct task *task, char out[TASK_ID_MAX]);
/* Return the task that created it, and the one that holds what it waits for. NULL if
 * unknown. */
const char *task_format_parent(const struct task *task, char out[TASK_ID_MAX]);
const char *task_format_owner(const struct task *task, char out[TASK_ID_MAX]);
/* The same for a coroutine of the task's process, of task_more(task)->awaiting_cids or
 * wait_more(task)->several. */
const char *task_format_coroutine(const struct task *task, uint64_t cid,
				  char out[TASK_ID_MAX]);
/* The same for the ancestor at this index of task_more(task)->ancestry. */
const char *task_format_ancestor(const struct task *task, size_t at,
				 char out[TASK_ID_MAX]);
/* Returns whether both have the same ancestors, with the same ids and stacks. */
bool task_same_ancestors(const struct task *task, const struct task *other);
/* Returns the names of the coroutines that await the task, as text, or NULL if none is
 * known. */
const char *task_awaited_by(const struct task *task);
/* Returns the age of the task's state at now_ns, or -1 if unknown. Never less than -1. */
int64_t task_age_ns(const struct task *task, int64_t now_ns);
/* Returns the frame that is relevant to a user: the innermost one of the program's own
 * code, otherwise one of a library. NULL if there is none. */
const struct frame *task_top_frame(const struct task *task);
const struct frame *task_creator_frame(const struct task *task);
enum frame_role {
	FRAME_OWN,      /* of the program */
	FRAME_LIBRARY,  /* of a library or runtime */
	FRAME_PLUMBING, /* of a library or runtime, waiting on behalf of its caller */
};
enum frame_role frame_role(const struct frame *frame);
bool frame_is_plumbing(const struct frame *frame);
/* The same for any stack (which may be NULL), and as an index for frames that are not a
 * stack yet. */
const struct frame *stack_top_frame(const struct stack *stack);
size_t stack_find_top(const struct frame *frames, size_t nr_frames);

#endif
