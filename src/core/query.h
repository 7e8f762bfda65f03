/* SPDX-License-Identifier: MIT */
/*
 * The filter language: words are substrings of any column; col:value (substring),
 * col=value (equal), col~regex (POSIX extended), col>value, col<value, col>=, col<= for
 * age, cpu, switches; ! negates; space is and, | is or, parentheses; "quotes" for spaces;
 * state: takes a state, a class, `idle`, `stuck`; label.KEY:value. Case-insensitive unless
 * the word has an upper-case letter.
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
void query_free(struct query *query);
/* Not const: it remembers answers for interned texts. Same thread as its rows. */
bool query_match(struct query *query, const struct task *task, int64_t now_ns);

#endif
