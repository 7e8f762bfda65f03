/* SPDX-License-Identifier: MIT */
/*
 * Which thread runs a state of an interpreter. A thread has a state in each interpreter
 * that it uses. Up to 3.12 the state of another interpreter often names the thread that
 * made it, although another one runs it. A forked process has states of threads that it lacks.
 */
#ifndef SOURCE_PYTHON_STATES_H
#define SOURCE_PYTHON_STATES_H

#include "source/python/python.h"

/* Takes the thread from states that are left over: those whose ident was used again. */
void python_states_drop(struct python *python);
/* With several interpreters: gives each state that runs to the thread on whose stack of C
 * it runs, and joins the Python stacks of a thread that is in several, the innermost one
 * first. Keeps python->threads sorted by tid. A state of which neither can be told stays
 * as the interpreter has it. */
void python_states_settle(struct python *python);

#endif
