/* SPDX-License-Identifier: MIT */
/* See words.h. Each kind has a function that recognises it by its form; the first that
 * does decides. */
#include "source/go/holds/words.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/text.h"

struct words {
	const char *at;
	size_t nr;
};

/* Decodes one character; returns its length, or 0 if it is invalid. *cut: it is valid so
 * far, but incomplete. */
static size_t decode(const unsigned char *at, size_t left, uint32_t *out, bool *cut)
{
	static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t length = at[0] < 0x80             ? 1
			: (at[0] & 0xe0) == 0xc0 ? 2
			: (at[0] & 0xf0) == 0xe0 ? 3
			: (at[0] & 0xf8) == 0xf0 ? 4
						 : 0;
	uint32_t code;

	if (length == 0)
		return 0;
	code = length == 1 ? at[0] : at[0] & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if (i == left) {
			*cut = true;
			return 0;
		}
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (at[i] & 0x3f);
	}
	*out = code;
	return code >= lowest[length] && code <= 0x10ffff && code >> 11 != 0x1b ? length
										: 0;
}

/* Control characters, those that reorder or hide text, and those that are none. */
static bool is_shown(uint32_t code)
{
	static const struct {
		uint32_t first, last;
	} hidden[] = {
		{0, 8},           {0xb, 0xc},       {0xe, 0x1f},      {0x7f, 0x9f},
		{0xad, 0xad},     {0x61c, 0x61c},   {0x180e, 0x180e}, {0x200b, 0x200f},
		{0x2028, 0x202e}, {0x2060, 0x206f}, {0xe000, 0xf8ff}, {0xfdd0, 0xfdef},
		{0xfe00, 0xfe0f}, {0xfeff, 0xfeff}, {0xfff0, 0xffff}, {0xe0000, 0x10ffff},
	};

	if ((code & 0xfffe) == 0xfffe)
		return false;
	for (size_t i = 0; i < ARRAY_COUNT(hidden); i++)
		if (code >= hidden[i].first && code <= hidden[i].last)
			return false;
	return true;
}

bool go_words_valid(const char *bytes, size_t nr, bool cut)
{
	const unsigned char *at = (const unsigned char *)bytes;

	for (size_t i = 0; i < nr;) {
		uint32_t code;
		bool short_of = false;
		size_t length;

		if (at[i] >= ' ' && at[i] < 0x7f) {
			i++;
			continue;
		}
		length = decode(at + i, nr - i, &code, &short_of);
		if (length == 0)
			return cut && short_of && i > 0;
		if (!is_shown(code))
			return false;
		i += length;
	}
	return nr > 0;
}

size_t go_words_copy(const char *text, size_t nr, bool cut, char out[GO_WORDS_SIZE])
{
	const unsigned char *at = (const unsigned char *)text;
	bool space = false;
	size_t used = 0;

	for (size_t i = 0; i < nr;) {
		bool short_of;
		uint32_t code;
		size_t length = decode(at + i, nr - i, &code, &short_of);

		if (length == 0)
			break;
		if (byte_is_space(text[i])) {
			space = used > 0;
			i++;
			continue;
		}
		if (used + space + length > HOLDS_TEXT_MAX) {
			cut = true;
			break;
		}
		if (space)
			out[used++] = ' ';
		space = false;
		memcpy(out + used, text + i, length);
		used += length;
		i += length;
	}
	if (cut) {
		memcpy(out + used, "…", strlen("…"));
		used += strlen("…");
	}
	out[used] = '\0';
	return used;
}

static size_t span_of(struct words words, bool (*is)(char))
{
	size_t i = 0;

	while (i < words.nr && is(words.at[i]))
		i++;
	return i;
}

static struct words rest_of(struct words words, size_t from)
{
	return (struct words){words.at + from, words.nr - from};
}

static bool is_digit(char byte)
{
	return byte_is_digit(byte);
}

static bool is_hex(char byte)
{
	return byte_hex_value(byte) >= 0;
}

static bool is_name(char byte) /* of a host, also with an underscore as in Docker */
{
	return byte_is_letter(byte) || byte_is_digit(byte) || byte == '-' || byte == '_';
}

static bool is_token(char byte)
{
	return byte_is_letter(byte) || byte_is_digit(byte) || byte == '-' || byte == '_';
}

static bool is_path(char byte)
{
	return (unsigned char)byte > ' ' && byte != '"' && byte != '<' && byte != '>' &&
	       byte != '`' && byte != 0x7f;
}

static bool begins(struct words words, const char *with)
{
	size_t nr = strlen(with);

	return words.nr >= nr && strncasecmp(words.at, with, nr) == 0;
}

