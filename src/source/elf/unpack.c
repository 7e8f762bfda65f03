/* SPDX-License-Identifier: MIT */
/* Debug sections are compressed by zlib, with an ELF header or in the old GNU format, or
 * by Zstandard, whose library is loaded on demand. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "source/elf/file.h"

#define OLD_HEADER 12u /* "ZLIB" and the size */
#define BY_ZSTD    2u  /* ELFCOMPRESS_ZSTD, which older system headers lack */

static bool from_zlib(const uint8_t *packed, size_t length, uint8_t *out, uint64_t bytes)
{
	uLongf done = (uLongf)bytes;

	return uncompress(out, &done, packed, (uLong)length) == Z_OK && done == bytes;
}

static bool from_zstd(const uint8_t *packed, size_t length, uint8_t *out, uint64_t bytes)
{
	size_t (*decompress)(void *, size_t, const void *, size_t);
	void *library = dlopen("libzstd.so.1", RTLD_LAZY | RTLD_LOCAL);
	size_t done = 0;

	if (!library)
		return false;
	*(void **)&decompress = dlsym(library, "ZSTD_decompress");
	if (decompress)
		done = decompress(out, (size_t)bytes, packed, length);
	dlclose(library);
	return done == bytes;
}

bool elf_file_unpack(const struct elf_file *file, size_t section, uint8_t *out,
		     uint64_t bytes)
{
	const Elf64_Shdr *header = &file->sections[section];
	size_t length = (size_t)header->sh_size;
	uint8_t *packed = bytes ? malloc(length + sizeof(Elf64_Chdr)) : NULL;
	bool done = packed &&
		    elf_source_read(file->source, header->sh_offset, packed, length);
	Elf64_Chdr how;

	if (done && (header->sh_flags & SHF_COMPRESSED)) {
		memcpy(&how, packed, sizeof(how));
		done = length >= sizeof(how) &&
		       (how.ch_type == BY_ZSTD ? from_zstd : from_zlib)(
			       packed + sizeof(how), length - sizeof(how), out, bytes);
	} else if (done && length > OLD_HEADER && memcmp(packed, "ZLIB", 4) == 0) {
		done = from_zlib(packed + OLD_HEADER, length - OLD_HEADER, out, bytes);
	} else if (done) {
		done = length == bytes;
		if (done)
			memcpy(out, packed, length);
	}
	free(packed);
	return done;
}
