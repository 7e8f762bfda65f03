/* SPDX-License-Identifier: MIT */
/* Bars of eight heights. A constant line has the lowest height. */
#include "core/spark.h"

#include <string.h>

const char *spark_text(const uint32_t *values, size_t count, size_t cells, bool ascii,
		       char *out, size_t size)
{
	static const char plain[] = "_.-=+*#@";
	uint32_t least = UINT32_MAX, most = 0;
	size_t used = 0;

	out[0] = '\0';
	if (count < 2 || cells == 0)
		return out;
	cells = cells < count ? cells : count;
	for (size_t i = 0; i < cells; i++) {
		uint32_t value = values[(i + 1) * count / cells - 1];

		least = value < least ? value : least;
		most = value > most ? value : most;
	}
	for (size_t i = 0; i < cells && used + 4 < size; i++) {
		uint32_t value = values[(i + 1) * count / cells - 1];
		unsigned level = most > least ? (unsigned)((uint64_t)(value - least) * 7 /
							   (most - least))
					      : 0;

		if (ascii) {
			out[used++] = plain[level];
		} else {
			/* U+2581 to U+2588 */
			out[used++] = '\xe2';
			out[used++] = '\x96';
			out[used++] = (char)(0x81 + level);
		}
	}
	out[used] = '\0';
	return out;
}