static bool equals(struct words words, const char *text)
{
	return words.nr == strlen(text) && strncasecmp(words.at, text, words.nr) == 0;
}

/* Without regard to case. */
static bool contains(struct words words, const char *text)
{
	size_t nr = strlen(text);

	for (size_t i = 0; i + nr <= words.nr; i++)
		if (strncasecmp(words.at + i, text, nr) == 0)
			return true;
	return false;
}

static bool reads_as_url(struct words words)
{
	size_t i = 0;

	while (i < words.nr &&
	       (byte_is_letter(words.at[i]) || words.at[i] == '+' || words.at[i] == '-' ||
		words.at[i] == '.' || (i > 0 && byte_is_digit(words.at[i]))))
		i++;
	if (i < 2 || i > 24 || words.nr < i + 4 || memcmp(words.at + i, "://", 3) != 0)
		return false;
	return span_of(rest_of(words, i + 3), is_path) == words.nr - i - 3;
}

static struct words last_label(struct words host)
{
	size_t i = host.nr;

	while (i > 0 && host.at[i - 1] != '.')
		i--;
	return rest_of(host, i);
}

static bool in_list(struct words word, const char *const *list, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (equals(word, list[i]))
			return true;
	return false;
}

/* Ends of names that are files rather than hosts. */
static bool is_file_type(struct words label)
{
	static const char *const list[] = {
		"go", "c",   "h",   "s",   "cc",   "js",   "ts",   "py",   "rb", "rs",
		"sh", "so",  "md",  "gz",  "db",   "pl",   "ps",   "cs",   "hs", "json",
		"a",  "txt", "yml", "xml", "html", "yaml", "toml", "conf", "log"};

	return in_list(label, list, ARRAY_COUNT(list));
}

static bool is_top_domain(struct words label)
{
	static const char *const list[] = {
		"com",  "org",      "net",       "io",    "dev",   "app",     "cloud",
		"int",  "internal", "local",     "svc",   "lan",   "example", "test",
		"edu",  "gov",      "mil",       "info",  "biz",   "ai",      "xyz",
		"arpa", "invalid",  "localhost", "intra", "corp",  "home",    "online",
		"site", "tech",     "store",     "shop",  "email", "network", "systems"};

	/* Names of hosts are written in small letters. */
	return span_of(label, byte_is_upper) == 0 &&
	       (in_list(label, list, ARRAY_COUNT(list)) ||
		(label.nr == 2 && !is_file_type(label)));
}

/* Counts the labels of a host's name; 0 if it is not one. *letters: it has some. */
static size_t count_labels(struct words host, bool *letters)
{
	size_t labels = 0;

	*letters = false;
	for (size_t i = 0; i < host.nr;) {
		size_t nr = span_of(rest_of(host, i), is_name);

		if (nr == 0 || nr > 63 || host.at[i] == '-' || host.at[i + nr - 1] == '-')
			return 0;
		for (size_t k = i; k < i + nr; k++)
			*letters |= byte_is_letter(host.at[k]);
		labels++;
		i += nr;
		if (i < host.nr && (host.at[i++] != '.' || i == host.nr))
			return 0;
	}
	return labels;
}

static bool is_ipv4(struct words host)
{
	unsigned parts = 0;

	for (size_t i = 0; i < host.nr;) {
		size_t nr = span_of(rest_of(host, i), is_digit);
		unsigned value = 0;

		if (nr == 0 || nr > 3)
			return false;
		for (size_t k = i; k < i + nr; k++)
			value = value * 10 + (unsigned)(host.at[k] - '0');
		if (value > 255)
			return false;
		parts++;
		i += nr;
		if (i < host.nr && (host.at[i++] != '.' || i == host.nr))
			return false;
	}
	return parts == 4;
}

static bool is_ipv6(struct words host)
{
	size_t colons = 0, digits = 0, i = 0;

	for (; i < host.nr && host.at[i] != '%'; i++) {
		if (host.at[i] == ':')
			colons++;
		else if (is_hex(host.at[i]))
			digits++;
		else if (host.at[i] != '.')
			return false;
	}
	if (i < host.nr && span_of(rest_of(host, i + 1), is_name) + i + 1 != host.nr)
		return false;
	return colons >= 2 && colons <= 8 && (digits > 0 || host.nr == 2) &&
	       (colons == 7 || contains(host, "::"));
}

static bool is_port(struct words port)
{
	unsigned value = 0;

	if (port.nr == 0 || port.nr > 5 || port.at[0] == '0' ||
	    span_of(port, is_digit) != port.nr)
		return false;
	for (size_t i = 0; i < port.nr; i++)
		value = value * 10 + (unsigned)(port.at[i] - '0');
	return value <= 65535;
}

