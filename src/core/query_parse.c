/* SPDX-License-Identifier: MIT */
/*
 * Parser of the filter language. It runs while the user types, so an incomplete term
 * ("state:", "(foo", "foo |", "!") is not an error but has no effect. The index of such a
 * node is -1, and its parent leaves it out.
 */
#include "core/query_tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/text.h"

#define QUERY_VALUE_MAX 64
#define NOTHING         (-1)
#define FAILED          (-2)

struct parser {
	struct query *query;
	const char *text;
	const char *at;
	int depth;
	struct err *e;
};

/* A value or word, located in the text. */
struct word {
	const char *start;
	size_t bytes;
	bool quoted;
	/* storage for `start` if the word contained a backslash */
	char unescaped[QUERY_TEXT_MAX];
};

static int parser_fail(struct parser *parser, const char *at, const char *sentence)
{
	err_at(parser->e, (int)(at - parser->text), "%s", sentence);
	return FAILED;
}

static int parser_no_memory(struct parser *parser)
{
	err_set(parser->e, ERR_NOMEM, "no memory for a filter");
	return FAILED;
}

/* Only the first missing item is kept. */
static void say_missing(struct parser *parser, const char *at, const char *sentence)
{
	if (parser->query->unfinished >= 0)
		return;
	parser->query->unfinished = (int)(at - parser->text);
	parser->query->missing = sentence;
}

static void skip_spaces(struct parser *parser)
{
	while (byte_is_space(*parser->at))
		parser->at++;
}

static int node_new(struct parser *parser, enum query_kind kind, int child)
{
	struct query *query = parser->query;
	struct query_node *node;

	if (!array_reserve(&query->nodes, &query->cap_nodes, query->nr_nodes + 1))
		return parser_no_memory(parser);
	node = &query->nodes[query->nr_nodes];
	*node = (struct query_node){.kind = kind, .child = child, .next = NOTHING};
	return (int)query->nr_nodes++;
}

/* Starts at the opening quote. If there is no closing quote, the word extends to the end
 * of the text. */
static void read_quoted(struct parser *parser, struct word *word)
{
	const char *start = parser->at;
	size_t n = 0;

	for (parser->at++; *parser->at && *parser->at != '"'; parser->at++) {
		if (*parser->at == '\\' &&
		    (parser->at[1] == '"' || parser->at[1] == '\\'))
			parser->at++;
		word->unescaped[n++] = *parser->at;
	}
	if (*parser->at == '"')
		parser->at++;
	else
		say_missing(parser, start, "this quote is not closed");
	word->quoted = true;
	word->start = word->unescaped;
	word->bytes = n;
}

/* Balanced parentheses inside a word belong to it: "foo(int)", "^(a|b)". */
static void read_bare(struct parser *parser, struct word *word)
{
	int depth = 0;

	word->quoted = false;
	word->start = parser->at;
	for (; *parser->at && !byte_is_space(*parser->at); parser->at++) {
		if (*parser->at == '\\' && parser->at[1] && !byte_is_space(parser->at[1]))
			parser->at++;
		else if (*parser->at == '(')
			depth++;
		else if (*parser->at == ')' && depth-- == 0)
			break;
		else if (*parser->at == '|' && depth == 0)
			break;
	}
	word->bytes = (size_t)(parser->at - word->start);
}

static void read_word(struct parser *parser, struct word *word)
{
	if (*parser->at == '"')
		read_quoted(parser, word);
	else
		read_bare(parser, word);
}

size_t query_field_bytes(const char *at)
{
	size_t n = 0;

	if (text_starts_with(at, "label.") || text_starts_with(at, "labels.")) {
		n = strcspn(at, ":=~<>!()|\" \t\r\n");
	} else if (byte_is_letter(*at)) {
		while (byte_is_letter(at[n]) || byte_is_digit(at[n]) || at[n] == '_' ||
		       at[n] == '-' || at[n] == '%')
			n++;
	}
	if (n == 0)
		return 0;
	if (at[n] == '!')
		return at[n + 1] == '=' || at[n + 1] == '~' ? n : 0;
	/* "std::mutex" is a word. */
	return at[n] && strchr(":=~<>", at[n]) && at[n + 1] != ':' ? n : 0;
}

struct op {
	const char *text;
	enum query_op op;
	enum pattern_kind pattern; /* only for QUERY_PATTERN */
	bool negated;
};

