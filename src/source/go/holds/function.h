/* SPDX-License-Identifier: MIT */
/* Values of functions: their first word is where the function begins. */
#ifndef SOURCE_GO_HOLDS_FUNCTION_H
#define SOURCE_GO_HOLDS_FUNCTION_H

#include "source/go/holds/walk.h"

/* Adds the function if a word that leads into the executable leads to the value of one
 * that captures nothing. */
void go_function_find(struct go_reach *reach, const struct go_lead *lead);

#endif
