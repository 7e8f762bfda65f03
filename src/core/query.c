/* SPDX-License-Identifier: MIT */
/*
 * Evaluates a filter. Results for stacks and interned texts are cached for the current
 * snapshot, so that most rows need only a few lookups and comparisons of short texts.
 */
#include "core/query_tree.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/ahead.h"
#include "base/clock.h"
#include "base/hash.h"

/* Above this number of cached addresses the cache is cleared, so that memory is
 * bounded. */
#define MEMO_CAPACITY_MAX   (1u << 18)
#define MEMO_CAPACITY_FIRST 1024u

enum memo_role { MEMO_STACK = 1, MEMO_CREATOR, MEMO_TEXT };

struct memo_entry {
	const void *address;
	uint32_t role;  /* enum memo_role; 0 if free */
	uint32_t known; /* memo bits that have a result */
	uint32_t answer;
};

struct query_memo {
	struct memo_entry *entries;
	size_t capacity;
	size_t count;
};

static unsigned int term_cost(const struct query_term *term)
{
	if (term->op != QUERY_PATTERN || term->field == COLUMN_STATE)
		return 1;
	return term->field == QUERY_ANY ? 10 : 3;
}

/* Puts the cheap children of a node first: often they decide. */
static void order_children(struct query *query, struct query_node *node)
{
	int child = node->child, next, *at;

	node->child = -1;
	for (; child >= 0; child = next) {
		struct query_node *one = &query->nodes[child];

		next = one->next;
		node->cost += one->cost;
		for (at = &node->child; *at >= 0 && query->nodes[*at].cost <= one->cost;
		     at = &query->nodes[*at].next)
			continue;
		one->next = *at;
		*at = child;
	}
}

/* Returns whether a term reads texts that are not near the beginning of a task. */
static bool term_reads_texts(const struct query_term *term)
{
	return term->op == QUERY_PATTERN && term->field != COLUMN_STATE &&
	       term->field != COLUMN_ID && term->field != COLUMN_FUNCTION &&
	       term->field != COLUMN_LOCATION && term->field != QUERY_STACK;
}

/* Nodes come after their children. */
static void order_nodes(struct query *query)
{
	for (size_t i = 0; i < query->nr_nodes; i++) {
		struct query_node *node = &query->nodes[i];

		if (node->kind == QUERY_TERM) {
			node->cost = term_cost(node->term);
			query->reads_texts |= term_reads_texts(node->term);
		} else if (node->kind == QUERY_NOT) {
			node->cost = query->nodes[node->child].cost;
		} else {
			order_children(query, node);
		}
	}
}

static int first_term(const struct query *query, int index)
{
	while (query->nodes[index].kind != QUERY_TERM)
		index = query->nodes[index].child;
	return index;
}

/* Has the terms of a node lead to these. Recurses at most two levels for each of the
 * QUERY_DEPTH_MAX parentheses, and one for a "!". */
static void link_terms(struct query *query, int index, int yes, int no)
{
	struct query_node *node = &query->nodes[index];
	bool all = node->kind == QUERY_AND;
	int next, then;

	switch (node->kind) {
	case QUERY_TERM:
		node->yes = yes;
		node->no = no;
		break;
	case QUERY_NOT:
		link_terms(query, node->child, no, yes);
		break;
	case QUERY_AND:
	case QUERY_OR:
		for (int child = node->child; child >= 0; child = next) {
			next = query->nodes[child].next;
			then = next >= 0 ? first_term(query, next) : all ? yes : no;
			link_terms(query, child, all ? then : yes, all ? no : then);
		}
		break;
	}
}

struct query *query_new(const char *text, struct err *e)
{
	struct query *query = calloc(1, sizeof(*query));

	err_clear(e);
	if (query)
		query->memo = calloc(1, sizeof(*query->memo));
	if (!query || !query->memo) {
		free(query);
		err_set(e, ERR_NOMEM, "no memory for a filter");
		return NULL;
	}
	if (query_parse(query, text, e) < 0) {
		query_free(query);
		return NULL;
	}
	order_nodes(query);
	query->begin = QUERY_YES;
	if (query->root >= 0) {
		query->begin = first_term(query, query->root);
		link_terms(query, query->root, QUERY_YES, QUERY_NO);
	}
	return query;
}

int query_check_whole(const char *text, struct err *e)
{
	struct query *query = query_new(text, e);
	int rc = query ? 0 : e->code;

	if (query && query->unfinished >= 0)
		rc = err_at(e, query->unfinished, "%s", query->missing);
	query_free(query);
	return rc;
}