/* An operator precedes its prefixes. */
static const struct op ops[] = {
	{"!=", QUERY_EQUAL, PATTERN_WHOLE, true},
	{"!~", QUERY_PATTERN, PATTERN_REGEX, true},
	{">=", QUERY_FROM, PATTERN_PART, false},
	{"<=", QUERY_UPTO, PATTERN_PART, false},
	{"==", QUERY_EQUAL, PATTERN_WHOLE, false},
	{"=~", QUERY_PATTERN, PATTERN_REGEX, false},
	{":", QUERY_PATTERN, PATTERN_PART, false},
	{"=", QUERY_EQUAL, PATTERN_WHOLE, false},
	{"~", QUERY_PATTERN, PATTERN_REGEX, false},
	{">", QUERY_MORE, PATTERN_PART, false},
	{"<", QUERY_LESS, PATTERN_PART, false},
};

static const struct op *find_op(const char *at)
{
	for (size_t i = 0; i < ARRAY_COUNT(ops); i++)
		if (text_starts_with(at, ops[i].text))
			return &ops[i];
	return NULL;
}

size_t query_operator_bytes(const char *at)
{
	const struct op *op = find_op(at);

	return op ? strlen(op->text) : 0;
}

static const struct op *read_op(struct parser *parser)
{
	const struct op *op = find_op(parser->at);

	parser->at += query_operator_bytes(parser->at);
	return op;
}

/* Parses "12", "0.5", "10k" or "5%", independent of the locale. */
static int parse_number(const char *text, double *number)
{
	const char *at = text;
	double value = 0, scale = 1;

	for (; byte_is_digit(*at); at++)
		value = value * 10 + (*at - '0');
	if (*at == '.')
		for (at++; byte_is_digit(*at); at++)
			value += (*at - '0') * (scale /= 10);
	if (at == text)
		return -1;
	if (*at == 'k' || *at == 'K')
		value *= 1e3, at++;
	else if (*at == 'M')
		value *= 1e6, at++;
	else if (*at == '%')
		at++;
	*number = value;
	return *at ? -1 : 0;
}

static int parse_age(struct parser *parser, const char *text, const char *at,
		     double *number)
{
	char longer[QUERY_VALUE_MAX + 2];
	struct err inner;
	int64_t ns;

	if (clock_parse_duration(text, &ns, &inner) < 0) {
		/* An incomplete unit, as between 1h and 1h30m, or between 5u and 5us. */
		size_t bytes = strlen(text);

		memcpy(longer, text, bytes);
		memcpy(longer + bytes, "s", 2);
		if (*parser->at || clock_parse_duration(longer, &ns, NULL) < 0) {
			err_at(parser->e, (int)(at - parser->text) + inner.at, "%s",
			       inner.text);
			return FAILED;
		}
	}
	*number = (double)ns;
	return 0;
}

/* Parses the value of a comparison. */
static int parse_value(struct parser *parser, struct query_term *term,
		       const struct word *word, const char *at)
{
	char text[QUERY_VALUE_MAX];
	size_t bytes = word->bytes < sizeof(text) ? word->bytes : sizeof(text) - 1;

	memcpy(text, word->start, bytes);
	text[bytes] = '\0';
	if (term->field == COLUMN_AGE)
		return parse_age(parser, text, at, &term->number);
	if (parse_number(text, &term->number) < 0)
		return parser_fail(parser, at,
				   "a number is expected here, such as 5 or 0.5");
	return 0;
}

static int parse_pattern(struct parser *parser, struct query_term *term,
			 enum pattern_kind kind, const struct word *word, const char *at)
{
	struct err inner;
	int rc = pattern_init(&term->pattern, kind, word->start, word->bytes, &inner);

	if (rc == ERR_NOMEM)
		return parser_no_memory(parser);
	if (rc < 0) {
		err_at(parser->e,
		       (int)(at - parser->text) + (inner.at > 0 ? inner.at : 0), "%s",
		       inner.text);
		return FAILED;
	}
	term->has_pattern = true;
	if (kind != PATTERN_REGEX)
		letters_add(&term->letters, term->pattern.text);
	term->has_equals = strchr(term->pattern.text, '=') != NULL;
	term->has_space = strchr(term->pattern.text, ' ') != NULL;
	term->has_place = strpbrk(term->pattern.text, ":0123456789") != NULL;
	/* An id is a letter and digits: "g3", "g3@4711", or "#3". */
	term->like_id =
		kind != PATTERN_PART || term->pattern.length < 2 ||
		strspn(term->pattern.text + 1, "0123456789@") + 1 == term->pattern.length;
	return 0;
}

/* Creates a node for the term and takes ownership of it. The term is freed on failure. */
static int term_node(struct parser *parser, struct query_term *term, bool negated)
{
	struct query *query = parser->query;
	int node;

	if (term->field == QUERY_ANY || term->field == QUERY_STACK ||
	    term->field == COLUMN_FUNCTION || term->field == COLUMN_LOCATION ||
	    term->field == COLUMN_CREATED)
		if (query->nr_memo_bits < 32)
			term->memo_bit = 1u << query->nr_memo_bits++;
	query_term_states(term);
	node = node_new(parser, QUERY_TERM, NOTHING);
	if (node < 0) {
		query_term_free(term);
		return node;
	}
	query->nodes[node].term = term;
	return negated ? node_new(parser, QUERY_NOT, node) : node;
}

