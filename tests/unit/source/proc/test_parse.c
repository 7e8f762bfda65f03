/* SPDX-License-Identifier: MIT */
/* Lines of /proc as the kernel writes them, and as it should not: names with parentheses
 * and newlines, cut lines, numbers that are too large. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "source/proc/parse.h"

#define STAT_TAIL                                                                        \
	" S 1 2 3 0 -1 4194304 10 20 30 40 500 60 0 0 20 0 7 0 12345 1000 100 "          \
	"18446744073709551615 1 2 140722 0 0 0 0 0\n"

static void stat_lines(void **state)
{
	static const struct {
		const char *line;
		const char *comm;
	} cases[] = {
		{"42 (server)" STAT_TAIL, "server"},
		{"42 (a) R 1 (b)" STAT_TAIL, "a) R 1 (b"},
		{"42 ())" STAT_TAIL, ")"},
		{"42 ()" STAT_TAIL, ""},
		{"42 (two\nlines)" STAT_TAIL, "two\nlines"},
		{"42 (\xff\xfe)" STAT_TAIL, "\xff\xfe"},
	};
	struct proc_stat stat;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(proc_parse_stat(cases[i].line, strlen(cases[i].line), &stat));
		assert_string_equal(stat.comm, cases[i].comm);
		assert_int_equal(stat.pid, 42);
		assert_int_equal(stat.state, 'S');
		assert_int_equal(stat.ppid, 1);
		assert_int_equal(stat.kernel_flags, 4194304);
		assert_int_equal(stat.cpu_ticks, 560);
		assert_int_equal(stat.threads, 7);
		assert_int_equal(stat.start_ticks, 12345);
		assert_int_equal(stat.start_stack, 140722);
		assert_int_equal(stat.cpu, -1);
	}
}

/* All 52 numbers, as this kernel writes them. */
static void stat_whole(void **state)
{
	static const char line[] =
		"7 (a) Z -8 2 3 34816 9 4194560 1 0 0 0 36 2 5 6 20 0 1 0 "
		"18446744073709551615 1 0 18446744073709551615 5 6 7 0 0 0 65536 2 "
		"3686404 1 0 0 17 3 0 0 0 0 0 9 10 11 12 13 14 15 256\n";
	static const char large[] =
		"7 (a) S 1 2 3 0 -1 4194304 10 20 30 40 500 60 0 0 20 "
		"0 7 0 18446744073709551616 1";
	struct proc_stat stat;

	(void)state;
	assert_true(proc_parse_stat(line, strlen(line), &stat));
	assert_int_equal(stat.state, 'Z');
	assert_int_equal(stat.ppid, -8);
	assert_int_equal(stat.cpu_ticks, 38);
	assert_true(stat.start_ticks == UINT64_MAX);
	assert_int_equal(stat.start_stack, 7);
	assert_int_equal(stat.cpu, 3);
	assert_int_equal(stat.exit_status, 256);
	assert_false(proc_parse_stat(large, strlen(large), &stat));
}

static void stat_broken(void **state)
{
	static const char *const lines[] = {
		"",
		"42",
		"42 (",
		"42 (a",
		"42 )a(" STAT_TAIL,
		"(a)" STAT_TAIL,
		"x (a)" STAT_TAIL,
		"-1 (a)" STAT_TAIL,
		"42 (a) S",
		"42 (a) S 1 2 3 0 -1 4194304",
		"42 (a) S x 2 3 0 -1 4194304 10 20 30 40 500 60 0 0 20 0 7 0 12345",
	};
	struct proc_stat stat;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_false(proc_parse_stat(lines[i], strlen(lines[i]), &stat));
	/* Every cut of a good line is either refused or read without going beyond it. */
	char line[] = "42 (server)" STAT_TAIL;

	for (size_t length = sizeof(line) - 1; length > 0; length--) {
		line[length] = '\0';
		proc_parse_stat(line, length, &stat);
	}
}

static void stat_long_name(void **state)
{
	char line[512] = "42 (";
	struct proc_stat stat;

	(void)state;
	memset(line + 4, 'x', 200);
	strcpy(line + 204, ")" STAT_TAIL);
	assert_true(proc_parse_stat(line, strlen(line), &stat));
	assert_int_equal(strlen(stat.comm), PROC_COMM_MAX - 1);
	assert_int_equal(stat.start_ticks, 12345);
}

