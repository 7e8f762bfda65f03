/* SPDX-License-Identifier: MIT */
/* The front end: splits bytes into lines and extracts the plain lines that the grammar
 * knows. How lines are wrapped is decided once for each run of lines, from the header and
 * the lines that follow it, not from the header alone. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "source/pprof/private.h"
#include "source/pprof/run.h"

/* Bytes before the first header that are kept until the order of the text is known. */
#define HELD_MAX     (256u << 10)
/* The wrapping of a run must be decided within this many lines and bytes after a header.
 * */
#define WAIT_LINES   64u
#define HELD_BYTES   (HELD_MAX + PPROF_LINE_MAX + 1)
#define WAIT_BYTES   (64u << 10)
/* How many lines before the first header are examined to detect the order. */
#define BEFORE_LINES 4u
/* Line lengths at which a terminal or mail program may have wrapped a line. */
#define BROKEN_LEAST 20u
#define BROKEN_MAX   4096u

/* How a run of lines is wrapped: as guessed from the header, not at all, or as before. */
enum choice { CHOICE_GUESS, CHOICE_PLAIN, CHOICE_AS_BEFORE };

enum order { ORDER_UNKNOWN, ORDER_FORWARD, ORDER_NEWEST_FIRST };

struct pprof_text {
	struct pprof_grammar *grammar;
	struct pprof_decoder decoder;
	struct pprof_unwrap unwrap;
	struct buf carry; /* the beginning of a line that is incomplete */
	bool special;     /* lines need pprof_clean() */
	char last;        /* the last byte that was fed */
	struct buf clean, repaired;
	struct buf broken; /* the last line that was not recognised */
	unsigned damage;   /* of its lines: enum pprof_damage */

	enum order order;
	struct pprof_run run;
	/* Lines that wait for a decision, with newlines; all lines if ORDER_NEWEST_FIRST.
	 * */
	struct buf held;
	bool waiting;        /* one of them is a header */
	size_t header_at;    /* in held */
	size_t header_bytes; /* length of its line */
	struct pprof_anchor anchor;
	unsigned waited; /* lines since then */
	struct pprof_run guess;
	bool guess_fits; /* the lines since then had its prefix */
	bool newest_first;
	unsigned depth; /* nesting of envelopes */
};

static void plain_line(struct pprof_text *text, const char *line, size_t length);

struct pprof_text *pprof_text_new(const struct pprof_out *out)
{
	struct pprof_text *text = calloc(1, sizeof(*text));

	if (!text)
		return NULL;
	text->grammar = pprof_grammar_new(out);
	text->decoder.half = -1;
	buf_init(&text->carry, PPROF_LINE_MAX + 1);
	buf_init(&text->held, HELD_BYTES);
	if (!text->grammar) {
		free(text);
		return NULL;
	}
	return text;
}

void pprof_text_free(struct pprof_text *text)
{
	if (!text)
		return;
	pprof_grammar_free(text->grammar);
	pprof_unwrap_release(&text->unwrap);
	pprof_run_release(&text->run);
	pprof_run_release(&text->guess);
	buf_release(&text->decoder.out);
	buf_release(&text->carry);
	buf_release(&text->clean);
	buf_release(&text->repaired);
	buf_release(&text->broken);
	buf_release(&text->held);
	free(text);
}

/* Removes the prefix and suffix of the run, if any. */
static void strip_run(struct pprof_text *text, const char **line, size_t *length)
{
	if (text->run.on)
		pprof_run_strip(&text->run, line, length);
}

/* If every line has a word before it, an empty line comes from the log, not the dump. */
static bool is_spacing(const struct pprof_text *text, size_t length)
{
	return length == 0 && text->run.on && text->run.named;
}

static bool take_by_grammar(struct pprof_text *text, const char *line, size_t length)
{
	if (is_spacing(text, length))
		return true;
	strip_run(text, &line, &length);
	return pprof_grammar_take(text->grammar, line, length);
}

/* A terminal or mail program may have wrapped the line; joins it with the one before. */
static bool take_broken(struct pprof_text *text, const char *line, size_t length)
{
	struct buf *broken = &text->broken;
	bool taken = false;

	if (broken->length > 0 && length > 0 && length < BROKEN_MAX) {
		size_t before = broken->length;

		buf_append(broken, line, length);
		taken = pprof_grammar_take(text->grammar, broken->bytes, broken->length);
		if (!taken) {
			broken->length = before;
			buf_append(broken, " ", 1);
			buf_append(broken, line, length);
			taken = pprof_grammar_take(text->grammar, broken->bytes,
						   broken->length);
		}
	}
	buf_clear(broken);
	if (!taken && length >= BROKEN_LEAST && length < BROKEN_MAX)
		buf_append(broken, line, length);
	return taken;
}

