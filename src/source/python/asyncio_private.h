/* SPDX-License-Identifier: MIT */
/* What the files of asyncio share. asyncio.c makes a look of the others' parts. */
#ifndef SOURCE_PYTHON_ASYNCIO_PRIVATE_H
#define SOURCE_PYTHON_ASYNCIO_PRIVATE_H

#include "base/arena.h"
#include "source/python/asyncio.h"

/* What an object is that a coroutine awaits, by its type. */
enum python_awaitable {
	PYTHON_NOT_FOLLOWED,
	PYTHON_IS_COROUTINE,
	PYTHON_IS_GENERATOR, /* of any kind; it may have yielded instead */
	PYTHON_IS_WRAPPER,   /* its first field is the object itself */
	PYTHON_IS_FUTURE,
	PYTHON_IS_TASK,
	PYTHON_IS_GATHER, /* a future of several others */
};

#define PYTHON_KINDS_KEPT 256u
#define PYTHON_LINKS_MAX  1048576u /* frames of all tasks */

struct python_found {
	uint64_t task;
	pid_t tid; /* of the thread whose list it is in, or 0 */
};

struct python_link {
	struct python_frame frame;
	uint64_t object;         /* the coroutine */
	uint32_t task, previous; /* the link of the coroutine that awaits this one */
	uint64_t slot, awaits;   /* where it keeps what it awaits, and that; 0: nothing */
};

struct python_step {
	uint64_t object, frame, slot;
	uint32_t task;
	bool coroutine;
};

/* An asyncio.Lock that an async with statement holds. */
struct python_task_lock {
	uint64_t object;
	uint32_t task;
};

/* What was said of an object in this look. */
struct python_shared {
	uint64_t object;
	const char *kind, *text;
	uint32_t owner;
	int by; /* enum python_object */
};
#define PYTHON_SHARED_KEPT 1024u

struct python_loop {
	uint64_t address;
	pid_t tid;
	bool runs; /* there, as it says itself */
};

/* Where an interpreter's asyncio keeps tasks; eager: 0 if it does not have that. */
struct python_task_sets {
	uint64_t scheduled, eager;
};
#define PYTHON_SETS_MAX        16u
#define PYTHON_FOLLOWED_MAX    1048576u /* in a look, of either */
#define PYTHON_FOLLOWED_FUTURE 16u      /* the weight of a future */

struct python_asyncio {
	struct python_tasks out;
	struct python_task *before; /* those of the last look */
	size_t nr_before, cap_before;
	uint32_t look;         /* python->looks of `out`; 0 if there was none */
	uint64_t first;        /* all numbers of tasks are from here on */
	struct blocks *blocks; /* NULL if there is no memory for them */
	/* Where asyncio keeps its tasks; asyncio_list.c. */
	struct python_task_sets sets[PYTHON_SETS_MAX];
	size_t nr_sets;
	int64_t nr_modules;          /* when they were searched */
	bool trio, gevent, eventlet; /* are loaded: they have tasks of their own */
	bool published;              /* asyncio's own offsets were found */
	struct python_found *found;
	size_t nr_found, cap_found;
	size_t nr_others; /* of these, of classes in Python */
	/* Members and awaiters that were followed: futures of a hostile program may lead to
	 * each other for ever. */
	uint32_t nr_followed;
	uint64_t *keys;
	size_t nr_keys, cap_keys;
	/* Coroutines of this look; asyncio_chain.c. */
	struct python_link *links;
	size_t nr_links, cap_links;
	uint32_t *again; /* links that are read once more; asyncio_check.c */
	size_t cap_again;
	uint64_t compared; /* frames with those of tasks that run, in this look */
	struct python_step *steps;
	size_t nr_steps, cap_steps;
	struct {
		uint64_t type;
		enum python_awaitable kind;
	} kinds[PYTHON_KINDS_KEPT];
	struct python_loop *loops;
	size_t nr_loops, cap_loops;
	struct python_task_lock *locks; /* sorted; asyncio_held.c */
	size_t nr_locks, cap_locks;
	/* asyncio_object.c. */
	struct python_shared shared[PYTHON_SHARED_KEPT];
	uint64_t timer_type, timer_at, float_type;
	struct arena texts, texts_before; /* of this look and the last one */
};

/* Reads objects of `bytes` bytes each into python->bytes, one for each of python->items,
 * which must be filled in and are sorted by this. Returns false if there is no memory. */
bool python_gather(struct python *python, size_t nr, size_t bytes);
bool python_gather_reserve(struct python *python, size_t nr);

/* Fills in asyncio->found, without duplicates, sorted. asyncio_list.c. */
void python_asyncio_list(struct python *python, struct python_asyncio *asyncio);
/* Finds where asyncio publishes its offsets, and takes them over; asyncio_debug.c. */
bool python_asyncio_publish(struct python *python);
/* What objects of this type are; asyncio_kind.c. */
enum python_awaitable python_awaitable(struct python *python,
				       struct python_asyncio *asyncio, uint64_t type);
/* Reads what the tasks' coroutines await, and the frames of all; asyncio_chain.c. */
void python_asyncio_chains(struct python *python, struct python_asyncio *asyncio);
/* Reads the frames of new and changed tasks once more; marks those that have gone on. */
void python_asyncio_check(struct python *python, struct python_asyncio *asyncio);
/* Sets the loops' threads; asyncio_loop.c. */
void python_asyncio_threads(struct python *python, struct python_asyncio *asyncio);
/* Sets what the tasks wait for; asyncio_wait.c. */
void python_asyncio_waits(struct python *python, struct python_asyncio *asyncio);
/* Sets who awaits each task; asyncio_awaiter.c. */
void python_asyncio_awaiters(struct python *python, struct python_asyncio *asyncio);
/* The same task in the last look, or NULL. */
const struct python_task *python_task_before(const struct python_asyncio *asyncio,
					     const struct python_task *task);
/* The index of a task, or PYTHON_NO_TASK. */
uint32_t python_task_at(const struct python_asyncio *asyncio, uint64_t address);

#endif