static void call_lines(void **state)
{
	struct proc_call call;

	(void)state;
	assert_true(proc_parse_call("running\n", &call));
	assert_true(call.running);
	assert_true(proc_parse_call("-1 0x7ffc1000 0x7f0000001234\n", &call));
	assert_false(call.running);
	assert_int_equal(call.nr, -1);
	assert_int_equal(call.sp, 0x7ffc1000);
	assert_int_equal(call.pc, 0x7f0000001234);
	assert_true(proc_parse_call(
		"202 0x7f01 0x189 0x0 0x0 0x0 0xffffffffffffffff 0x7ffc1000 "
		"0x7f0000001234\n",
		&call));
	assert_int_equal(call.nr, 202);
	assert_int_equal(call.args[0], 0x7f01);
	assert_int_equal(call.args[1], 0x189);
	assert_true(call.args[5] == UINT64_MAX);
	assert_int_equal(call.sp, 0x7ffc1000);
	assert_int_equal(call.pc, 0x7f0000001234);
}

static void call_broken(void **state)
{
	static const char *const lines[] = {
		"",
		"\n",
		"run",
		"x",
		"202",
		"202 0x1 0x2 0x3 0x4 0x5 0x6",
		"202 0x1 0x2",
		"-1",
		"-1 0x1",
		"-2 0x1 0x2",
		"99999999999 0x1 0x2 0x3 0x4 0x5 0x6 0x7 0x8",
		"202 0x1ffffffffffffffff 0x2 0x3 0x4 0x5 0x6 0x7 0x8",
	};
	struct proc_call call;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_false(proc_parse_call(lines[i], &call));
}

static void map_lines(void **state)
{
	static const char line[] = "7f0000000000-7f0000010000 r-xp 00002000 08:01 1234   "
				   "  /lib/a b (deleted)";
	static const char unnamed[] = "7f00-7f10 rw-s 00000000 00:01 77 ";
	struct proc_map map;

	(void)state;
	assert_true(proc_parse_map(line, strlen(line), &map));
	assert_int_equal(map.start, 0x7f0000000000);
	assert_int_equal(map.end, 0x7f0000010000);
	assert_int_equal(map.offset, 0x2000);
	assert_string_equal(map.device, "08:01");
	assert_int_equal(map.inode, 1234);
	assert_false(map.writable);
	assert_true(map.private);
	assert_true(map.readable);
	assert_true(map.executable);
	assert_int_equal(map.path_bytes, strlen("/lib/a b (deleted)"));
	assert_memory_equal(map.path, "/lib/a b (deleted)", map.path_bytes);
	assert_true(proc_parse_map(unnamed, strlen(unnamed), &map));
	assert_false(map.executable);
	assert_true(map.writable);
	assert_false(map.private);
	assert_int_equal(map.path_bytes, 0);
	assert_false(proc_parse_map("", 0, &map));
	assert_false(proc_parse_map("7f10-7f00 r--p 0 0:0 0 /x", 25, &map));
	assert_false(proc_parse_map("garbage", 7, &map));
	assert_false(proc_parse_map("7f00 7f10 r--p 0 0:0 0 /x", 25, &map));
	assert_false(proc_parse_map("7f00-17f10000000000000 r--p 0 0:0 0", 35, &map));
	for (size_t length = 0; length < strlen(line); length++)
		proc_parse_map(line, length, &map);
}

static void status_fields(void **state)
{
	static const char status[] = "Name:\tUid: 7\nUid:\t1000\t1001\nNSpid:\t42\t7\n";
	char field[16];

	(void)state;
	assert_true(proc_status_field(status, "Uid", field, sizeof(field)));
	assert_string_equal(field, "1000\t1001");
	assert_true(proc_status_field(status, "NSpid", field, 4));
	assert_string_equal(field, "42\t");
	assert_false(proc_status_field(status, "Tgid", field, sizeof(field)));
	assert_false(proc_status_field("", "Uid", field, sizeof(field)));
}

static void pids(void **state)
{
	(void)state;
	assert_int_equal(proc_parse_pid("1"), 1);
	assert_int_equal(proc_parse_pid("2147483647"), INT32_MAX);
	assert_int_equal(proc_parse_pid("2147483648"), 0);
	assert_int_equal(proc_parse_pid("99999999999999999999"), 0);
	assert_int_equal(proc_parse_pid("0"), 0);
	assert_int_equal(proc_parse_pid("-1"), 0);
	assert_int_equal(proc_parse_pid(" 1"), 0);
	assert_int_equal(proc_parse_pid("1x"), 0);
	assert_int_equal(proc_parse_pid(""), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stat_lines),     cmocka_unit_test(stat_broken),
		cmocka_unit_test(stat_long_name), cmocka_unit_test(stat_whole),
		cmocka_unit_test(call_lines),     cmocka_unit_test(call_broken),
		cmocka_unit_test(map_lines),      cmocka_unit_test(status_fields),
		cmocka_unit_test(pids),
	};

	return cmocka_run_group_tests_name("source: lines of /proc", tests, NULL, NULL);
}
