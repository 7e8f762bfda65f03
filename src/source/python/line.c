/* SPDX-License-Identifier: MIT */
/* The formats are those of CPython's InternalDocs: code_objects.md and
 * exception_handling.md, and of Objects/lnotab_notes.txt for older releases. */
#include "source/python/line.h"

#include <stdbool.h>

#define UNIT_BYTES     2u /* of an instruction without its argument's extension */
#define LINE_MAX       (1 << 30)
#define NO_LINE        (-128)
#define CODE_LONG      14u
#define CODE_NO_COLUMN 13u
#define CODE_NO_LINE   15u
#define VARINT_BYTES   6u

struct cursor {
	const uint8_t *bytes;
	size_t at, size;
};

static int valid_line(int64_t line)
{
	return line > 0 && line < LINE_MAX ? (int)line : 0;
}

/* Pairs of a distance in bytes and in lines; a line begins where its pair ends. */
static int line_of_lnotab(struct cursor table, int first_line, uint32_t instruction)
{
	int64_t line = first_line;
	uint32_t address = 0;

	for (; table.at + 2 <= table.size; table.at += 2) {
		address += table.bytes[table.at];
		if (address > instruction)
			break;
		line += (int8_t)table.bytes[table.at + 1];
	}
	return valid_line(line);
}

/* Pairs of a length in bytes and the distance from the line before. */
static int line_of_ranges(struct cursor table, int first_line, uint32_t instruction)
{
	int64_t line = first_line;
	uint32_t end = 0;

	for (; table.at + 2 <= table.size; table.at += 2) {
		int8_t delta = (int8_t)table.bytes[table.at + 1];

		end += table.bytes[table.at];
		if (delta != NO_LINE)
			line += delta;
		if (instruction < end)
			return delta == NO_LINE ? 0 : valid_line(line);
	}
	return 0;
}

/* Six bits a byte, the least significant first; bit 6 says that more follow. */
static uint32_t read_varint(struct cursor *table)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < VARINT_BYTES && table->at < table->size; i++) {
		uint8_t byte = table->bytes[table->at++];

		value |= (uint32_t)(byte & 63) << (6 * i);
		if (!(byte & 64))
			break;
	}
	return value;
}

static int32_t read_signed(struct cursor *table)
{
	uint32_t value = read_varint(table);

	return value & 1 ? -(int32_t)(value >> 1) : (int32_t)(value >> 1);
}

/* Reads the rest of an entry of this kind. Returns how many lines it moves on. */
static int32_t read_location(struct cursor *table, unsigned code)
{
	int32_t delta = 0;

	if (code == CODE_NO_LINE)
		return 0;
	if (code == CODE_NO_COLUMN || code == CODE_LONG) {
		delta = read_signed(table);
		for (int i = 0; code == CODE_LONG && i < 3; i++)
			(void)read_varint(table);
		return delta;
	}
	if (code >= 10) {
		delta = (int32_t)code - 10;
		table->at++;
	}
	table->at++;
	return delta;
}

static int line_of_locations(struct cursor table, int first_line, uint32_t instruction)
{
	int64_t line = first_line;
	uint32_t end = 0;

	while (table.at < table.size) {
		uint8_t first = table.bytes[table.at++];
		unsigned code = first >> 3 & 15u;

		if (!(first & 128))
			break;
		end += ((first & 7u) + 1) * UNIT_BYTES;
		line += read_location(&table, code);
		if (instruction < end)
			return code == CODE_NO_LINE ? 0 : valid_line(line);
	}
	return 0;
}

int python_line(int minor, const uint8_t *table, size_t size, int first_line,
		uint32_t instruction)
{
	struct cursor cursor = {table, 0, size};

	if (minor <= 9)
		return line_of_lnotab(cursor, first_line, instruction);
	if (minor == 10)
		return line_of_ranges(cursor, first_line, instruction);
	return line_of_locations(cursor, first_line, instruction);
}

/* Six bits a byte, the most significant first. */
static uint32_t read_big_varint(struct cursor *table)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < VARINT_BYTES && table->at < table->size; i++) {
		uint8_t byte = table->bytes[table->at++];

		value = value << 6 | (byte & 63);
		if (!(byte & 64))
			break;
	}
	return value;
}

uint32_t python_handler_depth(const uint8_t *table, size_t size, uint32_t instruction)
{
	struct cursor cursor = {table, 0, size};
	uint32_t unit = instruction / UNIT_BYTES;

	/* Entries are sorted and do not overlap. */
	while (cursor.at < cursor.size) {
		if (!(cursor.bytes[cursor.at] & 128))
			return 0;
		uint32_t start = read_big_varint(&cursor);
		uint32_t length = read_big_varint(&cursor);

		(void)read_big_varint(&cursor); /* where the handler is */
		uint32_t depth = read_big_varint(&cursor) >> 1;

		if (unit < start)
			return 0;
		if (unit - start < length)
			return depth;
	}
	return 0;
}
