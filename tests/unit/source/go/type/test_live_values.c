/* SPDX-License-Identifier: MIT */
/* Values of a real Go program, stripped, as text: those that its packages reflect and fmt
 * print. */
#include "live.h"

#include "source/go/type/value.h"

#define PARTS_MAX 64

static char folder[] = "/tmp/grmon-values-XXXXXX";
static char program[64];

static int compare_parts(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

/* The elements of a map have no order. */
static void sort_map(char *text)
{
	char copy[4096], *parts[PARTS_MAX], *start = strstr(text, ", ["), *at = copy,
					    *end;
	size_t nr = 0, used = 0;

	if (strncmp(text, "map[", 4) != 0 || !start || strstr(start, "len:"))
		return;
	start += 3;
	end = strrchr(start, ']');
	snprintf(copy, sizeof(copy), "%.*s", (int)(end - start), start);
	for (char *part; nr < PARTS_MAX && at; nr++) {
		char *next = strstr(at, ", ");

		/* Not within braces. */
		while (next && strchr("XY", next[2]) && next[3] == ':')
			next = strstr(next + 2, ", ");
		part = at;
		if (next)
			*next = 0;
		at = next ? next + 2 : NULL;
		parts[nr] = part;
	}
	qsort(parts, nr, sizeof(*parts), compare_parts);
	for (size_t i = 0; i < nr; i++)
		used += (size_t)sprintf(start + used, "%s%s", i ? ", " : "", parts[i]);
	strcpy(start + used, "]");
}

static void compare_value(struct go_values *values, char **columns)
{
	static char text[65536];
	const struct go_type *type =
		go_types_at(values->types, strtoull(columns[1], NULL, 16));
	struct go_place place = {.address = strtoull(columns[2], NULL, 16)};
	struct oneline out;

	assert_non_null(type);
	oneline_init(&out, text, sizeof(text));
	if (!go_value_print(values, type, &place, true, &out))
		fail_msg("%s was not read", columns[3]);
	sort_map(text);
	assert_string_equal(text, columns[3]);
}

/* Values at any address do not end the test, and say so. */
static void print_wrong(struct go_values *values, const struct go_type *type,
			uint64_t address)
{
	char text[512];

	for (uint64_t at = address; at < address + 512; at += 8) {
		struct go_place place = {.address = at};
		struct oneline out;

		oneline_init(&out, text, sizeof(text));
		go_value_print(values, type, &place, true, &out);
		assert_true(strlen(text) < sizeof(text));
		for (size_t i = 0; text[i]; i++)
			assert_true((unsigned char)text[i] >= ' ' && text[i] != 0x7f);
	}
}

static void compare_all(const char *options)
{
	struct live live = {0};
	struct go_values values = {0};
	char *columns[4] = {0};
	size_t nr = 0;

	if (!live_build("values", options, program))
		skip();
	live_run(&live, program);
	while (live_row(&live, columns, COUNT(columns))) {
		const struct go_type *type;

		if (!live.module.copy) {
			live_attach(&live);
			values = (struct go_values){
				.types = go_types_new(&live.mem, &live.module),
				.module = &live.module,
				.read = go_values_read_memory,
				.ctx = &live.mem};
		}
		compare_value(&values, columns);
		nr++;
		type = go_types_at(values.types, strtoull(columns[1], NULL, 16));
		print_wrong(&values, type, strtoull(columns[2], NULL, 16));
		print_wrong(&values, type, live.module.data[1].start);
	}
	assert_true(nr > 100);
	go_types_free(values.types);
	live_end(&live);
}

static void test_stripped(void **state)
{
	(void)state;
	compare_all("-ldflags='-s -w'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stripped),
	};
	int rc;

	if (!mkdtemp(folder))
		return 1;
	snprintf(program, sizeof(program), "%s/values", folder);
	rc = cmocka_run_group_tests_name("values of a real Go program", tests, NULL,
					 NULL);
	unlink(program);
	strcat(program, ".log");
	unlink(program);
	rmdir(folder);
	return rc;
}
