/* SPDX-License-Identifier: MIT */
/*
 * The filter language:
 *
 *   word                  substring of any column
 *   col:value col=value   substring; equal
 *   col~regex             POSIX extended regular expression
 *   col>value col<value   comparison of age, cpu and switches; also >= and <=
 *   id:g8                 only the task with this id
 *   state:word, is:word   part of a state's name, a class, `idle`, `stuck`, `long`,
 *                         `stale`, `suspect`, `new`, `leak`, `gone`, `moved`; in quotes
 *                         also any word of a runtime
 *   stack:value           any frame of the stack
 *   label.KEY:value       a label
 *   ! != !~               negation
 *   a b, a | b, ( )       and, or, grouping
 *   "a b"                 quotes for spaces
 *
 * Case is ignored unless the word has an upper-case letter. Parentheses inside a word
 * belong to it: fn~^(read|write)$. An incomplete term ("age>", "(foo", "!") has no
 * effect.
 */
#ifndef CORE_QUERY_H
#define CORE_QUERY_H

#include "base/err.h"
#include "core/snapshot.h"

struct query;

#define QUERY_TEXT_MAX  1024
#define QUERY_DEPTH_MAX 32

/* Returns the query, or NULL with an error; e->at is the offset of the wrong byte. An
 * empty text yields a query that matches everything. Free the result with
 * query_free(). */
struct query *query_new(const char *text, struct err *e);
/* Like query_new(), but an incomplete term is an error too. For a text that is not being
 * typed. Returns 0 or an error. */
int query_check_whole(const char *text, struct err *e);
void query_free(struct query *query);
/* Call this before matching the tasks of a snapshot; rows_update() does it. It discards
 * results that were cached for another snapshot. */
void query_begin(struct query *query, const struct snapshot *snapshot);
/* Not const, because results are cached. Use a query only from the thread of its rows. */
bool query_match(struct query *query, const struct task *task, int64_t now_ns);
/* Has the processor bring what the query reads of tasks that come a few steps after this
 * one. The query may be NULL. */
void query_bring(const struct query *query, const struct snapshot *snapshot, size_t at);

#endif
