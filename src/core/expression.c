/* SPDX-License-Identifier: MIT */
/*
 * Glushkov's automaton with bit sets. It has one position for each byte or class of the
 * expression, and for each position the set of positions that may follow. ^ and $ are
 * positions that match virtual symbols before and after the text.
 */
#include "core/expression.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/text.h"

#define SYMBOL_BEGIN 256
#define SYMBOL_END   257
#define SYMBOLS      258
#define SET_WORDS    (EXPRESSION_PLACES_MAX / 64)
#define REPEAT_MAX   255
/* Number of atoms read, where those of repetitions count each time. */
#define STEPS_MAX    20000

struct set {
	uint64_t words[SET_WORDS];
};

struct expression {
	struct set first, last;
	bool matches_empty;
	int nr_places;
	struct set follow[EXPRESSION_PLACES_MAX];
	struct set by_symbol[SYMBOLS]; /* positions that the symbol matches */
};

/* A subexpression: the positions at which it may begin and end, and whether it may be
 * empty. */
struct part {
	struct set first, last;
	bool nullable;
};

struct reader {
	struct expression *expression;
	const char *text;
	const char *at;
	bool fold;
	int depth;
	int steps;
	bool failed;
	struct err *e;
};

static void set_add(struct set *set, int place)
{
	set->words[place / 64] |= 1ull << (place % 64);
}

static bool set_has(const struct set *set, int place)
{
	return set->words[place / 64] >> (place % 64) & 1;
}

static void set_union(struct set *set, const struct set *other)
{
	for (int i = 0; i < SET_WORDS; i++)
		set->words[i] |= other->words[i];
}

static struct part part_nothing(void)
{
	return (struct part){.nullable = true};
}

static struct part reader_fail(struct reader *reader, const char *at, const char *why)
{
	if (!reader->failed)
		err_at(reader->e, (int)(at - reader->text), "bad regular expression: %s",
		       why);
	reader->failed = true;
	/* Nothing is left to read. */
	reader->at += strlen(reader->at);
	return part_nothing();
}

/* Every end of `before` may be followed by every beginning of `after`. */
static void link_parts(struct expression *expression, const struct set *before,
		       const struct set *after)
{
	for (int place = 0; place < expression->nr_places; place++)
		if (set_has(before, place))
			set_union(&expression->follow[place], after);
}

static struct part part_then(struct reader *reader, struct part a, struct part b)
{
	struct part result = {.first = a.first, .last = b.last};

	link_parts(reader->expression, &a.last, &b.first);
	if (a.nullable)
		set_union(&result.first, &b.first);
	if (b.nullable)
		set_union(&result.last, &a.last);
	result.nullable = a.nullable && b.nullable;
	return result;
}

static struct part part_again(struct reader *reader, struct part part)
{
	link_parts(reader->expression, &part.last, &part.first);
	return part;
}

/* Creates a position. place_matches() adds what it matches. */
static struct part place_new(struct reader *reader, const char *at, int *place)
{
	struct part part = {.nullable = false};

	if (reader->expression->nr_places == EXPRESSION_PLACES_MAX)
		return reader_fail(reader, at,
				   "it is too large once its repetitions are expanded");
	*place = reader->expression->nr_places++;
	set_add(&part.first, *place);
	set_add(&part.last, *place);
	return part;
}

static void place_matches(struct reader *reader, int place, int symbol)
{
	struct set *sets = reader->expression->by_symbol;

	set_add(&sets[symbol], place);
	if (!reader->fold || symbol > 127)
		return;
	if (symbol >= 'a' && symbol <= 'z')
		set_add(&sets[symbol - 'a' + 'A'], place);
	if (symbol >= 'A' && symbol <= 'Z')
		set_add(&sets[symbol - 'A' + 'a'], place);
}

static void place_invert(struct reader *reader, int place)
{
	struct set *sets = reader->expression->by_symbol;

	for (int symbol = 0; symbol < 256; symbol++)
		sets[symbol].words[place / 64] ^= 1ull << (place % 64);
}

static int is_word(int byte)
{
	return isalnum(byte) || byte == '_';
}

static const struct {
	const char *name;
	int (*has)(int byte);
} classes[] = {
	{"alpha", isalpha}, {"digit", isdigit}, {"alnum", isalnum}, {"upper", isupper},
	{"lower", islower}, {"space", isspace}, {"blank", isblank}, {"punct", ispunct},
	{"print", isprint}, {"graph", isgraph}, {"cntrl", iscntrl}, {"xdigit", isxdigit},
};

static void place_matches_class(struct reader *reader, int place, int (*has)(int byte))
{
	/* ASCII only, independent of the locale. */
	for (int byte = 0; byte < 128; byte++)
		if (has(byte))
			place_matches(reader, place, byte);
}

