/* SPDX-License-Identifier: MIT */
/* Functions are found by the pointers of their interned names. What is the program's own
 * is decided once for each name and file. */
#include "core/presence.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define NAMES     8192u /* remembered, of any role */
#define NAMES_MAX (NAMES / 4 * 3)
/* Names whose role is decided in one sample: that takes long. The others follow in the
 * next ones. */
#define ROLES_MAX 2000u

struct name {
	const char *function, *file; /* interned; function is NULL if it is free */
	uint16_t id;                 /* PRESENCE_NONE if it is not the program's own */
};

struct presence {
	uint32_t sample, nr_functions, nr_names;
	uint32_t roles; /* decided in this sample */
	struct presence_function functions[PRESENCE_FUNCTIONS];
	struct name names[NAMES]; /* open addressing */
	int64_t times_ns[PRESENCE_SAMPLES];
	uint64_t bits[PRESENCE_SAMPLES][PRESENCE_WORDS];
};

struct presence *presence_new(void)
{
	return calloc(1, sizeof(struct presence));
}

void presence_free(struct presence *presence)
{
	free(presence);
}

void presence_reset(struct presence *presence)
{
	if (presence)
		memset(presence, 0, sizeof(*presence));
}

static size_t name_slot(const struct presence *presence, const struct frame *frame)
{
	size_t at = hash_mix((uintptr_t)frame->function, (uintptr_t)frame->file) % NAMES;

	while (presence->names[at].function &&
	       (presence->names[at].function != frame->function ||
		presence->names[at].file != frame->file))
		at = (at + 1) % NAMES;
	return at;
}

/* The same function may occur with several files if it is inlined. */
static uint16_t function_id(struct presence *presence, const char *name)
{
	for (uint32_t id = 0; id < presence->nr_functions; id++)
		if (presence->functions[id].name == name)
			return (uint16_t)id;
	if (presence->nr_functions == PRESENCE_FUNCTIONS)
		return PRESENCE_NONE;
	presence->functions[presence->nr_functions].name = name;
	return (uint16_t)presence->nr_functions++;
}

/* Returns false if there is no time for it in this sample. */
static bool identify(struct presence *presence, const struct frame *frame, uint16_t *id)
{
	size_t at;

	*id = PRESENCE_NONE;
	if (!frame->function)
		return true;
	at = name_slot(presence, frame);
	if (presence->names[at].function) {
		*id = presence->names[at].id;
		return true;
	}
	if (presence->nr_names == NAMES_MAX)
		return true;
	if (presence->roles == ROLES_MAX)
		return false;
	presence->roles++;
	if (frame_role(frame) == FRAME_OWN)
		*id = function_id(presence, frame->function);
	presence->names[at] = (struct name){frame->function, frame->file, *id};
	presence->nr_names++;
	return true;
}

uint32_t presence_find(const struct presence *presence, const struct frame *frame)
{
	size_t at;

	if (!frame || !frame->function)
		return PRESENCE_NONE;
	at = name_slot(presence, frame);
	return presence->names[at].function ? presence->names[at].id : PRESENCE_NONE;
}

static bool has_id(const struct presence_stack *seen, uint16_t id)
{
	for (uint32_t i = 0; i < seen->count; i++)
		if (seen->ids[i] == id)
			return true;
	return false;
}

static void examine(struct presence *presence, struct presence_stack *seen,
		    const struct stack *stack)
{
	uint16_t id;

	seen->count = 0;
	for (size_t i = stack->nr_frames; i-- > 0 && seen->count < PRESENCE_FRAMES;) {
		if (!identify(presence, &stack->frames[i], &id))
			return;
		if (id != PRESENCE_NONE && !has_id(seen, id))
			seen->ids[seen->count++] = id;
	}
	seen->known = 1;
}

void presence_begin(struct presence *presence, int64_t time_ns)
{
	presence->sample++;
	presence->times_ns[presence->sample % PRESENCE_SAMPLES] = time_ns;
	presence->roles = 0;
	memset(presence->bits[presence->sample % PRESENCE_SAMPLES], 0,
	       sizeof(presence->bits[0]));
}

void presence_add(struct presence *presence, struct presence_stack *seen,
		  const struct stack *stack)
{
	uint64_t *bits = presence->bits[presence->sample % PRESENCE_SAMPLES];

	if (!seen->known)
		examine(presence, seen, stack);
	for (uint32_t i = 0; i < seen->count; i++) {
		bits[seen->ids[i] / 64] |= 1ull << seen->ids[i] % 64;
		presence->functions[seen->ids[i]].stack = stack;
	}
}

void presence_end(struct presence *presence)
{
	const uint64_t *now = presence_bits(presence, presence->sample);
	const uint64_t *before = presence_bits(presence, presence->sample - 1);

	for (uint32_t word = 0; word * 64 < presence->nr_functions; word++) {
		uint64_t begun = before ? now[word] & ~before[word] : now[word];

		for (uint64_t left = now[word]; left; left &= left - 1) {
			uint32_t bit = (uint32_t)__builtin_ctzll(left);
			struct presence_function *function =
				&presence->functions[word * 64 + bit];

			function->samples++;
			function->runs += begun >> bit & 1;
		}
	}
}

uint32_t presence_sample(const struct presence *presence)
{
	return presence->sample;
}

int64_t presence_time(const struct presence *presence, uint32_t sample)
{
	return presence->times_ns[sample % PRESENCE_SAMPLES];
}

uint32_t presence_at(const struct presence *presence, int64_t time_ns)
{
	uint32_t high = presence->sample, low;
	uint32_t oldest = high > PRESENCE_SAMPLES ? high - PRESENCE_SAMPLES + 1 : 1;

	for (low = oldest; low < high;) {
		uint32_t middle = low + (high - low) / 2;

		if (presence_time(presence, middle) < time_ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low == oldest && oldest > 1 ? 0 : low;
}

uint32_t presence_functions(const struct presence *presence)
{
	return presence->nr_functions;
}

const struct presence_function *presence_function(const struct presence *presence,
						  uint32_t id)
{
	return &presence->functions[id];
}

const uint64_t *presence_bits(const struct presence *presence, uint32_t sample)
{
	if (sample == 0 || sample > presence->sample ||
	    presence->sample - sample >= PRESENCE_SAMPLES)
		return NULL;
	return presence->bits[sample % PRESENCE_SAMPLES];
}
