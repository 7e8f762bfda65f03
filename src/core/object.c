/* SPDX-License-Identifier: MIT */
#include "core/object.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

size_t objects_of(const struct task *task, uint64_t out[OBJECTS_MAX])
{
	const struct waits_on *waits = &task->waits;
	const char *at = waits->kind ? waits->text : NULL;
	size_t count = 0;

	if (!waits->kind)
		return 0;
	if (waits->fd >= 0)
		out[count++] = 1 + (uint64_t)waits->fd;
	if (waits->address)
		out[count++] = waits->address;
	while (at && count < OBJECTS_MAX && (at = strstr(at, "0x"))) {
		char *end;
		uint64_t address = strtoull(at + 2, &end, 16);

		if (address && address != waits->address)
			out[count++] = address;
		at = end;
	}
	for (size_t i = 0; task->pid && i < count; i++)
		out[i] = hash_mix(out[i], (uint64_t)task->pid);
	return count;
}
