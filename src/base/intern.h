/* SPDX-License-Identifier: MIT */
/*
 * Intern table: one stable pointer per distinct text, so that equal pointers mean equal
 * texts. Texts live until intern_free(). Bounded: past max_bytes every new text becomes
 * intern_overflow. Adding: one thread. Reading returned texts: any thread.
 */
#ifndef BASE_INTERN_H
#define BASE_INTERN_H

#include <stddef.h>

struct intern;

extern const char intern_overflow[]; /* "(too many names)" */

struct intern *intern_new(size_t max_bytes);
void intern_free(struct intern *table);
/* Never NULL: intern_overflow when the table is full or memory is out. */
const char *intern_text(struct intern *table, const char *text, size_t bytes);
size_t intern_bytes(const struct intern *table);

#endif
