/* SPDX-License-Identifier: MIT */
/* The hash of bytes, which is taken eight at a time. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define LENGTH_MAX 40

/* Of bytes of every length, each one counts, and none after them is read. */
static void every_byte_counts(void **state)
{
	uint64_t before = 0;

	(void)state;
	for (size_t length = 0; length <= LENGTH_MAX; length++) {
		unsigned char *bytes = malloc(length + (length == 0));
		uint64_t hash;

		memset(bytes, 'a', length + (length == 0));
		hash = hash_bytes(1, bytes, length);
		assert_int_equal(hash_bytes(1, bytes, length), hash);
		assert_int_not_equal(hash_bytes(2, bytes, length), hash);
		assert_int_not_equal(hash, before);
		before = hash;
		for (size_t i = 0; i < length; i++) {
			bytes[i] = 'b';
			assert_int_not_equal(hash_bytes(1, bytes, length), hash);
			for (size_t k = 0; k < i; k++) {
				uint64_t one = hash_bytes(1, bytes, length);

				bytes[i] = 'a';
				bytes[k] = 'b';
				assert_int_not_equal(hash_bytes(1, bytes, length), one);
				bytes[k] = 'a';
				bytes[i] = 'b';
			}
			bytes[i] = 'a';
		}
		free(bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_byte_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
