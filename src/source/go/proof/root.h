/* SPDX-License-Identifier: MIT */
/*
 * Marks from the roots, which is all memory that the process can write except the Go heap
 * itself: the variables of all modules, what the runtime keeps outside its heap (queued
 * finalizers, cleanups), the memory of C code, and the stacks of threads from their stack
 * pointers on. Objects with finalizers or weak pointers are roots too.
 */
#ifndef SOURCE_GO_PROOF_ROOT_H
#define SOURCE_GO_PROOF_ROOT_H

#include "source/go/proof/mark.h"

/* cgo: the program may contain C code. modules_only: mark only from the modules'
 * variables; this finds the runtime's buffers, which are not roots. Fails with ERR_NOMEM,
 * ERR_GONE (cancelled) or a system error. */
int go_roots_mark(struct go_mark *mark, const struct process *process,
		  const struct go_module *module, bool cgo, bool modules_only,
		  struct err *e);

#endif
