/* SPDX-License-Identifier: MIT */
/* The symbols that a stripped file carries along in .gnu_debugdata: an ELF file packed by xz.
 * How large it becomes is known before it is unpacked. */
#ifndef SOURCE_ELF_MINI_H
#define SOURCE_ELF_MINI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_MINI_BYTES_MAX (32u << 20)

/* What an xz stream becomes, by the headers of all its pieces; UINT64_MAX: it is none, or one
 * of a kind that nobody writes here. */
uint64_t elf_mini_bytes(const uint8_t *packed, size_t length);
/* out takes what elf_mini_bytes() says. False: it is broken, or there is no liblzma. */
bool elf_mini_unpack(const uint8_t *packed, size_t length, uint8_t *out, size_t bytes);
/* An xz stream that holds bytes as they are, for readers that expect one; its length, at most
 * elf_mini_store_bytes(). */
size_t elf_mini_store(const uint8_t *bytes, size_t length, uint8_t *out);
size_t elf_mini_store_bytes(size_t length);

#endif
