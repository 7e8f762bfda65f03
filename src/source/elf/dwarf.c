/* SPDX-License-Identifier: MIT */
/* Of each unit, only its length and the offset of its abbreviation table are read. */
#include "source/elf/dwarf.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "base/order.h"

#define UNITS_MAX (1u << 16)

struct bytes {
	const uint8_t *at, *end;
	bool failed;
};

static uint64_t read_fixed(struct bytes *bytes, size_t size)
{
	uint64_t value = 0;
	uint16_t half;
	uint32_t word;

	if ((size_t)(bytes->end - bytes->at) < size) {
		bytes->failed = true;
		bytes->at = bytes->end;
		return 0;
	}
	if (size == sizeof(half)) {
		memcpy(&half, bytes->at, sizeof(half));
		value = half;
	} else if (size == sizeof(word)) {
		memcpy(&word, bytes->at, sizeof(word));
		value = word;
	} else if (size == 1) {
		value = *bytes->at;
	} else {
		memcpy(&value, bytes->at, sizeof(value));
	}
	bytes->at += size;
	return value;
}

/* Reads LEB128, in the range of tags, attributes and forms. */
static uint64_t read_leb128(struct bytes *bytes)
{
	uint64_t value = 0;
	uint8_t byte = 0x80;

	for (unsigned shift = 0; (byte & 0x80) && bytes->at < bytes->end; shift += 7) {
		byte = *bytes->at++;
		if (shift < 63)
			value |= (uint64_t)(byte & 0x7f) << shift;
	}
	bytes->failed |= byte & 0x80;
	return value;
}

/* Returns the length of the abbreviation table, which ends with the section or at the
 * first invalid byte. */
static size_t table_bytes(const uint8_t *at, const uint8_t *end)
{
	struct bytes bytes = {at, end, false};

	while (!bytes.failed && bytes.at < end && read_leb128(&bytes) != 0) {
		uint64_t name, form;

		read_leb128(&bytes);
		read_fixed(&bytes, 1);
		do {
			name = read_leb128(&bytes);
			form = read_leb128(&bytes);
			if (form == DW_FORM_implicit_const)
				read_leb128(&bytes);
		} while ((name || form) && !bytes.failed);
	}
	return (size_t)(bytes.at - at);
}

/* Returns the offset of the abbreviation table of a unit, and advances to the next unit.
 * */
static uint64_t next_unit(struct bytes *bytes)
{
	uint64_t length = read_fixed(bytes, 4);
	size_t wide = 4;

	if (length == UINT32_MAX) {
		length = read_fixed(bytes, 8);
		wide = 8;
	}
	if (bytes->failed || length > (uint64_t)(bytes->end - bytes->at)) {
		bytes->failed = true;
		return 0;
	}
	struct bytes unit = {bytes->at, bytes->at + length, false};

	bytes->at += length;
	if (read_fixed(&unit, 2) >= 5)
		read_fixed(&unit, 2); /* unit type and address size */
	return read_fixed(&unit, wide);
}

bool elf_dwarf_check(const uint8_t *units, size_t length, const uint8_t *abbreviations,
		     size_t abbreviation_bytes)
{
	struct bytes bytes = {units, units + length, false};
	uint64_t *tables = calloc(UNITS_MAX, sizeof(*tables));
	size_t count = 0, sum = 0;

	while (tables && bytes.at < bytes.end && count < UNITS_MAX) {
		uint64_t table = next_unit(&bytes);

		/* libdw stops here too. */
		if (bytes.failed)
			break;
		tables[count++] = table;
	}
	bool sane = tables && (bytes.failed || bytes.at == bytes.end);

	if (sane)
		qsort(tables, count, sizeof(*tables), order_u64);
	for (size_t i = 0; i < count && sane; i++) {
		if ((i && tables[i] == tables[i - 1]) || tables[i] >= abbreviation_bytes)
			continue;
		sum += table_bytes(abbreviations + tables[i],
				   abbreviations + abbreviation_bytes);
		sane = sum <= abbreviation_bytes;
	}
	free(tables);
	return sane;
}
