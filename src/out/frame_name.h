/* SPDX-License-Identifier: MIT */
/* The name of a frame in the formats of other tools. */
#ifndef OUT_FRAME_NAME_H
#define OUT_FRAME_NAME_H

#include "core/snapshot.h"

#define FRAME_NAME_MAX 24
/* Returns the function's name, or the address in hexadecimal digits, written to text. */
const char *frame_name(const struct frame *frame, char text[FRAME_NAME_MAX]);

#endif
