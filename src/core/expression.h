/* SPDX-License-Identifier: MIT */
/*
 * POSIX extended regular expressions over bytes whose time and memory are bounded for
 * every text and every expression. Matching is a single pass that does not allocate and
 * takes time proportional to the length of the text times the size of the expression.
 * (libc's regexec() takes milliseconds and a megabyte per text for some expressions, and
 * the texts here come from a target.)
 *
 * Syntax: . [a-z] [^x] [[:alpha:]] ( ) | * + ? {n} {n,} {n,m} ^ $ \w \W \s \S \d \D, and
 * \ before any other character. Back references and word boundaries are not supported.
 */
#ifndef CORE_EXPRESSION_H
#define CORE_EXPRESSION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Maximum number of bytes and classes in an expression, with its repetitions expanded. */
#define EXPRESSION_PLACES_MAX 256
#define EXPRESSION_DEPTH_MAX  32

struct expression;

/* fold: ignore case. Returns NULL on error; e then has the reason and the offset in
 * text. */
struct expression *expression_new(const char *text, bool fold, struct err *e);
void expression_free(struct expression *expression);
/* Returns whether the expression matches anywhere in text. */
bool expression_match(const struct expression *expression, const char *text,
		      size_t length);

#endif
