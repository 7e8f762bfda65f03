/* SPDX-License-Identifier: MIT */
/* Machine instructions as far as they move the stack pointer; x86-64. */
#ifndef SOURCE_SYMBOLS_INSTRUCTION_H
#define SOURCE_SYMBOLS_INSTRUCTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INSTRUCTION_BYTES_MAX 15u

enum instruction_kind {
	INSTRUCTION_OTHER, /* leaves the stack pointer alone; a call comes back to it */
	INSTRUCTION_MOVE,  /* adds `amount` to the stack pointer */
	INSTRUCTION_PUSH,  /* the same, -8 */
	INSTRUCTION_POP,   /* `reg` from the stack */
	INSTRUCTION_SET_FRAME, /* frame pointer = stack pointer */
	INSTRUCTION_TO_FRAME,  /* stack pointer = frame pointer + amount */
	INSTRUCTION_LEAVE,     /* stack pointer = frame pointer; pop it */
	INSTRUCTION_JUMP,      /* by amount from its end */
	INSTRUCTION_BRANCH,    /* perhaps */
	INSTRUCTION_RETURN,
	INSTRUCTION_AWAY, /* through a word of memory to another function */
	INSTRUCTION_END,  /* nobody knows where it goes, or it goes nowhere */
};

struct instruction {
	enum instruction_kind kind;
	size_t length;
	int reg; /* DWARF number; -1: none of interest */
	int64_t amount;
};

/* False: not enough bytes, or none that it knows. */
bool instruction_read(const uint8_t *code, size_t nr_bytes, struct instruction *out);

#endif
