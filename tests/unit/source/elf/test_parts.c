/* SPDX-License-Identifier: MIT */
/* Parts of an ELF file that are checked one by one before libdw sees them: unwind tables,
 * units of debug information, packed symbols, build IDs, links to debug files. */
#include "unit.h"

#include "source/elf/cfi.h"
#include "source/elf/dwarf.h"
#include "source/elf/mini.h"
#include "source/elf/open.h"
#include "source_elf.h"

static void links(void **state)
{
	static const struct {
		const char *file, *link;
		unsigned way;
		const char *path;
	} cases[] = {
		{"/usr/lib/a.so", "a.debug", 0, "/usr/lib/.debug/a.debug"},
		{"/usr/lib/a.so", "a.debug", 1, "/usr/lib/a.debug"},
		{"/usr/lib/a.so", "a.debug", 2, "/usr/lib/debug/usr/lib/a.debug"},
		{"/usr/lib/a.so", "a.debug", 3, NULL},
		{"/usr/lib/a.so", "../../etc/shadow", 0, "/usr/lib/.debug/shadow"},
		{"/usr/lib/a.so", "..", 0, NULL},
		{"/usr/lib/a.so", "", 0, NULL},
		{"/usr/lib/a.so", "x/", 0, NULL},
		{"a.so", "a.debug", 0, NULL},
	};
	char path[4096], text[300];
	bool inside;

	for (size_t i = 0; i < COUNT(cases); i++) {
		bool found = elf_link_path(path, sizeof(path), cases[i].file,
					   cases[i].link, cases[i].way, &inside);

		assert_int_equal(found, cases[i].path != NULL);
		if (found) {
			assert_string_equal(path, cases[i].path);
			assert_int_equal(inside, cases[i].way < 2);
		}
	}
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_false(elf_link_path(path, sizeof(path), "/a", text, 0, &inside));
	assert_false(elf_link_path(path, 8, "/usr/lib/a", "a.debug", 0, &inside));
}

static void build_ids(void **state)
{
	static const uint8_t notes[] = {
		4, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 'G', 'N', 'U', 0, 9, 9, 9, 0,
		4, 0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0, 'G', 'N', 'U', 0, 1, 2, 3, 0,
	};
	uint8_t id[ELF_ID_MAX], broken[sizeof(notes)];

	assert_int_equal(elf_build_id(notes, sizeof(notes), id), 3);
	assert_memory_equal(id, "\1\2\3", 3);
	for (size_t length = 0; length < sizeof(notes) - 1; length++)
		assert_int_equal(elf_build_id(notes, length, id), 0);
	for (size_t i = 0; i < sizeof(notes); i++) {
		memcpy(broken, notes, sizeof(notes));
		broken[i] = 0xff;
		assert_true(elf_build_id(broken, sizeof(broken), id) <= ELF_ID_MAX);
	}
}

static void packed_symbols(void **state)
{
	static const size_t lengths[] = {0, 1, 65535, 65536, 65537, 300000};
	uint8_t *bytes = malloc(300000), *back = malloc(300000);
	uint8_t *packed = malloc(elf_mini_store_bytes(300000));

	for (size_t i = 0; i < 300000; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 251);
	for (size_t i = 0; i < COUNT(lengths); i++) {
		size_t length = elf_mini_store(bytes, lengths[i], packed);

		assert_true(length <= elf_mini_store_bytes(lengths[i]));
		assert_int_equal(elf_mini_bytes(packed, length), lengths[i]);
		if (!elf_mini_unpack(packed, length, back, lengths[i]))
			continue; /* no liblzma here */
		assert_memory_equal(bytes, back, lengths[i]);
		/* Cut off at any place, it is not valid. */
		assert_true(elf_mini_bytes(packed, length / 2) == UINT64_MAX ||
			    length / 2 > 24);
	}
	size_t length = elf_mini_store(bytes, 100, packed);

	for (size_t i = 0; i < length; i++)
		for (unsigned value = 0; value < 256; value++) {
			uint8_t kept = packed[i];

			packed[i] = (uint8_t)value;
			uint64_t says = elf_mini_bytes(packed, length);

			/* A chunk says at most 2 MB, and takes at least 5 bytes. */
			assert_true(says == UINT64_MAX || says <= (length / 5) << 21);
			packed[i] = kept;
		}
	free(bytes);
	free(back);
	free(packed);
}

