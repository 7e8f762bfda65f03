/* SPDX-License-Identifier: MIT */
/* Arguments and variables by name, where the program has debug information. */
#ifndef SOURCE_GO_HOLDS_VARIABLES_H
#define SOURCE_GO_HOLDS_VARIABLES_H

#include "source/go/holds/look.h"

/* Says what the pointers in the variables of a frame point to, and their names. */
void go_variables_name(struct go_reach *reach, const struct go_reach_frame *frame);
/* Adds the variables of all frames with their values. Call when the live words of the
 * stack are known. */
void go_variables_tell(struct go_reach *reach);

#endif
