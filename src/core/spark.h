/* SPDX-License-Identifier: MIT */
/* Numbers as a line of bars, for texts of any kind. */
#ifndef CORE_SPARK_H
#define CORE_SPARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* At most `cells` bars between the least and the greatest; several numbers that share a bar
 * are their last one. "" for less than two numbers. */
const char *spark_text(const uint32_t *values, size_t count, size_t cells, bool ascii,
		       char *out, size_t size);

#endif