static void pass_on(struct pprof_text *text, const char *line, size_t length)
{
	if (is_spacing(text, length))
		return;
	strip_run(text, &line, &length);
	if (!pprof_grammar_take(text->grammar, line, length) &&
	    !take_broken(text, line, length))
		pprof_grammar_other(text->grammar, line, length);
}

/* --- the decision --- */

static void hold_line(struct pprof_text *text, const char *line, size_t length)
{
	buf_append(&text->held, line, length);
	buf_append(&text->held, "\n", 1);
}

/* Finds the last non-blank line that ends before `*end`. Returns false if there is none.
 * */
static bool line_before(struct pprof_text *text, size_t *end, const char **line,
			size_t *length)
{
	const char *bytes = text->held.bytes;

	while (*end > 0) {
		const char *newline = *end > 1 ? memrchr(bytes, '\n', *end - 1) : NULL;
		size_t begin = newline ? (size_t)(newline + 1 - bytes) : 0;

		*line = bytes + begin;
		*length = *end - 1 - begin;
		*end = begin;
		if (*length > 0 && text->guess.on)
			pprof_run_strip(&text->guess, line, length);
		if (*length > 0)
			return true;
	}
	return false;
}

/* Returns the kind of the line before the first header of the text. A few lines are
 * searched for a function, because a logger may have written between. */
static enum pprof_kind kind_before(struct pprof_text *text)
{
	enum pprof_kind first = PPROF_OTHER, kind;
	size_t end = text->header_at, length;
	const char *line;

	for (unsigned i = 0; i < BEFORE_LINES && text->order == ORDER_UNKNOWN &&
			     line_before(text, &end, &line, &length);
	     i++) {
		kind = pprof_kind(line, length);
		if (kind == PPROF_FUNCTION)
			return kind;
		first = i == 0 ? kind : first;
	}
	return first;
}

static void pass_on_held(struct pprof_text *text, size_t begin, size_t end)
{
	while (begin < end) {
		const char *line = text->held.bytes + begin;
		const char *newline = memchr(line, '\n', end - begin);
		size_t length = newline ? (size_t)(newline - line) : end - begin;

		pass_on(text, line, length);
		begin += length + 1;
	}
}

/* In a quoted run, the header has escapes like all other lines. */
static void take_header(struct pprof_text *text, const char *line)
{
	size_t length = text->header_bytes;

	if (text->run.on && pprof_run_strip(&text->run, &line, &length) &&
	    pprof_grammar_take(text->grammar, line, length))
		return;
	pprof_grammar_take(text->grammar,
			   text->held.bytes + text->header_at + text->anchor.at,
			   text->anchor.end - text->anchor.at);
}

/* Decides how the run is wrapped and passes on the held lines. From now on, lines are
 * passed on as they come. */
static void apply_choice(struct pprof_text *text, enum choice choice)
{
	size_t after = text->header_at + text->header_bytes + 1;
	struct buf rest = {0};
	const char *header;

	text->order = ORDER_FORWARD;
	if (text->held.length + 1 < after) { /* no memory for the header */
		buf_clear(&text->held);
		text->waiting = false;
		return;
	}
	if (choice == CHOICE_GUESS) {
		struct pprof_run run = text->run;

		text->run = text->guess;
		text->guess = run;
	} else if (choice == CHOICE_PLAIN) {
		text->run.on = false;
	}
	pass_on_held(text, 0, text->header_at);
	header = text->held.bytes + text->header_at;
	if (choice != CHOICE_GUESS && text->anchor.at > 0)
		pprof_grammar_other(text->grammar, header, text->anchor.at);
	take_header(text, header);
	if (after < text->held.length)
		buf_append(&rest, text->held.bytes + after, text->held.length - after);
	buf_clear(&text->held);
	text->waiting = false;
	for (size_t at = 0; at < rest.length;) {
		const char *newline = memchr(rest.bytes + at, '\n', rest.length - at);
		size_t length =
			newline ? (size_t)(newline - rest.bytes) - at : rest.length - at;

		plain_line(text, rest.bytes + at, length);
		at += length + 1;
	}
	buf_release(&rest);
}

static void reverse_order(struct pprof_text *text)
{
	text->order = ORDER_NEWEST_FIRST;
	text->newest_first = true;
	text->waiting = false;
}

/* Returns the kind of the line without the run's prefix and suffix, or PPROF_OTHER if it
 * does not have them. */
static enum pprof_kind kind_in(struct pprof_run *run, const char *line, size_t length)
{
	if (!run->on || length == 0 || !pprof_run_strip(run, &line, &length))
		return PPROF_OTHER;
	return pprof_kind(line, length);
}

static bool is_decisive(enum pprof_kind kind)
{
	return kind != PPROF_OTHER && kind != PPROF_BLANK;
}

