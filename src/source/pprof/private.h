/* SPDX-License-Identifier: MIT */
/*
 * Interface between the two halves of the text reader. The front end (text.c) removes
 * whatever wraps the text and passes on plain lines; the grammar (grammar.c) knows what
 * the runtime prints. Lines come without newline and trailing blanks.
 */
#ifndef SOURCE_PPROF_PRIVATE_H
#define SOURCE_PPROF_PRIVATE_H

#include <string.h>

#include "source/pprof/pprof.h"

/* Longer lines are truncated. The limit is this high because a whole dump may be one
 * line. */
#define PPROF_LINE_MAX (96u << 20)

static inline bool pprof_starts(const char *line, size_t length, const char *word)
{
	size_t bytes = strlen(word);

	return length >= bytes && memcmp(line, word, bytes) == 0;
}

/* Parses decimal digits at *at and advances *at past them. */
uint64_t pprof_take_number(const char **at, const char *end);

/* What a line is, regardless of the lines around it. */
enum pprof_kind {
	PPROF_OTHER,
	PPROF_BLANK,
	PPROF_HEADER, /* the first line of a goroutine, of debug=1 or of a race report */
	PPROF_FUNCTION, /* "main.f(0x1)" */
	PPROF_PLACE,    /* "\t/src/main.go:12 +0x1d" */
	PPROF_DETAIL,   /* "created by main.g", and other lines that only dumps contain */
};

enum pprof_kind pprof_kind(const char *line, size_t length);

/* Returns the length of the name in "main.(*T).run(0xc000012340, {0x1, 0x2}?)", or 0 if
 * the line is not a function. */
size_t pprof_function_bytes(const char *line, size_t length);
/* Parses "created by main.g in goroutine 7". Returns false if the line is something else.
 * */
bool pprof_creator(const char *line, size_t length, const char **name, size_t *bytes,
		   uint64_t *id);

/* "/src/a b.go:7 +0x1d fp=0x1 sp=0x2 pc=0x3" */
struct pprof_place {
	const char *file; /* NULL if there is only an address */
	size_t file_bytes;
	int line;
	uint64_t address;
	bool has_pc;
};

/* Returns false if the line is not a place. Leading blanks make it more likely to be one.
 * */
bool pprof_place(struct pprof_place *place, const char *line, size_t length);

/* Where a goroutine's header, or the first line of debug=1 or of a race report, was found
 * inside a line. */
struct pprof_anchor {
	size_t at;  /* bytes before it */
	size_t end; /* where it ends */
};

bool pprof_anchor(struct pprof_anchor *anchor, const char *line, size_t length);
/* Returns true if the line is a header and nothing else. */
bool pprof_header_at(struct pprof_header *header, const char *line, size_t length);

/* --- the grammar --- */

struct pprof_grammar;

struct pprof_grammar *pprof_grammar_new(const struct pprof_out *out);
void pprof_grammar_free(struct pprof_grammar *grammar);
/* Returns false, without any effect, if the line is not part of a dump. */
bool pprof_grammar_take(struct pprof_grammar *grammar, const char *line, size_t length);
/* Takes a line that was not recognised; it may announce a dump. */
void pprof_grammar_other(struct pprof_grammar *grammar, const char *line, size_t length);
void pprof_grammar_end(struct pprof_grammar *grammar, bool open_end,
		       struct pprof_found *found);

/* --- character encodings --- */

struct pprof_decoder {
	enum { PPROF_UNDECIDED, PPROF_BYTES, PPROF_LITTLE, PPROF_BIG } order;
	unsigned char first[4];
	size_t nr_first;
	int half;       /* the first byte of a two-byte unit; -1 if none */
	unsigned high;  /* the first half of a surrogate pair */
	struct buf out; /* the decoded text */
};

typedef void pprof_bytes_sink(void *ctx, const char *bytes, size_t length);

void pprof_decoder_feed(struct pprof_decoder *decoder, const char *bytes, size_t length,
			pprof_bytes_sink *sink, void *ctx);
void pprof_decoder_end(struct pprof_decoder *decoder, pprof_bytes_sink *sink, void *ctx);
/* Returns true if the lines need pprof_clean(). */
bool pprof_is_special(const char *bytes, size_t length);
/* Removes colours, zero bytes and zero-width characters from a line, and decodes odd
 * blanks and character references. Returns true if out holds the result, false if there
 * was nothing to change. */
bool pprof_clean(const char *line, size_t length, struct buf *out);

/* Damage that some ways of copying a text do to all of its lines. */
enum pprof_damage {
	PPROF_WHOLE,
	PPROF_ODD_BLANKS = 1, /* every blank doubled, or tabs instead */
	PPROF_ODD_MARKS = 2,  /* a backslash before every Markdown character */
};

/* Writes the line without the damage to out. */
void pprof_repair(const char *line, size_t length, unsigned damage, struct buf *out);
/* Returns the damage that hides a header in the line, or PPROF_WHOLE. */
unsigned pprof_find_damage(const char *line, size_t length, struct buf *scratch);

/* --- texts embedded in a line --- */

#define PPROF_DEPTH 4u /* levels of nested envelopes */

struct pprof_unwrap {
	/* In each envelope, the key whose value holds the text; "" if unknown. */
	char key[PPROF_DEPTH][64];
	struct buf text[PPROF_DEPTH];
	struct buf partial; /* a value that does not end with a newline */
	struct pprof_cut {
		struct buf text;
		bool open;
	} cut[2]; /* lines of stdout and stderr that a container log has split */
};

/* Joins the parts of a line that a container log has split. Returns true if the line is
 * such a part; *line is then the whole line, or NULL if more parts follow. */
bool pprof_join_cut(struct pprof_unwrap *unwrap, const char **line, size_t *length);

/* Passes on the text in the line: many lines, each with its newline. Returns false if the
 * line is not an envelope. */
bool pprof_unwrap(struct pprof_unwrap *unwrap, unsigned depth, const char *line,
		  size_t length, pprof_bytes_sink *sink, void *ctx);
void pprof_unwrap_release(struct pprof_unwrap *unwrap);
/* For a dump whose newlines have become blanks, after its first header: recognise it, and
 * write it with its newlines. */
bool pprof_is_flat(const char *at, const char *end);
void pprof_put_flat(struct buf *out, const char *at, const char *end);
void pprof_put_char(struct buf *out, unsigned character);
/* Writes one quoted string with its escapes decoded. */
void pprof_unescape(const char *text, size_t length, struct buf *out);

#endif