static bool reads_as_host(struct words words)
{
	size_t colon = words.nr, labels;
	struct words host = words;
	bool letters, port;

	if (words.nr > 259)
		return false;
	while (colon > 0 && words.at[colon - 1] != ':')
		colon--;
	port = colon > 0 && is_port(rest_of(words, colon));
	if (port)
		host.nr = colon - 1;
	if (host.nr >= 4 && host.at[0] == '[' && host.at[host.nr - 1] == ']')
		return is_ipv6((struct words){host.at + 1, host.nr - 2});
	if (is_ipv4(host) || is_ipv6(words))
		return true;
	if (port && host.nr == 0) /* ":8080" */
		return words.nr >= 3;
	labels = count_labels(host, &letters);
	if (labels == 0 || !letters || is_file_type(last_label(host)))
		return false;
	if (equals(host, "localhost"))
		return true;
	/* A host of one label needs a port: "redis:6379". */
	if (port)
		return labels > 1 || (host.nr >= 2 && byte_is_letter(host.at[0]));
	return labels > 1 && is_top_domain(last_label(host));
}

static bool reads_as_path(struct words words)
{
	static const char *const methods[] = {"GET ",  "POST ",    "PUT ",  "DELETE ",
					      "HEAD ", "OPTIONS ", "PATCH "};
	size_t from = 0;

	for (size_t i = 0; i < ARRAY_COUNT(methods); i++)
		if (words.nr > strlen(methods[i]) &&
		    memcmp(words.at, methods[i], strlen(methods[i])) == 0)
			from = strlen(methods[i]);
	words = rest_of(words, from);
	if (from > 0 && contains(words, " HTTP/"))
		return words.at[0] == '/';
	if (words.nr >= 2 && (words.at[0] == '.' || words.at[0] == '~'))
		words = rest_of(words, words.at[1] == '.' ? 2 : 1);
	if (words.nr < 2 || words.at[0] != '/' || words.at[1] == '/' ||
	    span_of(words, is_path) != words.nr)
		return false;
	for (size_t i = 1; i < words.nr; i++)
		if (byte_is_letter(words.at[i]) || byte_is_digit(words.at[i]) ||
		    (unsigned char)words.at[i] >= 0x80)
			return true;
	return false;
}

static bool reads_as_sql(struct words words)
{
	static const struct {
		const char *first, *later;
	} forms[] = {{"select ", " from "},     {"select ", "("},
		     {"select 1", ""},          {"insert into ", ""},
		     {"update ", " set "},      {"delete from ", ""},
		     {"with ", " as ("},        {"create table ", ""},
		     {"create index ", ""},     {"create unique ", ""},
		     {"create view ", ""},      {"create database ", ""},
		     {"alter table ", ""},      {"drop table ", ""},
		     {"drop index ", ""},       {"truncate table ", ""},
		     {"replace into ", ""},     {"merge into ", ""},
		     {"explain select ", ""},   {"lock tables ", ""},
		     {"begin transaction", ""}, {"start transaction", ""}};
	char line[GO_WORDS_SIZE];

	/* Queries are often written on several lines. */
	words.nr = go_words_copy(words.at, words.nr, false, line);
	words.at = line;
	for (size_t i = 0; i < ARRAY_COUNT(forms); i++)
		if (begins(words, forms[i].first) && contains(words, forms[i].later))
			return true;
	return false;
}

static bool is_uuid(struct words words)
{
	if (words.nr != 36)
		return false;
	for (size_t i = 0; i < words.nr; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? words.at[i] != '-' : !is_hex(words.at[i]))
			return false;
	}
	return true;
}

static bool is_crockford(char byte)
{
	return byte_is_digit(byte) || (byte_is_upper(byte) && !strchr("ILOU", byte));
}

/* Tokens without a fixed form: digits and letters mixed, "req_8f3k20sk1m4k". */
static bool is_mixed(struct words words)
{
	size_t digits = 0, letters = 0, changes = 0;

	if (words.nr < 8 || words.nr > 128 || span_of(words, is_token) != words.nr)
		return false;
	for (size_t i = 0; i < words.nr; i++) {
		digits += byte_is_digit(words.at[i]);
		letters += byte_is_letter(words.at[i]);
		changes += i > 0 &&
			   byte_is_digit(words.at[i]) != byte_is_digit(words.at[i - 1]);
	}
	return digits >= 3 && letters >= 2 &&
	       (changes >= 4 || (digits >= 4 && changes >= 1));
}