/* What to choose at the limit, if the lines since the header did not decide it. */
static enum choice choice_at_limit(const struct pprof_text *text)
{
	return text->guess_fits ? CHOICE_GUESS : CHOICE_AS_BEFORE;
}

/* Checks whether one more line after the header tells how the lines are wrapped. */
static void decide_wrapping(struct pprof_text *text, const char *line, size_t length)
{
	enum pprof_kind guessed = kind_in(&text->guess, line, length);
	enum pprof_kind before = kind_in(&text->run, line, length);
	enum pprof_kind plain = pprof_kind(line, length), kind;
	enum choice choice;
	struct pprof_anchor anchor;

	if (is_decisive(guessed)) {
		choice = CHOICE_GUESS;
		kind = guessed;
	} else if (is_decisive(before)) {
		choice = CHOICE_AS_BEFORE;
		kind = before;
	} else {
		choice = CHOICE_PLAIN;
		kind = plain;
	}
	if (is_decisive(kind)) {
		text->guess.on = choice == CHOICE_GUESS;
		if (kind == PPROF_PLACE && kind_before(text) == PPROF_FUNCTION)
			reverse_order(text);
		else
			apply_choice(text, choice);
		return;
	}
	text->guess_fits |= guessed == PPROF_BLANK;
	if (++text->waited >= WAIT_LINES ||
	    text->held.length - text->header_at > WAIT_BYTES + text->header_bytes ||
	    pprof_anchor(&anchor, line, length))
		apply_choice(text, choice_at_limit(text));
}

static void begin_waiting(struct pprof_text *text, const char *line, size_t length)
{
	text->waiting = true;
	text->waited = 0;
	text->header_at = text->held.length;
	text->header_bytes = length;
	text->guess_fits = false;
	text->guess.on =
		(text->anchor.at > 0 || text->anchor.end < length) &&
		pprof_run_set(&text->guess, line, text->anchor.at,
			      line + text->anchor.end, length - text->anchor.end);
	hold_line(text, line, length);
}

/* There is still no header: passes on the older half of the held lines. */
static void pass_on_older_half(struct pprof_text *text)
{
	const char *newline = memchr(text->held.bytes + text->held.length / 2, '\n',
				     text->held.length - text->held.length / 2);
	size_t end =
		newline ? (size_t)(newline + 1 - text->held.bytes) : text->held.length;

	pass_on_held(text, 0, end);
	memmove(text->held.bytes, text->held.bytes + end, text->held.length - end);
	text->held.length -= end;
	text->held.bytes[text->held.length] = '\0';
}

static void undo_damage(struct pprof_text *text, const char **line, size_t *length)
{
	pprof_repair(*line, *length, text->damage, &text->repaired);
	*line = text->repaired.bytes ? text->repaired.bytes : "";
	*length = text->repaired.length;
}

/* Takes a line that is not an envelope. */
static void plain_line(struct pprof_text *text, const char *line, size_t length)
{
	while (length > 0 && byte_is_blank(line[length - 1]))
		length--;
	if (text->order == ORDER_NEWEST_FIRST) {
		hold_line(text, line, length);
		return;
	}
	if (text->waiting) {
		hold_line(text, line, length);
		decide_wrapping(text, line, length);
		return;
	}
	if (text->order == ORDER_FORWARD && take_by_grammar(text, line, length))
		return;
	if (pprof_anchor(&text->anchor, line, length)) {
		begin_waiting(text, line, length);
		return;
	}
	if (text->damage == PPROF_WHOLE &&
	    (text->damage = pprof_find_damage(line, length, &text->repaired))) {
		undo_damage(text, &line, &length);
		pprof_anchor(&text->anchor, line, length);
		begin_waiting(text, line, length);
		return;
	}
	if (text->order == ORDER_FORWARD) {
		pass_on(text, line, length);
		return;
	}
	hold_line(text, line, length);
	if (text->held.length > HELD_MAX)
		pass_on_older_half(text);
}

/* --- lines --- */

static void any_line(struct pprof_text *text, const char *line, size_t length);

/* Takes lines that were packed into one line. */
static void take_inner(void *ctx, const char *bytes, size_t length)
{
	struct pprof_text *text = ctx;
	const char *end = bytes + length;

	text->depth++;
	while (bytes < end) {
		const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
		const char *stop = newline ? newline : end;

		any_line(text, bytes, (size_t)(stop - bytes));
		bytes = stop + 1;
	}
	text->depth--;
}

