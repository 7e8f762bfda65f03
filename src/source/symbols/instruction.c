/* SPDX-License-Identifier: MIT */
/* Computes the length of an instruction and its effect on the stack pointer. The bytes
 * come from the target; nothing beyond nr_bytes is read. */
#include "source/symbols/instruction.h"

#include <string.h>

#define REX_W 8u
#define REX_R 4u
#define REX_B 1u
#define SP    4u /* as instructions encode it */
#define FP    5u

struct parts {
	const uint8_t *code;
	size_t nr_bytes;
	size_t at; /* offset after what was read */
	uint8_t rex;
	bool short_operand; /* 16 bits */
	uint8_t map;        /* opcode map: 0: one byte, 1: 0f, 2: 0f 38, 3: 0f 3a */
	bool vector;        /* VEX or EVEX */
	uint8_t opcode;
	bool has_modrm;
	uint8_t modrm;
	size_t address_at; /* offset of SIB and displacement */
};

static int64_t number_at(const uint8_t *bytes, size_t size)
{
	int32_t word;

	if (size == 1)
		return (int8_t)bytes[0];
	memcpy(&word, bytes, sizeof(word));
	return word;
}

static bool take_prefixes(struct parts *p)
{
	for (; p->at < p->nr_bytes && p->at < INSTRUCTION_BYTES_MAX; p->at++) {
		uint8_t byte = p->code[p->at];

		if (byte == 0x66)
			p->short_operand = true;
		else if (byte != 0x67 && byte != 0xf0 && byte != 0xf2 && byte != 0xf3 &&
			 (byte & 0xe7) != 0x26 && (byte & 0xfe) != 0x64)
			break;
	}
	if (p->at < p->nr_bytes && (p->code[p->at] & 0xf0) == 0x40)
		p->rex = p->code[p->at++];
	return p->at < p->nr_bytes;
}

/* Vector instructions begin with c5, c4 or 62; the next byte contains the opcode map. */
static bool take_vector(struct parts *p, uint8_t first)
{
	size_t bytes = first == 0xc5 ? 2 : first == 0xc4 ? 3 : 4;

	if (p->at + bytes >= p->nr_bytes)
		return false;
	p->map = first == 0xc5 ? 1 : p->code[p->at + 1] & (first == 0xc4 ? 0x1f : 7);
	p->at += bytes;
	p->vector = true;
	p->opcode = p->code[p->at++];
	return p->map >= 1 && p->map <= 3;
}

static bool take_opcode(struct parts *p)
{
	uint8_t byte = p->code[p->at];

	if (!p->rex && (byte == 0xc4 || byte == 0xc5 || byte == 0x62))
		return take_vector(p, byte);
	if (byte == 0x0f) {
		p->map = 1;
		if (++p->at >= p->nr_bytes)
			return false;
		byte = p->code[p->at];
		if (byte == 0x38 || byte == 0x3a) {
			p->map = byte == 0x38 ? 2 : 3;
			if (++p->at >= p->nr_bytes)
				return false;
			byte = p->code[p->at];
		}
	}
	p->opcode = byte;
	p->at++;
	return true;
}

static bool opcode_has_modrm(const struct parts *p)
{
	uint8_t op = p->opcode;

	if (p->map == 1)
		return op != 0x77 &&
		       (p->vector ||
			!((op >= 0x05 && op <= 0x0b && op != 0x0a) ||
			  (op & 0xf8) == 0x30 || (op & 0xf0) == 0x80 ||
			  (op >= 0xa0 && op <= 0xa2) || (op >= 0xa8 && op <= 0xaa) ||
			  (op & 0xf8) == 0xc8));
	if (p->map > 1)
		return true;
	if (op < 0x40)
		return (op & 7) < 4;
	return op == 0x62 || op == 0x63 || op == 0x69 || op == 0x6b ||
	       (op >= 0x80 && op <= 0x8f) || op == 0xc0 || op == 0xc1 || op == 0xc6 ||
	       op == 0xc7 || (op & 0xfc) == 0xd0 || (op & 0xf8) == 0xd8 || op == 0xf6 ||
	       op == 0xf7 || op == 0xfe || op == 0xff;
}

