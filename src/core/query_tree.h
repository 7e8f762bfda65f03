/* SPDX-License-Identifier: MIT */
/* The syntax tree of a filter, shared by the parser (query_parse.c) and the matcher
 * (query.c). Only these and query_term.c include it. */
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

/* The field that a term examines: a column, or one of these. */
enum query_field {
	QUERY_ANY = COLUMN_COUNT, /* a bare word */
	QUERY_STACK,              /* any frame of the stack */
	QUERY_LABEL,              /* the label named `key` */
};

struct query_term {
	int field; /* enum column_id or enum query_field */
	enum query_op op;
	bool has_pattern;
	struct pattern pattern;
	double number; /* for the other operators: ns, percent or count */
	char *key;     /* only for QUERY_LABEL */
	/* for COLUMN_STATE: matches if any of these task flags is set */
	uint32_t flags;
	bool states[STATE_COUNT]; /* for COLUMN_STATE and QUERY_ANY */
	/* the word is a state or class, so a runtime's raw word does not count */
	bool names_state;
	/* the pattern contains "=", so it may match across key and text of a label */
	bool has_equals;
	bool has_space; /* … contains a space, so it may match across two labels */
	bool has_place; /* … may match across file and line */
	bool like_id;   /* … may match an id */
	struct letters letters; /* that a matching text has; none for a regex */
	unsigned int memo_bit;  /* bit under which results are cached, or 0 */
	bool in_labels;         /* a bare word that the task before had in its labels */
	/* the key of a label that was read last, or NULL, and whether it matched */
	bool key_matched;
	const char *key_before;
};

enum query_kind { QUERY_AND, QUERY_OR, QUERY_NOT, QUERY_TERM };

/* The children of a node form a list, so that matching recurses only for parentheses. */
struct query_node {
	enum query_kind kind;
	int child, next;         /* index of a node, or -1 */
	struct query_term *term; /* only for QUERY_TERM */
	unsigned int cost;       /* of matching it, roughly */
	/* only for QUERY_TERM: the term to match next, or the answer, if it matches and if
	 * it does not */
	int yes, no;
};

/* The answers among the indices of terms. */
enum query_answer { QUERY_YES = -1, QUERY_NO = -2 };

struct query_memo; /* query.c */

struct query {
	struct query_node *nodes;
	size_t nr_nodes, cap_nodes;
	int root;  /* -1 if everything matches */
	int begin; /* the term to match first, or QUERY_YES */
	/* Position of a missing item, which is ignored while the user types; -1 if
	 * none. */
	int unfinished;
	const char *missing; /* a static sentence */
	unsigned int nr_memo_bits;
	bool reads_texts; /* more than numbers, states and stacks */
	struct query_memo *memo;
	const void *snapshot; /* the snapshot for which results are cached */
	int64_t snapshot_ns;
};

/* Fill in an empty query. On failure the caller frees what has been built. */
int query_parse(struct query *query, const char *text, struct err *e);
void query_term_free(struct query_term *term);
/* Precompute the results that only depend on the state. */
void query_term_states(struct query_term *term);
/* Returns the number of bytes before an operator, as in "age" or "label.request", or 0 if
 * this is not a term with an operator. */
size_t query_field_bytes(const char *at);
/* Returns the bytes of the operator at the beginning of the text, or 0. */
size_t query_operator_bytes(const char *at);
/* Returns the field with this name, of QUERY_LABEL for "label.KEY", or -1. */
int query_field_by_name(const char *name, size_t bytes);
/* Returns the words that `state:` accepts besides states and classes, in turn, and then
 * NULL. */
const char *query_flag_word(size_t number);
/* Offers the words that `state:` accepts besides states and classes: "stuck", "leak" … */
void query_suggest_flags(struct suggest *suggest);
/* Returns whether a word is part of the name of a state or class, or of one of these
 * words. */
bool query_state_known(const char *word);

#endif
