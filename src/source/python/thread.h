/* SPDX-License-Identifier: MIT */
/* The threads that the interpreters of a process list, and their names. */
#ifndef SOURCE_PYTHON_THREAD_H
#define SOURCE_PYTHON_THREAD_H

#include "source/python/python.h"

/* Fills in python->threads and python->interps, without stacks and names. Returns false
 * if the lists make no sense; it then has those up to there. */
bool python_threads_list(struct python *python);
/* Reads where the innermost frames of these threads are now: thread->top, 0 if there is
 * none. */
#define PYTHON_TOPS_MAX 256u
void python_threads_top(struct python *python, struct python_thread **threads, size_t nr);

struct python_names;
struct python_names *python_names_new(struct intern *intern);
void python_names_free(struct python_names *names);
/* Sets the names of python->threads, from threading._active. They can be changed at any
 * time, so all are read again from time to time. */
void python_names_set(struct python *python);

#endif
