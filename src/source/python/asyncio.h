/* SPDX-License-Identifier: MIT */
/*
 * The tasks of asyncio: which there are, the coroutines that each awaits, and what the
 * innermost one waits for. They are found in asyncio's own sets up to 3.13, and from 3.14 on
 * in the lists that it keeps for this purpose. A task that changed while it was read is
 * marked; what does not fit is left out.
 */
#ifndef SOURCE_PYTHON_ASYNCIO_H
#define SOURCE_PYTHON_ASYNCIO_H

#include "source/python/wait.h"

#define PYTHON_TASKS_MAX 262144u
#define PYTHON_NO_TASK   UINT32_MAX

struct python_task {
	uint64_t address;
	uint64_t id;      /* a small number, not 0: asyncio's own if the task has one */
	uint64_t serial;  /* tells it from another task with this id, earlier or later */
	const char *name; /* interned; "" if it cannot be read */
	uint64_t loop, coroutine;
	pid_t tid;   /* of the thread that runs its loop; 0 if unknown */
	bool looped; /* … and its loop says that it runs there now */
	/* Running or ready to run, or what it waits for. */
	enum task_state state;
	bool running; /* its loop's thread is in it, whatever that does there */
	uint32_t first_frame, nr_frames; /* in python_tasks->frames, innermost first */
	bool truncated, moved;           /* as in struct python_thread */
	int64_t since_ns; /* it has waited at least since then; 0: unseen before */
	bool since_exact; /* and it was seen to do something else before that */
	bool same;        /* it has not gone on between the previous look and this one */
	uint32_t turns;   /* how often it was seen to have gone on */
	/* What it waits on, as in struct python_wait; text is never NULL if kind is set. */
	const char *kind, *text;
	uint64_t object;
	int fd;           /* of a socket; -1 if there is none */
	bool accepted;    /* as in struct waits_on */
	int64_t until_ns; /* the wait ends by itself then; 0 if unknown */
	bool limited;     /* … or at some time */
	/* The task that it waits for, or that holds what it waits for, as an index, or
	 * PYTHON_NO_TASK. */
	uint32_t owner;
	bool awaits; /* … until that ends */
	/* If it waits until several have ended: these, in python_tasks->members. */
	uint32_t first_member, nr_members;
	bool any;  /* … or one of them has */
	bool open; /* … and something else, which is not known */
	/* Those that await it, in python_tasks->awaiters. */
	uint32_t first_awaiter, nr_awaiters;
	/* Private to the folder. */
	uint64_t awaited_by;
	uint64_t waiter, name_object, name_mark, awaited, position;
	uint32_t last_link;
	bool awaited_by_set;
	bool other;      /* of a class in Python: its fields are attributes */
	uint32_t before; /* the same task in the last look, or PYTHON_NO_TASK */
	bool settled;    /* what is said of its wait stays true while it is the same */
	int waits_for;   /* enum python_awaitable of what asyncio waits for */
};

struct python_tasks {
	struct python_task *list; /* sorted by address */
	size_t nr, capacity;
	struct python_frame *frames;
	size_t nr_frames, cap_frames;
	/* Indices of tasks. */
	uint32_t *members, *awaiters;
	size_t nr_members, cap_members, nr_awaiters, cap_awaiters;
	size_t nr_loops; /* that they belong to, as far as is counted */
	bool partial;    /* there are more tasks than are read */
};

/* From the next look on, the numbers of tasks begin here: others of the process have smaller
 * ones. */
#define PYTHON_TASKS_BESIDE 1000000000u
void python_tasks_beside(struct python *python);
/* Reads the tasks of the process. Call it after python_look() has returned true. Returns
 * NULL if there are none. Valid until the next look. */
const struct python_tasks *python_tasks_look(struct python *python);
/* Says that the thread of this task's loop has slept since then. A task that is the same
 * has waited at least as long, also before it was first seen. */
void python_task_rests(struct python *python, size_t index, int64_t since_ns);
/* The sentence for the user if frameworks are loaded whose tasks are not read. */
void python_tasks_notes(const struct python *python, struct snapshot *out);
void python_tasks_free(struct python_asyncio *asyncio); /* NULL is accepted */

#endif
