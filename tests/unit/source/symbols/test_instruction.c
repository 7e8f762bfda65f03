/* SPDX-License-Identifier: MIT */
/* The length of instructions, and their effect on the stack pointer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "source/symbols/instruction.h"

#define BYTES(...)                                                                       \
	(const uint8_t[INSTRUCTION_BYTES_MAX])                                           \
	{                                                                                \
		__VA_ARGS__                                                              \
	}

static void known_instructions(void **state)
{
	static const struct {
		const char *text;
		uint8_t code[INSTRUCTION_BYTES_MAX];
		size_t length;
		enum instruction_kind kind;
		int64_t amount;
		int reg;
	} cases[] = {
		{"push %rbp", {0x55}, 1, INSTRUCTION_PUSH, -8, -1},
		{"push %r15", {0x41, 0x57}, 2, INSTRUCTION_PUSH, -8, -1},
		{"push $0", {0x6a, 0}, 2, INSTRUCTION_PUSH, -8, -1},
		{"push $imm32", {0x68, 1, 2, 3, 4}, 5, INSTRUCTION_PUSH, -8, -1},
		{"push 8(%rax)", {0xff, 0x70, 8}, 3, INSTRUCTION_PUSH, -8, -1},
		{"pop %rbx", {0x5b}, 1, INSTRUCTION_POP, 8, 3},
		{"pop %rbp", {0x5d}, 1, INSTRUCTION_POP, 8, 6},
		{"pop %r12", {0x41, 0x5c}, 2, INSTRUCTION_POP, 8, 12},
		{"sub $0x18,%rsp",
		 {0x48, 0x83, 0xec, 0x18},
		 4,
		 INSTRUCTION_MOVE,
		 -24,
		 -1},
		{"add $0x100,%rsp",
		 {0x48, 0x81, 0xc4, 0, 1, 0, 0},
		 7,
		 INSTRUCTION_MOVE,
		 256,
		 -1},
		{"add $8,%r12", {0x49, 0x83, 0xc4, 8}, 4, INSTRUCTION_OTHER, 0, -1},
		{"and $-16,%rsp",
		 {0x48, 0x83, 0xe4, 0xf0},
		 4,
		 INSTRUCTION_SET_STACK,
		 0,
		 -1},
		{"cmp $1,%rsp", {0x48, 0x83, 0xfc, 1}, 4, INSTRUCTION_OTHER, 0, -1},
		{"lea 16(%rsp),%rsp",
		 {0x48, 0x8d, 0x64, 0x24, 16},
		 5,
		 INSTRUCTION_MOVE,
		 16,
		 -1},
		{"lea -40(%rbp),%rsp",
		 {0x48, 0x8d, 0x65, 0xd8},
		 4,
		 INSTRUCTION_TO_FRAME,
		 -40,
		 -1},
		{"mov %rsp,%rbp", {0x48, 0x89, 0xe5}, 3, INSTRUCTION_SET_FRAME, 0, -1},
		{"mov %rbp,%rsp", {0x48, 0x89, 0xec}, 3, INSTRUCTION_TO_FRAME, 0, -1},
		{"mov %rax,%rsp", {0x48, 0x89, 0xc4}, 3, INSTRUCTION_SET_STACK, 0, -1},
		{"sub %rax,%rsp", {0x48, 0x29, 0xc4}, 3, INSTRUCTION_MOVE_BY, 0, -1},
		{"sub %rax,%rdx", {0x48, 0x29, 0xc2}, 3, INSTRUCTION_OTHER, 0, -1},
		{"sub 8(%rdi),%rsp",
		 {0x48, 0x2b, 0x67, 8},
		 4,
		 INSTRUCTION_MOVE_BY,
		 0,
		 -1},
		{"mov %rax,%rdi", {0x48, 0x89, 0xc7}, 3, INSTRUCTION_OTHER, 0, -1},
		{"mov %fs:0x28,%rax",
		 {0x64, 0x48, 0x8b, 0x04, 0x25, 0x28, 0, 0, 0},
		 9,
		 INSTRUCTION_OTHER,
		 0,
		 -1},
		{"movabs $1,%rax",
		 {0x48, 0xb8, 1, 0, 0, 0, 0, 0, 0, 0},
		 10,
		 INSTRUCTION_OTHER,
		 0,
		 -1},
		{"leave", {0xc9}, 1, INSTRUCTION_LEAVE, 0, -1},
		{"ret", {0xc3}, 1, INSTRUCTION_RETURN, 0, -1},
		{"repz ret", {0xf3, 0xc3}, 2, INSTRUCTION_RETURN, 0, -1},
		{"jmp .-2", {0xeb, 0xfc}, 2, INSTRUCTION_JUMP, -4, -1},
		{"jmp .+260", {0xe9, 0, 1, 0, 0}, 5, INSTRUCTION_JUMP, 256, -1},
		{"jne .+18", {0x75, 16}, 2, INSTRUCTION_BRANCH, 16, -1},
		{"je .+262", {0x0f, 0x84, 0, 1, 0, 0}, 6, INSTRUCTION_BRANCH, 256, -1},
		{"jmp *slot(%rip)", {0xff, 0x25, 1, 2, 3, 4}, 6, INSTRUCTION_AWAY, 0, -1},
		{"jmp *%rax", {0xff, 0xe0}, 2, INSTRUCTION_END, 0, -1},
		{"call *%rbx", {0xff, 0xd3}, 2, INSTRUCTION_OTHER, 0, -1},
		{"call .+5", {0xe8, 0, 0, 0, 0}, 5, INSTRUCTION_OTHER, 0, -1},
		{"syscall", {0x0f, 0x05}, 2, INSTRUCTION_OTHER, 0, -1},
		{"ud2", {0x0f, 0x0b}, 2, INSTRUCTION_END, 0, -1},
		{"hlt", {0xf4}, 1, INSTRUCTION_END, 0, -1},
		{"lock cmpxchg %edx,16(%rdi)",
		 {0xf0, 0x0f, 0xb1, 0x57, 16},
		 5,
		 INSTRUCTION_OTHER,
		 0,
		 -1},
		{"cs nopw 0(%rax,%rax,1)",
		 {0x2e, 0x66, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0},
		 10,
		 INSTRUCTION_OTHER,
		 0,
		 -1},
		{"testb $1,8(%rax)", {0xf6, 0x40, 8, 1}, 4, INSTRUCTION_OTHER, 0, -1},
		{"negl 8(%rax)", {0xf7, 0x58, 8}, 3, INSTRUCTION_OTHER, 0, -1},
		{"movw $1,(%rax)", {0x66, 0xc7, 0, 1, 0}, 5, INSTRUCTION_OTHER, 0, -1},
		{"vmovdqu (%rax),%ymm0",
		 {0xc5, 0xfe, 0x6f, 0},
		 4,
		 INSTRUCTION_OTHER,
		 0,
		 -1},
		{"vpalignr $8,%ymm0,%ymm1,%ymm2",
		 {0xc4, 0xe3, 0x75, 0x0f, 0xd0, 8},
		 6,
		 INSTRUCTION_OTHER,
		 0,
		 -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct instruction found;

		if (!instruction_read(cases[i].code, sizeof(cases[i].code), &found) ||
		    found.length != cases[i].length || found.kind != cases[i].kind ||
		    found.amount != cases[i].amount || found.reg != cases[i].reg)
			fail_msg("%s: length %zu, kind %d, amount %ld, register %d",
				 cases[i].text, found.length, (int)found.kind,
				 (long)found.amount, found.reg);
		/* Never beyond the end of the bytes. */
		for (size_t bytes = 0; bytes < cases[i].length; bytes++)
			assert_false(instruction_read(cases[i].code, bytes, &found));
	}
}

static void no_instructions(void **state)
{
	uint8_t prefixes[32];
	struct instruction found;

	(void)state;
	memset(prefixes, 0x66, sizeof(prefixes));
	assert_false(instruction_read(prefixes, sizeof(prefixes), &found));
	assert_false(instruction_read(BYTES(0x0f), 1, &found));
	assert_false(instruction_read(BYTES(0xc5, 0xfe), 2, &found));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_instructions),
		cmocka_unit_test(no_instructions),
	};

	return cmocka_run_group_tests_name("instructions", tests, NULL, NULL);
}
