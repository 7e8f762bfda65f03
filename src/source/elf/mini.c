/* SPDX-License-Identifier: MIT */
/* An xz stream consists of a header, blocks, an index and a footer. An LZMA2 block is a
 * sequence of chunks, each of which states its decompressed size. liblzma, which libdw
 * uses for the same purpose, is loaded on demand. */
#include "source/elf/mini.h"

#include <dlfcn.h>
#include <string.h>
#include <zlib.h>

#define NONE         UINT64_MAX
#define STREAM_BYTES 12u
#define CHUNK_MAX    65536u
#define LZMA2        0x21
#define MEMORY_MAX   (160ull << 20)

static const uint8_t magic[6] = {0xfd, '7', 'z', 'X', 'Z', 0};

/* Sums the sizes of a block's chunks up to its end; *used is set to their length. */
static uint64_t chunk_bytes(const uint8_t *at, size_t length, size_t *used)
{
	uint64_t sum = 0;
	size_t done = 0;

	while (done < length && at[done] != 0) {
		uint8_t control = at[done];
		bool packed = control >= 0x80;
		size_t header = !packed ? 3 : control >= 0xc0 ? 6 : 5;

		if ((!packed && control > 2) || length - done < header)
			return NONE;
		size_t size = ((size_t)at[done + 1] << 8 | at[done + 2]) + 1;
		size_t data_bytes = size;

		if (packed) {
			size += (size_t)(control & 0x1f) << 16;
			data_bytes = ((size_t)at[done + 3] << 8 | at[done + 4]) + 1;
		}
		if (length - done - header < data_bytes)
			return NONE;
		sum += size;
		done += header + data_bytes;
	}
	*used = done + 1;
	return done < length ? sum : NONE;
}

/* Returns true if the block header names LZMA2 as the only filter. */
static bool is_block(const uint8_t *at, size_t length)
{
	size_t header = ((size_t)at[0] + 1) * 4, place = 2;

	if (length < header || header < 8 || (at[1] & 0x3f))
		return false;
	/* Skip the optional sizes, which the chunks state as well. */
	for (unsigned flag = 0x40; flag <= 0x80; flag <<= 1) {
		if (!(at[1] & flag))
			continue;
		while (place < header && (at[place] & 0x80))
			place++;
		place++;
	}
	return place + 3 < header && at[place] == LZMA2 && at[place + 1] == 1;
}

uint64_t elf_mini_bytes(const uint8_t *packed, size_t length)
{
	static const uint8_t checks[16] = {0,  4,  4,  4,  8,  8,  8,  16,
					   16, 16, 32, 32, 32, 64, 64, 64};
	size_t at = STREAM_BYTES;
	uint64_t sum = 0;

	if (length < STREAM_BYTES * 2 || memcmp(packed, magic, sizeof(magic)) != 0)
		return NONE;
	size_t check = checks[packed[7] & 15];

	while (at < length && packed[at] != 0) {
		size_t header = ((size_t)packed[at] + 1) * 4, used = 0;

		if (!is_block(packed + at, length - at))
			return NONE;
		uint64_t bytes =
			chunk_bytes(packed + at + header, length - at - header, &used);

		if (bytes == NONE)
			return NONE;
		sum += bytes;
		used = (used + 3) & ~(size_t)3;
		if (used + check > length - at - header)
			return NONE;
		at += header + used + check;
	}
	return at < length ? sum : NONE;
}

bool elf_mini_unpack(const uint8_t *packed, size_t length, uint8_t *out, size_t bytes)
{
	int (*decode)(uint64_t *, uint32_t, const void *, const uint8_t *, size_t *,
		      size_t, uint8_t *, size_t *, size_t);
	void *library = dlopen("liblzma.so.5", RTLD_LAZY | RTLD_LOCAL);
	uint64_t most = MEMORY_MAX;
	size_t from = 0, to = 0;

	if (!library)
		return false;
	*(void **)&decode = dlsym(library, "lzma_stream_buffer_decode");
	bool done = decode &&
		    decode(&most, 0, NULL, packed, &from, length, out, &to, bytes) == 0;

	dlclose(library);
	return done && to == bytes;
}

size_t elf_mini_store_bytes(size_t length)
{
	return length + length / CHUNK_MAX * 3 + 128;
}

static uint8_t *put32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		*at++ = (uint8_t)(value >> (8 * i));
	return at;
}

static uint8_t *put_number(uint8_t *at, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		*at++ = (uint8_t)(value | 0x80);
	*at++ = (uint8_t)value;
	return at;
}

static uint32_t crc_of(const uint8_t *from, const uint8_t *end)
{
	return (uint32_t)crc32(crc32(0, NULL, 0), from, (uInt)(end - from));
}

static uint8_t *put_chunks(const uint8_t *bytes, size_t length, uint8_t *at)
{
	for (size_t done = 0; done < length;) {
		size_t step = length - done < CHUNK_MAX ? length - done : CHUNK_MAX;

		*at++ = done ? 2 : 1;
		*at++ = (uint8_t)((step - 1) >> 8);
		*at++ = (uint8_t)(step - 1);
		memcpy(at, bytes + done, step);
		at += step;
		done += step;
	}
	*at++ = 0;
	return at;
}

size_t elf_mini_store(const uint8_t *bytes, size_t length, uint8_t *out)
{
	/* A 12-byte header, with one filter that has a dictionary of 64 KiB. */
	static const uint8_t block_header[] = {2, 0, LZMA2, 1, 8, 0, 0, 0};
	uint8_t *at = out;

	memcpy(at, magic, sizeof(magic));
	at[6] = at[7] = 0; /* no check */
	at = put32(at + 8, crc_of(at + 6, at + 8));
	uint8_t *block = at;

	memcpy(at, block_header, sizeof(block_header));
	at = put32(at + sizeof(block_header), crc_of(at, at + sizeof(block_header)));
	at = put_chunks(bytes, length, at);
	size_t block_bytes = (size_t)(at - block);

	while ((at - block) & 3)
		*at++ = 0;
	uint8_t *index = at;

	*at++ = 0;
	*at++ = 1;
	at = put_number(put_number(at, block_bytes), length);
	while ((at - index) & 3)
		*at++ = 0;
	at = put32(at, crc_of(index, at));
	uint8_t footer[6] = {0};

	put32(footer, (uint32_t)((at - index) / 4 - 1));
	at = put32(at, crc_of(footer, footer + sizeof(footer)));
	memcpy(at, footer, sizeof(footer));
	at += sizeof(footer);
	*at++ = 'Y';
	*at++ = 'Z';
	return (size_t)(at - out);
}
