/* SPDX-License-Identifier: MIT */
/* 64-bit hash for this program's own tables. Do not use it for values that leave the
 * process. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Multiplies to 128 bits and folds the result, like wyhash. */
static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)(a ^ 0x9e3779b97f4a7c15ull) *
				    (b ^ 0xe7037ed1a0b428dbull);

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* The hash of a task's identity. */
static inline uint64_t hash_identity(uint64_t seed, unsigned int kind, uint64_t id,
				     uint64_t serial)
{
	return hash_mix(hash_mix(seed ^ kind, id), serial);
}

/* Returns fewer than eight bytes as a number. Each of them is in it, some of them twice. */
static inline uint64_t hash_few(const unsigned char *bytes, size_t length)
{
	uint32_t first, last;

	if (length == 0)
		return 0;
	if (length < 4)
		return bytes[0] | (uint64_t)bytes[length / 2] << 8 |
		       (uint64_t)bytes[length - 1] << 16;
	memcpy(&first, bytes, sizeof(first));
	memcpy(&last, bytes + length - sizeof(last), sizeof(last));
	return (uint64_t)first << 32 | last;
}

/* The last word overlaps the one before: to copy a rest of a few bytes takes longer. */
static inline uint64_t hash_bytes(uint64_t seed, const void *bytes, size_t length)
{
	const unsigned char *at = bytes, *end = at + length;
	uint64_t hash = hash_mix(seed, length), word;

	if (length < sizeof(word))
		return hash_mix(hash, hash_few(at, length));
	for (; (size_t)(end - at) > sizeof(word); at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		hash = hash_mix(hash, word);
	}
	memcpy(&word, end - sizeof(word), sizeof(word));
	return hash_mix(hash, word);
}

/* Differs between runs, so that a target cannot choose texts that collide. */
uint64_t hash_seed(void);

#endif
