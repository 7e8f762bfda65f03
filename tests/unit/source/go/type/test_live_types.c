/* SPDX-License-Identifier: MIT */
/* The types of a real Go program, stripped, and what its package reflect says of them. */
#include "live.h"

#include "source/go/type/table.h"

static char folder[] = "/tmp/grmon-types-XXXXXX";
static char program[64];

static const char *name_of(const struct go_type *type)
{
	return type ? type->name : "-";
}

/* As the program prints them. */
static void print_fields(const struct go_type *type, char *out, size_t bytes)
{
	size_t nr, at = 0;
	const struct go_field *fields = go_type_fields(type, &nr);

	out[0] = 0;
	for (size_t i = 0; i < nr; i++)
		at += (size_t)snprintf(
			out + at, bytes - at, "%s%s@%lu:%s:%s", i ? ";" : "",
			fields[i].name, (unsigned long)fields[i].offset,
			fields[i].embedded ? "true" : "false", name_of(fields[i].type));
}

static void compare_type(struct go_types *types, char **columns)
{
	static char fields[65536];
	const struct go_type *type = go_types_at(types, strtoull(columns[1], NULL, 16));

	if (!type)
		fail_msg("%s was not found", columns[2]);
	assert_string_equal(type->name, columns[2]);
	assert_int_equal(type->kind, atoi(columns[3]));
	assert_int_equal(type->bytes, atoll(columns[4]));
	if (type->named && columns[5][0])
		assert_string_equal(type->package, columns[5]);
	assert_string_equal(name_of(go_type_element(type)), columns[6]);
	assert_string_equal(name_of(go_type_key(type)), columns[7]);
	if (type->kind != GO_KIND_INTERFACE)
		assert_int_equal(type->length, atoll(columns[8]));
	print_fields(type, fields, sizeof(fields));
	assert_string_equal(fields, columns[9]);
	if (type->kind == GO_KIND_MAP)
		assert_non_null(go_type_map(type));
	/* One byte later there is no descriptor, nor a table. */
	assert_null(go_types_at(types, type->address + 1));
}

static void compare_itab(struct go_types *types, char **columns)
{
	uint64_t address = strtoull(columns[1], NULL, 16);
	struct go_itab itab, none;

	assert_true(go_types_itab(types, address, &itab));
	assert_string_equal(itab.interface->name, columns[2]);
	assert_string_equal(itab.type->name, columns[3]);
	assert_false(go_types_itab(types, address + 8, &none));
	assert_false(go_types_itab(types, itab.type->address, &none));
}

/* The layout that is computed is that which the compiler has chosen. */
static void compare_map(const struct go_type *type, unsigned minor)
{
	const struct go_map_layout *map = go_type_map(type);
	struct go_map_layout computed =
		go_map_layout_of(go_type_key(type), go_type_element(type), minor);

	assert_int_equal(map->swiss, computed.swiss);
	assert_int_equal(map->key_is_pointer, computed.key_is_pointer);
	assert_int_equal(map->element_is_pointer, computed.element_is_pointer);
	assert_int_equal(map->group_bytes, computed.group_bytes);
	assert_int_equal(map->keys, computed.keys);
	assert_int_equal(map->key_stride, computed.key_stride);
	assert_int_equal(map->elements, computed.elements);
	assert_int_equal(map->element_stride, computed.element_stride);
}

static void find_by_name(struct go_types *types)
{
	static const struct {
		const char *name, *package;
	} wanted[] = {
		{"*http.persistConn", NULL},      {"*http.persistConn", "net/http"},
		{"http.persistConn", "net/http"}, {"*net.TCPConn", "net"},
		{"*context.timerCtx", NULL},      {"context.cancelCtx", "context"},
		{"[]interface {}", NULL},         {"*main.Outer", "main"},
	};

	for (size_t i = 0; i < COUNT(wanted); i++) {
		const struct go_type *type =
			go_types_named(types, wanted[i].name, wanted[i].package);

		if (!type)
			fail_msg("%s was not found", wanted[i].name);
		assert_string_equal(type->name, wanted[i].name);
	}
	assert_null(go_types_named(types, "*http.persistConn", "example.org/http"));
	assert_null(go_types_named(types, "*http.nothing", NULL));
	assert_null(go_types_named(types, "", NULL));
	assert_null(go_types_named(types, "\xff", NULL));
}

static void look_up_fields(struct go_types *types)
{
	const struct go_type *type = go_types_named(types, "main.Outer", "main");
	const struct go_field *field;
	uint64_t offset;

	field = go_type_field(type, "Text", &offset);
	assert_non_null(field);
	assert_string_equal(field->type->name, "string");
	assert_int_equal(offset, 8);
	assert_null(go_type_field(type, "text", &offset));
	type = go_types_named(types, "http.persistConn", NULL);
	field = go_type_field(type, "cacheKey", &offset);
	assert_string_equal(field->type->name, "http.connectMethodKey");
	assert_true(offset > 0);
}

static void compare_all(const char *options)
{
	struct live live = {0};
	struct go_types *types = NULL;
	char *columns[10] = {0};
	size_t nr_types = 0, nr_itabs = 0, nr_maps = 0;

	if (!live_build("types", options, program))
		skip();
	live_run(&live, program);
	while (live_row(&live, columns, COUNT(columns))) {
		if (!live.module.copy) {
			live_attach(&live);
			types = go_types_new(&live.mem, &live.module);
		}
		if (columns[0][0] == 'I') {
			compare_itab(types, columns);
			nr_itabs++;
			continue;
		}
		compare_type(types, columns);
		nr_types++;
		if (atoi(columns[3]) == GO_KIND_MAP) {
			compare_map(go_types_at(types, strtoull(columns[1], NULL, 16)),
				    live.module.minor);
			nr_maps++;
		}
	}
	assert_true(nr_types > 200);
	assert_true(nr_maps >= 8);
	assert_int_equal(nr_itabs, 4);
	find_by_name(types);
	look_up_fields(types);
	assert_true(go_types_bytes(types) < 8u << 20);
	assert_null(go_types_at(types, 0));
	assert_null(go_types_at(types, UINT64_MAX - 7));
	go_types_free(types);
	live_end(&live);
}

static void test_stripped(void **state)
{
	(void)state;
	compare_all("-ldflags='-s -w'");
}

static void test_pie(void **state)
{
	(void)state;
	compare_all("-buildmode=pie");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stripped),
		cmocka_unit_test(test_pie),
	};
	int rc;

	if (!mkdtemp(folder))
		return 1;
	snprintf(program, sizeof(program), "%s/types", folder);
	rc = cmocka_run_group_tests_name("types of a real Go program", tests, NULL, NULL);
	unlink(program);
	strcat(program, ".log");
	unlink(program);
	rmdir(folder);
	return rc;
}