/* One common entry, and one of a function with these instructions; returns the length. */
static size_t unwind_tables(uint8_t *out, const char *program, size_t length)
{
	static const uint8_t common[] = {0x14, 0,   0,   0, 0,    0,    0,  0,
					 1,    'z', 'R', 0, 1,    0x78, 16, 1,
					 0x1b, 0xc, 7,   8, 0x90, 1,    0,  0};
	static const uint8_t function[] = {0, 0, 0, 0, 0x1c, 0, 0, 0, 4,
					   0, 0, 0, 4, 0,    0, 0, 0};

	memcpy(out, common, sizeof(common));
	memcpy(out + sizeof(common), function, sizeof(function));
	memcpy(out + sizeof(common) + sizeof(function), program, length);
	out[sizeof(common)] = (uint8_t)(sizeof(function) - 4 + length);
	return sizeof(common) + sizeof(function) + length;
}

static bool is_sane(const uint8_t *bytes, size_t length)
{
	struct elf_cfi frame = {.bytes = bytes, .length = length, .address = 0x1000};
	struct elf_cfi none = {.bytes = NULL}, other = {.bytes = NULL};

	elf_cfi_check(&frame, &none, &other);
	assert_false(none.sane || other.sane);
	return frame.sane;
}

static void unwind_tables_are_checked(void **state)
{
#define PROGRAM(text) text, sizeof(text) - 1
	static const struct {
		const char *text;
		size_t length;
		bool sane;
	} cases[] = {
		{PROGRAM("\x41\x0e\x10\x86\x02\x43\x0d\x06\x0c\x07\x08\x00"), true},
		/* A register that would take gigabytes, in every instruction that names one. */
		{PROGRAM("\x07\x80\xc2\xd7\x2f"), false},
		{PROGRAM("\x05\x80\xc2\xd7\x2f\x01"), false},
		{PROGRAM("\x06\x80\xc2\xd7\x2f"), false},
		{PROGRAM("\x08\x80\xc2\xd7\x2f"), false},
		{PROGRAM("\x09\x80\xc2\xd7\x2f\x01"), false},
		{PROGRAM("\x10\x80\xc2\xd7\x2f\x00"), false},
		{PROGRAM("\x11\x80\xc2\xd7\x2f\x01"), false},
		{PROGRAM("\x14\x80\xc2\xd7\x2f\x01"), false},
		{PROGRAM("\x16\x80\xc2\xd7\x2f\x00"), false},
		{PROGRAM("\x2f\x80\xc2\xd7\x2f\x01"), false},
		/* A large frame is not a large register, nor is a block. */
		{PROGRAM("\x0e\x80\xc2\xd7\x2f"), true},
		{PROGRAM("\x0f\x04\x07\x80\xc2\xd7"), true},
		/* Cut off, and instructions that there are not. */
		{PROGRAM("\x0f\x09\x07"), false},
		{PROGRAM("\x04\x07"), false},
		{PROGRAM("\x3f"), false},
		{PROGRAM("\x0a\x0b\x0a\x0b"), true},
	};
	uint8_t bytes[512];
	char remember[100];
	size_t length;

	for (size_t i = 0; i < COUNT(cases); i++) {
		length = unwind_tables(bytes, cases[i].text, cases[i].length);
		if (is_sane(bytes, length) != cases[i].sane)
			fail_msg("program %zu", i);
		for (size_t cut = 0; cut < length; cut++)
			is_sane(bytes, cut);
	}
	memset(remember, 0x0a, sizeof(remember));
	length = unwind_tables(bytes, remember, sizeof(remember));
	assert_false(is_sane(bytes, length));
	/* It refers to the middle of the common entry. */
	length = unwind_tables(bytes, PROGRAM("\0"));
	assert_true(is_sane(bytes, length));
	bytes[28] -= 4;
	assert_false(is_sane(bytes, length));
	for (size_t i = 0; i < length; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			unwind_tables(bytes, PROGRAM("\0"));
			bytes[i] ^= (uint8_t)(1u << bit);
			is_sane(bytes, length);
		}
}

