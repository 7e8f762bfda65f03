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

#define TAG_BITS  3u
#define OB_TYPE   8u
#define END_BYTES 16u

static bool is_open(const struct python_asyncio *asyncio, const struct python_link *link)
{
	const struct python_task *task = &asyncio->out.list[link->task];

	return !task->same && !task->moved && !task->running;
}

/* What is read of a link. */
enum part {
	PART_FRAME,
	PART_SLOT,   /* of those that await something */
	PART_OBJECT, /* the coroutine, up to 3.10: its frame is an object of its own */
};

static uint64_t address_of(const struct python_link *link, enum part part)
{
	return part == PART_FRAME    ? link->frame.address
	       : part == PART_OBJECT ? link->object
	       : link->awaits        ? link->slot
				     : 0;
}

static size_t bytes_of(const struct python_layout *layout, enum part part)
{
	return part == PART_FRAME    ? python_frame_bytes(layout)
	       : part == PART_OBJECT ? (size_t)layout->generator_frame + 8
				     : 8;
}

static size_t list_links(struct python *python, struct python_asyncio *asyncio,
			 enum part part)
{
	size_t nr = 0;

	for (size_t i = 0; i < asyncio->nr_links; i++) {
		const struct python_link *link = &asyncio->links[i];
		uint64_t address = address_of(link, part);

		if (!address || !is_open(asyncio, link))
			continue;
		asyncio->again[nr] = (uint32_t)i;
		python->items[nr] = (struct memory_item){address, (uint32_t)nr, false};
		nr++;
	}
	return nr;
}

static bool is_as_before(const struct python_layout *layout,
			 const struct python_link *link, const uint8_t *bytes,
			 enum part part)
{
	uint64_t mask = layout->minor >= 14 ? ~(uint64_t)TAG_BITS : UINT64_MAX;
	struct python_frame frame;

	if (part == PART_SLOT)
		return (load_u64(bytes) & mask) == link->awaits;
	if (part == PART_OBJECT)
		return load_u64(bytes + layout->generator_frame) == link->frame.address;
	python_frame_take(layout, link->frame.address, bytes, &frame);
	return frame.code_address == link->frame.code_address &&
	       frame.position == link->frame.position;
}

static void read_again(struct python *python, struct python_asyncio *asyncio,
		       enum part part)
{
	const struct python_layout *layout = &python->reader.layout;
	size_t bytes = bytes_of(layout, part);
	size_t nr = list_links(python, asyncio, part);

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
		if (!is_as_before(layout, link, out, part))
			asyncio->out.list[link->task].moved = true;
	}
}

/* A task awaits an object that is no coroutine behind its last one; if it is one now, it may
 * have been the rest of an earlier one. */
static void read_ends_again(struct python *python, struct python_asyncio *asyncio)
{
	struct python_tasks *out = &asyncio->out;
	size_t nr = 0;

	for (size_t i = 0; i < asyncio->nr_links; i++) {
		const struct python_link *link = &asyncio->links[i];
		uint64_t awaited = out->list[link->task].awaited;

		if (!awaited || link->awaits != awaited || !is_open(asyncio, link))
			continue;
		asyncio->again[nr] = link->task;
		python->items[nr] = (struct memory_item){awaited, (uint32_t)nr, false};
		nr++;
	}
	if (nr == 0 || !python_gather(python, nr, END_BYTES))
		return;
	for (size_t i = 0; i < nr; i++) {
		const struct memory_item *item = &python->items[i];
		const uint8_t *object = python->bytes + (size_t)item->index * END_BYTES;
		enum python_awaitable kind =
			item->ok ? python_awaitable(python, asyncio,
						    load_u64(object + OB_TYPE))
				 : PYTHON_NOT_FOLLOWED;

		if (kind == PYTHON_IS_COROUTINE || kind == PYTHON_IS_GENERATOR ||
		    kind == PYTHON_IS_WRAPPER)
			out->list[asyncio->again[item->index]].moved = true;
	}
}

void python_asyncio_check(struct python *python, struct python_asyncio *asyncio)
{
	if (asyncio->nr_links == 0 || !python_gather_reserve(python, asyncio->nr_links) ||
	    !array_reserve(&asyncio->again, &asyncio->cap_again, asyncio->nr_links))
		return;
	memory_allow(&python->reader.mem, 4 * (uint64_t)asyncio->nr_links);
	read_again(python, asyncio, PART_FRAME);
	if (python->reader.layout.minor <= 10)
		read_again(python, asyncio, PART_OBJECT);
	read_again(python, asyncio, PART_SLOT);
	read_ends_again(python, asyncio);
}
