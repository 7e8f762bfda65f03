/* SPDX-License-Identifier: MIT */
/* A table by address. What an earlier look has left in it is told by its stamp. */
#include "source/proc/blocks.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/hash.h"

#define ROOM_FIRST 32768u /* blocks */
#define USED_MAX   (4u << 20)
#define GROUP      8u /* slots next to each other, for blocks that are */
#define NO_PLACE   UINT32_MAX
#define DIGIT_BITS 10u
#define DIGITS     (1u << DIGIT_BITS)
#define FIRST_BIT  9u /* of an address of a block */

enum block_state { BLOCK_FAILED, BLOCK_READ, BLOCK_USED };

struct slot {
	uint64_t address;
	uint32_t place, stamp;
};

struct blocks {
	size_t room, most;
	struct slot *table; /* twice as many slots as there is room for blocks */
	uint8_t *data;
	uint8_t *states; /* by place; enum block_state */
	size_t nr;
	uint32_t stamp; /* never 0 */
	uint64_t seed;  /* a target must not choose addresses that collide */
	/* What this look and the last one have used, in that order. */
	uint64_t *used, *before, *spare;
	size_t nr_used, cap_used, nr_before, cap_before, at_before, cap_spare;
	/* What was found last. */
	uint64_t last;
	uint32_t last_place;
};

/* Makes room for this many blocks, a power of two. Nothing is kept then. */
static bool make_room(struct blocks *blocks, size_t room)
{
	struct slot *table = calloc(room * 2, sizeof(*table));
	uint8_t *data = malloc(room * BLOCK_BYTES);
	uint8_t *states = malloc(room);

	if (!table || !data || !states) {
		free(table);
		free(data);
		free(states);
		return false;
	}
	free(blocks->table);
	free(blocks->data);
	free(blocks->states);
	blocks->table = table;
	blocks->data = data;
	blocks->states = states;
	blocks->room = room;
	blocks->nr = 0;
	return true;
}

struct blocks *blocks_new(size_t most)
{
	struct blocks *blocks = calloc(1, sizeof(*blocks));

	if (!blocks || !make_room(blocks, ROOM_FIRST)) {
		free(blocks);
		return NULL;
	}
	blocks->most = most;
	blocks->stamp = 1;
	blocks->seed = hash_seed();
	blocks->last_place = NO_PLACE;
	return blocks;
}

void blocks_free(struct blocks *blocks)
{
	if (!blocks)
		return;
	free(blocks->table);
	free(blocks->data);
	free(blocks->states);
	free(blocks->used);
	free(blocks->before);
	free(blocks->spare);
	free(blocks);
}

void blocks_clear(struct blocks *blocks)
{
	blocks->nr = 0;
	blocks->last_place = NO_PLACE;
	if (++blocks->stamp == 0) {
		memset(blocks->table, 0, blocks->room * 2 * sizeof(*blocks->table));
		blocks->stamp = 1;
	}
}

/* How many are read ahead. */
static size_t at_once(size_t room)
{
	return room / 4 * 3;
}

void blocks_begin(struct blocks *blocks)
{
	uint64_t *used = blocks->before;
	size_t capacity = blocks->cap_before, room = blocks->room;

	while (at_once(room) < blocks->nr_used && room * 2 <= blocks->most)
		room *= 2;
	if (room > blocks->room)
		make_room(blocks, room);
	blocks_clear(blocks);
	blocks->before = blocks->used;
	blocks->nr_before = blocks->nr_used;
	blocks->cap_before = blocks->cap_used;
	blocks->at_before = 0;
	blocks->used = used;
	blocks->cap_used = capacity;
	blocks->nr_used = 0;
}

size_t blocks_room(const struct blocks *blocks)
{
	return blocks->room - blocks->nr;
}

/* By digits, the lowest ones first. */
static void sort(uint64_t *list, uint64_t *spare, size_t nr)
{
	uint64_t differ = 0;

	for (size_t i = 1; i < nr; i++)
		differ |= list[i] ^ list[0];
	for (unsigned bit = FIRST_BIT; bit < 64; bit += DIGIT_BITS) {
		size_t starts[DIGITS + 1] = {0};

		if ((differ >> bit) % DIGITS == 0)
			continue;
		for (size_t i = 0; i < nr; i++)
			starts[(list[i] >> bit) % DIGITS + 1]++;
		for (size_t i = 0; i < DIGITS; i++)
			starts[i + 1] += starts[i];
		for (size_t i = 0; i < nr; i++)
			spare[starts[(list[i] >> bit) % DIGITS]++] = list[i];
		memcpy(list, spare, nr * sizeof(*list));
	}
}

uint64_t *blocks_next(struct blocks *blocks, size_t *nr)
{
	size_t at = blocks->at_before, left = blocks->nr_before - at;

	*nr = left < at_once(blocks->room) ? left : at_once(blocks->room);
	if (*nr == 0 || !array_reserve(&blocks->spare, &blocks->cap_spare, *nr)) {
		*nr = 0;
		return NULL;
	}
	blocks->at_before += *nr;
	sort(blocks->before + at, blocks->spare, *nr);
	return blocks->before + at;
}

/* The slot of this address, or the empty one that it can be put in. */
static struct slot *slot_of(const struct blocks *blocks, uint64_t address)
{
	uint64_t number = address / BLOCK_BYTES;
	size_t group = (size_t)hash_mix(number / GROUP, blocks->seed);
	size_t mask = blocks->room * 2 - 1;
	size_t at = (group * GROUP + number % GROUP) & mask;

	while (blocks->table[at].stamp == blocks->stamp &&
	       blocks->table[at].address != address)
		at = (at + GROUP) & mask;
	return &blocks->table[at];
}

const uint8_t *blocks_find(struct blocks *blocks, uint64_t address)
{
	uint32_t place = blocks->last_place;

	if (place == NO_PLACE || blocks->last != address) {
		const struct slot *slot = slot_of(blocks, address);

		if (slot->stamp != blocks->stamp)
			return NULL;
		place = slot->place;
	}
	if (blocks->states[place] == BLOCK_FAILED)
		return NULL;
	blocks->last = address;
	blocks->last_place = place;
	if (blocks->states[place] == BLOCK_READ &&
	    array_reserve_most(&blocks->used, &blocks->cap_used, blocks->nr_used + 1,
			       USED_MAX)) {
		blocks->used[blocks->nr_used++] = address;
		blocks->states[place] = BLOCK_USED;
	}
	return blocks->data + (size_t)place * BLOCK_BYTES;
}

uint8_t *blocks_add(struct blocks *blocks, uint64_t address)
{
	struct slot *slot = slot_of(blocks, address);

	if (slot->stamp != blocks->stamp) {
		if (blocks->nr == blocks->room)
			return NULL;
		*slot = (struct slot){address, (uint32_t)blocks->nr++, blocks->stamp};
		blocks->states[slot->place] = BLOCK_READ;
	} else if (blocks->states[slot->place] == BLOCK_FAILED) {
		blocks->states[slot->place] = BLOCK_READ;
	}
	return blocks->data + (size_t)slot->place * BLOCK_BYTES;
}

void blocks_fail(struct blocks *blocks, uint64_t address)
{
	const struct slot *slot = slot_of(blocks, address);

	if (slot->stamp == blocks->stamp)
		blocks->states[slot->place] = BLOCK_FAILED;
}
