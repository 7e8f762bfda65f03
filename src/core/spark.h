/* SPDX-License-Identifier: MIT */
/* Numbers as a line of bars, for use in any text. */
#ifndef CORE_SPARK_H
#define CORE_SPARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes at most `cells` bars, scaled from the minimum to the maximum. If several numbers
 * share a bar, the last one is shown. "" for fewer than two numbers. */
const char *spark_text(const uint32_t *values, size_t count, size_t cells, bool ascii,
		       char *out, size_t size);

#endif
