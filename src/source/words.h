/* SPDX-License-Identifier: MIT */
/*
 * Which processes a set of words means. A word is a pid, the name of processes, or
 *
 *	name:NAME       all processes of this name
 *	cgroup:/PATH    all processes of this cgroup and of those below it
 *	tree:PID        this process, and the processes that it and they have started
 *	container:ID    all processes of the container whose id begins with ID
 *	ID              the same, of 6 digits or more, unless it is a pid or a name
 *
 * Processes are looked for again at any time, and cheaply: what is known of one is only
 * read again from time to time. Our own process, kernel threads and processes that have
 * ended are left out. One thread uses it.
 */
#ifndef SOURCE_WORDS_H
#define SOURCE_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "source/proc/parse.h"

#define WORDS_MAX 64u

struct words;

struct words_process {
	pid_t pid;
	uint64_t start_ticks;
	size_t word; /* index of the first word that means it */
	char name[PROC_COMM_MAX];
};

struct words *words_new(void); /* NULL if out of memory */
void words_free(struct words *words);
/* Adds a word; its text is copied. A word that was added before is ignored. Returns 0,
 * ERR_NOTFOUND or ERR_GONE for a pid without a process, or ERR_USAGE; e says what to do. */
int words_add(struct words *words, const char *text, struct err *e);
/* Returns true if the text has a form that may mean several processes. */
bool words_is_form(const char *text);
/* Returns true if the text may also be the beginning of a container's id. */
bool words_may_be_container(const char *text);
size_t words_count(const struct words *words);
const char *words_text(const struct words *words, size_t word);
/* Sets *found to the processes that the words mean now, ordered by pid. It is valid until
 * the next call. */
int words_find(struct words *words, const struct words_process **found, size_t *count,
	       struct err *e);
/* The process has ended, so that its pid may mean another one from now on. */
void words_forget(struct words *words, pid_t pid);
/* Returns whether a process may yet appear that the words mean. Pids mean one process
 * only. */
bool words_can_grow(const struct words *words);
/* Returns a sentence on a word that meant no process in the last words_find(), and on what
 * to do, or NULL if each means one. A pid or tree that has ended is not reported. */
const char *words_empty(const struct words *words, char out[ERR_TEXT_MAX]);
/* Returns a sentence on a pid or tree that has ended, once for each, or NULL. */
const char *words_ended(struct words *words, char out[ERR_TEXT_MAX]);

#endif
