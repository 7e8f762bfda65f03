/* SPDX-License-Identifier: MIT */
/* Names of code made in memory: the format's lines, lines in another format, memory that
 * is used again, and names of runtimes in parts. */
#include "unit.h"

#include "source/symbols/perf_map.h"

static struct intern *intern;
static struct perf_map *map;
static struct kernel kernel;

static int set_up(void **state)
{
	(void)state;
	intern = intern_new(1u << 20);
	map = perf_map_new(&kernel);
	return intern && map ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	perf_map_free(map);
	intern_free(intern);
	return 0;
}

static const char *at(uint64_t address)
{
	struct frame frame = {.function = NULL};
	uint64_t start = 0;

	if (!perf_map_find(map, address, intern, &frame, &start))
		return NULL;
	assert_true(start <= address);
	return frame.function;
}

static void set(const char *text)
{
	perf_map_set(map, text, strlen(text));
}

static void lines(void **state)
{
	(void)state;
	set("1000 100 first\n0x3000 0x10 with blanks in it\n2000 80 second\nffff");
	assert_string_equal(at(0x1000), "first");
	assert_string_equal(at(0x10ff), "first");
	assert_null(at(0x1100));
	assert_null(at(0xfff));
	assert_string_equal(at(0x207f), "second");
	assert_string_equal(at(0x3008), "with blanks in it");
	/* Another file, and one line that is not whole yet. */
	set("4000 10 other\n5000 10 late");
	assert_null(at(0x1000));
	assert_string_equal(at(0x4000), "other");
	assert_null(at(0x5000));
}

static void no_lines(void **state)
{
	(void)state;
	set("\n \n1000\n1000 \n1000 10\n1000 10 \nxyz 10 a\n1000 xyz a\n-1 10 a\n"
	    "1000 0 empty\nffffffffffffffff 10 wraps\n11111111111111111 10 long\n"
	    "1000  10 a\n2000 10 fine\n");
	assert_null(at(0x1000));
	assert_null(at(0xffffffffffffffff));
	assert_string_equal(at(0x2000), "fine");
	set("");
	assert_null(at(0x2000));
}

static void memory_used_again(void **state)
{
	(void)state;
	set("1000 1000 old\n1800 100 inside\n1000 100 new\n");
	assert_string_equal(at(0x1010), "new");
	assert_string_equal(at(0x1810), "inside");
	assert_string_equal(at(0x1910), "old");
	set("1800 100 before\n1000 1000 over it\n");
	assert_string_equal(at(0x1810), "over it");
}

static void parts(void **state)
{
	static const struct {
		const char *text, *function, *file;
		int line;
	} cases[] = {
		{"JS:~serve /srv/app.js:10:20", "serve", "/srv/app.js", 10},
		{"JS:*Queue.take /srv/a b.js:7:1", "Queue.take", "/srv/a b.js", 7},
		{"LazyCompile:*serve file:///srv/app.mjs:3:4", "serve",
		 "file:///srv/app.mjs", 3},
		{"JS:~ /srv/app.js:1:1", "(anonymous)", "/srv/app.js", 1},
		{"JS:^emit node:events:464:44", "emit", "node:events", 464},
		{"py::serve:/srv/app.py", "serve", "/srv/app.py", 0},
		{"py::", "py::", NULL, 0},
		{"JS:", "JS:", NULL, 0},
		{"void java.lang.Thread.run()", "void java.lang.Thread.run()", NULL, 0},
		{"JS:~f x:99999999999:1", "f", "x:99999999999", 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct frame frame = {.function = NULL};

		perf_map_name(cases[i].text, strlen(cases[i].text), intern, &frame);
		assert_string_equal(frame.function, cases[i].function);
		if (cases[i].file)
			assert_string_equal(frame.file, cases[i].file);
		else
			assert_null(frame.file);
		assert_int_equal(frame.line, cases[i].line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lines, set_up, tear_down),
		cmocka_unit_test_setup_teardown(no_lines, set_up, tear_down),
		cmocka_unit_test_setup_teardown(memory_used_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(parts, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
