/* SPDX-License-Identifier: MIT */
/* A dump whose newlines have become blanks. The runtime's fixed order tells where they
 * were: a header, then functions and places in turn, then the creator. */
#include <string.h>

#include "base/array.h"
#include "base/text.h"
#include "source/pprof/private.h"

/* A function or a place is never longer than this. */
#define PART_MAX  4096u
/* This many words that do not belong to a dump end it. */
#define STRAY_MAX 64u

static bool begins_with(const char *at, const char *end, const char *word)
{
	size_t bytes = strlen(word);

	return (size_t)(end - at) >= bytes && memcmp(at, word, bytes) == 0;
}

static const char *skip_blanks(const char *at, const char *end)
{
	while (at < end && *at == ' ')
		at++;
	return at;
}

static const char *word_end(const char *at, const char *end)
{
	const char *blank = memchr(at, ' ', (size_t)(end - at));

	return blank ? blank : end;
}

static const char *part_limit(const char *at, const char *end)
{
	return (size_t)(end - at) > PART_MAX ? at + PART_MAX : end;
}

/* Finds the end of "main.f({0x1, 0x2}, 0x3)"; returns NULL if it is not a function. */
static const char *function_end(const char *at, const char *end)
{
	const char *close = at;

	end = part_limit(at, end);
	while ((close = memchr(close, ')', (size_t)(end - close)))) {
		close++;
		if ((close == end || *close == ' ') &&
		    pprof_function_bytes(at, (size_t)(close - at)) > 0)
			return close;
	}
	return NULL;
}

/* Finds the end of "/src/a b.go:7 +0x1d fp=0x1"; returns NULL if it is not a place. */
static const char *place_end(const char *at, const char *end)
{
	static const char *const tails[] = {"+0x", "fp=0x", "sp=0x", "pc=0x"};
	const char *colon = at;

	end = part_limit(at, end);
	while ((colon = memchr(colon, ':', (size_t)(end - colon)))) {
		const char *digits = ++colon;

		while (digits < end && byte_is_digit(*digits))
			digits++;
		if (digits == colon || (digits < end && *digits != ' '))
			continue;
		for (size_t i = 0; i < ARRAY_COUNT(tails); i++) {
			const char *tail = skip_blanks(digits, end);

			if (begins_with(tail, end, tails[i]))
				digits = word_end(tail, end);
		}
		return digits;
	}
	return NULL;
}

/* Finds the end of what is neither a function nor a place, such as a header. Returns NULL
 * if the runtime does not print such text. */
static const char *other_end(const char *at, const char *end)
{
	static const char in[] = "in goroutine ", elided[] = "elided...";
	const char *stop, *name;
	struct pprof_anchor anchor;
	uint64_t id;
	size_t bytes;

	end = part_limit(at, end);
	if (begins_with(at, end, "created by ")) {
		stop = word_end(at + 11, end);
		if (begins_with(skip_blanks(stop, end), end, in))
			stop = word_end(skip_blanks(stop, end) + sizeof(in) - 1, end);
		return pprof_creator(at, (size_t)(stop - at), &name, &bytes, &id) ? stop
										  : NULL;
	}
	if (begins_with(at, end, "...")) {
		stop = memmem(at, (size_t)(end - at < 64 ? end - at : 64), elided,
			      sizeof(elided) - 1);
		return stop ? stop + sizeof(elided) - 1 : NULL;
	}
	if (begins_with(at, end, "[originating from ")) {
		stop = memchr(at, ']', (size_t)(end - at));
		return stop ? word_end(stop, end) : NULL;
	}
	if (begins_with(at, end, "goroutine running on other thread; stack unavailable"))
		return at + 52;
	return begins_with(at, end, "goroutine ") &&
			       pprof_anchor(&anchor, at, (size_t)(end - at)) &&
			       anchor.at == 0
		       ? at + anchor.end
		       : NULL;
}

bool pprof_is_flat(const char *at, const char *end)
{
	at = skip_blanks(at, end);
	return function_end(at, end) != NULL;
}

void pprof_put_flat(struct buf *out, const char *at, const char *end)
{
	bool wants_place = false;
	unsigned stray = 0;

	for (at = skip_blanks(at, end); at < end && stray < STRAY_MAX;
	     at = skip_blanks(at, end)) {
		const char *stop = other_end(at, end);
		bool is_creator = stop && begins_with(at, end, "created by ");

		if (!stop)
			stop = wants_place ? place_end(at, end) : function_end(at, end);
		if (!stop) {
			stray++;
			at = word_end(at, end);
			continue;
		}
		if (begins_with(at, end, "goroutine "))
			buf_puts(out, "\n");
		buf_append(out, at, (size_t)(stop - at));
		buf_puts(out, "\n");
		wants_place = is_creator || (!wants_place && stop[-1] == ')');
		stray = 0;
		at = stop;
	}
}
