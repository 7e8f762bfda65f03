/* SPDX-License-Identifier: MIT */
/* A common information entry (CIE) holds the initial instructions of many functions; the
 * entry of a function (FDE) refers to it. Both are scanned from first to last, and
 * nothing may refer to the middle of one. */
#include "source/elf/cfi.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

#define REGISTERS_MAX  512u
#define REMEMBERED_MAX 64u
#define COMMON_MAX     (1u << 18)
#define TABLE_START    12u
#define TABLE_FORMAT   0x3b031b01u /* the form that linkers write, little endian */

struct common {
	size_t at;
	uint8_t encoding; /* of addresses in the entries of its functions */
	bool sized;
};

struct reader {
	const uint8_t *at, *end;
	bool failed;
};

struct cfi_check {
	const struct elf_cfi *cfi;
	bool debug;             /* .debug_frame */
	struct common *commons; /* sorted by offset */
	size_t nr_commons, cap_commons;
	uint8_t *starts;
};

static void skip_bytes(struct reader *reader, uint64_t bytes)
{
	if (bytes > (uint64_t)(reader->end - reader->at)) {
		reader->failed = true;
		reader->at = reader->end;
		return;
	}
	reader->at += bytes;
}

static uint64_t read_leb128(struct reader *reader)
{
	uint64_t value = 0;

	for (unsigned shift = 0; reader->at < reader->end; shift += 7) {
		uint8_t byte = *reader->at++;

		if (shift < 63)
			value |= (uint64_t)(byte & 0x7f) << shift;
		else if (byte & 0x7e)
			value = UINT64_MAX;
		if (!(byte & 0x80))
			return value;
	}
	reader->failed = true;
	return 0;
}

static uint64_t read_fixed(struct reader *reader, size_t bytes)
{
	uint64_t value = 0;
	uint32_t half;

	if ((size_t)(reader->end - reader->at) < bytes) {
		skip_bytes(reader, bytes);
		return 0;
	}
	if (bytes == sizeof(half)) {
		memcpy(&half, reader->at, sizeof(half));
		value = half;
	} else {
		memcpy(&value, reader->at, bytes);
	}
	reader->at += bytes;
	return value;
}

/* Skips an address in the encoding of .eh_frame. */
static void skip_encoded(struct reader *reader, uint8_t encoding)
{
	static const uint8_t sizes[16] = {8, 0, 2, 4, 8, 0, 0, 0, 8, 0, 2, 4, 8, 0, 0, 0};
	uint8_t format = encoding & 0x0f;

	if (encoding == 0xff)
		return;
	/* No compiler writes aligned addresses. */
	if ((encoding & 0x70) == 0x50)
		reader->failed = true;
	else if (format == 1 || format == 9)
		read_leb128(reader);
	else if (sizes[format])
		skip_bytes(reader, sizes[format]);
	else
		reader->failed = true;
}

static void take_register(struct reader *reader)
{
	if (read_leb128(reader) >= REGISTERS_MAX)
		reader->failed = true;
}

/* Operands of each instruction: r is a register, n a number, b a block preceded by its
 * length, 1 2 4 8 a value of that many bytes, a an address. NULL: there is no such
 * instruction. */
static const char *const operands[64] = {
	[0x00] = "",   [0x01] = "a",  [0x02] = "1",  [0x03] = "2",  [0x04] = "4",
	[0x05] = "rn", [0x06] = "r",  [0x07] = "r",  [0x08] = "r",  [0x09] = "rr",
	[0x0a] = "",   [0x0b] = "",   [0x0c] = "nn", [0x0d] = "n",  [0x0e] = "n",
	[0x0f] = "b",  [0x10] = "rb", [0x11] = "rn", [0x12] = "nn", [0x13] = "n",
	[0x14] = "rn", [0x15] = "rn", [0x16] = "rb", [0x1d] = "8",  [0x2d] = "",
	[0x2e] = "n",  [0x2f] = "rn",
};

static void check_program(struct reader *reader, uint8_t encoding)
{
	unsigned remembered = 0;

	while (reader->at < reader->end && !reader->failed) {
		uint8_t code = *reader->at++;
		const char *what = operands[code & 0x3f];

		if (code >= 0x40) {
			/* The register is part of the opcode. */
			if ((code & 0xc0) == 0x80)
				read_leb128(reader);
			continue;
		}
		if (code == DW_CFA_restore_state && remembered > 0)
			remembered--;
		if (!what ||
		    (code == DW_CFA_remember_state && ++remembered > REMEMBERED_MAX))
			reader->failed = true;
		for (; what && *what; what++) {
			if (*what == 'r')
				take_register(reader);
			else if (*what == 'n')
				read_leb128(reader);
			else if (*what == 'b')
				skip_bytes(reader, read_leb128(reader));
			else if (*what == 'a')
				skip_encoded(reader, encoding);
			else
				skip_bytes(reader, (uint64_t)(*what - '0'));
		}
	}
}

/* Reads the data of an augmentation string, which describes the encoding of addresses. */
static void read_augmentation(struct reader *reader, const char *text,
			      struct common *common)
{
	struct reader inner = *reader;
	uint64_t bytes;

	common->encoding = 0;
	common->sized = text[0] == 'z';
	if (!text[0])
		return;
	bytes = read_leb128(&inner);
	*reader = inner;
	skip_bytes(reader, bytes);
	inner.end = reader->at;
	for (text++; *text && common->sized && !inner.failed; text++) {
		uint8_t encoding;

		if (*text == 'S' || *text == 'B' || *text == 'G')
			continue;
		encoding = (uint8_t)read_fixed(&inner, 1);
		if (*text == 'R')
			common->encoding = encoding;
		else if (*text == 'P')
			skip_encoded(&inner, encoding);
		else if (*text != 'L')
			inner.failed = true;
	}
	/* An obsolete form that compilers no longer write. */
	reader->failed |= inner.failed || !common->sized;
}

