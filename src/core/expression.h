/* SPDX-License-Identifier: MIT */
/*
 * POSIX extended regular expressions over bytes, with time and memory that no text and no
 * expression can raise: matching is one pass that allocates nothing, in time proportional
 * to length times expression. (libc's regexec takes milliseconds and a megabyte a text for
 * some expressions, and the texts here come from a target.)
 *
 * . [a-z] [^x] [[:alpha:]] ( ) | * + ? {n} {n,} {n,m} ^ $ \w \W \s \S \d \D, \ before any
 * other sign. No back references, no word boundaries.
 */
#ifndef CORE_EXPRESSION_H
#define CORE_EXPRESSION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Bytes and classes of an expression, with its repeats written out. */
#define EXPRESSION_PLACES_MAX 256
#define EXPRESSION_DEPTH_MAX  32

struct expression;

/* fold: letters match in both cases. NULL: e says why, with the offset in text. */
struct expression *expression_new(const char *text, bool fold, struct err *e);
void expression_free(struct expression *expression);
/* Does it match anywhere in text? */
bool expression_match(const struct expression *expression, const char *text,
		      size_t length);

#endif