/* Reads "[:alpha:]" inside brackets. Returns false if there is none at reader->at. */
static bool read_class(struct reader *reader, int place)
{
	const char *name = reader->at + 2, *end;

	if (reader->at[0] != '[' || reader->at[1] != ':')
		return false;
	end = strstr(name, ":]");
	for (size_t i = 0; end && i < ARRAY_COUNT(classes); i++) {
		if (strlen(classes[i].name) != (size_t)(end - name) ||
		    memcmp(classes[i].name, name, (size_t)(end - name)) != 0)
			continue;
		place_matches_class(reader, place, classes[i].has);
		reader->at = end + 2;
		return true;
	}
	reader_fail(reader, reader->at, "unknown character class");
	return true;
}

/* Called after the "[". */
static struct part read_brackets(struct reader *reader)
{
	const char *start = reader->at - 1;
	struct part part;
	bool inverted = false;
	int place = 0;

	part = place_new(reader, start, &place);
	if (*reader->at == '^') {
		inverted = true;
		reader->at++;
	}
	for (const char *first = reader->at; !reader->failed;) {
		int from = (unsigned char)*reader->at, to;

		if (from == '\0')
			return reader_fail(reader, start, "this [ is not closed");
		if (from == ']' && reader->at != first)
			break;
		if (read_class(reader, place))
			continue;
		reader->at++;
		to = from;
		if (reader->at[0] == '-' && reader->at[1] && reader->at[1] != ']') {
			to = (unsigned char)reader->at[1];
			reader->at += 2;
		}
		if (to < from)
			return reader_fail(reader, start,
					   "this range in [ ] is reversed");
		for (int symbol = from; symbol <= to; symbol++)
			place_matches(reader, place, symbol);
	}
	if (!reader->failed)
		reader->at++;
	if (inverted)
		place_invert(reader, place);
	return part;
}

/* Called after the backslash. */
static struct part read_escape(struct reader *reader)
{
	const char *start = reader->at - 1;
	char letter = *reader->at;
	struct part part;
	int place = 0;

	if (letter == '\0')
		return reader_fail(reader, start, "nothing follows the backslash");
	if (letter >= '1' && letter <= '9')
		return reader_fail(reader, start, "back references are not supported");
	if (strchr("bB<>", letter))
		return reader_fail(reader, start, "word boundaries are not supported");
	reader->at++;
	part = place_new(reader, start, &place);
	if (reader->failed)
		return part;
	if (letter == 'w' || letter == 'W')
		place_matches_class(reader, place, is_word);
	else if (letter == 's' || letter == 'S')
		place_matches_class(reader, place, isspace);
	else if (letter == 'd' || letter == 'D')
		place_matches_class(reader, place, isdigit);
	else
		place_matches(reader, place, (unsigned char)letter);
	if (letter == 'W' || letter == 'S' || letter == 'D')
		place_invert(reader, place);
	return part;
}

static struct part read_choice(struct reader *reader);

static struct part read_group(struct reader *reader)
{
	const char *start = reader->at - 1;
	struct part part;

	if (reader->depth == EXPRESSION_DEPTH_MAX)
		return reader_fail(reader, start, "groups are nested too deeply");
	reader->depth++;
	part = read_choice(reader);
	reader->depth--;
	if (reader->failed)
		return part;
	if (*reader->at != ')')
		return reader_fail(reader, start, "this ( is not closed");
	reader->at++;
	return part;
}

static struct part read_atom(struct reader *reader)
{
	const char *start = reader->at;
	char byte = *reader->at;
	struct part part;
	int place = 0;

	if (++reader->steps > STEPS_MAX)
		return reader_fail(reader, start,
				   "it is too large once its repetitions are expanded");
	if (byte == '*' || byte == '+' || byte == '?')
		return reader_fail(reader, start, "there is nothing to repeat here");
	reader->at++;
	if (byte == '(')
		return read_group(reader);
	if (byte == '[')
		return read_brackets(reader);
	if (byte == '\\')
		return read_escape(reader);
	part = place_new(reader, start, &place);
	if (reader->failed)
		return part;
	if (byte == '.')
		place_invert(reader, place);
	else if (byte == '^')
		place_matches(reader, place, SYMBOL_BEGIN);
	else if (byte == '$')
		place_matches(reader, place, SYMBOL_END);
	else
		place_matches(reader, place, (unsigned char)byte);
	return part;
}

/* Reads digits. Returns -1 if there are none, or REPEAT_MAX + 1 if the number is too
 * large. */
static int read_count(struct reader *reader)
{
	int number = -1;

	for (; byte_is_digit(*reader->at); reader->at++)
		if (number <= REPEAT_MAX)
			number = (number < 0 ? 0 : number) * 10 + (*reader->at - '0');
	return number;
}

