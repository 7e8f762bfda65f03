/* SPDX-License-Identifier: MIT */
#include "out/frame_name.h"

#include <inttypes.h>
#include <stdio.h>

const char *frame_name(const struct frame *frame, char text[FRAME_NAME_MAX])
{
	if (frame->function)
		return frame->function;
	snprintf(text, FRAME_NAME_MAX, "0x%" PRIx64, frame->address);
	return text;
}
