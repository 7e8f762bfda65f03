/* SPDX-License-Identifier: MIT */
/* Parses labels in both notations that the runtime uses. */
#include <string.h>

#include "source/pprof/private.h"

#define LABEL_TEXT_MAX 256u

static const char *copy_label_text(struct arena *arena, const char *text, size_t bytes)
{
	return arena_strndup(arena, text,
			     bytes < LABEL_TEXT_MAX ? bytes : LABEL_TEXT_MAX);
}

/* Parses a quoted string and decodes its escapes, or a bare word that ends at one of
 * `stops`. */
static const char *take_word(const char *at, const char *end, const char *stops,
			     struct arena *arena, const char **word)
{
	const char *begin = at;
	struct buf plain;

	if (at == end || *at != '"') {
		while (at < end && !(*at && strchr(stops, *at)))
			at++;
		*word = copy_label_text(arena, begin, (size_t)(at - begin));
		return at;
	}
	begin = ++at;
	while (at < end && *at != '"')
		at += *at == '\\' && at + 1 < end ? 2 : 1;
	if (memchr(begin, '\\', (size_t)(at - begin))) {
		buf_init(&plain, 0);
		pprof_unescape(begin, (size_t)(at - begin), &plain);
		*word = copy_label_text(arena, plain.bytes ? plain.bytes : "",
					plain.length);
		buf_release(&plain);
	} else {
		*word = copy_label_text(arena, begin, (size_t)(at - begin));
	}
	return at + (at < end);
}

const struct label *pprof_labels_parse(const char *text, size_t length,
				       struct arena *arena, size_t *nr)
{
	struct label list[SNAPSHOT_LABELS_MAX], *kept;
	const char *at = text, *end = text + length;
	size_t count = 0;

	*nr = 0;
	while (at < end && count < SNAPSHOT_LABELS_MAX) {
		struct label *label = &list[count];

		while (at < end && (*at == ' ' || *at == ','))
			at++;
		if (at == end || *at == '}')
			break;
		at = take_word(at, end, ":", arena, &label->key);
		while (at < end && (*at == ':' || *at == ' '))
			at++;
		at = take_word(at, end, ",}", arena, &label->text);
		if (!label->key || !label->text)
			break;
		count++;
	}
	kept = count ? arena_alloc(arena, count * sizeof(*kept)) : NULL;
	if (!kept)
		return NULL;
	memcpy(kept, list, count * sizeof(*kept));
	*nr = count;
	return kept;
}
