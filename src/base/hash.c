/* SPDX-License-Identifier: MIT */
/* The seed for this program's hash tables. */
#include "base/hash.h"

#include <sys/random.h>

#include "base/clock.h"

uint64_t hash_seed(void)
{
	uint64_t seed;

	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != (ssize_t)sizeof(seed))
		seed = (uint64_t)clock_mono_ns();
	return seed;
}
