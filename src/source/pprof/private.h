/* SPDX-License-Identifier: MIT */
/*
 * Between the two halves of reading goroutines from text: the front (text.c) takes off
 * whatever the text is wrapped in and hands on plain lines, the grammar (grammar.c)
 * knows what the runtime prints. Lines have no end of their own and no blanks behind.
 */
#ifndef SOURCE_PPROF_PRIVATE_H
#define SOURCE_PPROF_PRIVATE_H

#include <string.h>

#include "source/pprof/pprof.h"

/* A longer line is cut; a dump of many goroutines may be one line. */
#define PPROF_LINE_MAX (96u << 20)

static inline bool pprof_starts(const char *line, size_t length, const char *word)
{
	size_t bytes = strlen(word);

	return length >= bytes && memcmp(line, word, bytes) == 0;
}

/* Decimal digits at *at; moves it behind them. */
uint64_t pprof_take_number(const char **at, const char *end);

/* What a line is by itself, wherever it stands. */
enum pprof_kind {
	PPROF_OTHER,
	PPROF_BLANK,
	PPROF_HEADER,   /* a goroutine's, the first line of debug=1, of a race */
	PPROF_FUNCTION, /* "main.f(0x1)" */
	PPROF_PLACE,    /* "\t/src/main.go:12 +0x1d" */
	PPROF_DETAIL,   /* "created by main.g", and whatever only such texts have */
};

enum pprof_kind pprof_kind(const char *line, size_t length);

/* "main.(*T).run(0xc000012340, {0x1, 0x2}?)": how long its name is; 0: it is none. */
size_t pprof_function_bytes(const char *line, size_t length);
/* "created by main.g in goroutine 7"; false: it is none. */
bool pprof_creator(const char *line, size_t length, const char **name, size_t *bytes,
		   uint64_t *id);

/* "/src/a b.go:7 +0x1d fp=0x1 sp=0x2 pc=0x3" */
struct pprof_place {
	const char *file; /* NULL: only an address */
	size_t file_bytes;
	int line;
	uint64_t address;
	bool has_pc;
};

/* False: the line is no place. Blanks before it make it more likely. */
bool pprof_place(struct pprof_place *place, const char *line, size_t length);

/* Where a goroutine's header, the first line of debug=1 or of a race report stands inside
 * a line, and what is behind it. */
struct pprof_anchor {
	size_t at;  /* bytes before it */
	size_t end; /* where it ends */
};

bool pprof_anchor(struct pprof_anchor *anchor, const char *line, size_t length);
/* The line is a header and nothing else. */
bool pprof_header_at(struct pprof_header *header, const char *line, size_t length);

/* --- the grammar --- */

struct pprof_grammar;

struct pprof_grammar *pprof_grammar_new(const struct pprof_out *out);
void pprof_grammar_free(struct pprof_grammar *grammar);
/* False: the line is nothing that belongs here; nothing has happened then. */
bool pprof_grammar_take(struct pprof_grammar *grammar, const char *line, size_t length);
/* A line that nobody has recognised: it may say that a dump follows. */
void pprof_grammar_other(struct pprof_grammar *grammar, const char *line, size_t length);
void pprof_grammar_end(struct pprof_grammar *grammar, bool open_end,
		       struct pprof_found *found);

/* --- how bytes stand for characters --- */

struct pprof_decoder {
	enum { PPROF_UNDECIDED, PPROF_BYTES, PPROF_LITTLE, PPROF_BIG } order;
	unsigned char first[4];
	size_t nr_first;
	int half;       /* the first byte of two; -1: none */
	unsigned high;  /* the first half of a pair */
	struct buf out; /* what was decoded */
};

typedef void pprof_bytes_sink(void *ctx, const char *bytes, size_t length);

void pprof_decoder_feed(struct pprof_decoder *decoder, const char *bytes, size_t length,
			pprof_bytes_sink *sink, void *ctx);
void pprof_decoder_end(struct pprof_decoder *decoder, pprof_bytes_sink *sink, void *ctx);
/* Whether lines need pprof_clean(). */
bool pprof_is_special(const char *bytes, size_t length);
/* Colours, zero bytes, odd blanks and character references out of a line. True: out holds
 * it; false: it had none. */
bool pprof_clean(const char *line, size_t length, struct buf *out);

/* What some ways to copy a text do to all of its lines. */
enum pprof_damage {
	PPROF_WHOLE,
	PPROF_ODD_BLANKS = 1, /* two of each, or tabs */
	PPROF_ODD_MARKS = 2,  /* a backslash before each mark that Markdown knows */
};

/* The line without it, into out. */
void pprof_repair(const char *line, size_t length, unsigned damage, struct buf *out);
/* Whether a header is in the line that only such damage hides; which, or PPROF_WHOLE. */
unsigned pprof_find_damage(const char *line, size_t length, struct buf *scratch);

/* --- texts inside a line --- */

#define PPROF_DEPTH 4u /* an envelope in an envelope */

struct pprof_unwrap {
	/* Of the value that holds the text, in each envelope; "": not known. */
	char key[PPROF_DEPTH][64];
	struct buf text[PPROF_DEPTH];
	struct buf partial; /* of a value that has no end of line */
	struct pprof_cut {
		struct buf text;
		bool open;
	} cut[2]; /* lines of stdout and stderr that a container's log has cut */
};

/* Puts the parts of a line of a container's log together. True: the line is one of them;
 * *line is the whole one, or NULL while it goes on. */
bool pprof_join_cut(struct pprof_unwrap *unwrap, const char **line, size_t *length);

/* Gives on what the line holds, of many lines, each with its end. False: it is no envelope. */
bool pprof_unwrap(struct pprof_unwrap *unwrap, unsigned depth, const char *line,
		  size_t length, pprof_bytes_sink *sink, void *ctx);
void pprof_unwrap_release(struct pprof_unwrap *unwrap);
/* A dump whose line ends have become blanks, behind its first header; with them again. */
bool pprof_is_flat(const char *at, const char *end);
void pprof_put_flat(struct buf *out, const char *at, const char *end);
void pprof_put_char(struct buf *out, unsigned character);
/* The same, of one string in quotes: escapes are taken back. */
void pprof_unescape(const char *text, size_t length, struct buf *out);

#endif
