/* SPDX-License-Identifier: MIT */
/* Looks up functions in the tables of every Go version, and in invalid tables. */
#include "unit.h"

#include "go_tables.h"

static const struct step frame[] = {{0, 4}, {72, 0xf0}, {0, TABLES_FUNC}};
static const struct step lines[] = {{10, 0x20}, {12, 0x40}, {9, TABLES_FUNC}};
static const struct step inlining[] = {
	{-1, 0x20}, {1, 0x30}, {0, 0x40}, {-1, TABLES_FUNC}};

static void build(struct tables *t, enum go_era era)
{
	const struct func_spec first = {"main.first", "/src/first.go", 0,   0,
					frame,        lines,           NULL};
	const struct func_spec second = {
		"main.second", "/src/second.go", 23, GO_FUNC_TOP, frame, lines, inlining};

	tables_begin(t, era);
	tables_func(t, 0, &first);
	tables_func(t, 1, &second);
	tables_inlined(t, 0, "main.outer", 0x48);
	tables_inlined(t, 1, "main.inner", 0x38);
	tables_end(t, 2);
}

static void test_find(void **state)
{
	for (enum go_era era = GO_ERA_116; era <= GO_ERA_120; era++) {
		struct tables t;
		struct go_func func;

		build(&t, era);
		assert_false(go_func_find(&t.table, TABLES_TEXT - 1, &func));
		assert_false(
			go_func_find(&t.table, TABLES_TEXT + 2 * TABLES_FUNC, &func));
		assert_true(go_func_find(&t.table, TABLES_TEXT + TABLES_FUNC - 1, &func));
		assert_string_equal(go_func_name(&t.table, func.name), "main.first");
		assert_true(go_func_find(&t.table, TABLES_TEXT + TABLES_FUNC, &func));
		assert_string_equal(go_func_name(&t.table, func.name), "main.second");
		assert_int_equal(func.entry, TABLES_TEXT + TABLES_FUNC);
		assert_int_equal(func.end, TABLES_TEXT + 2 * TABLES_FUNC);
		assert_int_equal(func.id, 23);
		assert_int_equal(func.flags, GO_FUNC_TOP);
		assert_true(go_func_starts(&t.table, TABLES_TEXT + TABLES_FUNC));
		assert_false(go_func_starts(&t.table, TABLES_TEXT + TABLES_FUNC + 1));
		assert_true(go_func_by_name(&t.table, "main.first", &func));
		assert_false(go_func_by_name(&t.table, "main.firs", &func));
	}
}

static void test_values(void **state)
{
	for (enum go_era era = GO_ERA_116; era <= GO_ERA_120; era++) {
		struct tables t;
		struct go_func func;
		int32_t value;
		int line;

		build(&t, era);
		assert_true(go_func_find(&t.table, TABLES_TEXT, &func));
		assert_true(go_func_value(&t.table, &func, func.pcsp, TABLES_TEXT + 3,
					  &value));
		assert_int_equal(value, 0);
		assert_true(go_func_value(&t.table, &func, func.pcsp, TABLES_TEXT + 4,
					  &value));
		assert_int_equal(value, 72);
		assert_false(go_func_value(&t.table, &func, func.pcsp,
					   TABLES_TEXT + TABLES_FUNC, &value));
		assert_false(go_func_value(&t.table, &func, 0, TABLES_TEXT, &value));
		assert_string_equal(
			go_func_line(&t.table, &func, TABLES_TEXT + 0x20, &line),
			"/src/first.go");
		assert_int_equal(line, 12);
		go_func_line(&t.table, &func, TABLES_TEXT + 0x41, &line);
		assert_int_equal(line, 9);
	}
}

static void test_inlined(void **state)
{
	for (enum go_era era = GO_ERA_116; era <= GO_ERA_120; era++) {
		struct tables t;
		struct go_func func;
		struct go_inlined node;
		uint64_t tree, entry = TABLES_TEXT + TABLES_FUNC;

		build(&t, era);
		assert_true(go_func_find(&t.table, TABLES_TEXT, &func));
		assert_int_equal(go_func_inline_tree(&t.table, &func, 1), 0);
		assert_true(go_func_find(&t.table, entry, &func));
		tree = go_func_inline_tree(&t.table, &func, (uint64_t)(uintptr_t)t.tree);
		assert_int_equal(tree, (uint64_t)(uintptr_t)t.tree);
		assert_int_equal(go_func_inlined(&t.table, &func, entry + 0x10), -1);
		assert_int_equal(go_func_inlined(&t.table, &func, entry + 0x20), 1);
		assert_int_equal(go_func_inlined(&t.table, &func, entry + 0x38), 0);
		go_inlined_parse(&t.table, (uint8_t *)t.tree + go_inlined_bytes(&t.table),
				 &node);
		assert_string_equal(go_func_name(&t.table, node.name), "main.inner");
		assert_int_equal(node.parent_pc, 0x38);
	}
}

/* No offset may lead out of the slices; the sanitizers watch. */
static void test_lies(void **state)
{
	for (unsigned seed = 0; seed < 3000; seed++) {
		struct tables t;
		struct go_func func;
		uint8_t *funcs = (uint8_t *)t.func_words,
			*index = (uint8_t *)t.index_words;
		int32_t value;
		int line;

		build(&t, (enum go_era)(seed % 3));
		srand(seed);
		for (unsigned k = 0; k < 1 + seed % 40; k++) {
			funcs[(size_t)rand() % t.nr_func_bytes] = (uint8_t)rand();
			index[(size_t)rand() % t.table.index.size] = (uint8_t)rand();
			t.values[(size_t)rand() % t.nr_values] = (uint8_t)(rand() | 0x80);
			t.units[(size_t)rand() % t.nr_units] = (uint32_t)rand();
		}
		t.names[t.nr_names - 1] = 'x';
		t.files[t.nr_files - 1] = 'x';
		t.table.steps_left = 100000;
		for (uint64_t pc = TABLES_TEXT; pc < TABLES_TEXT + 3 * TABLES_FUNC;
		     pc += 7) {
			if (!go_func_find(&t.table, pc, &func))
				continue;
			go_func_value(&t.table, &func, func.pcsp, pc, &value);
			go_func_line(&t.table, &func, pc, &line);
			go_func_inlined(&t.table, &func, pc);
			go_func_inline_tree(&t.table, &func, 1);
			assert_true(strlen(go_func_name(&t.table, func.name)) <=
				    GO_NAME_MAX);
		}
		go_func_by_name(&t.table, "none", &func);
	}
}

static void test_work_is_bounded(void **state)
{
	struct tables t;
	struct go_func func;
	int32_t value;

	build(&t, GO_ERA_120);
	assert_true(go_func_find(&t.table, TABLES_TEXT, &func));
	t.table.steps_left = 2;
	assert_false(
		go_func_value(&t.table, &func, func.pcsp, TABLES_TEXT + 0xf8, &value));
	assert_int_equal(t.table.steps_left, 0);
	assert_false(go_func_value(&t.table, &func, func.pcsp, TABLES_TEXT, &value));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_inlined),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_work_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
