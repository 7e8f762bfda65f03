/* SPDX-License-Identifier: MIT */
/* Large arrays on huge pages: a million rows would take a hundred thousand page faults. */
#ifndef BASE_HUGE_H
#define BASE_HUGE_H

#include <stddef.h>

/* To be called after an array was allocated or has grown; small ones are left alone. */
void huge_hint(void *array, size_t bytes);

#endif
