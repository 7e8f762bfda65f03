/* SPDX-License-Identifier: MIT */
/*
 * The caller of a function that creates a task, in the state that it has when that
 * function returns. An entry in assembly captures it before the C body changes a
 * register.
 */
#ifndef AGENT_CREATOR_H
#define AGENT_CREATOR_H

#include "agent/state.h"

struct agent_caller {
	uint64_t rbx, rbp, r12, r13, r14, r15;
	uint64_t rsp; /* after the return */
	uint64_t pc;  /* the return address */
};

/*
 * Defines the exported function `name`, which calls body(arguments…, caller). The pointer
 * to struct agent_caller is passed in the register after that of the last argument.
 */
#if defined(__x86_64__)
#define AGENT_CALLER_ENTRY(name, body, caller_register)                                  \
	__asm__(".pushsection .text.hot,\"ax\",@progbits\n"                              \
		".globl " name "\n"                                                      \
		".type " name ", @function\n"                                            \
		".p2align 4\n" name ":\n"                                                \
		".cfi_startproc\n"                                                       \
		"endbr64\n"                                                              \
		"movq (%rsp), %rax\n"                                                    \
		"subq $72, %rsp\n"                                                       \
		".cfi_adjust_cfa_offset 72\n"                                            \
		"movq %rbx, (%rsp)\n"                                                    \
		"movq %rbp, 8(%rsp)\n"                                                   \
		"movq %r12, 16(%rsp)\n"                                                  \
		"movq %r13, 24(%rsp)\n"                                                  \
		"movq %r14, 32(%rsp)\n"                                                  \
		"movq %r15, 40(%rsp)\n"                                                  \
		"movq %rax, 56(%rsp)\n"                                                  \
		"leaq 80(%rsp), %rax\n"                                                  \
		"movq %rax, 48(%rsp)\n"                                                  \
		"movq %rsp, %" caller_register "\n"                                      \
		"call " body "\n"                                                        \
		"addq $72, %rsp\n"                                                       \
		".cfi_adjust_cfa_offset -72\n"                                           \
		"ret\n"                                                                  \
		".cfi_endproc\n"                                                         \
		".size " name ", .-" name "\n"                                           \
		".popsection\n")
#endif

/* Declares the calling thread's stack: the `window` bytes below `top` certainly belong to
 * it. */
static inline void agent_creator_stack(uintptr_t top, size_t window)
{
	agent_tls.stack_top = top;
	agent_tls.stack_window = window;
}

/* Fill in the creator record of a slot that is not visible yet. */
AGENT_HIDDEN void agent_creator_record(struct wire_slot *slot,
				       const struct agent_caller *caller);

#endif
