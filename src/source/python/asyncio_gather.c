/* SPDX-License-Identifier: MIT */
/* What all files of asyncio need: many objects at once, and tasks by their address. */
#include "base/array.h"
#include "base/order.h"
#include "source/python/asyncio_private.h"

bool python_gather_reserve(struct python *python, size_t nr)
{
	return array_reserve(&python->items, &python->cap_items, nr + 1);
}

bool python_gather(struct python *python, size_t nr, size_t bytes)
{
	if (!array_reserve(&python->bytes, &python->cap_bytes, nr * bytes + 1))
		return false;
	memory_gather_read(&python->reader.mem, &python->reader.gather, python->items, nr,
			   python->bytes, bytes);
	return true;
}

uint32_t python_task_at(const struct python_asyncio *asyncio, uint64_t address)
{
	const struct python_tasks *out = &asyncio->out;
	size_t at = out->nr ? ORDER_COUNT_BELOW(out->list, out->nr, address, address) : 0;

	return at < out->nr && out->list[at].address == address ? (uint32_t)at
								: PYTHON_NO_TASK;
}

const struct python_task *python_task_before(const struct python_asyncio *asyncio,
					     const struct python_task *task)
{
	return task->before != PYTHON_NO_TASK ? &asyncio->before[task->before] : NULL;
}