static bool add_common(struct cfi_check *check, struct reader reader, size_t at)
{
	struct common common = {.at = at};
	uint8_t version = (uint8_t)read_fixed(&reader, 1);
	const char *text = (const char *)reader.at;
	const uint8_t *end = memchr(reader.at, 0, (size_t)(reader.end - reader.at));

	if (!end || (version != 1 && version != 3 && version != 4))
		return false;
	reader.at = end + 1;
	if (version == 4) {
		uint64_t address_bytes = read_fixed(&reader, 1);
		uint64_t segment_bytes = read_fixed(&reader, 1);

		if (address_bytes != 8 || segment_bytes != 0)
			return false;
	}
	read_leb128(&reader);
	read_leb128(&reader);
	if (version == 1)
		skip_bytes(&reader, 1);
	else
		take_register(&reader);
	read_augmentation(&reader, text, &common);
	check_program(&reader, common.encoding);
	if (reader.failed || !array_reserve_most(&check->commons, &check->cap_commons,
						 check->nr_commons + 1, COMMON_MAX))
		return false;
	check->commons[check->nr_commons++] = common;
	return true;
}

static const struct common *find_common(const struct cfi_check *check, uint64_t at)
{
	size_t low = 0, high = check->nr_commons;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (check->commons[middle].at == at)
			return &check->commons[middle];
		if (check->commons[middle].at < at)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static bool check_function(const struct cfi_check *check, struct reader reader,
			   uint64_t at)
{
	const struct common *common = find_common(check, at);

	if (!common)
		return false;
	skip_encoded(&reader, common->encoding);
	skip_encoded(&reader, common->encoding & 0x0f);
	if (common->sized)
		skip_bytes(&reader, read_leb128(&reader));
	check_program(&reader, common->encoding);
	return !reader.failed;
}

/* Checks all entries of one kind, from first to last. */
static bool check_entries_of_kind(struct cfi_check *check, bool commons)
{
	const struct elf_cfi *cfi = check->cfi;
	struct reader all = {cfi->bytes, cfi->bytes + cfi->length, false};

	while (all.end - all.at >= 4) {
		size_t at = (size_t)(all.at - cfi->bytes), wide = 4;
		uint64_t bytes = read_fixed(&all, 4);

		if (bytes == UINT32_MAX) {
			bytes = read_fixed(&all, 8);
			wide = 8;
		}
		/* The terminator of .eh_frame, or padding. */
		if (bytes == 0)
			continue;
		if (all.failed || bytes > (uint64_t)(all.end - all.at))
			return false;
		struct reader entry = {all.at, all.at + bytes, false};
		size_t id_at = (size_t)(all.at - cfi->bytes);

		all.at += bytes;
		/* In .eh_frame the id has 4 bytes, regardless of the length field. */
		uint64_t id = read_fixed(&entry, check->debug ? wide : 4);
		bool common = check->debug ? id == (wide == 4 ? UINT32_MAX : UINT64_MAX)
					   : id == 0;

		if (entry.failed || (wide == 8 && !check->debug))
			return false;
		if (common && commons && !add_common(check, entry, at))
			return false;
		if (!common && !commons) {
			if (!check_function(check, entry, check->debug ? id : id_at - id))
				return false;
			check->starts[at / 8] |= (uint8_t)(1u << at % 8);
		}
	}
	return true;
}

/* Returns a bitmap with a bit set for each offset where a function's entry begins, or
 * NULL if an entry is invalid. */
static uint8_t *check_entries(const struct elf_cfi *cfi, bool debug)
{
	struct cfi_check check = {
		.cfi = cfi, .debug = debug, .starts = calloc(1, cfi->length / 8 + 1)};
	uint8_t *starts = check.starts;

	if (!starts || !check_entries_of_kind(&check, true) ||
	    !check_entries_of_kind(&check, false)) {
		free(starts);
		starts = NULL;
	}
	free(check.commons);
	return starts;
}

/* Returns true if every entry of the sorted table refers to the start of an entry. */
static bool check_table(const struct elf_cfi *table, const struct elf_cfi *frame,
			const uint8_t *starts)
{
	uint32_t format, count;
	int32_t word;

	if (table->length < TABLE_START)
		return false;
	memcpy(&format, table->bytes, sizeof(format));
	memcpy(&count, table->bytes + 8, sizeof(count));
	if (format != TABLE_FORMAT || count > (table->length - TABLE_START) / 8)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		memcpy(&word, table->bytes + TABLE_START + 8 * (size_t)i + 4,
		       sizeof(word));
		uint64_t at = table->address + (uint64_t)(int64_t)word - frame->address;

		if (at >= frame->length || !(starts[at / 8] & 1u << at % 8))
			return false;
	}
	return true;
}

void elf_cfi_check(struct elf_cfi *frame, struct elf_cfi *table, struct elf_cfi *debug)
{
	uint8_t *starts = frame->bytes ? check_entries(frame, false) : NULL;

	frame->sane = starts != NULL;
	table->sane = starts && table->bytes && check_table(table, frame, starts);
	free(starts);
	starts = debug->bytes ? check_entries(debug, true) : NULL;
	debug->sane = starts != NULL;
	free(starts);
}
