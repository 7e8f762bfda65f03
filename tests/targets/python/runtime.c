/* SPDX-License-Identifier: MIT */
/* A program that looks as if it contained CPython, and does not: it exports _PyRuntime with
 * the table that 3.13 and later begin it with, but nothing that this leads to. Its argument
 * says what is wrong; without one it exports nothing. Link it with -rdynamic. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifdef EXPORTED
#define TABLE_WORDS 111

uint64_t _PyRuntime[TABLE_WORDS + 512] __attribute__((visibility("default")));

static void fill(const char *what)
{
	uint64_t *table = _PyRuntime;

	memcpy(table, "xdebugpy", 8);
	table[1] = 0x030d00f0;
	if (strcmp(what, "free-threaded") == 0) {
		table[1] = 0x030e0af0;
		table[2] = 1;
	} else if (strcmp(what, "newer") == 0) {
		table[1] = 0x031002f0;
	} else if (strcmp(what, "huge") == 0) {
		memset(table + 3, 0xff, sizeof(*table) * (TABLE_WORDS - 3));
	} else if (strcmp(what, "itself") == 0) {
		/* Every list leads to its own beginning. */
		for (int i = 0; i < 512; i++)
			table[TABLE_WORDS + i] =
				(uint64_t)(uintptr_t)(table + TABLE_WORDS);
		table[5] = sizeof(*table) * TABLE_WORDS;
	} else if (strcmp(what, "zeros") != 0) {
		memset(table, 0xa5, sizeof(*table) * TABLE_WORDS);
	}
}
#else
static void fill(const char *what)
{
	(void)what;
}
#endif

int main(int argc, char **argv)
{
	fill(argc > 1 ? argv[1] : "");
	puts("ready");
	fflush(stdout);
	pause();
	return 0;
}
