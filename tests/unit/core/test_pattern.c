/* SPDX-License-Identifier: MIT */
/* A pattern is found in exactly the places where its bytes are, in either case. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "core/pattern.h"

#define TEXT_MOST    40u
#define PATTERN_MOST 12u
#define TURNS        200000

/* Letters of both cases, and bytes that differ from each other in the same bit as those. */
static const char bytes[] = {'x', 'X', 'y', '@', '`', '[', '{', '\xd8', '\xf8'};

static char random_byte(bool folded)
{
	char byte = bytes[(size_t)rand() % sizeof(bytes)];

	return folded && byte == 'X' ? 'x' : byte;
}

static const char *find_slowly(const char *folded, const char *text, size_t length)
{
	size_t wanted = strlen(folded);

	for (size_t at = 0; at + wanted <= length; at++) {
		size_t same = 0;

		while (same < wanted && (text[at + same] == folded[same] ||
					 (byte_is_upper(text[at + same]) &&
					  (text[at + same] | 0x20) == folded[same])))
			same++;
		if (same == wanted)
			return text + at;
	}
	return NULL;
}

/* A part is where a search byte by byte finds it; nothing past the end of the text is
 * read. */
static void parts_are_where_their_bytes_are(void **state)
{
	size_t found = 0;

	srand(1);
	for (int turn = 0; turn < TURNS; turn++) {
		size_t length = (size_t)rand() % TEXT_MOST;
		size_t wanted = 1 + (size_t)rand() % PATTERN_MOST;
		char *text = malloc(length + 1), part[PATTERN_MOST + 1] = "";
		struct pattern pattern;
		const char *place;

		for (size_t i = 0; i < length; i++)
			text[i] = random_byte(false);
		text[length] = '\0';
		for (size_t i = 0; i < wanted; i++)
			part[i] = random_byte(true);
		if (turn % 2 && wanted <= length) { /* one that is there */
			size_t from = (size_t)rand() % (length - wanted + 1);

			for (size_t i = 0; i < wanted; i++)
				part[i] = text[from + i] == 'X' ? 'x' : text[from + i];
		}
		assert_int_equal(pattern_init(&pattern, PATTERN_PART, part, wanted, NULL),
				 0);
		place = find_slowly(part, text, length);
		assert_ptr_equal(pattern_find(&pattern, text), place);
		assert_int_equal(pattern_match(&pattern, text), place != NULL);
		found += place != NULL;
		pattern_release(&pattern);
		free(text);
	}
	assert_true(found > TURNS / 4);
}

static void whole_texts_and_expressions(void **state)
{
	static const struct {
		enum pattern_kind kind;
		const char *pattern, *text;
		bool matches;
	} cases[] = {
		{PATTERN_WHOLE, "wait", "WAIT", true},
		{PATTERN_WHOLE, "Wait", "WAIT", false},
		{PATTERN_WHOLE, "wait", "waits", false},
		{PATTERN_REGEX, "^w.*t$", "Wait", true},
		{PATTERN_REGEX, "^w.*t$", "waits", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pattern pattern;

		assert_int_equal(pattern_init(&pattern, cases[i].kind, cases[i].pattern,
					      strlen(cases[i].pattern), NULL),
				 0);
		assert_int_equal(pattern_match(&pattern, cases[i].text),
				 cases[i].matches);
		pattern_release(&pattern);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_are_where_their_bytes_are),
		cmocka_unit_test(whole_texts_and_expressions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
