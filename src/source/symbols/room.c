/* SPDX-License-Identifier: MIT */
/* How much stack a function uses below its frame pointer: its first instructions make room,
 * and those up to the place where it is may have made more, for arguments of the call or
 * for alloca(). */
#include <string.h>

#include "source/symbols/instruction.h"
#include "source/symbols/private.h"

#define PROLOGUE_MAX 96u
#define BODY_MAX     (1u << 15) /* bytes of code that are read for one function */
#define CODE_BYTES   1024u

#if defined(__x86_64__)
/* Adds the operand of "push" or "sub". Returns the instruction's length, or 0 for others.
 * */
static size_t add_stack_room(const uint8_t *code, struct prologue *out)
{
	uint32_t bytes;

	if ((code[0] & 0xf8) == 0x50) {
		out->room += 8;
		return 1;
	}
	if (code[0] == 0x41 && (code[1] & 0xf8) == 0x50) {
		out->room += 8;
		return 2;
	}
	if (code[0] != 0x48 || (code[1] != 0x83 && code[1] != 0x81))
		return 0;
	memcpy(&bytes, code + 3, sizeof(bytes));
	if (code[1] == 0x83)
		bytes = (uint32_t)(int32_t)(int8_t)code[3];
	if (code[2] == 0xec) { /* sub */
		out->room += bytes;
		out->exact = true;
	} else if (code[2] == 0xe4) { /* and */
		out->slack += 0u - bytes;
	} else {
		return 0;
	}
	return code[1] == 0x83 ? 4 : 7;
}

static bool is_sub(const uint8_t *code)
{
	return code[0] == 0x48 && (code[1] == 0x83 || code[1] == 0x81) && code[2] == 0xec;
}

/* Returns the length of an instruction that compilers schedule into the prologue: a copy
 * from one register to another, or a load of an address. Returns 0 for others. */
static size_t skippable_bytes(const uint8_t *code)
{
	size_t rex = (code[0] & 0xf0) == 0x40;
	uint8_t operation = code[rex];
	uint8_t operands = code[rex + 1];

	if ((operation == 0x89 || operation == 0x8b || operation == 0x31) &&
	    operands >= 0xc0)
		return rex + 2;
	if ((operation == 0x8d || operation == 0x8b) && (operands & 0xc7) == 0x05)
		return rex + 6;
	return 0;
}

/* Returns the length of "orq $0,N(%rsp)", by which compilers touch each page of a large
 * frame after its "sub" (-fstack-clash-protection); 0 for others. */
static size_t probe_bytes(const uint8_t *code)
{
	static const uint8_t byte[] = {0x48, 0x83, 0x4c, 0x24},
			     word[] = {0x48, 0x83, 0x8c, 0x24},
			     none[] = {0x48, 0x83, 0x0c, 0x24};

	return memcmp(code, none, sizeof(none)) == 0   ? 5
	       : memcmp(code, byte, sizeof(byte)) == 0 ? 6
	       : memcmp(code, word, sizeof(word)) == 0 ? 9
						       : 0;
}

/* Reads the prologue at start. Returns the address behind it, or 0 if it sets up no frame
 * pointer. */
static uint64_t read_prologue(struct symbols *symbols, uint64_t start,
			      struct prologue *out)
{
	static const uint8_t endbr[] = {0xf3, 0x0f, 0x1e, 0xfa};
	static const uint8_t frame[] = {0x48, 0x89, 0xe5}; /* mov %rsp,%rbp */
	uint8_t code[PROLOGUE_MAX + 24] = {0};
	size_t at = 0;
	bool framed = false;

	/* Less than that at the end of a mapping; the rest is no instruction then. */
	if (!start || kernel_memory(symbols->kernel, start, code, PROLOGUE_MAX) <= 0)
		return 0;
	if (memcmp(code, endbr, sizeof(endbr)) == 0)
		at += sizeof(endbr);
	if (code[at++] != 0x55) /* push %rbp */
		return 0;
	for (size_t length = 1; length && at < PROLOGUE_MAX; at += length) {
		if (!framed && memcmp(code + at, frame, sizeof(frame)) == 0) {
			framed = true;
			length = sizeof(frame);
			continue;
		}
		if (out->exact) {
			length = probe_bytes(code + at);
			if (length && !is_sub(code + at + length))
				break;
			length += length ? add_stack_room(code + at + length, out) : 0;
			continue;
		}
		length = framed ? add_stack_room(code + at, out) : 0;
		if (!length)
			length = skippable_bytes(code + at);
	}
	return framed ? start + at : 0;
}

/* The instructions between the prologue and pc, in the order of their addresses. */
struct body {
	uint64_t lowered_at; /* the last instruction that lowered the stack pointer */
	int64_t more;        /* bytes below what the prologue made room for */
	bool known;          /* if false, by how much is not told by the code */
};

static void apply(struct body *body, uint64_t at, const struct instruction *instruction)
{
	uint64_t to = at + instruction->length + (uint64_t)instruction->amount;

	switch (instruction->kind) {
	case INSTRUCTION_MOVE:
	case INSTRUCTION_PUSH:
	case INSTRUCTION_POP:
		body->more -= instruction->amount;
		if (instruction->amount < 0)
			body->lowered_at = at;
		/* The end of one path of several; the others have what the prologue made. */
		if (body->more < 0)
			body->more = 0;
		break;
	case INSTRUCTION_BRANCH:
		/* A loop that lowers it each time, as for a large alloca(). */
		if (body->more > 0 && to <= body->lowered_at)
			body->known = false;
		break;
	case INSTRUCTION_TO_FRAME:
	case INSTRUCTION_LEAVE:
		body->more = 0;
		break;
	case INSTRUCTION_MOVE_BY:
	case INSTRUCTION_SET_STACK:
		body->known = false;
		break;
	case INSTRUCTION_JUMP:
	case INSTRUCTION_RETURN:
	case INSTRUCTION_AWAY:
	case INSTRUCTION_END:
		/* What follows is reached from elsewhere. */
		if (body->more > 0)
			body->known = false;
		break;
	default:
		break;
	}
}

/* Follows the code from its prologue to pc. */
static struct body read_body(struct symbols *symbols, uint64_t at, uint64_t pc)
{
	struct body body = {.known = pc >= at && pc - at <= BODY_MAX};
	uint8_t code[CODE_BYTES];
	uint64_t code_at = at;
	size_t nr_code = 0;

	while (body.known && at < pc) {
		struct instruction instruction;
		size_t offset = at - code_at;

		if (nr_code - offset < INSTRUCTION_BYTES_MAX) {
			ssize_t got =
				kernel_memory(symbols->kernel, at, code, sizeof(code));

			code_at = at;
			nr_code = got > 0 ? (size_t)got : 0;
			offset = 0;
		}
		body.known =
			instruction_read(code + offset, nr_code - offset, &instruction);
		if (!body.known)
			break;
		apply(&body, at, &instruction);
		at += instruction.length;
	}
	return body;
}

bool symbols_prologue(struct symbols *symbols, uint64_t start, uint64_t pc,
		      struct prologue *out)
{
	uint64_t end;

	memset(out, 0, sizeof(*out));
	end = read_prologue(symbols, start, out);
	if (end && out->exact) {
		struct body body = read_body(symbols, end, pc);

		out->exact = body.known;
		if (body.known)
			out->room += (uint64_t)body.more;
	}
	return end != 0;
}
#else
bool symbols_prologue(struct symbols *symbols, uint64_t start, uint64_t pc,
		      struct prologue *out)
{
	(void)symbols, (void)start, (void)pc;
	memset(out, 0, sizeof(*out));
	return false;
}
#endif
