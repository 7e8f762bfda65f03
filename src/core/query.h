/* SPDX-License-Identifier: MIT */
/*
 * The filter language: words are substrings of any column; col:value (substring),
 * col=value (equal), col~regex (POSIX extended), col>value, col<value, col>=, col<= for
 * age, cpu, switches; ! negates; space is and, | is or, parentheses; "quotes" for spaces;
 * id:g8 is that task alone; state: (or is:) takes part of a state's name, a class, `idle`, `stuck`, `long`, `stale`,
 * `suspect`, `new`, `leak`, `gone`, `moved`, and in quotes any word of a runtime; stack: looks at every frame; label.KEY:value. != and !~ negate too.
 * Case-insensitive unless the word has an upper-case letter. Parentheses inside a word belong
 * to it: fn~^(read|write)$. What is not finished yet ("age>", "(foo", "!") says nothing.
 */
#ifndef CORE_QUERY_H
#define CORE_QUERY_H

#include "base/err.h"
#include "core/snapshot.h"

struct query;

#define QUERY_TEXT_MAX  1024
#define QUERY_DEPTH_MAX 32

/* Returns the query, or NULL with a sentence and e->at the byte that is wrong. An empty
 * text gives a query that matches everything. Free with query_free(). */
struct query *query_new(const char *text, struct err *e);
/* The same, but what is not finished is wrong too: for a text that nobody types on. 0 or an
 * error. */
int query_check_whole(const char *text, struct err *e);
void query_free(struct query *query);
/* Before matching the tasks of a snapshot (rows_update() does it): answers remembered for
 * another snapshot are forgotten. */
void query_begin(struct query *query, const struct snapshot *snapshot);
/* Not const: it remembers answers for interned texts. Same thread as its rows. */
bool query_match(struct query *query, const struct task *task, int64_t now_ns);

#endif
