/* SPDX-License-Identifier: MIT */
/* Threads of this program, and condition variables that they wait on until a time. */
#ifndef BASE_THREADS_H
#define BASE_THREADS_H

#include <pthread.h>

/* Starts a thread with all signals blocked, so that the other threads of this process
 * handle them. Returns 0 or an errno. */
int threads_start(pthread_t *thread, void *(*run)(void *), void *ctx);
/* Initializes a condition variable whose timed waits take CLOCK_MONOTONIC times. */
void threads_init_cond(pthread_cond_t *cond);

#endif
