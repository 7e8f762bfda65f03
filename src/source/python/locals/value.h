/* SPDX-License-Identifier: MIT */
/*
 * The folder src/source/python/locals reads arguments and variables of Python frames, with
 * their values as text. It must not know who asks, or how they are shown.
 *
 * Values are written like Python's own repr(), shortened: of a text or a collection the
 * first part, of an object its class with some attributes, one level deep. No code of the
 * target runs for that, so a class cannot say how its objects are written. Passwords in
 * URLs are not shown. Used by one thread.
 */
#ifndef SOURCE_PYTHON_LOCALS_VALUE_H
#define SOURCE_PYTHON_LOCALS_VALUE_H

#include "base/oneline.h"
#include "source/python/python.h"

struct python_values {
	struct python *python;
	unsigned objects_left; /* that may still be read */
	unsigned objects;      /* that were read */
	bool cut;              /* the limit was reached: something was left out */
};

/* Appends the value. What cannot be read is "(unreadable)". */
void python_value_print(struct python_values *values, uint64_t object,
			struct oneline *text);

/* Private to the folder. An object that is to be printed. */
struct python_object_at {
	uint64_t address, type, flags; /* flags: tp_flags */
	unsigned depth;                /* 0 for a variable, 1 for what is in it */
	char name[PYTHON_NAME_MAX];    /* of its type */
};

/* Appends a value of a type whose objects have no attributes that tell: a number, a function,
 * a lock, a time. Returns false, and appends nothing, for other types; value_known.c. */
bool python_value_known(struct python_values *values, const struct python_object_at *at,
			struct oneline *text);

#endif
