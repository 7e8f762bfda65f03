/* SPDX-License-Identifier: MIT */
/* A second thread gets the memory of a large new array from the kernel, which has to clear
 * it, while its owner fills it from the beginning. */
#ifndef BASE_FILL_H
#define BASE_FILL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/* All zero at first, and does not move while it runs. */
struct fill {
	pthread_t thread;
	bool runs;
	int stop; /* atomic */
	char *at, *end;
};

/* Begins if the array is large and there are several processors. Its content stays as it
 * is. */
void fill_begin(struct fill *fill, void *array, size_t bytes);
/* Must be called before the array is freed or moved. May be called at any time. */
void fill_end(struct fill *fill);

#endif
