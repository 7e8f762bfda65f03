/* SPDX-License-Identifier: MIT */
/* core/expression: a table of examples, a comparison with libc's regexec, and a limit on
 * time for any text. */
#include "unit.h"

#include <regex.h>

#include "base/clock.h"
#include "core/expression.h"

static int matches(const char *pattern, bool fold, const char *text)
{
	struct err e;
	struct expression *expression = expression_new(pattern, fold, &e);
	bool result;

	if (!expression)
		fail_msg("'%s': %s", pattern, e.text);
	result = expression_match(expression, text, strlen(text));
	expression_free(expression);
	return result;
}

static void table(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool matches;
	} cases[] = {
		{"", "", true},
		{"", "abc", true},
		{"b", "abc", true},
		{"^b", "abc", false},
		{"b$", "abc", false},
		{"^abc$", "abc", true},
		{"^$", "", true},
		{"^$", "a", false},
		{"a|b$", "ab", true},
		{"^(main|foo)\\.", "main.newProducer", true},
		{"^(main|foo)\\.", "mainly", false},
		{"^a.c$", "abc", true},
		{"^a.c$", "ac", false},
		{"^a\\.c$", "abc", false},
		{"^ab?c$", "ac", true},
		{"^ab+c$", "ac", false},
		{"^ab*c$", "abbbbc", true},
		{"^a{3}$", "aaa", true},
		{"^a{3}$", "aaaa", false},
		{"^a{2,3}$", "a", false},
		{"^a{2,3}$", "aaa", true},
		{"^a{2,}$", "aaaaaaaa", true},
		{"^a{2,}$", "a", false},
		{"^a{0}b$", "b", true},
		{"^a{0}b$", "ab", false},
		{"^a{0,}b$", "aab", true},
		{"^(ab){2}{2}$", "abababab", true},
		{"^(ab){2}{2}$", "ababab", false},
		{"^(a|b{2}){2}$", "bba", true},
		{"^x{", "x{", true},
		{"^[a-c]+$", "abc", true},
		{"^[a-c]+$", "abd", false},
		{"^[^a-c]+$", "xyz", true},
		{"^[]x]$", "]", true},
		{"^[^]x]$", "]", false},
		{"^[a-]+$", "a-a", true},
		{"^[[:digit:]x]+$", "1x9", true},
		{"^[^[:alpha:]]$", "a", false},
		{"[{]", "{", true},
		{"^\\w+-\\d+\\s\\S\\W$", "worker_1-42 x!", true},
		{"^\\(\\)$", "()", true},
		{"(^|/)main$", "src/main", true},
		{"(^|/)main$", "srcmain", false},
		{"^()$", "", true},
		{"^(a|)b$", "b", true},
		{"a++++++++++++++++++++++++++++++b", "aab", true},
		{"((((((((((a+)+)+)+)+)+)+)+)+)+)+b", "aab", true},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		if (matches(cases[i].pattern, false, cases[i].text) != cases[i].matches)
			fail_msg("'%s' on '%s'", cases[i].pattern, cases[i].text);
}

static void case_is_folded_on_demand(void **state)
{
	assert_true(matches("^main$", true, "MaIn"));
	assert_false(matches("^main$", false, "MaIn"));
	assert_true(matches("^[a-m]+$", true, "ABC"));
	assert_false(matches("[^a]", true, "A"));
	assert_true(matches("^[[:upper:]]$", true, "x"));
}

static void bytes_are_bytes(void **state)
{
	assert_true(matches("^a.\xff$", false, "a\x80\xff"));
	assert_true(matches("^[^a]$", false, "\xc3"));
	assert_true(matches("\xc3\xa9", true, "caf\xc3\xa9"));
	assert_true(matches("^[\x80-\xff]+$", true, "\x80\x90\xff"));
}

