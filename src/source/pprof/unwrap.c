/* SPDX-License-Identifier: MIT */
/* Texts that a logger has put into one line: as a JSON value, as a quoted string, or with
 * escaped newlines. */
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/text.h"
#include "source/pprof/private.h"

/* Docker splits lines at this length; the rest follows in the next value. */
#define DOCKER_BYTES 16384u

void pprof_unwrap_release(struct pprof_unwrap *unwrap)
{
	for (size_t i = 0; i < PPROF_DEPTH; i++)
		buf_release(&unwrap->text[i]);
	buf_release(&unwrap->partial);
	buf_release(&unwrap->cut[0].text);
	buf_release(&unwrap->cut[1].text);
}

/* Finds the mark P or F in "2030-01-02T03:04:05.6Z stderr P text". Returns NULL if the
 * line does not have this form. */
static const char *cut_mark(const char *line, size_t length, bool *err)
{
	const char *blank = memchr(line, ' ', length < 48 ? length : 48), *at;

	if (!blank || length < 30 || !memchr("0123456789", line[0], 10) ||
	    !memchr(line, 'T', (size_t)(blank - line)) || line + length - blank < 10)
		return NULL;
	at = blank + 1;
	*err = memcmp(at, "stderr ", 7) == 0;
	if (!*err && memcmp(at, "stdout ", 7) != 0)
		return NULL;
	at += 7;
	return (*at == 'P' || *at == 'F') && at[1] == ' ' ? at : NULL;
}

bool pprof_join_cut(struct pprof_unwrap *unwrap, const char **line, size_t *length)
{
	const char *end = *line + *length, *mark;
	struct pprof_cut *cut;
	bool err;

	mark = cut_mark(*line, *length, &err);
	if (!mark)
		return false;
	cut = &unwrap->cut[err];
	if (*mark == 'F' && !cut->open)
		return false;
	if (!cut->open) {
		/* The joined line gets the mark of a line that was not split. */
		buf_clear(&cut->text);
		buf_append(&cut->text, *line, (size_t)(mark - *line));
		buf_puts(&cut->text, "F ");
	}
	if (cut->text.length < PPROF_LINE_MAX)
		buf_append(&cut->text, mark + 2, (size_t)(end - mark) - 2);
	cut->open = *mark == 'P';
	*line = cut->open ? NULL : cut->text.bytes;
	*length = cut->text.length;
	return true;
}

/* Returns the end of the string that begins at `at`: its closing quote, or the end. */
static const char *string_end(const char *at, const char *end, char quote)
{
	while (at < end && *at != quote)
		at += *at == '\\' && at + 1 < end ? 2 : 1;
	return at < end ? at : end;
}

/* --- JSON: scanned as a sequence of strings, so that damaged lines work too --- */

struct pair {
	const char *key, *value; /* without quotes; escapes not decoded */
	size_t key_bytes, value_bytes;
	bool numbers; /* the value is a list of bytes: "109, 97, 105" */
};

struct json {
	const char *at, *end;
	struct pair pair;
};

/* journald writes a text with control characters as a list of its bytes. Returns the end
 * of the list, or NULL if it is not one. */
static const char *list_end(const char *at, const char *end)
{
	const char *begin = at;

	while (at < end && (byte_is_blank(*at) || *at == ',' || byte_is_digit(*at)))
		at++;
	return at < end && *at == ']' && at > begin ? at : NULL;
}

static void put_list(struct buf *text, const char *at, const char *end)
{
	while (at < end) {
		unsigned value = 0;
		char c;

		while (at < end && (byte_is_blank(*at) || *at == ','))
			at++;
		for (; at < end && byte_is_digit(*at); at++)
			value = value * 10 + (unsigned)(*at - '0');
		c = (char)value;
		if (value > 0 && value < 256)
			buf_append(text, &c, 1);
	}
}

/* Finds the next string that is a value. All elements of an array have the array's key.
 * */
