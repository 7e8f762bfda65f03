/* SPDX-License-Identifier: MIT */
/* See threads.h. */
#include "base/threads.h"

#include <signal.h>
#include <time.h>

int threads_start(pthread_t *thread, void *(*run)(void *), void *ctx)
{
	sigset_t all, before;
	int rc;

	/* A new thread inherits the mask; setting it there would be too late. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(thread, NULL, run, ctx);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

void threads_init_cond(pthread_cond_t *cond)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attributes);
	pthread_condattr_destroy(&attributes);
}
