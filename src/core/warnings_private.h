/* SPDX-License-Identifier: MIT */
/* Shared by the files that find some kinds of warnings each, which warnings.c calls. What
 * they share is in warnings_words.c. */
#ifndef CORE_WARNINGS_PRIVATE_H
#define CORE_WARNINGS_PRIVATE_H

#include "core/warnings.h"

#define WARNING_NAME_MAX 128
#define WARNING_AGE_MAX  24
#define WARNING_WHO_MAX  64

struct finder {
	const struct snapshot *snapshot;
	struct warnings *out;
	bool *told; /* by task: a warning is about it */
};

/* The tasks of a warning. Zeroed at first. */
struct warned {
	uint32_t tasks;
	uint32_t oldest;      /* index of the one that waits longest, if there are any */
	pid_t pid;            /* of the process of the first, if the target is several */
	bool processes;       /* there are tasks of more than one */
	const char *function; /* that all of them are in, or NULL */
};
void warned_add(struct warned *warned, const struct snapshot *snapshot, size_t task);

/* Returns a warning without texts, or NULL if there is no room. warned may be NULL. */
struct warning *warning_add(struct finder *finder, enum warning_kind kind, bool sure,
			    uint64_t key, const struct warned *warned);
/* Set the text: `before`, then " in " and the function if there is one, cut so that all
 * fits, then `after`, and then the process if the target is several. */
void warning_say(const struct finder *finder, struct warning *warning, const char *before,
		 const char *function, const char *after);
/* Appends to the sentence. */
void warning_explain(struct warning *warning, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Write an age as "14s", "3m", "2h", and a period as "2s" or "1.5s": unlike
 * clock_format_duration(), so that a text changes seldom. */
const char *warning_age(int64_t ns, char out[WARNING_AGE_MAX]);
const char *warning_period(int64_t ns, char out[WARNING_AGE_MAX]);
/* Copies a name; ends it with two dots if it has more than `most` bytes. */
const char *warning_name(const char *name, size_t most, char out[WARNING_NAME_MAX]);
/* Writes "t812" or "postgres 901 (t903)". */
const char *warning_who(const struct snapshot *snapshot, uint32_t node,
			char out[WARNING_WHO_MAX]);
/* Returns the function that the task is in, or NULL. */
const char *warning_function(const struct task *task);

/* Deadlocks and locks. */
void warnings_find_locks(struct finder *finder);
/* Leaks, timers, limits and the heap. */
void warnings_find_growth(struct finder *finder);

#endif
