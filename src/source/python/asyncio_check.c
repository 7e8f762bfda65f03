/* SPDX-License-Identifier: MIT */
/*
 * Whether the stack of a task is true. Its coroutines are read one after another while the
 * program runs, and the next coroutine often gets the memory of the last. A task that
 * looks as it did in the previous look has been read twice; the others are read once more.
 */
#include <string.h>

#include "base/array.h"
#include "source/python/asyncio_private.h"
#include "source/python/frame.h"

#define TAG_BITS 3u

static bool is_open(const struct python_asyncio *asyncio, const struct python_link *link)
{
	const struct python_task *task = &asyncio->out.list[link->task];

	return !task->same && !task->moved && !task->running;
}

/* Lists the links to read: all, or those that await something. */
static size_t list_links(struct python *python, struct python_asyncio *asyncio,
			 bool slots)
{
	size_t nr = 0;

	for (size_t i = 0; i < asyncio->nr_links; i++) {
		const struct python_link *link = &asyncio->links[i];

		if (!is_open(asyncio, link) || (slots && !link->awaits))
			continue;
		asyncio->again[nr] = (uint32_t)i;
		python->items[nr] = (struct memory_item){
			slots ? link->slot : link->frame.address, (uint32_t)nr, false};
		nr++;
	}
	return nr;
}

static bool is_as_before(const struct python_layout *layout,
			 const struct python_link *link, const uint8_t *bytes, bool slot)
{
	uint64_t mask = layout->minor >= 14 ? ~(uint64_t)TAG_BITS : UINT64_MAX;
	struct python_frame frame;

	if (slot)
		return (load_u64(bytes) & mask) == link->awaits;
	python_frame_take(layout, link->frame.address, bytes, &frame);
	return frame.code_address == link->frame.code_address &&
	       frame.position == link->frame.position;
}

static void read_again(struct python *python, struct python_asyncio *asyncio, bool slots)
{
	const struct python_layout *layout = &python->reader.layout;
	size_t bytes = slots ? 8 : python_frame_bytes(layout);
	size_t nr = list_links(python, asyncio, slots);

	if (nr == 0 || !python_gather(python, nr, bytes))
		return;
	for (size_t i = 0; i < nr; i++) {
		const struct memory_item *item = &python->items[i];
		const struct python_link *link =
			&asyncio->links[asyncio->again[item->index]];

		uint8_t *out = python->bytes + (size_t)item->index * bytes;

		/* It may lie at the end of a mapping. */
		if (!item->ok) {
			memset(out, 0, bytes);
			memory_read_some(&python->reader.mem, item->address, out, bytes);
		}
		if (!is_as_before(layout, link, out, slots))
			asyncio->out.list[link->task].moved = true;
	}
}

void python_asyncio_check(struct python *python, struct python_asyncio *asyncio)
{
	if (asyncio->nr_links == 0 || !python_gather_reserve(python, asyncio->nr_links) ||
	    !array_reserve(&asyncio->again, &asyncio->cap_again, asyncio->nr_links))
		return;
	memory_allow(&python->reader.mem, 2 * (uint64_t)asyncio->nr_links);
	read_again(python, asyncio, false);
	read_again(python, asyncio, true);
}