static void errors_say_where(void **state)
{
	static const struct {
		const char *pattern;
		int at;
		const char *part;
	} cases[] = {
		{"*a", 0, "nothing to repeat"},
		{"a|+", 2, "nothing to repeat"},
		{"a(?:b)", 2, "nothing to repeat"},
		{"ab(c", 2, "( is not closed"},
		{"a)b", 1, "no matching ("},
		{"a[b", 1, "[ is not closed"},
		{"a[]", 1, "[ is not closed"},
		{"[[:nope:]]", 1, "unknown character class"},
		{"[z-a]", 0, "is reversed"},
		{"a\\", 1, "backslash"},
		{"(a)\\1", 3, "back references"},
		{"a\\b", 1, "word boundaries"},
		{"a{2", 1, "{n}"},
		{"a{3,2}", 1, "n <= m"},
		{"a{256}", 1, "too many repetitions"},
		{"a{99999999999999}", 1, "too many repetitions"},
		{"((a{99}){99}){99}", 2, "too large"},
		{"(((){255}){255}){255}", 2, "too large"},
	};
	char deep[EXPRESSION_DEPTH_MAX + 4];
	struct err e;

	for (size_t i = 0; i < COUNT(cases); i++) {
		if (expression_new(cases[i].pattern, false, &e))
			fail_msg("'%s' was accepted", cases[i].pattern);
		if (e.at != cases[i].at)
			fail_msg("'%s': at %d: %s", cases[i].pattern, e.at, e.text);
		assert_int_equal(e.code, ERR_USAGE);
		assert_contains(e.text, cases[i].part);
		assert_null(expression_new(cases[i].pattern, false, NULL));
	}
	memset(deep, '(', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	assert_null(expression_new(deep, false, &e));
	assert_contains(e.text, "nested too deeply");
}

static uint64_t random_state = 4711;

static unsigned int random_below(unsigned int limit)
{
	random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned int)(random_state >> 33) % limit;
}

static void random_pattern(char *out)
{
	static const char *const pieces[] = {
		"a", "b", "c",    ".",     "(",     ")",    "|",         "*",     "+",
		"?", "a", "[ab]", "[^ab]", "(a|b)", "a{2}", "(ab){1,2}", "b{0,2}"};
	int n = 1 + (int)random_below(7);

	out[0] = '\0';
	if (random_below(3) == 0)
		strcat(out, "^");
	while (n-- > 0)
		strcat(out, pieces[random_below(COUNT(pieces))]);
	if (random_below(3) == 0)
		strcat(out, "$");
}

/* Expressions that both accept match alike. */
static void agrees_with_libc(void **state)
{
	char pattern[128], text[9];
	int compared = 0, matched = 0;

	for (int i = 0; i < 20000; i++) {
		struct expression *expression;
		regex_t regex;

		random_pattern(pattern);
		expression = expression_new(pattern, false, NULL);
		if (!expression)
			continue;
		if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0) {
			expression_free(expression);
			continue;
		}
		for (int k = 0; k < 5; k++) {
			size_t length = random_below(sizeof(text));
			bool ours, theirs;

			for (size_t at = 0; at < length; at++)
				text[at] = (char)('a' + random_below(3));
			text[length] = '\0';
			ours = expression_match(expression, text, length);
			theirs = regexec(&regex, text, 0, NULL, 0) == 0;
			if (ours != theirs)
				fail_msg("'%s' on '%s': %d, libc %d", pattern, text, ours,
					 theirs);
			compared++;
			matched += ours;
		}
		regfree(&regex);
		expression_free(expression);
	}
	assert_true(compared > 10000);
	assert_true(matched > 1000 && compared - matched > 1000);
}

/* Expressions on which libc takes a second and gigabytes for the texts below. */
static void no_text_makes_it_slow(void **state)
{
	static const char *const patterns[] = {"(a|b)*a(a|b){60}$", "(a*)*c$", "(a|a)*c",
					       "(a+)+c$", "(a|b)*a(a|b){20}(a|b)*c"};
	int64_t start_ns = clock_mono_ns();
	char text[512];

	for (size_t i = 0; i < COUNT(patterns); i++) {
		struct expression *expression = expression_new(patterns[i], true, NULL);

		for (int k = 0; k < 200; k++) {
			for (size_t at = 0; at < sizeof(text); at++)
				text[at] = random_below(2) ? 'a' : 'b';
			assert_int_equal(expression_match(expression, text, sizeof(text)),
					 i == 0 && text[sizeof(text) - 61] == 'a');
		}
		expression_free(expression);
	}
	assert_true(clock_mono_ns() - start_ns < 10 * SECOND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(case_is_folded_on_demand),
		cmocka_unit_test(bytes_are_bytes),
		cmocka_unit_test(errors_say_where),
		cmocka_unit_test(agrees_with_libc),
		cmocka_unit_test(no_text_makes_it_slow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
