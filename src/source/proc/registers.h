/* SPDX-License-Identifier: MIT */
/* Registers of threads that are already stopped, for --ptrace. Reading neither stops nor
 * resumes a thread. The calling thread becomes the tracer for a moment; if it ends, for
 * whatever reason, the kernel detaches it. */
#ifndef SOURCE_PROC_REGISTERS_H
#define SOURCE_PROC_REGISTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "source/proc/process.h"

#define REGISTERS_BYTES 1024u

/* Copies every register that may hold an address, general and vector, and sets *sp to the
 * stack pointer. Returns the number of bytes written to out, or 0 if the registers could
 * not be read. */
size_t registers_read(const struct process *process, pid_t tid,
		      uint8_t out[REGISTERS_BYTES], uint64_t *sp);

#endif