static bool json_next(struct json *json)
{
	struct pair *pair = &json->pair;

	while (json->at < json->end) {
		const char *open = memchr(json->at, '"', (size_t)(json->end - json->at));
		const char *close, *behind;

		if (!open)
			return false;
		close = string_end(open + 1, json->end, '"');
		behind = close < json->end ? close + 1 : close;
		while (behind < json->end && byte_is_blank(*behind))
			behind++;
		json->at = close < json->end ? close + 1 : close;
		if (behind < json->end && *behind == ':') {
			pair->key = open + 1;
			pair->key_bytes = (size_t)(close - open) - 1;
			json->at = behind + 1;
			while (json->at < json->end && byte_is_blank(*json->at))
				json->at++;
			if (json->end - json->at < 3 || json->at[0] != '[')
				continue;
			close = list_end(json->at + 1, json->end);
			if (!close)
				continue;
			pair->value = json->at + 1;
			pair->value_bytes = (size_t)(close - pair->value);
			pair->numbers = true;
			json->at = close + 1;
			return true;
		}
		pair->numbers = false;
		pair->value = open + 1;
		pair->value_bytes = (size_t)(close - open) - 1;
		return true;
	}
	return false;
}

/* The keys under which loggers store their text, the most likely ones first. */
static const char *const keys[] = {
	"log",           "message",      "msg",    "textPayload", "Output",  "text",
	"@message",      "line",         "body",   "_raw",        "content", "event",
	"short_message", "full_message", "values", "data",        "output",  "error",
	"err",           "stack",        "@m",     "M",
};

#define NR_KEYS (ARRAY_COUNT(keys))

static bool key_is(const struct pair *pair, const char *key)
{
	return pair->key_bytes == strlen(key) &&
	       strncasecmp(pair->key, key, pair->key_bytes) == 0;
}

static bool has_anchor(const struct pair *pair)
{
	struct pprof_anchor anchor;

	return memmem(pair->value, pair->value_bytes, "goroutine", 9) &&
	       pprof_anchor(&anchor, pair->value, pair->value_bytes);
}

/* Finds the key of this line that holds the text. Returns false if there is none. */
static bool find_key(char known[64], struct json json, const char **key)
{
	size_t best = NR_KEYS, longest = 0;

	*key = NULL;
	while (json_next(&json)) {
		if (!json.pair.key || json.pair.key_bytes >= 64)
			continue;
		if (json.pair.value_bytes > longest && has_anchor(&json.pair)) {
			/* Another value may contain the beginning of the text; take the
			 * longest. */
			memcpy(known, json.pair.key, json.pair.key_bytes);
			known[json.pair.key_bytes] = '\0';
			*key = known;
			longest = json.pair.value_bytes;
		}
		if (known[0] && key_is(&json.pair, known))
			*key = known;
		for (size_t i = 0; i < best && !known[0]; i++)
			if (key_is(&json.pair, keys[i]))
				best = i;
	}
	if (!*key && best < NR_KEYS)
		*key = keys[best];
	return *key != NULL;
}

/* Returns true if the value was split: it has no newline, and continues in the next one.
 * */
static bool is_partial(const struct pair *pair, const struct buf *text)
{
	if (text->length == 0 || text->bytes[text->length - 1] == '\n')
		return false;
	return key_is(pair, "Output") ||
	       (key_is(pair, "log") && text->length >= DOCKER_BYTES);
}

static void put_value(struct buf *text, const struct pair *pair)
{
	if (pair->numbers)
		put_list(text, pair->value, pair->value + pair->value_bytes);
	else
		pprof_unescape(pair->value, pair->value_bytes, text);
}

static bool is_json(const char *line, size_t length)
{
	const char *end = line + length, *open;

	if (length < 8)
		return false;
	while (line < end && byte_is_blank(*line))
		line++;
	if (line == end)
		return false;
	open = line;
	/* One line of an object that is printed over several lines. */
	if (*open == '"') {
		open = string_end(open + 1, end, '"');
		return end - open > 2 &&
		       (open[1] == ':' || (open[1] == ' ' && open[2] == ':'));
	}
	if (*open != '{' && *open != '[') {
		/* Another logger's timestamp may precede it. */
		if (end[-1] != '}')
			return false;
		open = memmem(line, (size_t)(end - line), "{\"", 2);
		if (!open || memmem(line, (size_t)(open - line), "# labels:", 9))
			return false;
	}
	while (open < end && (byte_is_blank(*open) || *open == '{' || *open == '['))
		open++;
	return open < end && *open == '"' && open > line;
}

