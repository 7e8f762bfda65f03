/* SPDX-License-Identifier: MIT */
/* Registers of threads that are stopped already: --ptrace. Nothing is stopped, and nothing
 * goes on, because of it. Whoever calls is the tracer for a moment; when that thread of ours
 * ends, whatever its end is, the kernel lets go. */
#ifndef SOURCE_PROC_REGISTERS_H
#define SOURCE_PROC_REGISTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define GO_REGISTERS_BYTES 1024u

/* All that may hold an address, general and vector registers; *sp becomes the stack pointer.
 * Returns the bytes written to out, 0: they could not be had. */
size_t go_registers_read(pid_t tid, uint8_t out[GO_REGISTERS_BYTES], uint64_t *sp);

#endif
