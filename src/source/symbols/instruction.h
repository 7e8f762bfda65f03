/* SPDX-License-Identifier: MIT */
/* Decodes x86-64 instructions as far as they change the stack pointer. */
#ifndef SOURCE_SYMBOLS_INSTRUCTION_H
#define SOURCE_SYMBOLS_INSTRUCTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INSTRUCTION_BYTES_MAX 15u

enum instruction_kind {
	INSTRUCTION_OTHER,     /* leaves the stack pointer unchanged, as calls do */
	INSTRUCTION_MOVE,      /* adds `amount` to the stack pointer */
	INSTRUCTION_MOVE_BY,   /* adds or subtracts a register, as for alloca() */
	INSTRUCTION_SET_STACK, /* stack pointer = something that the code does not tell */
	INSTRUCTION_PUSH,      /* adds -8 to the stack pointer */
	INSTRUCTION_POP,       /* pops `reg` */
	INSTRUCTION_SET_FRAME, /* frame pointer = stack pointer */
	INSTRUCTION_TO_FRAME,  /* stack pointer = frame pointer + amount */
	INSTRUCTION_LEAVE,     /* stack pointer = frame pointer; pop it */
	INSTRUCTION_JUMP,      /* by `amount` from its end */
	INSTRUCTION_BRANCH,    /* a conditional jump */
	INSTRUCTION_RETURN,
	INSTRUCTION_AWAY, /* a jump through a word in memory, to another function */
	INSTRUCTION_END,  /* has no successor, or an unknown one */
};

struct instruction {
	enum instruction_kind kind;
	size_t length;
	int reg; /* DWARF number; -1 if irrelevant */
	int64_t amount;
};

/* Returns false if there are too few bytes or the instruction is unknown. */
bool instruction_read(const uint8_t *code, size_t nr_bytes, struct instruction *out);

#endif
