/* SPDX-License-Identifier: MIT */
/* Compares prefixes by shape, because times, levels and counters change from line to
 * line. */
#include "source/pprof/run.h"

#include <string.h>

#include "base/text.h"
#include "source/pprof/private.h"

static bool is_word(char c)
{
	return byte_is_digit(c) || byte_is_letter(c) || c == '_' ||
	       (unsigned char)c >= 128;
}

void pprof_run_release(struct pprof_run *run)
{
	buf_release(&run->prefix);
	buf_release(&run->suffix);
	buf_release(&run->text);
}

bool pprof_run_set(struct pprof_run *run, const char *prefix, size_t prefix_bytes,
		   const char *suffix, size_t suffix_bytes)
{
	while (suffix_bytes > 0 && byte_is_blank(*suffix)) {
		suffix++;
		suffix_bytes--;
	}
	while (suffix_bytes > 0 && (byte_is_blank(suffix[suffix_bytes - 1]) ||
				    suffix[suffix_bytes - 1] == ','))
		suffix_bytes--;
	if (prefix_bytes > PPROF_PREFIX_MAX || suffix_bytes > PPROF_PREFIX_MAX)
		return false;
	buf_clear(&run->prefix);
	buf_clear(&run->suffix);
	buf_append(&run->prefix, prefix, prefix_bytes);
	buf_append(&run->suffix, suffix, suffix_bytes);
	run->quoted =
		prefix_bytes > 0 && suffix_bytes > 0 &&
		(prefix[prefix_bytes - 1] == '"' || prefix[prefix_bytes - 1] == '\'') &&
		memchr(suffix, prefix[prefix_bytes - 1], suffix_bytes);
	run->named = false;
	for (size_t i = 0; i < prefix_bytes; i++)
		run->named |= is_word(prefix[i]);
	return !run->prefix.failed && !run->suffix.failed;
}

static const char *skip_word(const char *at, const char *end)
{
	while (at < end && is_word(*at))
		at++;
	return at;
}

/* Matches a prefix against the model. Words of letters and digits match any other word;
 * all other characters must be equal, and so must a word that the text follows without a
 * blank. Returns where the rest of the line begins, or NULL if it does not match. */
static const char *match_shape(const char *model, const char *model_end, const char *at,
			       const char *end, bool glued)
{
	while (model < model_end) {
		const char *word = skip_word(model, model_end);
		size_t bytes = (size_t)(word - model);

		if (at == end)
			return NULL;
		/* This is the key of a value; another key would have other values. */
		if (glued && bytes > 0 && word < model_end && *word == '=') {
			if ((size_t)(end - at) < bytes || memcmp(model, at, bytes) != 0)
				return NULL;
			model = word;
			at += bytes;
			continue;
		}
		if (glued && bytes > 0 && word == model_end)
			return (size_t)(end - at) >= bytes &&
					       memcmp(model, at, bytes) == 0
				       ? at + bytes
				       : NULL;
		if (bytes > 0) {
			if (!is_word(*at))
				return NULL;
			model = word;
			at = skip_word(at, end);
			continue;
		}
		/* grep writes "12:" for matches and "13-" for context. */
		if (*model != *at && !(model + 1 == model_end &&
				       memchr(":-", *model, 2) && memchr(":-", *at, 2)))
			return NULL;
		model++;
		at++;
	}
	return at;
}

static const char *word_end(const char *at, const char *end)
{
	while (at < end && !byte_is_blank(*at))
		at++;
	return at;
}

static bool is_number_like(const char *at, const char *end, char *mark)
{
	bool digit = false;

	*mark = 0;
	for (; at < end; at++) {
		digit |= byte_is_digit(*at);
		if (!*mark && memchr(":/-.", *at, 4))
			*mark = *at;
	}
	return digit && *mark;
}

/* Accepts times with and without a fraction, and pod names with more or fewer parts. */
static bool is_similar(const char *model, const char *model_end, const char *at,
		       const char *end)
{
	char mark, other;

	if (match_shape(model, model_end, at, end, false) == end)
		return true;
	if (is_number_like(model, model_end, &mark) && is_number_like(at, end, &other) &&
	    mark == other)
		return true;
	for (; model < model_end; model++)
		if (!is_word(*model) && *model != '-')
			return false;
	for (; at < end; at++)
		if (!is_word(*at) && *at != '-')
			return false;
	return true;
}

/* Returns where the text after a prefix like the model begins, or NULL if there is none.
 * */
static const char *skip_prefix(const char *model, const char *model_end, const char *at,
			       const char *end)
{
	/* A number that has grown no longer has blanks before it. */
	if (at < end && byte_is_digit(*at))
		while (model < model_end && byte_is_blank(*model))
			model++;
	while (model < model_end) {
		const char *stop = model;

		if (byte_is_blank(*model)) {
			while (stop < model_end && byte_is_blank(*stop))
				stop++;
			if (at == end)
				return stop == model_end ? at : NULL;
			if (!byte_is_blank(*at))
				return NULL;
			if (stop < model_end) {
				while (at < end && byte_is_blank(*at))
					at++;
			} else {
				/* What follows is indentation, not part of the prefix. */
				for (; model < stop && at < end && *at == *model; model++)
					at++;
			}
		} else {
			const char *word;

			stop = word_end(model, model_end);
			if (stop == model_end)
				return match_shape(model, stop, at, end, true);
			word = word_end(at, end);
			if (!is_similar(model, stop, at, word))
				return NULL;
			at = word;
		}
		model = stop;
	}
	return at;
}

bool pprof_run_strip(struct pprof_run *run, const char **line, size_t *length)
{
	const char *end = *line + *length, *at;
	size_t tail = run->suffix.length;

	at = skip_prefix(run->prefix.bytes, run->prefix.bytes + run->prefix.length, *line,
			 end);
	if (!at)
		return false;
	if (tail > 0) {
		while (end > at && (byte_is_blank(end[-1]) || end[-1] == ','))
			end--;
		if ((size_t)(end - at) >= tail &&
		    memcmp(end - tail, run->suffix.bytes, tail) == 0)
			end -= tail;
	}
	while (end > at && byte_is_blank(end[-1]))
		end--;
	*line = at;
	*length = (size_t)(end - at);
	if (run->quoted && memchr(at, '\\', *length)) {
		buf_clear(&run->text);
		pprof_unescape(at, *length, &run->text);
		while (run->text.length > 0 &&
		       strchr("\r\n \t", run->text.bytes[run->text.length - 1]))
			run->text.bytes[--run->text.length] = '\0';
		*line = run->text.bytes ? run->text.bytes : "";
		*length = run->text.length;
	}
	return true;
}
