/* SPDX-License-Identifier: MIT */
/*
 * Valgrind's race checkers do not understand lock-free records and would report the
 * agent's instead of the program's own races. These requests tell them to ignore the
 * agent's memory. On a real processor the instructions have no effect.
 */
#ifndef AGENT_CHECKER_H
#define AGENT_CHECKER_H

#include <stddef.h>
#include <stdint.h>

/* Each tool's requests are prefixed with two letters. */
#define CHECKER_TOOL(a, b)         ((uint64_t)(a) << 24 | (uint64_t)(b) << 16)
#define CHECKER_HELGRIND_UNTRACKED (CHECKER_TOOL('H', 'G') + 256 + 39)
#define CHECKER_DRD_SUPPRESSED     (CHECKER_TOOL('D', 'R') + 2)

static inline void checker_request(uint64_t request, const void *memory, size_t bytes)
{
	volatile uint64_t words[6] = {request, (uintptr_t)memory, bytes, 0, 0, 0};

#if defined(__x86_64__)
	uint64_t result = 0;

	__asm__ volatile("rolq $3, %%rdi\n\t"
			 "rolq $13, %%rdi\n\t"
			 "rolq $61, %%rdi\n\t"
			 "rolq $51, %%rdi\n\t"
			 "xchgq %%rbx, %%rbx"
			 : "+d"(result)
			 : "a"(words)
			 : "cc", "memory");
#elif defined(__aarch64__)
	register uint64_t result __asm__("x3") = 0;
	register volatile uint64_t *at __asm__("x4") = words;

	__asm__ volatile("ror x12, x12, #3\n\t"
			 "ror x12, x12, #13\n\t"
			 "ror x12, x12, #51\n\t"
			 "ror x12, x12, #61\n\t"
			 "orr x10, x10, x10"
			 : "+r"(result)
			 : "r"(at)
			 : "cc", "memory");
#else
	(void)words;
#endif
}

static inline void agent_checkers_skip(const void *memory, size_t bytes)
{
	checker_request(CHECKER_HELGRIND_UNTRACKED, memory, bytes);
	checker_request(CHECKER_DRD_SUPPRESSED, memory, bytes);
}

#endif
