/* SPDX-License-Identifier: MIT */
/* Decoding of bytes: UTF-8 or UTF-16, with colours, zero bytes, unusual blanks or HTML
 * character references. */
#include <string.h>

#include "base/array.h"
#include "base/text.h"
#include "source/pprof/private.h"

#define PART_BYTES  8192u
/* A header is never longer than this. */
#define DAMAGED_MAX 65536u

static void put_unit(struct pprof_decoder *decoder, unsigned unit)
{
	if (unit >= 0xd800 && unit < 0xdc00) {
		decoder->high = unit;
		return;
	}
	if (unit >= 0xdc00 && unit < 0xe000) {
		if (decoder->high)
			pprof_put_char(&decoder->out,
				       0x10000 + ((decoder->high & 0x3ff) << 10 |
						  (unit & 0x3ff)));
	} else if (unit != 0xfeff && unit != 0) {
		pprof_put_char(&decoder->out, unit);
	}
	decoder->high = 0;
}

/* Detects the encoding by the byte order mark, or by the positions of zero bytes. */
static void detect_encoding(struct pprof_decoder *decoder)
{
	const unsigned char *b = decoder->first;

	decoder->order = PPROF_BYTES;
	if (decoder->nr_first < 4)
		return;
	if ((b[0] == 0xff && b[1] == 0xfe) || (b[0] && !b[1] && b[2] && !b[3]))
		decoder->order = PPROF_LITTLE;
	else if ((b[0] == 0xfe && b[1] == 0xff) || (!b[0] && b[1] && !b[2] && b[3]))
		decoder->order = PPROF_BIG;
}

static void decode(struct pprof_decoder *decoder, const char *bytes, size_t length,
		   pprof_bytes_sink *sink, void *ctx)
{
	if (length == 0)
		return;
	if (decoder->order == PPROF_BYTES) {
		sink(ctx, bytes, length);
		return;
	}
	buf_clear(&decoder->out);
	for (size_t i = 0; i < length; i++) {
		unsigned byte = (unsigned char)bytes[i];

		if (decoder->half < 0) {
			decoder->half = (int)byte;
			continue;
		}
		put_unit(decoder, decoder->order == PPROF_LITTLE
					  ? (unsigned)decoder->half | byte << 8
					  : (unsigned)decoder->half << 8 | byte);
		decoder->half = -1;
	}
	if (decoder->out.length > 0)
		sink(ctx, decoder->out.bytes, decoder->out.length);
}

void pprof_decoder_feed(struct pprof_decoder *decoder, const char *bytes, size_t length,
			pprof_bytes_sink *sink, void *ctx)
{
	while (decoder->order == PPROF_UNDECIDED && length > 0) {
		decoder->first[decoder->nr_first++] = (unsigned char)*bytes++;
		length--;
		if (decoder->nr_first == sizeof(decoder->first)) {
			detect_encoding(decoder);
			decode(decoder, (const char *)decoder->first, decoder->nr_first,
			       sink, ctx);
		}
	}
	decode(decoder, bytes, length, sink, ctx);
}

void pprof_decoder_end(struct pprof_decoder *decoder, pprof_bytes_sink *sink, void *ctx)
{
	if (decoder->order != PPROF_UNDECIDED || decoder->nr_first == 0)
		return;
	detect_encoding(decoder);
	decode(decoder, (const char *)decoder->first, decoder->nr_first, sink, ctx);
}

bool pprof_is_special(const char *bytes, size_t length)
{
	static const char kinds[] = {'\0',   '\033', '&', '\xc2',
				     '\xe2', '\xef', '^', '\r'};

	/* Works in blocks that fit the L1 cache. */
	for (size_t part; length > 0; bytes += part, length -= part) {
		part = length < PART_BYTES ? length : PART_BYTES;
		for (size_t i = 0; i < sizeof(kinds); i++)
			if (memchr(bytes, kinds[i], part))
				return true;
		if (memmem(bytes, part, "#0", 2))
			return true;
	}
	return false;
}

/* Control characters as syslog escapes them, except newlines: those split the line. */
static size_t syslog_bytes(const char *at, const char *end, unsigned *character)
{
	static const char tab[] = "#011", cr[] = "#015", escape[] = "#033[";
	const char *begin = at;

	if ((size_t)(end - at) < sizeof(tab) - 1)
		return 0;
	if (memcmp(at, tab, sizeof(tab) - 1) == 0) {
		*character = '\t';
		return sizeof(tab) - 1;
	}
	if (memcmp(at, cr, sizeof(cr) - 1) == 0)
		return sizeof(cr) - 1;
	if ((size_t)(end - at) < sizeof(escape) ||
	    memcmp(at, escape, sizeof(escape) - 1) != 0)
		return 0;
	at += sizeof(escape) - 1;
	while (at < end && (byte_is_digit(*at) || *at == ';'))
		at++;
	return at < end && (*at == 'm' || *at == 'K') ? (size_t)(at + 1 - begin) : 0;
}

/* Length of "\033[1;31m", "\033]0;title\a" and the like; 0 if there is none. */
static size_t escape_bytes(const char *at, const char *end)
{
	const char *begin = at;
	bool title;

	if (end - at < 2 || at[0] != '\033')
		return 0;
	title = at[1] == ']';
	if (at[1] != '[' && !title)
		return 2;
	for (at += 2; at < end; at++) {
		if (title ? *at == '\a' : *at >= '@' && *at <= '~')
			return (size_t)(at + 1 - begin);
		if (title && *at == '\033')
			return (size_t)(at - begin);
		if (at - begin > 256)
			break;
	}
	return 1;
}

