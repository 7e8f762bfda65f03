/* SPDX-License-Identifier: MIT */
/*
 * Valgrind's race checkers do not understand lock-free records and would report the
 * agent's instead of the program's own races. These requests tell them to ignore the
 * agent's memory, or ask whether Valgrind runs the program. On a real processor the
 * instructions have no effect.
 */
#ifndef AGENT_CHECKER_H
#define AGENT_CHECKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Each tool's requests are prefixed with two letters. */
#define CHECKER_TOOL(a, b)         ((uint64_t)(a) << 24 | (uint64_t)(b) << 16)
#define CHECKER_VALGRIND_RUNS      0x1001u
#define CHECKER_HELGRIND_UNTRACKED (CHECKER_TOOL('H', 'G') + 256 + 39)
#define CHECKER_DRD_SUPPRESSED     (CHECKER_TOOL('D', 'R') + 2)

/* Returns 0 without Valgrind. */
static inline uint64_t checker_request(uint64_t request, const void *memory, size_t bytes)
{
	volatile uint64_t words[6] = {request, (uintptr_t)memory, bytes, 0, 0, 0};
	uint64_t result = 0;

#if defined(__x86_64__)
	__asm__ volatile("rolq $3, %%rdi\n\t"
			 "rolq $13, %%rdi\n\t"
			 "rolq $61, %%rdi\n\t"
			 "rolq $51, %%rdi\n\t"
			 "xchgq %%rbx, %%rbx"
			 : "+d"(result)
			 : "a"(words)
			 : "cc", "memory");
#elif defined(__aarch64__)
	register uint64_t answer __asm__("x3") = 0;
	register volatile uint64_t *at __asm__("x4") = words;

	__asm__ volatile("ror x12, x12, #3\n\t"
			 "ror x12, x12, #13\n\t"
			 "ror x12, x12, #51\n\t"
			 "ror x12, x12, #61\n\t"
			 "orr x10, x10, x10"
			 : "+r"(answer)
			 : "r"(at)
			 : "cc", "memory");
	result = answer;
#else
	(void)words;
#endif
	return result;
}

static inline void agent_checkers_skip(const void *memory, size_t bytes)
{
	checker_request(CHECKER_HELGRIND_UNTRACKED, memory, bytes);
	checker_request(CHECKER_DRD_SUPPRESSED, memory, bytes);
}

static inline bool agent_checkers_run(void)
{
	return checker_request(CHECKER_VALGRIND_RUNS, NULL, 0) != 0;
}

#endif
