/* SPDX-License-Identifier: MIT */
/*
 * What a task holds: the things that its stack leads to, read from the target when
 * somebody asks for them. A source fills them in; they are in the snapshot's arena, and
 * immutable like the rest of it. Texts can contain secrets of the target, so they are
 * only read and shown when asked for. They contain no control characters.
 */
#ifndef CORE_HOLDS_H
#define CORE_HOLDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"

/* Limits that hold whatever a target contains. */
#define HOLDS_STEPS_MAX   3u    /* from the stack to what is listed */
#define HOLDS_OBJECTS_MAX 400u  /* read for one task */
#define HOLDS_LIST_MAX    200u  /* listed for one task */
#define HOLDS_TEXT_MAX    512u  /* bytes of one value; longer ones end with "…" */
#define HOLDS_TASKS_MAX   1000u /* asked for in one sample */

enum held_kind {
	HELD_LOCAL,      /* a variable or argument of a frame, by its name */
	HELD_CONNECTION, /* or another open file */
	HELD_CHANNEL,
	HELD_LOCK,
	HELD_TIMER,
	HELD_CONTEXT,
	HELD_FUNCTION, /* a closure or method value */
	HELD_VALUE,    /* anything else whose type the program itself says */
	HELD_TEXT,     /* a string */
	HELD_KINDS
};

/* What a string reads like. */
enum held_text {
	HELD_TEXT_OTHER,
	HELD_TEXT_URL,
	HELD_TEXT_HOST,
	HELD_TEXT_PATH,
	HELD_TEXT_SQL,
	HELD_TEXT_ID,
	HELD_TEXT_HEADER,
	HELD_TEXTS
};

struct held {
	enum held_kind kind;
	enum held_text reads; /* of HELD_TEXT */
	uint8_t steps;        /* from the stack: 0 is on the stack itself */
	/* it follows from a pattern in memory, not from what the program says */
	bool inferred;
	int frame;        /* index of the frame in the task's stack, or -1 if unknown */
	uint32_t others;  /* of the tasks compared with, how many reach it too */
	uint64_t address; /* of the object in the target, or 0 */
	/* how the stack leads to it: "persistConn → cacheKey.addr"; never NULL */
	const char *way;
	const char *name; /* of its type, variable or function; never NULL */
	const char *text; /* its value in words, on one line; never NULL */
};

struct holds {
	const struct held *list; /* most telling first */
	size_t nr;
	bool cut;          /* a limit was reached: there may be more */
	uint32_t compared; /* tasks that `others` counts in */
	uint32_t objects;  /* that were read */
	int64_t took_ns;
	const char *why; /* why nothing could be read, one sentence, or NULL */
	pid_t pid;       /* the process of the addresses when processes are compared */
};

/* A task that is asked what it holds. */
struct holds_wish {
	pid_t pid; /* its process if the target is several, otherwise 0 */
	int kind;  /* enum task_kind */
	uint64_t id;
};

/* Orders wishes by process, and those of one process by kind and id; for qsort(). */
int holds_wish_order(const void *left, const void *right);

/* Names in JSON and in outputs for people: "connection", "lock"; of strings by what they
 * read like: "url", "host". Never NULL. */
const char *held_kind_name(enum held_kind kind);
const char *held_text_name(enum held_text reads); /* "other" of a plain string */
/* What a person calls it: "url" or "text" of a string, else the name of its kind. */
const char *held_label(const struct held *held);
/* Returns whether it is a function of the program itself, not of a library, or a variable
 * of such a function. */
bool held_is_own(const struct held *held);
/* These return -1 for other words. */
int held_kind_by_name(const char *name);
int held_text_by_name(const char *name);

#define HELD_LINE_MAX (2 * HOLDS_TEXT_MAX + 16)
/* Formats the name and the value, as far as each says something: "retries = 3",
 * "*http.Client {…}", "registry.example:443". */
const char *held_format(const struct held *held, bool ascii, char out[HELD_LINE_MAX]);
/* Replaces arrows and ellipses by ASCII, in place. */
void held_make_plain(char *text);
#define HELD_OTHERS_MAX 64
/* Formats "none of 64 others" or "3 of 64 others"; "" if it was compared with none. */
const char *held_format_others(const struct holds *holds, const struct held *held,
			       char out[HELD_OTHERS_MAX]);
#define HELD_STEPS_MAX 24
/* Formats "on the stack", "1 step" or "2 steps". */
const char *held_format_steps(const struct held *held, char out[HELD_STEPS_MAX]);
/* Copies the way; without UTF-8, arrows become "->". */
const char *held_format_way(const struct held *held, bool ascii, char *out, size_t size);
#define HOLDS_TOOK_MAX 32
/* Formats "0.3 ms". */
const char *holds_format_took(const struct holds *holds, char out[HOLDS_TOOK_MAX]);
/* Returns a copy in the arena; NULL for NULL or if out of memory. */
const struct holds *holds_copy(const struct holds *holds, struct arena *arena);

struct snapshot;
struct task;

struct holds_wish holds_wish_of(const struct task *task);

/* Returns whether what this task holds can be read, as far as its kind goes. */
bool holds_can(const struct task *task);
/* Returns a sentence that says why the task has no holds, for one that was asked for. */
const char *holds_missing(const struct snapshot *snapshot, const struct task *task);
/* Returns whether it makes sense to ask what tasks of the snapshot hold. If not, *why is
 * the sentence. */
bool holds_possible(const struct snapshot *snapshot, const char **why);
/* The sentence about secrets that goes with everything that shows holds. */
extern const char holds_secrets[];

#endif