static struct part read_piece(struct reader *reader, const char *limit);

/* Reads "{n,m}", starting at its brace. The part from `start` to the brace is read again
 * for each copy. */
static struct part read_repeat(struct reader *reader, struct part part, const char *start)
{
	const char *brace = reader->at, *behind;
	struct part result = part_nothing();
	int least, most;

	reader->at++;
	least = most = read_count(reader);
	if (*reader->at == ',') {
		reader->at++;
		most = read_count(reader);
	}
	if (least < 0 || *reader->at != '}' || (most >= 0 && most < least))
		return reader_fail(reader, brace,
				   "write {n}, {n,} or {n,m}, with n <= m");
	if (least > REPEAT_MAX || most > REPEAT_MAX)
		return reader_fail(reader, brace, "too many repetitions");
	behind = reader->at + 1;
	for (int i = 0; i < (most < 0 ? (least ? least : 1) : most) && !reader->failed;
	     i++) {
		if (i > 0) {
			reader->at = start;
			part = read_piece(reader, brace);
		}
		if (most < 0 && i + 1 >= least)
			part = part_again(reader, part);
		if (i >= least)
			part.nullable = true;
		result = part_then(reader, result, part);
	}
	if (!reader->failed)
		reader->at = behind;
	return result;
}

/* Reads an atom and its repetition operators, up to limit. */
static struct part read_piece(struct reader *reader, const char *limit)
{
	const char *start = reader->at;
	struct part part = read_atom(reader);

	while (!reader->failed && (!limit || reader->at < limit)) {
		char byte = *reader->at;

		if (byte == '{' && byte_is_digit(reader->at[1])) {
			part = read_repeat(reader, part, start);
			continue;
		}
		if (byte != '*' && byte != '+' && byte != '?')
			break;
		if (byte != '?')
			part = part_again(reader, part);
		if (byte != '+')
			part.nullable = true;
		reader->at++;
	}
	return part;
}

static struct part read_choice(struct reader *reader)
{
	struct part result = part_nothing(), branch = part_nothing();
	bool first = true;

	for (;;) {
		while (*reader->at && *reader->at != '|' && *reader->at != ')')
			branch = part_then(reader, branch, read_piece(reader, NULL));
		if (first) {
			result = branch;
		} else {
			set_union(&result.first, &branch.first);
			set_union(&result.last, &branch.last);
			result.nullable |= branch.nullable;
		}
		if (*reader->at != '|')
			return result;
		reader->at++;
		first = false;
		branch = part_nothing();
	}
}

struct expression *expression_new(const char *text, bool fold, struct err *e)
{
	struct expression *expression = calloc(1, sizeof(*expression));
	struct reader reader = {
		.expression = expression, .text = text, .at = text, .fold = fold, .e = e};
	struct part part;

	if (!expression) {
		err_set(e, ERR_NOMEM, "no memory for a regular expression");
		return NULL;
	}
	part = read_choice(&reader);
	if (!reader.failed && *reader.at == ')')
		reader_fail(&reader, reader.at, "this ) has no matching (");
	if (reader.failed) {
		free(expression);
		return NULL;
	}
	expression->first = part.first;
	expression->last = part.last;
	expression->matches_empty = part.nullable;
	return expression;
}

void expression_free(struct expression *expression)
{
	free(expression);
}

/* Advances by one symbol to the positions that may follow (or begin) and match it.
 * Returns whether the expression has matched. */
static bool expression_step(const struct expression *expression, struct set *now,
			    int words, int symbol)
{
	struct set next = expression->first;
	uint64_t ended = 0;

	for (int i = 0; i < words; i++) {
		for (uint64_t bits = now->words[i]; bits; bits &= bits - 1) {
			int place = i * 64 + __builtin_ctzll(bits);

			for (int k = 0; k < words; k++)
				next.words[k] |= expression->follow[place].words[k];
		}
	}
	for (int i = 0; i < words; i++) {
		now->words[i] = next.words[i] & expression->by_symbol[symbol].words[i];
		ended |= now->words[i] & expression->last.words[i];
	}
	return ended != 0;
}

bool expression_match(const struct expression *expression, const char *text,
		      size_t length)
{
	int words = (expression->nr_places + 63) / 64;
	struct set now = {{0}};

	if (expression->matches_empty)
		return true;
	if (expression_step(expression, &now, words, SYMBOL_BEGIN))
		return true;
	for (size_t i = 0; i < length; i++)
		if (expression_step(expression, &now, words, (unsigned char)text[i]))
			return true;
	return expression_step(expression, &now, words, SYMBOL_END);
}