void query_free(struct query *query)
{
	if (!query)
		return;
	for (size_t i = 0; i < query->nr_nodes; i++)
		query_term_free(query->nodes[i].term);
	free(query->nodes);
	free(query->memo->entries);
	free(query->memo);
	free(query);
}

void query_begin(struct query *query, const struct snapshot *snapshot)
{
	struct query_memo *memo = query->memo;

	/* Keys are not interned: another one may be at the same address now. */
	for (size_t i = 0; i < query->nr_nodes; i++)
		if (query->nodes[i].kind == QUERY_TERM)
			query->nodes[i].term->key_before = NULL;
	if (query->snapshot == snapshot && query->snapshot_ns == snapshot->mono_ns)
		return;
	query->snapshot = snapshot;
	query->snapshot_ns = snapshot->mono_ns;
	if (memo->count > 0)
		memset(memo->entries, 0, memo->capacity * sizeof(*memo->entries));
	memo->count = 0;
}

static int memo_grow(struct query_memo *memo)
{
	size_t capacity = memo->capacity ? memo->capacity * 4 : MEMO_CAPACITY_FIRST;
	struct memo_entry *entries;

	if (memo->capacity >= MEMO_CAPACITY_MAX) {
		memset(memo->entries, 0, memo->capacity * sizeof(*memo->entries));
		memo->count = 0;
		return 0;
	}
	entries = calloc(capacity, sizeof(*entries));
	if (!entries)
		return -1;
	for (size_t i = 0; i < memo->capacity; i++) {
		const struct memo_entry *old = &memo->entries[i];
		size_t at;

		if (old->role == 0)
			continue;
		at = hash_mix((uintptr_t)old->address, old->role) & (capacity - 1);
		while (entries[at].role)
			at = (at + 1) & (capacity - 1);
		entries[at] = *old;
	}
	free(memo->entries);
	memo->entries = entries;
	memo->capacity = capacity;
	return 0;
}

/* Returns the entry of an address, which is created if necessary, or NULL if there is no
 * memory. Valid until the next call. */
static struct memo_entry *memo_find(struct query_memo *memo, const void *address,
				    uint32_t role)
{
	uint64_t hash = hash_mix((uintptr_t)address, role);
	struct memo_entry *entry;
	size_t at;

	if (memo->count * 2 >= memo->capacity && memo_grow(memo) < 0)
		return NULL;
	for (at = hash & (memo->capacity - 1);; at = (at + 1) & (memo->capacity - 1)) {
		entry = &memo->entries[at];
		if (entry->address == address && entry->role == role)
			return entry;
		if (entry->role == 0)
			break;
	}
	entry->address = address;
	entry->role = role;
	memo->count++;
	return entry;
}

static void memo_keep(struct query *query, const struct query_term *term,
		      const void *address, uint32_t role, bool answer)
{
	struct memo_entry *entry = memo_find(query->memo, address, role);

	if (!entry)
		return;
	entry->known |= term->memo_bit;
	if (answer)
		entry->answer |= term->memo_bit;
}

static bool match_interned(struct query *query, const struct query_term *term,
			   const char *text)
{
	const struct memo_entry *entry;
	bool answer;

	if (!text)
		return false;
	if (!term->memo_bit)
		return pattern_match(&term->pattern, text);
	entry = memo_find(query->memo, text, MEMO_TEXT);
	if (entry && (entry->known & term->memo_bit))
		return (entry->answer & term->memo_bit) != 0;
	answer = pattern_match(&term->pattern, text);
	memo_keep(query, term, text, MEMO_TEXT, answer);
	return answer;
}

/*
 * Returns whether "main.c:31" can match. If the pattern has no digit or colon, the line
 * is irrelevant, and the answer is no unless the path matches. This avoids formatting
 * most frames.
 */
static bool may_match_place(struct query *query, const struct query_term *term,
			    const char *file)
{
	return term->pattern.kind != PATTERN_PART || term->has_place ||
	       match_interned(query, term, file);
}

/* Matches the function names of all frames and their positions, such as "main.c:31". */
static bool match_frames(struct query *query, const struct query_term *term,
			 const struct stack *stack)
{
	char location[COLUMN_TEXT_MAX];

	for (size_t i = 0; i < stack->nr_frames; i++) {
		const struct frame *frame = &stack->frames[i];

		if (match_interned(query, term, frame->function))
			return true;
		if (frame->file && may_match_place(query, term, frame->file) &&
		    pattern_match(&term->pattern, frame_format_location(frame, location)))
			return true;
	}
	return false;
}