static void any_line(struct pprof_text *text, const char *line, size_t length)
{
	while (length > 0 &&
	       (line[length - 1] == '\r' || byte_is_blank(line[length - 1])))
		length--;
	/* A line that the grammar accepts as it is cannot be an envelope. */
	if (text->order == ORDER_FORWARD && !text->waiting &&
	    text->damage == PPROF_WHOLE && take_by_grammar(text, line, length))
		return;
	if (pprof_unwrap(&text->unwrap, text->depth, line, length, take_inner, text))
		return;
	if (text->damage != PPROF_WHOLE)
		undo_damage(text, &line, &length);
	plain_line(text, line, length);
}

static void one_line(struct pprof_text *text, const char *line, size_t length)
{
	if (length > PPROF_LINE_MAX)
		length = PPROF_LINE_MAX;
	if (text->special && pprof_clean(line, length, &text->clean)) {
		line = text->clean.bytes ? text->clean.bytes : "";
		length = text->clean.length;
	}
	pprof_join_cut(&text->unwrap, &line, &length);
	if (line)
		any_line(text, line, length);
}

/* Handles CR newlines, and lines that a terminal has overwritten. */
static void split_returns(struct pprof_text *text, const char *line, size_t length)
{
	const char *end = line + length;

	while (line < end) {
		const char *stop = memchr(line, '\r', (size_t)(end - line));

		stop = stop ? stop : end;
		if (stop > line)
			one_line(text, line, (size_t)(stop - line));
		line = stop + 1;
	}
}

static void take_line(struct pprof_text *text, const char *line, size_t length)
{
	while (length > 0 && line[length - 1] == '\r')
		length--;
	for (; length > 0 && *line == '\r'; length--)
		line++;
	if (text->special && length > 0 && memchr(line, '\r', length))
		split_returns(text, line, length);
	else
		one_line(text, line, length);
}

/* Collects a line that comes in pieces; bytes over the limit are dropped. */
static void keep_partial_line(struct pprof_text *text, const char *bytes, size_t length)
{
	size_t room = PPROF_LINE_MAX - text->carry.length;

	buf_append(&text->carry, bytes, length < room ? length : room);
}

static void take_bytes(void *ctx, const char *bytes, size_t length)
{
	struct pprof_text *text = ctx;
	const char *end = bytes + length;

	if (length == 0)
		return;
	text->special = text->special || (text->last == '#' && *bytes == '0') ||
			pprof_is_special(bytes, length);
	text->last = end[-1];
	while (bytes < end) {
		const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
		size_t part = (size_t)((newline ? newline : end) - bytes);

		if (!newline || text->carry.length > 0) {
			keep_partial_line(text, bytes, part);
			if (!newline)
				return;
			take_line(text, text->carry.bytes, text->carry.length);
			buf_clear(&text->carry);
		} else {
			take_line(text, bytes, part);
		}
		bytes = newline + 1;
	}
}

void pprof_text_feed(struct pprof_text *text, const char *bytes, size_t length)
{
	pprof_decoder_feed(&text->decoder, bytes, length, take_bytes, text);
}

/* All lines have been read: passes them on in reverse. */
static void pass_on_backwards(struct pprof_text *text)
{
	struct buf all = text->held;
	size_t end = all.length;

	buf_init(&text->held, HELD_BYTES);
	text->order = ORDER_FORWARD;
	text->run.on = false;
	while (end > 0) {
		const char *newline = end > 1 ? memrchr(all.bytes, '\n', end - 1) : NULL;
		size_t begin = newline ? (size_t)(newline + 1 - all.bytes) : 0;

		plain_line(text, all.bytes + begin, end - 1 - begin);
		end = begin;
	}
	buf_release(&all);
}

static void end_waiting(struct pprof_text *text)
{
	/* The lines held after a header may contain more headers. */
	while (text->waiting)
		apply_choice(text, choice_at_limit(text));
}

void pprof_text_end(struct pprof_text *text, struct pprof_found *found)
{
	bool open_end;

	pprof_decoder_end(&text->decoder, take_bytes, text);
	open_end = text->carry.length > 0;
	if (open_end) {
		take_line(text, text->carry.bytes, text->carry.length);
		buf_clear(&text->carry);
	}
	for (size_t i = 0; i < 2; i++) {
		struct pprof_cut *cut = &text->unwrap.cut[i];

		if (cut->open)
			any_line(text, cut->text.bytes, cut->text.length);
	}
	/* The header has no stack after it, but lines of one before it. */
	if (text->waiting &&
	    (kind_before(text) == PPROF_FUNCTION || kind_before(text) == PPROF_DETAIL))
		reverse_order(text);
	if (text->order == ORDER_NEWEST_FIRST)
		pass_on_backwards(text);
	end_waiting(text);
	if (text->order == ORDER_UNKNOWN)
		pass_on_held(text, 0, text->held.length);
	pprof_grammar_end(text->grammar, open_end, found);
	found->newest_first = text->newest_first;
}
