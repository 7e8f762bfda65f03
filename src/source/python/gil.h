/* SPDX-License-Identifier: MIT */
/* The lock that a thread has while it runs Python, and who has it. */
#ifndef SOURCE_PYTHON_GIL_H
#define SOURCE_PYTHON_GIL_H

#include "source/python/python.h"

/* Where its condition and its mutex are, from its address on. */
#define PYTHON_GIL_COND 32u
#define PYTHON_GIL_END  128u

/* Reads the locks of all interpreters: python->gils. */
void python_gils_read(struct python *python);
/* Returns the lock that a thread waits for which sleeps on the word at this address, or
 * NULL. */
const struct python_gil *python_gil_at(const struct python *python, uint64_t futex);

#endif