static bool match_stack_slowly(struct query *query, const struct query_term *term,
			       const struct task *task, enum memo_role role)
{
	char text[COLUMN_TEXT_MAX];

	if (role == MEMO_CREATOR) {
		if (pattern_match(&term->pattern,
				  column_format(COLUMN_CREATED, task, 0, text)))
			return true;
		return term->field == QUERY_ANY &&
		       match_frames(query, term, task->created_by);
	}
	if (term->field == COLUMN_FUNCTION || term->field == COLUMN_LOCATION)
		return pattern_match(
			&term->pattern,
			column_format((enum column_id)term->field, task, 0, text));
	return match_frames(query, term, task->stack);
}

static bool match_stack(struct query *query, const struct query_term *term,
			const struct task *task, enum memo_role role)
{
	const struct stack *stack = role == MEMO_CREATOR ? task->created_by : task->stack;
	const struct memo_entry *entry;
	bool answer;

	if (!letters_have(&stack->letters, &term->letters))
		return false;
	if (!term->memo_bit)
		return match_stack_slowly(query, term, task, role);
	entry = memo_find(query->memo, stack, role);
	if (entry && (entry->known & term->memo_bit))
		return (entry->answer & term->memo_bit) != 0;
	answer = match_stack_slowly(query, term, task, role);
	memo_keep(query, term, stack, role, answer);
	return answer;
}

static bool match_created(struct query *query, const struct query_term *term,
			  const struct task *task)
{
	const struct task_more *more = task_more(task);

	if (more->creator_name && pattern_match(&term->pattern, more->creator_name))
		return true;
	if (task->created_by && match_stack(query, term, task, MEMO_CREATOR))
		return true;
	/* A word also finds what led to the creator. */
	for (size_t i = 1;
	     term->field == QUERY_ANY && more->ancestry && i < more->ancestry->nr; i++) {
		struct task ancestor = {.created_by = more->ancestry->stacks[i]};

		if (match_stack(query, term, &ancestor, MEMO_CREATOR))
			return true;
	}
	return false;
}

/* Matches "key=text" of one label, cut to size. */
static bool match_pair(const struct pattern *pattern, const struct label *label)
{
	char pair[COLUMN_TEXT_MAX];
	size_t key = strnlen(label->key, sizeof(pair) / 2);
	size_t text = strnlen(label->text, sizeof(pair) - key - 2);

	memcpy(pair, label->key, key);
	pair[key] = '=';
	memcpy(pair + key + 1, label->text, text);
	pair[key + 1 + text] = '\0';
	return pattern_match(pattern, pair);
}

/* Tasks mostly have the same key as the one before. */
static bool match_key(struct query_term *term, const char *key)
{
	if (term->key_before != key) {
		term->key_before = key;
		term->key_matched = pattern_match(&term->pattern, key);
	}
	return term->key_matched;
}

static bool match_labels(struct query_term *term, const struct task *task)
{
	const struct pattern *pattern = &term->pattern;
	bool joined = pattern->kind != PATTERN_PART || term->has_equals;
	char text[COLUMN_TEXT_MAX];

	for (size_t i = 0; i < task->nr_labels; i++) {
		const struct label *label = &task->labels[i];

		if (joined ? match_pair(pattern, label)
			   : match_key(term, label->key) ||
				     pattern_match(pattern, label->text))
			return true;
	}
	/* The pattern may match across two labels. */
	return task->nr_labels > 1 && term->has_space &&
	       pattern_match(pattern, column_format(COLUMN_LABELS, task, 0, text));
}

static bool match_label(const struct query_term *term, const struct task *task)
{
	bool fold = true;

	for (const char *at = term->key; *at; at++)
		if (*at >= 'A' && *at <= 'Z')
			fold = false;
	for (size_t i = 0; i < task->nr_labels; i++) {
		const char *key = task->labels[i].key;

		if ((fold ? strcasecmp(key, term->key) : strcmp(key, term->key)) == 0 &&
		    pattern_match(&term->pattern, task->labels[i].text))
			return true;
	}
	return false;
}

static bool match_state(const struct query_term *term, const struct task *task)
{
	unsigned int state = task->state;

	if (state >= STATE_COUNT)
		state = STATE_UNKNOWN;
	if (term->states[state] || (task->flags & term->flags))
		return true;
	return task->raw && !term->names_state &&
	       pattern_match(&term->pattern, task->raw);
}

static bool match_id(const struct query_term *term, const struct task *task)
{
	char id[TASK_ID_MAX];

	task_format_short_id(task, id);
	return pattern_match(&term->pattern, id) ||
	       (term->pattern.kind == PATTERN_WHOLE &&
		pattern_match(&term->pattern, id + 1)) ||
	       (task->pid > 0 && strchr(term->pattern.text, '@') &&
		pattern_match(&term->pattern, task_format_id(task, id)));
}

