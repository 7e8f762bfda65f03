/* SPDX-License-Identifier: MIT */
/* Between the files of this folder that sample threads. */
#ifndef SOURCE_THREAD_PRIVATE_H
#define SOURCE_THREAD_PRIVATE_H

#include "source/thread/thread.h"

/* files.c: reads a file of the thread through a descriptor that is kept open if the file
 * is read often and the limit allows it. kept is one of the thread's descriptors. */
ssize_t thread_read_file(struct thread_table *table, struct thread *thread, int *kept,
			 enum process_thread_text which, char *out, size_t size);
void thread_files_init(struct thread_table *table);
void thread_close_files(struct thread_table *table, struct thread *thread);

/*
 * ran.c: sets thread->slept, if the thread has certainly not run since the previous
 * sample, and reads what the kernel counts of it unless that follows from the others.
 * Returns 0, or -ESRCH if the thread ended.
 */
int thread_read_ran(struct thread_table *table, struct thread *thread);
/* Its record is no longer counted. */
void thread_forget_ran(struct thread_table *table, const struct thread *thread);

/* keep.c: whether both are the same for a user. */
bool thread_same_wait(const struct kernel_wait *a, const struct kernel_wait *b);

#endif
