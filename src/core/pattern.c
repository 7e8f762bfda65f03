/* SPDX-License-Identifier: MIT */
/* Matching of one text; bytes, not characters: what a target sends need not be UTF-8. */
#include "core/pattern.h"

#include <endian.h>
#include <locale.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static bool byte_is_upper(char byte)
{
	return byte >= 'A' && byte <= 'Z';
}

static char byte_lower(char byte)
{
	return byte_is_upper(byte) ? (char)(byte + ('a' - 'A')) : byte;
}

/* In an expression, what follows a backslash is a class such as \W, not a letter. */
static bool pattern_folds(enum pattern_kind kind, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (kind == PATTERN_REGEX && text[i] == '\\')
			i++;
		else if (byte_is_upper(text[i]))
			return false;
	}
	return true;
}

/* The largest number in "{n,m}" that begins at text[at]; 1 if there is none. */
static long pattern_repeat(const char *text, size_t at)
{
	long largest = 0, number = 0;

	for (at++; text[at] && text[at] != '}'; at++) {
		if (text[at] >= '0' && text[at] <= '9') {
			if (number <= PATTERN_REPEATS_MAX)
				number = number * 10 + (text[at] - '0');
		} else {
			number = 0;
		}
		if (number > largest)
			largest = number;
	}
	return largest > 0 ? largest : 1;
}

/*
 * What libc would accept, but would take exponential time or memory for: back references,
 * and repeats of repeats. Returns the offset, or -1 if all is well.
 */
static int pattern_dangerous(const char *text, const char **why)
{
	bool in_brackets = false;
	long repeats = 1;

	for (size_t i = 0; text[i]; i++) {
		if (text[i] == '\\' && !in_brackets && text[i + 1]) {
			i++;
			if (text[i] >= '1' && text[i] <= '9') {
				*why = "back references are not supported";
				return (int)i - 1;
			}
		} else if (text[i] == '[' && !in_brackets) {
			in_brackets = true;
			if (text[i + 1] == '^')
				i++;
			if (text[i + 1] == ']')
				i++;
		} else if (text[i] == ']') {
			in_brackets = false;
		} else if (text[i] == '{' && !in_brackets) {
			long repeat = pattern_repeat(text, i);

			repeats *= repeat;
			if (repeat > PATTERN_REPEAT_MAX ||
			    repeats > PATTERN_REPEATS_MAX) {
				*why = "it repeats too often";
				return (int)i;
			}
		}
	}
	return -1;
}

static int pattern_compile(struct pattern *pattern, struct err *e)
{
	int flags = REG_EXTENDED | REG_NOSUB | (pattern->fold ? REG_ICASE : 0);
	const char *why = NULL;
	int at = pattern_dangerous(pattern->text, &why);
	locale_t bytes, before;
	char reason[100];
	int rc;

	if (at >= 0)
		return err_at(e, at, "bad regular expression: %s", why);
	/* In the C locale the expression is one of bytes: fast, and no sequence is invalid. */
	bytes = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (!bytes)
		return err_set(e, ERR_NOMEM, "no memory for a regular expression");
	before = uselocale(bytes);
	rc = regcomp(&pattern->regex, pattern->text, flags);
	if (rc != 0)
		regerror(rc, &pattern->regex, reason, sizeof(reason));
	uselocale(before);
	freelocale(bytes);
	if (rc == REG_ESPACE)
		return err_set(e, ERR_NOMEM, "no memory for a regular expression");
	if (rc != 0)
		return err_at(e, 0, "bad regular expression: %s", reason);
	return 0;
}

int pattern_init(struct pattern *pattern, enum pattern_kind kind, const char *text,
		 size_t length, struct err *e)
{
	int rc = 0;

	memset(pattern, 0, sizeof(*pattern));
	pattern->kind = kind;
	pattern->text = malloc(length + 1);
	if (!pattern->text)
		return err_set(e, ERR_NOMEM, "no memory for a filter");
	if (length > 0)
		memcpy(pattern->text, text, length);
	pattern->text[length] = '\0';
	pattern->length = strlen(pattern->text);
	pattern->fold = pattern_folds(kind, pattern->text, pattern->length);
	if (kind == PATTERN_REGEX)
		rc = pattern_compile(pattern, e);
	if (rc < 0)
		free(pattern->text);
	return rc;
}

void pattern_release(struct pattern *pattern)
{
	if (pattern->kind == PATTERN_REGEX)
		regfree(&pattern->regex);
	free(pattern->text);
}

static bool pattern_equal(const char *folded, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (folded[i] != byte_lower(text[i]))
			return false;
	return true;
}

static uint64_t load_8(const char *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return le64toh(word);
}

/* Marks in the top bit of each byte that is `first` in either case; bytes above one that
 * is may be marked too, and so may be other signs than letters. */
static uint64_t mark_first(uint64_t word, uint64_t firsts)
{
	const uint64_t ones = 0x0101010101010101ull;
	uint64_t differs = (word | ones * 0x20) ^ firsts;

	return (differs - ones) & ~differs & ones * 0x80;
}

/*
 * Texts are short and many: eight bytes at a time, without a call, look for the first byte
 * in either case. The last word overlaps the one before it.
 */
static bool find_folded(const struct pattern *pattern, const char *text, size_t length)
{
	uint64_t firsts =
		0x0101010101010101ull * (unsigned char)(pattern->text[0] | 0x20);
	size_t places = length - pattern->length + 1;

	if (length < 8) {
		for (size_t at = 0; at < places; at++)
			if (pattern_equal(pattern->text, text + at, pattern->length))
				return true;
		return false;
	}
	for (size_t at = 0; at < places; at += 8) {
		size_t from = at + 8 <= length ? at : length - 8;
		uint64_t marks = mark_first(load_8(text + from), firsts);

		for (; marks; marks &= marks - 1) {
			size_t place = from + ((size_t)__builtin_ctzll(marks) >> 3);

			if (place < places &&
			    pattern_equal(pattern->text, text + place, pattern->length))
				return true;
		}
	}
	return false;
}

static bool pattern_part(const struct pattern *pattern, const char *text)
{
	size_t length;

	if (pattern->length == 0)
		return true;
	length = strlen(text);
	if (length < pattern->length)
		return false;
	return pattern->fold
		       ? find_folded(pattern, text, length)
		       : memmem(text, length, pattern->text, pattern->length) != NULL;
}

bool pattern_match(const struct pattern *pattern, const char *text)
{
	regmatch_t range;

	switch (pattern->kind) {
	case PATTERN_PART:
		return pattern_part(pattern, text);
	case PATTERN_WHOLE:
		return strlen(text) == pattern->length &&
		       (pattern->fold
				? pattern_equal(pattern->text, text, pattern->length)
				: memcmp(pattern->text, text, pattern->length) == 0);
	case PATTERN_REGEX:
		range.rm_so = 0;
		range.rm_eo = (regoff_t)strnlen(text, PATTERN_SUBJECT_MAX);
		return regexec(&pattern->regex, text, 1, &range, REG_STARTEND) == 0;
	}
	return false;
}