static bool match_number(const struct query_term *term, const struct task *task,
			 int64_t now_ns)
{
	enum column_id column = (enum column_id)term->field;
	double number = column_number(column, task, now_ns);
	double width = 1;

	if (number < 0) /* unknown */
		return false;
	switch (term->op) {
	case QUERY_MORE:
		return number > term->number;
	case QUERY_LESS:
		return number < term->number;
	case QUERY_FROM:
		return number >= term->number;
	case QUERY_UPTO:
		return number <= term->number;
	default:
		break;
	}
	/* Values are equal if they are displayed equally: whole seconds (or ms), tenths
	 * of a percent. */
	if (column == COLUMN_AGE)
		width = term->number >= (double)CLOCK_SECOND_NS ? 1e9 : 1e6;
	else if (column == COLUMN_CPU)
		return number - term->number < 0.05 && term->number - number <= 0.05;
	return number >= term->number && number < term->number + width;
}

static bool match_any_but_labels(struct query *query, const struct query_term *term,
				 const struct task *task)
{
	return match_state(term, task) || pattern_match(&term->pattern, task->name) ||
	       (task_more(task)->process &&
		pattern_match(&term->pattern, task_more(task)->process)) ||
	       (task->stack && match_stack(query, term, task, MEMO_STACK)) ||
	       (task->waits.kind && task->waits.text &&
		pattern_match(&term->pattern, task->waits.text)) ||
	       match_created(query, term, task) ||
	       (term->like_id && match_id(term, task));
}

/* Labels are the last to be read, unless the task before had the word in its labels. */
static bool match_any(struct query *query, struct query_term *term,
		      const struct task *task)
{
	bool first = term->in_labels;

	if (first && match_labels(term, task))
		return true;
	term->in_labels = false;
	if (match_any_but_labels(query, term, task))
		return true;
	term->in_labels = !first && match_labels(term, task);
	return term->in_labels;
}

static bool match_term(struct query *query, struct query_term *term,
		       const struct task *task, int64_t now_ns)
{
	char text[COLUMN_TEXT_MAX];

	if (term->op != QUERY_PATTERN)
		return match_number(term, task, now_ns);
	switch (term->field) {
	case QUERY_ANY:
		return match_any(query, term, task);
	case QUERY_LABEL:
		return match_label(term, task);
	case QUERY_STACK:
	case COLUMN_FUNCTION:
	case COLUMN_LOCATION:
		return task->stack && match_stack(query, term, task, MEMO_STACK);
	case COLUMN_CREATED:
		return match_created(query, term, task);
	case COLUMN_STATE:
		return match_state(term, task);
	case COLUMN_ID:
		return match_id(term, task);
	case COLUMN_LABELS:
		return match_labels(term, task);
	default:
		return pattern_match(
			&term->pattern,
			column_format((enum column_id)term->field, task, now_ns, text));
	}
}

static void bring_stack(const struct stack *stack)
{
	const char *letters;

	if (!stack)
		return;
	letters = (const char *)&stack->letters;
	__builtin_prefetch(letters);
	__builtin_prefetch(letters + sizeof(stack->letters) - 1);
}

void query_bring(const struct query *query, const struct snapshot *s, size_t at)
{
	const struct task *task;

	if (!query || !query->reads_texts) {
		ahead_bring(s->tasks, sizeof(*task), at, s->nr_tasks, AHEAD_LINE);
		return;
	}
	if (at + 2 * AHEAD_ELEMENTS >= s->nr_tasks)
		return;
	task = &s->tasks[at + 2 * AHEAD_ELEMENTS];
	__builtin_prefetch(task);
	__builtin_prefetch(&task->waits.text);
	__builtin_prefetch(&task->name);
	__builtin_prefetch(&task->labels);
	__builtin_prefetch(&task->more);
	task = &s->tasks[at + AHEAD_ELEMENTS];
	__builtin_prefetch(task->name);
	__builtin_prefetch(task->waits.text);
	__builtin_prefetch(task->labels);
	if (query->nr_memo_bits > 0) {
		bring_stack(task->stack);
		bring_stack(task->created_by);
	}
	task = &s->tasks[at + AHEAD_ELEMENTS / 2];
	if (task->nr_labels > 0)
		__builtin_prefetch(task->labels[0].text);
}

bool query_match(struct query *query, const struct task *task, int64_t now_ns)
{
	int at = query->begin;

	while (at >= 0) {
		const struct query_node *node = &query->nodes[at];

		at = match_term(query, node->term, task, now_ns) ? node->yes : node->no;
	}
	return at == QUERY_YES;
}
