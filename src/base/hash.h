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

static inline uint64_t hash_bytes(uint64_t seed, const void *bytes, size_t length)
{
	const unsigned char *at = bytes;
	uint64_t hash = hash_mix(seed, length), word;

	for (; length >= 8; at += 8, length -= 8) {
		memcpy(&word, at, 8);
		hash = hash_mix(hash, word);
	}
	if (length > 0) {
		word = 0;
		memcpy(&word, at, length);
		hash = hash_mix(hash, word);
	}
	return hash;
}

/* Differs between runs, so that a target cannot choose texts that collide. */
uint64_t hash_seed(void);

#endif
