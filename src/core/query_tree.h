/* SPDX-License-Identifier: MIT */
/* What a filter is made of, between the parser (query_parse.c) and the matcher (query.c).
 * Nobody else includes it. */
#ifndef CORE_QUERY_TREE_H
#define CORE_QUERY_TREE_H

#include "core/column.h"
#include "core/pattern.h"
#include "core/query.h"

enum query_op {
	QUERY_PATTERN,
	QUERY_EQUAL,
	QUERY_MORE,
	QUERY_LESS,
	QUERY_FROM,
	QUERY_UPTO
};

/* What a term looks at: a column, or one of these. */
enum query_field {
	QUERY_ANY = COLUMN_COUNT, /* a bare word */
	QUERY_STACK,              /* any frame of the stack */
	QUERY_LABEL,              /* the label called key */
};

struct query_term {
	int field; /* enum column_id or enum query_field */
	enum query_op op;
	bool has_pattern;
	struct pattern pattern;
	double number;            /* for the other ops: ns, percent, count */
	char *key;                /* of QUERY_LABEL */
	uint32_t flags;           /* of COLUMN_STATE: any of these task flags matches */
	bool states[STATE_COUNT]; /* of COLUMN_STATE and QUERY_ANY */
	bool names_state; /* the word is a state or class: a runtime's raw word does not count */
	bool has_equals; /* in the pattern: it reaches over key and text of a label */
	bool has_space;  /* … and over two labels */
	bool has_place;  /* … and maybe over file and line */
	unsigned int memo_bit; /* answers are remembered in this bit, or 0 */
};

enum query_kind { QUERY_AND, QUERY_OR, QUERY_NOT, QUERY_TERM };

/* Children of a node are a list, so that matching recurses by parentheses only. */
struct query_node {
	enum query_kind kind;
	int child, next;         /* index of a node, or -1 */
	struct query_term *term; /* of QUERY_TERM */
};

struct query_memo; /* query.c */

struct query {
	struct query_node *nodes;
	size_t nr_nodes, cap_nodes;
	int root; /* -1: everything matches */
	/* Where something is missing, which says nothing while it is typed; -1: nowhere. */
	int unfinished;
	const char *missing; /* a sentence; static */
	unsigned int nr_memo_bits;
	struct query_memo *memo;
	const void *snapshot; /* whose answers are remembered */
	int64_t snapshot_ns;
};

/* Fill an empty query. On failure the caller frees what there is of it. */
int query_parse(struct query *query, const char *text, struct err *e);
void query_term_free(struct query_term *term);
/* Precompute the answers that depend on the state alone. */
void query_term_states(struct query_term *term);
/* The words that state: knows beside states and classes: "stuck", "leak" … */
void query_suggest_flags(struct suggest *suggest);
/* Whether a word is part of a state's name, a class's or one of these. */
bool query_state_known(const char *word);

#endif
