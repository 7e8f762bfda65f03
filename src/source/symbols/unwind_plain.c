/* SPDX-License-Identifier: MIT */
/* Finds callers of functions without unwind tables, such as those of musl. The
 * instructions from the current address to the return tell where the return address is,
 * and the values that they would pop on the way are the caller's registers. */
#include <stdlib.h>
#include <string.h>

#include "source/symbols/instruction.h"
#include "source/symbols/private.h"

#define CODE_BYTES   256u
#define STEPS_MAX    4000u
#define BRANCHES_MAX 48u
#define SEEN_MAX     1024u /* a power of two */
#define DEPTH_MAX    (1 << 20)
#define DEPTH_NONE   INT32_MIN

/* Callee-saved registers, by DWARF number. */
static const int saved_registers[UNWIND_SAVED] = {3, 6, 12, 13, 14, 15};
#define SAVED_FRAME_POINTER 1

/* The state after some instructions. */
struct place {
	uint64_t pc;
	int32_t depth; /* of the stack pointer, relative to its initial value */
	int32_t frame; /* value assigned to the frame pointer; DEPTH_NONE if none */
	bool by_frame; /* depth is relative to the frame pointer */
	int32_t from[UNWIND_SAVED];
};

struct search {
	struct symbols *symbols;
	uint64_t code_at; /* address of code */
	size_t nr_code;
	uint8_t code[CODE_BYTES];
	size_t nr_branches;
	struct place branches[BRANCHES_MAX];
	uint32_t nr_seen;
	uint64_t seen[SEEN_MAX]; /* addresses already visited; hash */
};

static bool read_code(struct search *search, uint64_t pc, struct instruction *out)
{
	uint64_t offset = pc - search->code_at;

	if (offset >= search->nr_code ||
	    search->nr_code - offset < INSTRUCTION_BYTES_MAX) {
		ssize_t got = kernel_memory(search->symbols->kernel, pc, search->code,
					    sizeof(search->code));

		search->code_at = pc;
		search->nr_code = got > 0 ? (size_t)got : 0;
		offset = 0;
	}
	return instruction_read(search->code + offset, search->nr_code - offset, out);
}

/* Returns false if the address was visited before, or if too many were. */
static bool mark_visited(struct search *search, uint64_t pc)
{
	uint64_t at = (pc * 0x9e3779b97f4a7c15ull) >> 40;

	if (search->nr_seen >= SEEN_MAX / 2)
		return false;
	for (;; at++) {
		uint64_t *slot = &search->seen[at % SEEN_MAX];

		if (*slot == pc)
			return false;
		if (*slot == 0) {
			*slot = pc;
			search->nr_seen++;
			return true;
		}
	}
}

static void pop_register(struct place *place, int reg)
{
	for (size_t i = 0; i < UNWIND_SAVED; i++)
		/* A value that was pushed on this path is not the caller's. */
		if (saved_registers[i] == reg && (place->by_frame || place->depth >= 0))
			place->from[i] = place->depth;
	place->depth += 8;
}

static void move_to_frame(struct place *place, int64_t amount)
{
	if (place->frame != DEPTH_NONE) {
		place->depth = place->frame + (int32_t)amount;
		return;
	}
	place->by_frame = true;
	place->depth = (int32_t)amount;
}

enum way_end { WAY_GOES_ON, WAY_RETURNS, WAY_DEAD };

static enum way_end apply_instruction(struct search *search, struct place *place,
				      const struct instruction *instruction)
{
	place->pc += instruction->length;
	switch (instruction->kind) {
	case INSTRUCTION_MOVE:
	case INSTRUCTION_PUSH:
		if (instruction->amount > DEPTH_MAX || instruction->amount < -DEPTH_MAX)
			return WAY_DEAD;
		place->depth += (int32_t)instruction->amount;
		break;
	case INSTRUCTION_POP:
		pop_register(place, instruction->reg);
		break;
	case INSTRUCTION_SET_FRAME:
		place->frame = place->depth;
		break;
	case INSTRUCTION_TO_FRAME:
		move_to_frame(place, instruction->amount);
		break;
	case INSTRUCTION_LEAVE:
		move_to_frame(place, 0);
		pop_register(place, saved_registers[SAVED_FRAME_POINTER]);
		break;
	case INSTRUCTION_BRANCH:
		if (search->nr_branches < BRANCHES_MAX) {
			struct place *other = &search->branches[search->nr_branches++];

			*other = *place;
			other->pc += (uint64_t)instruction->amount;
		}
		break;
	case INSTRUCTION_JUMP:
		place->pc += (uint64_t)instruction->amount;
		break;
	case INSTRUCTION_RETURN:
	case INSTRUCTION_AWAY:
		return WAY_RETURNS;
	case INSTRUCTION_SET_STACK:
	case INSTRUCTION_END:
		return WAY_DEAD;
	case INSTRUCTION_MOVE_BY: /* is undone by the frame pointer */
	default:
		break;
	}
	return place->depth > DEPTH_MAX || place->depth < -DEPTH_MAX ? WAY_DEAD
								     : WAY_GOES_ON;
}

/* Follows the code straight ahead, because the stack depth at an address is the same on
 * every path to it. Takes the other branch only if this path is a dead end. */
static void find_way(struct symbols *symbols, uint64_t pc, struct unwind_way *out)
{
	struct search search = {.symbols = symbols};
	struct place place = {.pc = pc, .frame = DEPTH_NONE};

	for (size_t i = 0; i < UNWIND_SAVED; i++)
		place.from[i] = DEPTH_NONE;
	for (size_t step = 0; step < STEPS_MAX; step++) {
		struct instruction instruction;
		enum way_end end = WAY_DEAD;

		if (mark_visited(&search, place.pc) &&
		    read_code(&search, place.pc, &instruction))
			end = apply_instruction(&search, &place, &instruction);
		if (end == WAY_RETURNS) {
			out->found = true;
			out->by_frame = place.by_frame;
			out->back = place.depth;
			memcpy(out->from, place.from, sizeof(out->from));
			return;
		}
		if (end == WAY_GOES_ON)
			continue;
		if (search.nr_branches == 0)
			return;
		place = search.branches[--search.nr_branches];
	}
}

bool unwind_plain_step(struct symbols *symbols, struct unwind_job *job)
{
	struct unwind_place *at = &job->at;
	struct symbol_entry *entry = symbols_entry(symbols, at->pc, at->after_call);
	struct unwind_way way;
	uint64_t frame_pointer = at->saved[SAVED_FRAME_POINTER];
	uint64_t base, back, value;

	if (!entry)
		return false;
	if (!entry->way.known) {
		entry->way.known = true;
		find_way(symbols, at->pc, &entry->way);
	}
	way = entry->way;
	if (!way.found || (way.by_frame && !at->has_saved[SAVED_FRAME_POINTER]))
		return false;
	base = way.by_frame ? frame_pointer : at->sp;
	uint64_t slot = base + (uint64_t)(int64_t)way.back;

	if (slot < at->sp || slot - at->sp > DEPTH_MAX ||
	    !unwind_read(job, slot, &back) || !symbols_call_before(symbols, back, NULL))
		return false;
	for (size_t i = 0; i < UNWIND_SAVED; i++) {
		if (way.from[i] == DEPTH_NONE)
			continue;
		at->has_saved[i] =
			unwind_read(job, base + (uint64_t)(int64_t)way.from[i], &value);
		at->saved[i] = value;
	}
	at->pc = back;
	at->sp = slot + 8;
	at->after_call = true;
	return true;
}