static bool unwrap_json(struct pprof_unwrap *unwrap, unsigned depth, const char *line,
			size_t length, pprof_bytes_sink *sink, void *ctx)
{
	struct buf *text = &unwrap->text[depth];
	struct json json = {line, line + length, {NULL, NULL, 0, 0, false}};
	const char *key;

	if (!is_json(line, length))
		return false;
	if (line[0] != '"' && line[0] != '[' && !byte_is_blank(line[0]))
		json.at = memchr(line, '{', length);
	if (!json.at)
		json.at = line;
	if (!find_key(unwrap->key[depth], json, &key))
		return false;
	while (json_next(&json)) {
		if (!json.pair.key || !key_is(&json.pair, key))
			continue;
		buf_clear(text);
		if (depth == 0 && unwrap->partial.length > 0) {
			buf_append(text, unwrap->partial.bytes, unwrap->partial.length);
			buf_clear(&unwrap->partial);
		}
		put_value(text, &json.pair);
		if (depth == 0 && is_partial(&json.pair, text)) {
			buf_append(&unwrap->partial, text->bytes, text->length);
			continue;
		}
		if (text->length == 0 || text->bytes[text->length - 1] != '\n')
			buf_puts(text, "\n");
		sink(ctx, text->bytes, text->length);
	}
	return true;
}

/* --- newlines that were replaced --- */

static const struct {
	const char *line, *tab;
} replaced[] = {
	{"#012", "#011"},       {"%0A", "%09"},     {"%0D%0A", "%09"},
	{"<br>", "\t"},         {"<br/>", "\t"},    {"<br />", "\t"},
	{"&#10;", "&#9;"},      {"&#xA;", "&#x9;"}, {"&#xa;", "&#x9;"},
	{"^M^J", "^I"},         {"^J", "^I"},       {"\xe2\x80\xa8", "\t"},
	{"\xe2\x86\xb5", "\t"}, {"\xc2\x85", "\t"}, {"\xe2\x90\x8a", "\xe2\x90\x89"},
	{"\v", "\t"},
};

static bool begins_with(const char *at, const char *end, const char *word)
{
	size_t bytes = strlen(word);

	return (size_t)(end - at) >= bytes && memcmp(at, word, bytes) == 0;
}

static void put_replaced(struct buf *text, const char *at, const char *end,
			 const char *line, const char *tab)
{
	while (at < end) {
		if (begins_with(at, end, line)) {
			buf_append(text, "\n", 1);
			at += strlen(line);
		} else if (begins_with(at, end, tab)) {
			buf_append(text, "\t", 1);
			at += strlen(tab);
		} else {
			const char *next = at + 1;

			while (next < end && *next != *line && *next != *tab)
				next++;
			buf_append(text, at, (size_t)(next - at));
			at = next;
		}
	}
}

/* Matches "\n", "\r\n", "\u000a", "\x0a", "\012", also with the backslash itself escaped.
 * */
static bool is_escaped_end(const char *at, const char *end)
{
	static const char *const forms[] = {"n",     "r",   "u000a", "u000A",
					    "u000d", "x0a", "x0A",   "012"};
	const char *behind = at;

	while (behind < end && *behind == '\\')
		behind++;
	if (behind == at)
		return false;
	for (size_t i = 0; i < ARRAY_COUNT(forms); i++)
		if (begins_with(behind, end, forms[i]))
			return true;
	return false;
}

