/* SPDX-License-Identifier: MIT */
/* Numbers and sizes of the command line: their values, and texts that are not numbers. */
#include "unit.h"

#include "base/number.h"

static void counts(void **state)
{
	static const char *const wrong[] = {"",
					    "-1",
					    "+1",
					    " 1",
					    "1 ",
					    "1.0",
					    "1e3",
					    "0x1",
					    "nan",
					    "\xd9\xa3",
					    "256",
					    "4294967297",
					    "99999999999999999999999"};
	int64_t number = -1;

	(void)state;
	assert_true(number_parse("0", 255, &number) && number == 0);
	assert_true(number_parse("255", 255, &number) && number == 255);
	assert_true(number_parse("007", 255, &number) && number == 7);
	assert_true(number_parse("9223372036854775807", INT64_MAX, &number));
	assert_int_equal(number, INT64_MAX);
	assert_false(number_parse("9223372036854775808", INT64_MAX, &number));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (number_parse(wrong[i], 255, &number))
			fail_msg("'%s' is %lld", wrong[i], (long long)number);
	assert_int_equal(number, INT64_MAX);
}

static void sizes(void **state)
{
	static const struct {
		const char *text;
		int64_t bytes;
	} right[] = {
		{"1k", 1024},
		{"500k", 500 * 1024},
		{"10M", 10 << 20},
		{"1.5M", 3 << 19},
		{"0.5G", 1 << 29},
		{"1.999999999999k", 2047},
		{"1048576G", 1ll << 50},
	};
	static const char *const wrong[] = {
		"",          "k",        "1",
		"1T",        "1K",       " 1k",
		"1k ",       "1kk",      "-1k",
		"+1k",       "1e9k",     "0x10k",
		"nank",      "infk",     "1..5k",
		"1.k",       ".5k",      "1,5k",
		"\xd9\xa3k", "1048577G", "99999999999999999999k"};
	int64_t bytes;

	(void)state;
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		bytes = -1;
		if (!number_parse_size(right[i].text, &bytes) || bytes != right[i].bytes)
			fail_msg("'%s' is %lld", right[i].text, (long long)bytes);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (number_parse_size(wrong[i], &bytes))
			fail_msg("'%s' is %lld", wrong[i], (long long)bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts),
		cmocka_unit_test(sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