/* A colour sequence whose escape byte was printed as "^[". */
static size_t printed_escape_bytes(const char *at, const char *end)
{
	const char *begin = at;

	if (end - at < 4 || memcmp(at, "^[[", 3) != 0)
		return 0;
	for (at += 3; at < end && (byte_is_digit(*at) || *at == ';'); at++)
		continue;
	return at < end && (*at == 'm' || *at == 'K') ? (size_t)(at + 1 - begin) : 0;
}

/* "&lt;", "&#43;", "&nbsp;", but not a newline: line splitting handles that. */
static size_t reference_bytes(const char *at, const char *end, unsigned *character)
{
	static const struct {
		const char *text;
		char c;
	} named[] = {{"&lt;", '<'},    {"&gt;", '>'},   {"&amp;", '&'}, {"&quot;", '"'},
		     {"&apos;", '\''}, {"&nbsp;", ' '}, {"&Tab;", '\t'}};
	const char *digits = at + 2;
	uint64_t number;

	for (size_t i = 0; i < ARRAY_COUNT(named); i++) {
		size_t bytes = strlen(named[i].text);

		if ((size_t)(end - at) >= bytes &&
		    memcmp(at, named[i].text, bytes) == 0) {
			*character = (unsigned char)named[i].c;
			return bytes;
		}
	}
	if (end - at < 4 || at[1] != '#')
		return 0;
	if (*digits == 'x' || *digits == 'X') {
		digits++;
		number = pprof_hex(digits, end);
	} else {
		number = pprof_number(digits, end);
	}
	while (digits < end && *digits != ';' && digits - at < 10)
		digits++;
	if (digits == end || *digits != ';' || number < 9 || number > 0xffff ||
	    number == '\n' || number == '\r')
		return 0;
	*character = number == 0xa0 ? ' ' : (unsigned)number;
	return (size_t)(digits + 1 - at);
}

/* Non-ASCII blanks become a space; zero-width ones are removed. */
static size_t blank_bytes(const char *at, const char *end, bool *shown)
{
	size_t left = (size_t)(end - at);

	*shown = true;
	if (left >= 2 && memcmp(at, "\xc2\xa0", 2) == 0)
		return 2;
	if (left < 3)
		return 0;
	if (memcmp(at, "\xe2\x80", 2) == 0) {
		unsigned char last = (unsigned char)at[2];

		*shown = last < 0x8b || last == 0xaf;
		return (last >= 0x80 && last <= 0x8f) || last == 0xaf ? 3 : 0;
	}
	*shown = false;
	return memcmp(at, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

bool pprof_clean(const char *line, size_t length, struct buf *out)
{
	const char *end = line + length, *copied = line, *at = line;

	if (!pprof_is_special(line, length))
		return false;
	buf_clear(out);
	while (at < end) {
		unsigned character = 0;
		size_t bytes = 0;
		bool shown = false;

		switch (*at) {
		case '\0':
		case '\r':
			bytes = 1;
			break;
		case '\033':
			bytes = escape_bytes(at, end);
			break;
		case '^':
			bytes = printed_escape_bytes(at, end);
			break;
		case '#':
			bytes = syslog_bytes(at, end, &character);
			break;
		case '&':
			bytes = reference_bytes(at, end, &character);
			break;
		case '\xc2':
		case '\xe2':
		case '\xef':
			bytes = blank_bytes(at, end, &shown);
			character = shown ? ' ' : 0;
			break;
		}
		if (bytes == 0) {
			at++;
			continue;
		}
		buf_append(out, copied, (size_t)(at - copied));
		if (character)
			pprof_put_char(out, character);
		at += bytes;
		copied = at;
	}
	if (copied == line)
		return false;
	buf_append(out, copied, (size_t)(end - copied));
	return true;
}

void pprof_repair(const char *line, size_t length, unsigned damage, struct buf *out)
{
	const char *end = line + length;
	char last = 0;

	buf_clear(out);
	for (const char *at = line; at < end; at++) {
		char c = *at;

		if (damage & PPROF_ODD_BLANKS && (c == ' ' || c == '\t')) {
			if (last == ' ')
				continue;
			c = ' ';
		} else if (damage & PPROF_ODD_MARKS && c == '\\' && at + 1 < end &&
			   strchr("[]()*_{}.-+#<>`!|~", at[1])) {
			continue;
		}
		buf_append(out, &c, 1);
		last = c;
	}
}

unsigned pprof_find_damage(const char *line, size_t length, struct buf *scratch)
{
	struct pprof_anchor anchor;
	unsigned damage = PPROF_WHOLE;

	if (length > DAMAGED_MAX || (!memmem(line, length, "goroutine", 9) &&
				     !memmem(line, length, "WARNING:", 8)))
		return PPROF_WHOLE;
	if (memmem(line, length, "  ", 2) || memchr(line, '\t', length))
		damage |= PPROF_ODD_BLANKS;
	if (memmem(line, length, "\\[", 2))
		damage |= PPROF_ODD_MARKS;
	if (damage == PPROF_WHOLE)
		return damage;
	pprof_repair(line, length, damage, scratch);
	return scratch->bytes && pprof_anchor(&anchor, scratch->bytes, scratch->length)
		       ? damage
		       : PPROF_WHOLE;
}
