/* SPDX-License-Identifier: MIT */
/* Objects that need no types to be recognised. */
#include "source/go/holds/holds.h"
#include "source/go/holds/recognise.h"
#include "source/go/holds/walk.h"

#include <stdio.h>

#define CHAN_TEXT       128u
/* Sizes of runtime.sudog, with room for other versions of Go. */
#define SUDOG_BYTES_MIN 80u
#define SUDOG_BYTES_MAX 128u

static bool looks_like_g(const struct go_layout *layout, const uint8_t *bytes)
{
	uint64_t low = load_u64(bytes + GO_G_STACK_LO);
	uint64_t high = load_u64(bytes + GO_G_STACK_HI);

	return low && !(low & 0x3ff) && high > low &&
	       !((high - low) & (high - low - 1)) && high - low >= 2048 &&
	       go_g_status(bytes, &layout->g) <= GO_STATUS_DEADEXTRA;
}

/* A g leads to its thread, and that to everything that runs. */
static bool is_g(struct go_reach *reach, const struct go_reached *object)
{
	const struct go_layout *layout = go_reach_holds(reach)->sampler->layout;

	return object->copied >= layout->g.bytes && looks_like_g(layout, object->copy);
}

/* The record of a goroutine that waits begins with the address of its g, which no value
 * of the program contains. */
static bool is_sudog(struct go_reach *reach, const struct go_reached *object)
{
	const struct go_layout *layout = go_reach_holds(reach)->sampler->layout;
	uint8_t copy[GO_G_BYTES_MAX];
	uint64_t g, start, bytes;

	if (object->noscan || object->bytes < SUDOG_BYTES_MIN ||
	    object->bytes > SUDOG_BYTES_MAX || object->copied < sizeof(g))
		return false;
	g = load_u64(object->copy);
	if (g == go_reach_g(reach))
		return true;
	return go_reach_bounds(reach, g, &start, &bytes) && start == g &&
	       bytes >= layout->g.bytes && bytes <= 2ull * GO_G_BYTES_MAX &&
	       go_reach_read(reach, g, copy, layout->g.bytes) &&
	       looks_like_g(layout, copy);
}

/* Objects of the runtime are not values of the program, and lead to other goroutines. */
bool go_recognise_runtime(struct go_reach *reach, struct go_reached *object)
{
	return is_g(reach, object) || is_sudog(reach, object);
}

/* Returns whether this is a channel: its counts fit together, and its type of elements
 * has the size of its elements. Sets that type, or NULL. */
static bool is_chan(struct go_reach *reach, const struct go_reached *object,
		    const struct go_type **known)
{
	const struct go_layout *layout = go_reach_holds(reach)->sampler->layout;
	uint64_t length, capacity, buffer, type, element = 0;
	unsigned type_at = layout->chan_recvq - 24;
	uint16_t bytes;

	if (object->bytes < GO_CHAN_BYTES_MIN || object->copied < GO_CHAN_BYTES_MIN)
		return false;
	length = load_u64(object->copy);
	capacity = load_u64(object->copy + 8);
	buffer = load_u64(object->copy + 16);
	type = load_u64(object->copy + type_at);
	memcpy(&bytes, object->copy + 24, sizeof(bytes));
	if (length > capacity || capacity >> 40 || buffer < 0x1000 || buffer & 7 ||
	    load_u32(object->copy + 28) > 1 || type < 0x1000 || type & 7 ||
	    !go_elf_contains(go_reach_holds(reach)->elf, type, false))
		return false;
	*known = go_types_at(go_reach_holds(reach)->types, type);
	if (*known)
		return (*known)->bytes == bytes;
	/* Package reflect makes types too, which are elsewhere. */
	return go_reach_read(reach, type, &element, sizeof(element)) && element == bytes;
}

bool go_recognise_channel(struct go_reach *reach, struct go_reached *object)
{
	struct go_holds *holds = go_reach_holds(reach);
	const struct go_queue *queue;
	const struct go_type *element = NULL;
	char text[CHAN_TEXT], name[CHAN_TEXT] = "chan";
	uint64_t buffer;
	int used;

	if (!is_chan(reach, object, &element))
		return false;
	if (element)
		snprintf(name, sizeof(name), "chan %.100s", element->name);
	queue = go_queues_get(holds->queues, object->address);
	used = snprintf(text, sizeof(text), "cap %llu, len %llu%s",
			(unsigned long long)load_u64(object->copy + 8),
			(unsigned long long)load_u64(object->copy),
			load_u32(object->copy + 28) ? ", closed" : "");
	if (queue->address == object->address && queue->kind == GO_QUEUE_CHAN) {
		if (queue->senders)
			used += snprintf(text + used, sizeof(text) - (size_t)used,
					 ", %u sending", queue->senders);
		if (queue->receivers)
			used += snprintf(text + used, sizeof(text) - (size_t)used,
					 ", %u receiving", queue->receivers);
		if (queue->others)
			snprintf(text + used, sizeof(text) - (size_t)used,
				 ", %u in select", queue->others);
	}
	go_reach_add(reach, HELD_CHANNEL, object, object->address, NULL, name, text);
	/* Elements without pointers are in the same object. */
	buffer = load_u64(object->copy + 16);
	if (buffer - object->address >= object->bytes)
		go_reach_slice(reach, object, 16, buffer, element,
			       load_u64(object->copy + 8), "buffer");
	return true;
}
