/* SPDX-License-Identifier: MIT */
/* Matches one text. It compares bytes, not characters, because texts from a target need
 * not be UTF-8. */
#include "core/pattern.h"

#include <endian.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static char byte_lower(char byte)
{
	return byte_is_upper(byte) ? (char)(byte + ('a' - 'A')) : byte;
}

/* In an expression, a letter after a backslash denotes a class such as \W. */
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

static uint64_t load_8(const char *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return le64toh(word);
}

/* Keeps the first eight bytes as a number, which is compared at once. */
static void pattern_keep_head(struct pattern *pattern)
{
	pattern->firsts =
		0x0101010101010101ull * (unsigned char)(pattern->text[0] | 0x20);
	for (size_t i = 0; i < pattern->length && i < 8; i++) {
		uint64_t byte = (unsigned char)pattern->text[i];

		pattern->head |= byte << 8 * i;
		pattern->head_bytes |= 0xffull << 8 * i;
		if (byte_is_letter(pattern->text[i]))
			pattern->head_cases |= 0x20ull << 8 * i;
	}
}

int pattern_init(struct pattern *pattern, enum pattern_kind kind, const char *text,
		 size_t length, struct err *e)
{
	struct err inner;

	memset(pattern, 0, sizeof(*pattern));
	pattern->kind = kind;
	pattern->text = calloc(1, length + 1);
	if (!pattern->text)
		return err_set(e, ERR_NOMEM, "no memory for a filter");
	if (length > 0)
		memcpy(pattern->text, text, length);
	pattern->length = strlen(pattern->text);
	pattern->fold = pattern_folds(kind, pattern->text, pattern->length);
	pattern_keep_head(pattern);
	if (kind != PATTERN_REGEX)
		return 0;
	pattern->expression = expression_new(pattern->text, pattern->fold, &inner);
	if (pattern->expression)
		return 0;
	free(pattern->text);
	if (e)
		*e = inner;
	return inner.code;
}

void pattern_release(struct pattern *pattern)
{
	expression_free(pattern->expression);
	free(pattern->text);
}

static bool pattern_equal(const char *folded, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (folded[i] != byte_lower(text[i]))
			return false;
	return true;
}

/* Returns whether a text of at least eight bytes has the folded pattern at this place, where
 * it is long enough for it. */
static bool pattern_is_at(const struct pattern *pattern, const char *text, size_t length,
			  size_t place)
{
	uint64_t head = place + 8 <= length
				? load_8(text + place)
				: load_8(text + length - 8) >> 8 * (place + 8 - length);

	return (((head | pattern->head_cases) ^ pattern->head) & pattern->head_bytes) ==
		       0 &&
	       (pattern->length <= 8 ||
		pattern_equal(pattern->text + 8, text + place + 8, pattern->length - 8));
}

/* Sets the top bit of each byte that is `first` in either case. Bytes above such a byte,
 * and characters other than letters, may be marked too. */
static uint64_t mark_first(uint64_t word, uint64_t firsts)
{
	const uint64_t ones = 0x0101010101010101ull;
	uint64_t differs = (word | ones * 0x20) ^ firsts;

	return (differs - ones) & ~differs & ones * 0x80;
}

/*
 * The texts are short and numerous, so the first byte is searched for in either case in
 * eight bytes at a time, without a call. The last word overlaps the one before.
 */
static const char *find_folded(const struct pattern *pattern, const char *text,
			       size_t length)
{
	size_t places = length - pattern->length + 1;

	if (length < 8) {
		for (size_t at = 0; at < places; at++)
			if (pattern_equal(pattern->text, text + at, pattern->length))
				return text + at;
		return NULL;
	}
	for (size_t at = 0; at < places; at += 8) {
		size_t from = at + 8 <= length ? at : length - 8;
		uint64_t marks = mark_first(load_8(text + from), pattern->firsts);

		for (; marks; marks &= marks - 1) {
			size_t place = from + ((size_t)__builtin_ctzll(marks) >> 3);

			if (place < places && pattern_is_at(pattern, text, length, place))
				return text + place;
		}
	}
	return NULL;
}

const char *pattern_find(const struct pattern *pattern, const char *text)
{
	size_t length;

	if (pattern->length == 0)
		return text;
	length = strlen(text);
	if (length < pattern->length)
		return NULL;
	return pattern->fold ? find_folded(pattern, text, length)
			     : memmem(text, length, pattern->text, pattern->length);
}

bool pattern_match_all(const struct pattern *pattern, const char *text)
{
	if (pattern->kind == PATTERN_REGEX)
		return expression_match(pattern->expression, text,
					strnlen(text, PATTERN_SUBJECT_MAX));
	return strlen(text) == pattern->length &&
	       (pattern->fold ? pattern_equal(pattern->text, text, pattern->length)
			      : memcmp(pattern->text, text, pattern->length) == 0);
}