int query_field_by_name(const char *name, size_t bytes)
{
	int field = column_by_name(name, bytes);

	if (memchr(name, '.', bytes))
		return QUERY_LABEL;
	if (field < 0 && ((bytes == 2 && memcmp(name, "is", 2) == 0) ||
			  (bytes == 5 && memcmp(name, "class", 5) == 0)))
		return COLUMN_STATE;
	if (field < 0 && bytes == 5 && memcmp(name, "stack", 5) == 0)
		return QUERY_STACK;
	return field;
}

static int find_field(struct parser *parser, const char *name, size_t bytes,
		      struct query_term *term)
{
	char keys[COLUMN_KEYS_MAX], hint[SUGGEST_HINT_MAX];
	struct suggest suggest;
	const char *dot = memchr(name, '.', bytes);

	term->field = query_field_by_name(name, bytes);
	if (dot) {
		size_t key_bytes = bytes - (size_t)(dot + 1 - name);

		term->key = strndup(dot + 1, key_bytes);
		return term->key ? 0 : parser_no_memory(parser);
	}
	if (term->field >= 0)
		return 0;
	column_keys(keys, sizeof(keys));
	suggest_init(&suggest, name, bytes);
	column_suggest(&suggest);
	suggest_offer(&suggest, "stack");
	suggest_offer(&suggest, "class");
	err_at(parser->e, (int)(name - parser->text),
	       "unknown column '%.*s'%s (columns: %s, stack, label.KEY); put text that "
	       "contains : = ~ < or > in quotes",
	       (int)(bytes < 40 ? bytes : 40), name, suggest_hint(&suggest, hint), keys);
	return FAILED;
}

/*
 * A state that does not exist would silently match nothing. Quoted words are also
 * compared with a runtime's own words, which cannot be known in advance.
 */
static int check_state(struct parser *parser, const struct query_term *term,
		       const struct word *word, const char *at)
{
	const char *name = term->pattern.text;
	char hint[SUGGEST_HINT_MAX];
	struct suggest suggest;

	if (term->field != COLUMN_STATE || term->pattern.kind == PATTERN_REGEX ||
	    word->quoted || query_state_known(name))
		return 0;
	suggest_init(&suggest, name, strlen(name));
	state_suggest(&suggest);
	query_suggest_flags(&suggest);
	err_at(parser->e, (int)(at - parser->text), "unknown state '%.40s'%s", name,
	       suggest.best ? suggest_hint(&suggest, hint)
			    : "; 'grmon-c help states' lists them; put a runtime's own "
			      "words in quotes");
	return FAILED;
}

/* "g8" only matches this id, and not g80; "8" matches part of an id. "g8@4711" is an id of
 * one of several processes. */
static bool is_whole_id(const struct word *word)
{
	size_t at = 1;

	if (word->bytes < 2 || !strchr("tgc", word->start[0]))
		return false;
	for (; at < word->bytes; at++)
		if (!byte_is_digit(word->start[at]) && word->start[at] != '@')
			return false;
	return true;
}

static bool field_is_number(int field)
{
	return field < COLUMN_COUNT &&
	       column_info((enum column_id)field)->type != COLUMN_TEXT;
}

/* Fills in the term. Its name, operator and value are known to be present. */
static int parse_operands(struct parser *parser, struct query_term *term,
			  size_t name_bytes, const struct op **op_out)
{
	const char *name = parser->at, *at;
	const struct op *op;
	enum pattern_kind kind;
	struct word word;
	bool compares;
	int rc = find_field(parser, name, name_bytes, term);

	if (rc < 0)
		return rc;
	parser->at += name_bytes;
	at = parser->at;
	*op_out = op = read_op(parser);
	if (!op)
		return parser_fail(parser, at, "an operator is missing here");
	compares = op->op != QUERY_PATTERN && op->op != QUERY_EQUAL;
	if (compares && !field_is_number(term->field))
		return parser_fail(
			parser, at,
			"only age, cpu and switches can be compared with < and >; "
			"use : for a substring, = for equality, ~ for a regular "
			"expression");
	at = parser->at;
	read_word(parser, &word);
	if (word.bytes == 0 && !word.quoted) {
		/* "age> 30s" would silently have another meaning. */
		skip_spaces(parser);
		if (compares && *parser->at && *parser->at != '|' && *parser->at != ')')
			return parser_fail(parser, at,
					   "write the value directly after the operator, "
					   "without a space");
		say_missing(parser, at, "a value is missing here");
		return NOTHING;
	}
	if (word.quoted)
		at++;
	if (field_is_number(term->field) && op->op != QUERY_PATTERN) {
		term->op = op->op;
		return parse_value(parser, term, &word, at);
	}
	term->op = QUERY_PATTERN;
	kind = op->pattern;
	if ((term->field == COLUMN_PID ||
	     (term->field == COLUMN_ID && is_whole_id(&word))) &&
	    kind == PATTERN_PART)
		kind = PATTERN_WHOLE;
	rc = parse_pattern(parser, term, kind, &word, at);
	return rc ? rc : check_state(parser, term, &word, at);
}