static bool reads_as_id(struct words words)
{
	size_t hex = span_of(words, is_hex);

	if (begins(words, "sha256:") || begins(words, "sha512:"))
		return span_of(rest_of(words, 7), is_hex) == words.nr - 7 &&
		       words.nr >= 7 + 32;
	if (begins(words, "urn:uuid:"))
		words = rest_of(words, 9);
	if (is_uuid(words))
		return true;
	if (hex == words.nr && hex >= 16 && hex % 2 == 0 && hex <= 128)
		return true;
	if (words.nr == 26 && words.at[0] <= '7' &&
	    span_of(words, is_crockford) == words.nr)
		return true;
	if (words.nr >= 6 && words.nr <= 20 && span_of(words, is_digit) == words.nr)
		return true;
	return is_mixed(words);
}

/* The length of a header's name in its canonical form; 0 if it is not one. */
static size_t header_name(struct words words, size_t *parts)
{
	size_t i = 0;

	*parts = 0;
	while (i < words.nr && byte_is_upper(words.at[i])) {
		i++;
		while (i < words.nr &&
		       (byte_is_letter(words.at[i]) || byte_is_digit(words.at[i])))
			i++;
		++*parts;
		if (i >= words.nr || words.at[i] != '-')
			break;
		i++;
	}
	return i > 0 && words.at[i - 1] == '-' ? 0 : i;
}

static bool reads_as_header(struct words words)
{
	size_t parts, nr = header_name(words, &parts);

	if (nr < 2 || nr > 64)
		return false;
	if (nr == words.nr)
		return parts >= 2;
	return words.nr > nr + 2 && words.at[nr] == ':' && words.at[nr + 1] == ' ' &&
	       words.at[nr + 2] != ' ';
}

enum held_text go_words_read(const char *text, size_t nr)
{
	struct words words = {text, nr};

	if (reads_as_url(words))
		return HELD_TEXT_URL;
	if (reads_as_path(words))
		return HELD_TEXT_PATH;
	if (reads_as_host(words))
		return HELD_TEXT_HOST;
	if (reads_as_sql(words))
		return HELD_TEXT_SQL;
	if (reads_as_header(words))
		return HELD_TEXT_HEADER;
	return reads_as_id(words) ? HELD_TEXT_ID : HELD_TEXT_OTHER;
}

/* Names of types as the program prints them. */
static bool is_type_name(struct words words)
{
	static const char *const parts[] = {"func(", "map[",    "struct {", "interface {",
					    "[]",    "*struct", "chan ",    "<-chan "};
	size_t stars = 0, dots = 0;

	for (size_t i = 0; i < ARRAY_COUNT(parts); i++)
		if (begins(words, parts[i]))
			return true;
	while (stars < words.nr && words.at[stars] == '*')
		stars++;
	for (size_t i = stars; i < words.nr; i++) {
		dots += words.at[i] == '.';
		if (!is_name(words.at[i]) && words.at[i] != '.' && words.at[i] != '/')
			return false;
	}
	return stars > 0 && dots > 0;
}

static bool is_environment(struct words words)
{
	size_t i = 0;

	while (i < words.nr && (byte_is_upper(words.at[i]) || words.at[i] == '_' ||
				(i > 0 && byte_is_digit(words.at[i]))))
		i++;
	return i >= 2 && i < words.nr && words.at[i] == '=';
}

static bool is_source_file(struct words words)
{
	return words.nr > 3 && memcmp(words.at + words.nr - 3, ".go", 3) == 0;
}

/* "github.com/owner/name", "net/http", and what is in them. */
static bool is_package(struct words words)
{
	static const char *const roots[] = {
		"github.com/", "golang.org/", "google.golang.org/", "gopkg.in/",
		"net/http",    "internal/",   "runtime/",           "crypto/"};

	for (size_t i = 0; i < ARRAY_COUNT(roots); i++)
		if (begins(words, roots[i]))
			return true;
	return false;
}

/* Enough of it should be letters, digits and spaces. */
static bool is_speech(struct words words)
{
	size_t plain = 0, signs = 0;

	for (size_t i = 0; i < words.nr; i++) {
		bool sign = byte_is_letter(words.at[i]) || byte_is_digit(words.at[i]) ||
			    (unsigned char)words.at[i] >= 0x80;

		signs += sign;
		plain += sign || byte_is_space(words.at[i]);
	}
	return words.nr >= 3 &&
	       (plain * 5 >= words.nr * 3 || (signs >= 4 && plain * 5 >= words.nr * 2));
}

bool go_words_are_noise(const char *text, size_t nr)
{
	struct words words = {text, nr};

	return is_source_file(words) || is_type_name(words) || is_environment(words) ||
	       is_package(words) ||
	       (!is_speech(words) && go_words_read(text, nr) == HELD_TEXT_OTHER);
}
