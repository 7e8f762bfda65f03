/* SPDX-License-Identifier: MIT */
/* Huge pages for large arrays. On 4 KB pages, a million rows cause a hundred thousand
 * page faults. */
#ifndef BASE_HUGE_H
#define BASE_HUGE_H

#include <stddef.h>

/* Call this after an array has been allocated or enlarged. Small arrays are left
 * alone. */
void huge_hint(void *array, size_t bytes);

#endif