static size_t immediate_bytes(const struct parts *p)
{
	uint8_t op = p->opcode;
	size_t whole = p->short_operand ? 2 : 4;

	if (p->map == 1) {
		if (!p->vector && (op & 0xf0) == 0x80)
			return 4;
		return (op >= 0x70 && op <= 0x73) || op == 0xa4 || op == 0xac ||
				       op == 0xba || op == 0xc2 ||
				       (op >= 0xc4 && op <= 0xc6)
			       ? 1
			       : 0;
	}
	if (p->map > 1)
		return p->map == 3;
	if (op < 0x40)
		return (op & 7) == 4 ? 1 : (op & 7) == 5 ? whole : 0;
	if ((op & 0xf0) == 0x70 || (op & 0xf8) == 0xb0 || (op >= 0xe0 && op <= 0xe7))
		return 1;
	switch (op) {
	case 0x6a:
	case 0x6b:
	case 0x80:
	case 0x83:
	case 0xa8:
	case 0xc0:
	case 0xc1:
	case 0xc6:
	case 0xcd:
	case 0xeb:
		return 1;
	case 0x68:
	case 0x69:
	case 0x81:
	case 0xa9:
	case 0xc7:
		return whole;
	case 0xe8:
	case 0xe9:
		return 4;
	case 0xc2:
		return 2;
	case 0xc8:
		return 3;
	case 0xa0:
	case 0xa1:
	case 0xa2:
	case 0xa3:
		return 8;
	case 0xf6:
		return (p->modrm & 0x30) == 0 ? 1 : 0;
	case 0xf7:
		return (p->modrm & 0x30) == 0 ? whole : 0;
	default:
		break;
	}
	if ((op & 0xf8) == 0xb8)
		return p->rex & REX_W ? 8 : whole;
	return 0;
}

static bool take_operands(struct parts *p)
{
	if (p->has_modrm) {
		if (p->at >= p->nr_bytes)
			return false;
		p->modrm = p->code[p->at++];
		p->address_at = p->at;
		uint8_t mod = p->modrm >> 6;
		uint8_t base = p->modrm & 7;

		if (mod != 3 && base == 4) {
			if (p->at >= p->nr_bytes)
				return false;
			base = p->code[p->at++] & 7;
		}
		if (mod == 1)
			p->at += 1;
		else if (mod == 2 || (mod == 0 && base == 5))
			p->at += 4;
	}
	p->at += immediate_bytes(p);
	return p->at <= p->nr_bytes && p->at <= INSTRUCTION_BYTES_MAX;
}

/* Converts a register number from instruction encoding to DWARF. */
static int dwarf_register(unsigned number)
{
	static const int numbers[] = {0, 2, 1, 3, 7, 6, 4, 5};

	return number < 8 ? numbers[number] : (int)number;
}

static void set_effect(struct instruction *out, enum instruction_kind kind,
		       int64_t amount)
{
	out->kind = kind;
	out->amount = amount;
}

