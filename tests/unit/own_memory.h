/* SPDX-License-Identifier: MIT */
/* For tests of readers of memory: the target is the test itself. */
#ifndef TESTS_OWN_MEMORY_H
#define TESTS_OWN_MEMORY_H

#include <stdint.h>
#include <unistd.h>

#include "source/proc/memory.h"

static inline uint64_t address_of(const void *object)
{
	return (uint64_t)(uintptr_t)object;
}

static inline struct memory self(void)
{
	return (struct memory){.process = process_named(getpid())};
}

#endif
