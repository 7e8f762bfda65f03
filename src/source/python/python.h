/* SPDX-License-Identifier: MIT */
/*
 * The folder src/source/python reads the memory of CPython, versions 3.8 to 3.15: its
 * threads with their Python stacks, and objects. It must not know how threads are kept or
 * shown.
 *
 * layout.h has where each release keeps what, module.h finds the interpreter in a process,
 * object.h reads objects, code.h names code objects and lines, frame.h walks stacks. This
 * header joins them: the Python threads of a process in one look. Nothing is stopped; a
 * stack that changed while it was read is marked as such.
 */
#ifndef SOURCE_PYTHON_PYTHON_H
#define SOURCE_PYTHON_PYTHON_H

#include "core/snapshot.h"
#include "source/kernel/kernel.h"
#include "source/python/code.h"

#define PYTHON_FRAMES_MAX SNAPSHOT_FRAMES_MAX /* of a stack */

/* A call of a Python function. */
struct python_frame {
	uint64_t address;
	struct python_code *code; /* never NULL after a look */
	uint64_t code_address;
	uint64_t position;    /* private to frame.c */
	uint64_t caller;      /* the same: address of the frame that it returns to */
	uint32_t instruction; /* bytes from the code's first one */
	int line;             /* 0 if unknown */
	uint64_t first;       /* its first argument or variable: an object, or 0 */
	bool entry;           /* called from C: the outermost of a run of Python frames */
	/* Up to 3.10: the address of its values, and how many a handler would find. */
	uint64_t values;
	uint32_t nr_values;
};

/* A thread that the interpreter knows. */
struct python_thread {
	uint64_t address; /* of its state in the interpreter */
	uint64_t interp;  /* the interpreter that it belongs to */
	uint64_t ident;   /* threading.get_ident() */
	pid_t tid;        /* in our pid namespace; 0 if it cannot be told */
	const char *name; /* of its threading.Thread; interned; NULL if it has none */
	uint32_t first_frame, nr_frames; /* in python->frames, innermost first */
	bool truncated;                  /* there are more */
	bool moved; /* it ran while it was read: the stack may be of two moments */
	/* Private to thread.c, frame.c and states.c. */
	uint64_t native, top;
	uint64_t stack_at; /* on the stack of C, where it runs; 0 if unknown */
	uint32_t order;    /* in the list of its interpreter */
	bool exact;        /* tid is what the interpreter says it is */
	bool left_over;
};

/* The lock of an interpreter: a thread must have it to run Python. */
struct python_gil {
	uint64_t address;
	bool locked;
	pid_t holder;     /* 0 if nobody holds it, or unknown */
	uint64_t changes; /* how often another thread got it */
};
#define PYTHON_GILS_MAX 16u

/* Whether a type is that of a lock; private to lock.c. */
struct python_lock_type {
	uint64_t type;
	uint32_t look;
	int kind;
	bool parking;
};
#define PYTHON_LOCK_TYPES 64u

/* Whether a type is a class of this name in the look; private to wait_rules.c. */
struct python_class {
	uint64_t type;
	const char *wanted;
	uint32_t look;
	bool is;
};
#define PYTHON_CLASSES 256u

/* Why Python is not read. */
enum python_status {
	PYTHON_ABSENT, /* no interpreter in this process, as far as was seen */
	PYTHON_STARTS, /* an interpreter that has no threads yet */
	PYTHON_READ,
	PYTHON_REFUSED, /* python->why says why */
};

struct python {
	struct kernel *kernel;
	enum python_status status;
	uint32_t version; /* 0x030b0700 for 3.11.7; less exact if it is not exported */
	char version_text[24]; /* "3.11.7" */
	char why[ERR_TEXT_MAX];
	uint64_t runtime; /* address of _PyRuntime */
	struct python_reader reader;
	struct python_codes codes;
	/* Of the last look, valid until the next one. */
	struct python_thread *threads; /* sorted by tid */
	size_t nr_threads, cap_threads;
	struct python_frame *frames;
	size_t nr_frames, cap_frames;
	uint64_t *interps;
	size_t nr_interps, cap_interps;
	struct python_gil gils[PYTHON_GILS_MAX];
	size_t nr_gils;
	uint32_t
		looks; /* their number, which a look that kept everything does not raise */
	bool spent;    /* the look found more than it may read */
	/* Private to the folder. */
	uint64_t searched_epoch; /* of the modules that were searched */
	unsigned searched;       /* how often */
	bool unborn;             /* an interpreter is in the process and not begun */
	int64_t search_at_ns;    /* not before */
	unsigned failures;       /* of looks one after the other */
	unsigned unverified; /* looks one after the other that found no frame at all */
	struct python_walk *walk;
	struct python_names *names;
	struct python_holders *holders;
	struct python_lock_type lock_types[PYTHON_LOCK_TYPES];
	struct python_class classes[PYTHON_CLASSES];
	struct python_asyncio *asyncio;
	struct memory_item *items;
	size_t cap_items;
	uint8_t *bytes;
	size_t cap_bytes;
};

/* kernel and intern must outlive it. Returns NULL if out of memory. Reads nothing yet. */
struct python *python_new(struct kernel *kernel, struct intern *intern);
void python_free(struct python *python); /* NULL is accepted */
/*
 * Finds the interpreter, unless it was found already, and reads its threads. epoch: changes
 * when the process may have loaded another library, so that one that was not there is
 * searched again. rested: no thread has run since the last look, which is then kept.
 * Returns true if python->threads are those of this moment.
 */
bool python_look(struct python *python, uint64_t epoch, bool rested);
/* Returns NULL if that thread does not run Python. */
const struct python_thread *python_find(const struct python *python, pid_t tid);
/* Where the thread is in its innermost function; changes when it goes on. 0 if it runs no
 * Python. */
uint64_t python_place(const struct python *python, const struct python_thread *thread);
/* The sentence for the user if Python is there and not read, or not all of it. */
void python_notes(const struct python *python, struct snapshot *out);

#endif
