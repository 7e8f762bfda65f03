/* SPDX-License-Identifier: MIT */
/*
 * Where the living keep their addresses: all memory that the process can write, but the Go
 * heap itself. That is the variables of all modules, what the runtime keeps outside of its
 * heap (queued finalizers, cleanups), and the memory of C; stacks of threads from their
 * stack pointers on. And objects with finalizers or weak pointers.
 */
#ifndef SOURCE_GO_PROOF_ROOT_H
#define SOURCE_GO_PROOF_ROOT_H

#include "source/go/proof/mark.h"

/* cgo: there may be C code in the program. modules_only: none but the modules' variables;
 * what they lead to tells where the runtime's buffers are, which are no roots. ERR_NOMEM, ERR_GONE (cancelled), others of the
 * system. */
int go_roots_mark(struct go_mark *mark, pid_t pid, const struct go_module *module,
		  bool cgo, bool modules_only, struct err *e);

#endif