static void sorted_table_leads_to_beginnings(void **state)
{
	uint8_t bytes[512];
	uint32_t words[5] = {0x3b031b01u, 0, 1, 0, 0};
	struct elf_cfi frame = {.bytes = bytes, .address = 0x1000};
	struct elf_cfi table = {.bytes = (const uint8_t *)words,
				.length = sizeof(words),
				.address = 0x900};
	struct elf_cfi none = {.bytes = NULL};

	frame.length = unwind_tables(bytes, PROGRAM("\0"));
	for (uint32_t at = 0; at < frame.length + 8; at++) {
		words[4] = 0x700 + at;
		elf_cfi_check(&frame, &table, &none);
		assert_true(frame.sane);
		assert_int_equal(table.sane, at == 24);
	}
	words[4] = 0x700 + 24;
	words[2] = 2;
	elf_cfi_check(&frame, &table, &none);
	assert_false(table.sane);
}

/* Makes units of 11 bytes; the one at place has a different abbreviation table. */
static size_t make_units(uint8_t *out, size_t count, size_t place, uint32_t table)
{
	static const uint8_t unit[12] = {8, 0, 0, 0, 4, 0, 0, 0, 0, 0, 8, 0};

	for (size_t i = 0; i < count; i++) {
		memcpy(out + i * sizeof(unit), unit, sizeof(unit));
		if (i >= place)
			memcpy(out + i * sizeof(unit) + 6, &table, sizeof(table));
		table += i >= place;
	}
	return count * sizeof(unit);
}

static void units_are_counted(void **state)
{
	static const uint8_t tables[] = {
		1,    0x11, 1,    0x25, 0x0e, 0x13, 0x21, 0x80, 0x7f, 0, 0, 0, 1,
		0x11, 0,    0x03, 0x08, 0,    0,    2,    0x2e, 0,    0, 0, 0,
	};
	uint8_t *units = malloc(12 * 70000);
	size_t length = make_units(units, 100, 100, 0);

	assert_true(elf_dwarf_check(units, length, tables, sizeof(tables)));
	/* One more table is that of the other units. */
	length = make_units(units, 100, 99, 12);
	assert_true(elf_dwarf_check(units, length, tables, sizeof(tables)));
	/* Many that overlap. */
	length = make_units(units, 100, 80, 0);
	assert_false(elf_dwarf_check(units, length, tables, sizeof(tables)));
	/* There are no units outside; a unit that is cut off ends the list. */
	length = make_units(units, 100, 90, 1000);
	assert_true(elf_dwarf_check(units, length, tables, sizeof(tables)));
	assert_true(elf_dwarf_check(units, length - 5, tables, sizeof(tables)));
	length = make_units(units, 70000, 70000, 0);
	assert_false(elf_dwarf_check(units, length, tables, sizeof(tables)));
	for (size_t cut = 0; cut < 60; cut++)
		elf_dwarf_check(units, cut, tables, cut < sizeof(tables) ? cut : 0);
	free(units);
}

static void own_tables_are_sane(void **state)
{
	struct elf_source source;
	int self = open_self(&source);

	assert_true(elf_file_unwinds_plainly(&source, source.length));
	close(self);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links),
		cmocka_unit_test(build_ids),
		cmocka_unit_test(packed_symbols),
		cmocka_unit_test(unwind_tables_are_checked),
		cmocka_unit_test(sorted_table_leads_to_beginnings),
		cmocka_unit_test(own_tables_are_sane),
		cmocka_unit_test(units_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