static int parse_term(struct parser *parser)
{
	size_t name_bytes = *parser->at == '"' ? 0 : query_field_bytes(parser->at);
	struct query_term *term = calloc(1, sizeof(*term));
	const char *at = parser->at;
	const struct op *op = NULL;
	struct word word;
	int rc;

	if (!term)
		return parser_no_memory(parser);
	if (name_bytes > 0) {
		rc = parse_operands(parser, term, name_bytes, &op);
	} else {
		read_word(parser, &word);
		term->field = QUERY_ANY;
		term->op = QUERY_PATTERN;
		rc = word.bytes == 0
			     ? NOTHING
			     : parse_pattern(parser, term, PATTERN_PART, &word, at);
	}
	if (rc < 0) {
		query_term_free(term);
		return rc;
	}
	return term_node(parser, term, op && op->negated);
}

static int parse_or(struct parser *parser);

static int parse_unary(struct parser *parser)
{
	const char *start;
	bool negated = false;
	int node;

	/* An odd number of "!" negates. */
	for (; *parser->at == '!'; parser->at++, skip_spaces(parser))
		negated = !negated;
	if (*parser->at == '\0' || *parser->at == '|' || *parser->at == ')') {
		say_missing(parser, parser->at, "a term is missing after this !");
		return NOTHING;
	}
	if (*parser->at == '(') {
		start = parser->at;
		if (parser->depth >= QUERY_DEPTH_MAX)
			return parser_fail(parser, parser->at,
					   "too many nested parentheses");
		parser->depth++;
		parser->at++;
		node = parse_or(parser);
		parser->depth--;
		if (*parser->at == ')')
			parser->at++;
		else if (node != FAILED)
			say_missing(parser, start, "this ( is not closed");
	} else {
		node = parse_term(parser);
	}
	return node >= 0 && negated ? node_new(parser, QUERY_NOT, node) : node;
}

/* Collects the children of an AND or OR. A single child replaces the node. */
struct children {
	int first, last, count;
};

static void children_add(struct parser *parser, struct children *children, int node)
{
	if (children->count++ == 0)
		children->first = node;
	else
		parser->query->nodes[children->last].next = node;
	children->last = node;
}

static int children_node(struct parser *parser, const struct children *children,
			 enum query_kind kind)
{
	if (children->count == 0)
		return NOTHING;
	return children->count == 1 ? children->first
				    : node_new(parser, kind, children->first);
}

static int parse_and(struct parser *parser)
{
	struct children children = {0};

	for (;;) {
		int node;

		skip_spaces(parser);
		if (*parser->at == '\0' || *parser->at == '|' || *parser->at == ')')
			return children_node(parser, &children, QUERY_AND);
		node = parse_unary(parser);
		if (node == FAILED)
			return FAILED;
		if (node >= 0)
			children_add(parser, &children, node);
	}
}

static int parse_or(struct parser *parser)
{
	struct children children = {0};
	int ors = 0;

	for (;;) {
		int node = parse_and(parser);

		if (node == FAILED)
			return FAILED;
		if (node >= 0)
			children_add(parser, &children, node);
		ors += *parser->at == '|';
		if (node < 0 && ors > 0)
			say_missing(parser, parser->at, "one side of this | is missing");
		if (*parser->at != '|')
			return children_node(parser, &children, QUERY_OR);
		while (*parser->at == '|')
			parser->at++;
	}
}

int query_parse(struct query *query, const char *text, struct err *e)
{
	struct parser parser = {.query = query, .text = text, .at = text, .e = e};
	struct err unused;

	if (!e)
		parser.e = &unused;
	query->root = NOTHING;
	query->unfinished = -1;
	if (strnlen(text, QUERY_TEXT_MAX) >= QUERY_TEXT_MAX)
		return err_at(e, QUERY_TEXT_MAX - 1, "the filter is longer than %d bytes",
			      QUERY_TEXT_MAX - 1);
	query->root = parse_or(&parser);
	if (query->root == FAILED)
		return parser.e->code;
	if (*parser.at == ')')
		return err_at(e, (int)(parser.at - text), "this ) has no matching (");
	return 0;
}
