/* SPDX-License-Identifier: MIT */
/* What the tables of a code object say about one of its instructions. No state; the
 * tables may be hostile. */
#ifndef SOURCE_PYTHON_LINE_H
#define SOURCE_PYTHON_LINE_H

#include <stddef.h>
#include <stdint.h>

/* Returns the line of the instruction at this many bytes from the first one, or 0 if it
 * has none. table: the bytes of co_lnotab (3.8, 3.9) or co_linetable (from 3.10 on). */
int python_line(int minor, const uint8_t *table, size_t size, int first_line,
		uint32_t instruction);
/* Returns how many values of the frame's stack are certainly alive there: those that the
 * innermost handler of an exception would find. 0 if there is no handler. table: the
 * bytes of co_exceptiontable, from 3.11 on. */
uint32_t python_handler_depth(const uint8_t *table, size_t size, uint32_t instruction);

#endif
