/* SPDX-License-Identifier: MIT */
/* Names of code made in memory, from a file that any user may have written. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "source/symbols/perf_map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct kernel kernel;
	struct perf_map *map = perf_map_new(&kernel);
	struct intern *intern = intern_new(1u << 20);
	uint64_t address = 0x1000, start;

	if (!map || !intern)
		abort();
	perf_map_set(map, (const char *)data, size);
	for (int i = 0; i < 64; i++, address += 0x31) {
		struct frame frame = {.function = NULL};

		if (perf_map_find(map, address, intern, &frame, &start) &&
		    (!frame.function || start > address || frame.line < 0))
			abort();
	}
	intern_free(intern);
	perf_map_free(map);
	return 0;
}