/* Finds the string that contains the anchor, from its opening to its closing quote. */
static void find_string(const char *line, size_t length, size_t anchor,
			const char **begin, const char **end)
{
	static const char quotes[] = "\"'`";

	for (const char *quote = quotes; *quote; quote++) {
		for (size_t at = anchor; at > 0; at--) {
			if (line[at - 1] != *quote || (at > 1 && line[at - 2] == '\\'))
				continue;
			if (*quote != '"' && at > 1 &&
			    !strchr(" \t=:(,[{b", line[at - 2]))
				continue;
			*begin = line + at;
			*end = string_end(line + at, line + length, *quote);
			if (*end > line + anchor)
				return;
			break;
		}
	}
	*begin = line;
	*end = line + length;
}

/* Returns true if nothing follows the header: its newline is then only the end of the
 * line, as after every line. */
static bool is_header_alone(const struct buf *text)
{
	struct pprof_anchor anchor;
	size_t at;

	if (!text->bytes || !pprof_anchor(&anchor, text->bytes, text->length))
		return false;
	for (at = anchor.end; at < text->length; at++)
		if (!strchr(" \r\n\t", text->bytes[at]))
			return false;
	return !memchr(text->bytes, '\n', anchor.at);
}

static bool unwrap_escaped(struct pprof_unwrap *unwrap, unsigned depth, const char *line,
			   size_t length, pprof_bytes_sink *sink, void *ctx)
{
	struct buf *text = &unwrap->text[depth];
	const char *end = line + length, *rest, *begin, *stop;
	struct pprof_anchor anchor;

	if (!pprof_anchor(&anchor, line, length) || anchor.end == length)
		return false;
	rest = line + anchor.end;
	buf_clear(text);
	if (is_escaped_end(rest, end)) {
		find_string(line, length, anchor.at, &begin, &stop);
		pprof_unescape(begin, (size_t)(stop - begin), text);
	} else if (*rest == ' ' && pprof_is_flat(rest, end)) {
		buf_append(text, line, anchor.at);
		buf_puts(text, "\n");
		pprof_put_flat(text, line + anchor.at, end);
	} else {
		size_t form = 0, count = ARRAY_COUNT(replaced);

		while (form < count && !begins_with(rest, end, replaced[form].line))
			form++;
		if (form == count)
			return false;
		put_replaced(text, line, end, replaced[form].line, replaced[form].tab);
	}
	if (is_header_alone(text))
		return false;
	buf_puts(text, "\n");
	sink(ctx, text->bytes, text->length);
	return true;
}

/* --- TeamCity service messages, where |n is a newline --- */

static void put_piped(struct buf *text, const char *at, const char *end)
{
	for (; at < end; at++) {
		char c = *at;

		if (c == '|' && at + 1 < end) {
			at++;
			c = *at == 'n' ? '\n' : *at == 'r' ? '\r' : *at;
		}
		buf_append(text, &c, 1);
	}
}

static bool unwrap_service(struct pprof_unwrap *unwrap, unsigned depth, const char *line,
			   size_t length, pprof_bytes_sink *sink, void *ctx)
{
	static const char word[] = "##teamcity[";
	const char *at = memmem(line, length, word, sizeof(word) - 1),
		   *end = line + length;
	struct buf *text = &unwrap->text[depth];

	if (!at)
		return false;
	while ((at = memchr(at, '\'', (size_t)(end - at)))) {
		const char *stop = ++at;

		while (stop < end && *stop != '\'')
			stop += *stop == '|' && stop + 1 < end ? 2 : 1;
		buf_clear(text);
		put_piped(text, at, stop);
		if (text->length == 0 || text->bytes[text->length - 1] != '\n')
			buf_puts(text, "\n");
		sink(ctx, text->bytes, text->length);
		at = stop < end ? stop + 1 : end;
	}
	return true;
}

bool pprof_unwrap(struct pprof_unwrap *unwrap, unsigned depth, const char *line,
		  size_t length, pprof_bytes_sink *sink, void *ctx)
{
	return depth < PPROF_DEPTH &&
	       (unwrap_json(unwrap, depth, line, length, sink, ctx) ||
		unwrap_service(unwrap, depth, line, length, sink, ctx) ||
		unwrap_escaped(unwrap, depth, line, length, sink, ctx));
}
