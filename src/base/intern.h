/* SPDX-License-Identifier: MIT */
/*
 * Intern table. It returns one stable pointer per distinct text, so that equal pointers
 * mean equal texts. Texts are valid until intern_free(). The table is bounded: beyond
 * max_bytes every new text is replaced by intern_overflow. Only one thread may add texts;
 * any thread may read them.
 */
#ifndef BASE_INTERN_H
#define BASE_INTERN_H

#include <stddef.h>

struct intern;

extern const char intern_overflow[]; /* "(too many names)" */

struct intern *intern_new(size_t max_bytes);
void intern_free(struct intern *table);
/* Never returns NULL: if the table is full or memory is exhausted, it returns
 * intern_overflow. */
const char *intern_text(struct intern *table, const char *text, size_t bytes);
size_t intern_bytes(const struct intern *table);

#endif
