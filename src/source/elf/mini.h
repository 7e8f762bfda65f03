/* SPDX-License-Identifier: MIT */
/* Handles .gnu_debugdata, the symbols that a stripped file carries as an xz-compressed
 * ELF file. Its size is known before it is decompressed. */
#ifndef SOURCE_ELF_MINI_H
#define SOURCE_ELF_MINI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_MINI_BYTES_MAX (32u << 20)

/* Returns the decompressed size of an xz stream, from the headers of all its chunks.
 * UINT64_MAX means that it is not an xz stream, or not of the kind used here. */
uint64_t elf_mini_bytes(const uint8_t *packed, size_t length);
/* out has room for elf_mini_bytes(). Returns false if the data is corrupt or liblzma is
 * not installed. */
bool elf_mini_unpack(const uint8_t *packed, size_t length, uint8_t *out, size_t bytes);
/* Wraps bytes in an xz stream without compressing them, for readers that expect one.
 * Returns its length, at most elf_mini_store_bytes(). */
size_t elf_mini_store(const uint8_t *bytes, size_t length, uint8_t *out);
size_t elf_mini_store_bytes(size_t length);

#endif