/* Classifies instructions whose operand is the stack pointer itself. */
static void classify_moves(const struct parts *p, struct instruction *out)
{
	uint8_t mod = p->modrm >> 6;
	unsigned reg = (p->modrm >> 3 & 7u) | (p->rex & REX_R ? 8u : 0);
	unsigned rm = (p->modrm & 7u) | (p->rex & REX_B ? 8u : 0);
	const uint8_t *rest = p->code + p->address_at;
	unsigned operation = p->modrm >> 3 & 7u;

	switch (p->opcode) {
	case 0x81:
	case 0x83:
		if (mod != 3 || rm != SP || operation == 7)
			return;
		if (operation != 0 && operation != 5) {
			set_effect(out, INSTRUCTION_SET_STACK, 0);
			return;
		}
		out->amount = number_at(rest, p->opcode == 0x83 ? 1 : 4);
		set_effect(out, INSTRUCTION_MOVE,
			   operation == 5 ? -out->amount : out->amount);
		return;
	case 0x8d:
		if (reg != SP)
			return;
		if ((mod == 1 || mod == 2) && rm == FP)
			set_effect(out, INSTRUCTION_TO_FRAME,
				   number_at(rest, mod == 1 ? 1 : 4));
		else if ((mod == 1 || mod == 2) && (p->modrm & 7) == SP &&
			 rest[0] == 0x24)
			set_effect(out, INSTRUCTION_MOVE,
				   number_at(rest + 1, mod == 1 ? 1 : 4));
		else
			set_effect(out, INSTRUCTION_END, 0);
		return;
	case 0x89:
	case 0x8b: {
		unsigned to = p->opcode == 0x89 ? rm : reg;
		unsigned from = p->opcode == 0x89 ? reg : rm;

		if (mod == 3 && to == FP && from == SP)
			set_effect(out, INSTRUCTION_SET_FRAME, 0);
		else if (mod == 3 && to == SP && from == FP)
			set_effect(out, INSTRUCTION_TO_FRAME, 0);
		else if (to == SP && (mod == 3 || p->opcode == 0x8b))
			set_effect(out, INSTRUCTION_SET_STACK, 0);
		return;
	}
	case 0x01:
	case 0x29:
		if (mod == 3 && rm == SP)
			set_effect(out, INSTRUCTION_MOVE_BY, 0);
		return;
	case 0x03:
	case 0x2b:
		if (reg == SP)
			set_effect(out, INSTRUCTION_MOVE_BY, 0);
		return;
	default:
		return;
	}
}

static void classify_flow(const struct parts *p, struct instruction *out)
{
	uint8_t op = p->opcode;
	unsigned operation = p->modrm >> 3 & 7u;
	const uint8_t *end = p->code + p->at;

	if ((op & 0xf8) == 0x50) {
		set_effect(out, INSTRUCTION_PUSH, -8);
	} else if ((op & 0xf8) == 0x58) {
		set_effect(out, INSTRUCTION_POP, 8);
		out->reg = dwarf_register((op & 7u) | (p->rex & REX_B ? 8u : 0));
	} else if (op == 0x68 || op == 0x6a || op == 0x9c) {
		set_effect(out, INSTRUCTION_PUSH, -8);
	} else if (op == 0x9d || op == 0x8f) {
		set_effect(out, INSTRUCTION_POP, 8);
	} else if (op == 0xc9) {
		set_effect(out, INSTRUCTION_LEAVE, 0);
	} else if (op == 0xc3 || op == 0xc2) {
		set_effect(out, INSTRUCTION_RETURN, 0);
	} else if (op == 0xe9) {
		set_effect(out, INSTRUCTION_JUMP, number_at(end - 4, 4));
	} else if (op == 0xeb) {
		set_effect(out, INSTRUCTION_JUMP, number_at(end - 1, 1));
	} else if ((op & 0xf0) == 0x70 || (op >= 0xe0 && op <= 0xe3)) {
		set_effect(out, INSTRUCTION_BRANCH, number_at(end - 1, 1));
	} else if (op == 0xf4 || op == 0xcc || op == 0xc8) {
		set_effect(out, INSTRUCTION_END, 0);
	} else if (op == 0xff && operation == 6) {
		set_effect(out, INSTRUCTION_PUSH, -8);
	} else if (op == 0xff && (operation == 4 || operation == 5)) {
		set_effect(out, p->modrm == 0x25 ? INSTRUCTION_AWAY : INSTRUCTION_END, 0);
	} else if (p->has_modrm) {
		classify_moves(p, out);
	}
}

bool instruction_read(const uint8_t *code, size_t nr_bytes, struct instruction *out)
{
	struct parts p = {.code = code, .nr_bytes = nr_bytes};

	*out = (struct instruction){.reg = -1};
	if (!take_prefixes(&p) || !take_opcode(&p))
		return false;
	p.has_modrm = opcode_has_modrm(&p);
	if (!take_operands(&p))
		return false;
	out->length = p.at;
	if (p.vector)
		return true;
	if (p.map == 0)
		classify_flow(&p, out);
	else if (p.map == 1 && (p.opcode & 0xf0) == 0x80)
		set_effect(out, INSTRUCTION_BRANCH, number_at(code + p.at - 4, 4));
	else if (p.map == 1 && p.opcode == 0x0b)
		set_effect(out, INSTRUCTION_END, 0);
	return true;
}
