/* SPDX-License-Identifier: MIT */
/*
 * Candidates are offered one by one. One that does not begin with what was typed is
 * refused; if none is left, those that contain it are taken. Values of the snapshot are
 * told apart by a hash table of those that were taken.
 */
#include "core/query_complete.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/hash.h"
#include "base/text.h"
#include "base/utf8.h"
#include "core/query_tree.h"

#define SLOTS      (4 * QUERY_COMPLETE_MAX)
#define STACKS     1024 /* stacks that are remembered */
#define PREFIX_MAX QUERY_TEXT_MAX

struct collector {
	struct query_completion *out;
	char typed[PREFIX_MAX];
	size_t bytes;
	bool anywhere; /* what was typed may be anywhere in a candidate */
	uint16_t slots[SLOTS];
};

void query_completion_init(struct query_completion *completion)
{
	memset(completion, 0, sizeof(*completion));
	arena_init(&completion->arena, 0);
}

void query_completion_release(struct query_completion *completion)
{
	arena_release(&completion->arena);
	completion->count = 0;
}

static bool fits(const struct collector *c, const char *text)
{
	return c->anywhere ? strcasestr(text, c->typed) != NULL
			   : strncasecmp(text, c->typed, c->bytes) == 0;
}

/* Takes a candidate as it is to be inserted, unless it is there already. Returns false if
 * there is no room for more. */
static bool take(struct collector *c, const char *text)
{
	struct query_completion *out = c->out;
	size_t length = strlen(text), at = hash_bytes(0, text, length) % SLOTS;
	const char *copy;

	for (; c->slots[at] != 0; at = (at + 1) % SLOTS)
		if (strcmp(out->list[c->slots[at] - 1], text) == 0)
			return true;
	if (out->count == QUERY_COMPLETE_MAX) {
		out->more = true;
		return false;
	}
	copy = arena_strndup(&out->arena, text, length);
	if (!copy)
		return false;
	out->list[out->count++] = copy;
	c->slots[at] = (uint16_t)out->count;
	return true;
}

static bool offer_word(struct collector *c, const char *before, const char *word,
		       const char *after)
{
	char text[QUERY_COMPLETE_TEXT_MAX];

	if (!fits(c, word))
		return true;
	snprintf(text, sizeof(text), "%s%s%s", before, word, after);
	return take(c, text);
}

static bool needs_quotes(const char *text)
{
	int depth = 0;

	for (const char *at = text; *at; at++) {
		depth += (*at == '(') - (*at == ')');
		if (byte_is_space(*at) || *at == '\\' || *at == '"' || *at == '|' ||
		    depth < 0)
			return true;
	}
	return *text == '\0' || depth != 0;
}

/* Offers a value from the target. Returns false if there is no room for more. */
static bool offer_value(struct collector *c, const char *value)
{
	char text[2 * QUERY_COMPLETE_TEXT_MAX + 3];
	size_t length, used = 0;

	if (!value || *value == '\0' || !fits(c, value))
		return true;
	length = strnlen(value, QUERY_COMPLETE_TEXT_MAX);
	if (length == QUERY_COMPLETE_TEXT_MAX || !utf8_is_clean(value, length))
		return true;
	if (!needs_quotes(value))
		return take(c, value);
	text[used++] = '"';
	for (size_t i = 0; i < length; i++) {
		if (value[i] == '"' || value[i] == '\\')
			text[used++] = '\\';
		text[used++] = value[i];
	}
	text[used++] = '"';
	text[used] = '\0';
	return take(c, text);
}

/* ---- The names of fields and their operators ---- */

static bool is_number(enum column_id id)
{
	return column_info(id)->type != COLUMN_TEXT;
}

static void offer_fields(struct collector *c)
{
	for (int i = 0; i < COLUMN_COUNT; i++) {
		const struct column *column = column_info((enum column_id)i);
		const char *after = is_number((enum column_id)i) ? ">" : ":";

		if (!fits(c, column->key) && column->alias && c->bytes > 0)
			offer_word(c, "", column->alias, after);
		else
			offer_word(c, "", column->key, after);
	}
	offer_word(c, "", "stack", ":");
	offer_word(c, "", "is", ":");
	offer_word(c, "", "label.", "");
}

/* After the whole name of a field. */
static void offer_operators(struct collector *c, const char *name, bool number)
{
	static const char *const of_texts[] = {":", "=", "~", "!=", "!~"};
	static const char *const of_numbers[] = {">", "<", ">=", "<=", "="};

	for (size_t i = 0; i < ARRAY_COUNT(of_texts); i++)
		offer_word(c, "", name, number ? of_numbers[i] : of_texts[i]);
}

/* ---- Values ---- */

/* Those in which a task is come first. */
static void offer_states(struct collector *c, const struct snapshot *s,
			 const char *before)
{
	bool occurs[STATE_COUNT] = {false};
	const char *word;

	for (size_t i = 0; s && i < s->nr_tasks; i++)
		if ((unsigned)s->tasks[i].state < STATE_COUNT)
			occurs[s->tasks[i].state] = true;
	for (int i = 0; i < 2 * STATE_COUNT; i++)
		if (occurs[i % STATE_COUNT] == (i < STATE_COUNT))
			offer_word(c, before,
				   state_info((enum task_state)(i % STATE_COUNT))->name,
				   "");
	for (int i = 0; i < CLASS_COUNT; i++)
		offer_word(c, before, state_class_name((enum task_class)i), "");
	for (size_t i = 0; (word = query_flag_word(i)); i++)
		offer_word(c, before, word, "");
}

static void offer_label_keys(struct collector *c, const struct snapshot *s)
{
	char name[QUERY_COMPLETE_TEXT_MAX];

	for (size_t i = 0; s && i < s->nr_tasks; i++) {
		for (size_t k = 0; k < s->tasks[i].nr_labels; k++) {
			const char *key = s->tasks[i].labels[k].key;
			size_t bytes = strlen(key);

			/* Others cannot be written as the name of a field. */
			if (bytes == 0 || bytes + 8 > sizeof(name) || !fits(c, key) ||
			    !utf8_is_clean(key, bytes) ||
			    strcspn(key, ":=~<>!()|\" \t\r\n") < bytes)
				continue;
			snprintf(name, sizeof(name), "label.%s:", key);
			if (!take(c, name))
				return;
		}
	}
}

static void offer_label_values(struct collector *c, const struct snapshot *s,
			       const char *key)
{
	for (size_t i = 0; i < s->nr_tasks; i++)
		for (size_t k = 0; k < s->tasks[i].nr_labels; k++)
			if (strcasecmp(s->tasks[i].labels[k].key, key) == 0 &&
			    !offer_value(c, s->tasks[i].labels[k].text))
				return;
}

/* The functions of all frames. Tasks share stacks, so most are looked at once. */
static void offer_frames(struct collector *c, const struct snapshot *s)
{
	const struct stack *seen[STACKS] = {NULL};

	for (size_t i = 0; i < s->nr_tasks; i++) {
		const struct stack *stack = s->tasks[i].stack;
		size_t at = hash_mix((uintptr_t)stack, 0) % STACKS;

		if (!stack || seen[at] == stack)
			continue;
		seen[at] = stack;
		for (size_t f = 0; f < stack->nr_frames; f++)
			if (!offer_value(c, stack->frames[f].function))
				return;
	}
}

/* The text of a wait has addresses and times: its first word says of which kind it is. */
static const char *wait_kind(const struct task *task, char *out)
{
	const char *text = task->waits.kind && task->waits.text ? task->waits.text : "";
	size_t bytes = 0;

	while (byte_is_letter(text[bytes]) && bytes + 1 < COLUMN_TEXT_MAX)
		bytes++;
	snprintf(out, COLUMN_TEXT_MAX, "%.*s", (int)bytes, text);
	return out;
}

static void offer_cells(struct collector *c, const struct snapshot *s, enum column_id id)
{
	char text[COLUMN_TEXT_MAX];

	for (size_t i = 0; i < s->nr_tasks; i++)
		if (!offer_value(c, id == COLUMN_WAITS
					    ? wait_kind(&s->tasks[i], text)
					    : column_format(id, &s->tasks[i], 0, text)))
			return;
}

static void offer_values(struct collector *c, const struct snapshot *s, int field,
			 const char *label)
{
	static const char *const ages[] = {"1s", "10s", "1m", "10m", "1h"};

	if (field == COLUMN_STATE) {
		offer_states(c, s, "");
	} else if (field == COLUMN_AGE) {
		for (size_t i = 0; i < ARRAY_COUNT(ages); i++)
			offer_word(c, "", ages[i], "");
	} else if (!s) {
		return;
	} else if (field == QUERY_LABEL) {
		offer_label_values(c, s, label);
	} else if (field == QUERY_STACK) {
		offer_frames(c, s);
	} else if (!is_number((enum column_id)field)) {
		offer_cells(c, s, (enum column_id)field);
	}
}

/* ---- The term at the cursor ---- */

/* Returns where the term begins that byte `at` is in. */
static size_t term_start(const char *text, size_t at)
{
	size_t start = 0;
	bool inside = false, quoted = false;
	int depth = 0;

	for (size_t i = 0; i < at; i++) {
		if (quoted) {
			i += text[i] == '\\' && i + 1 < at;
			quoted = text[i] != '"';
			continue;
		}
		if (!inside && !byte_is_space(text[i]) && !strchr("|()!", text[i])) {
			inside = true;
			start = i;
			depth = 0;
		}
		if (!inside)
			continue;
		/* A quote begins a word or a value; elsewhere it is a byte like others. */
		if (text[i] == '"' && (i == start || strchr(":=~<>", text[i - 1])))
			quoted = true;
		depth += (text[i] == '(') - (text[i] == ')');
		if (byte_is_space(text[i]) || depth < 0 || (text[i] == '|' && depth == 0))
			inside = false;
	}
	return inside ? start : at;
}

static int compare_texts(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Completes the value of a term such as `fn:ma`, of which `name` bytes are the field. */
static void complete_value(struct collector *c, const char *term, size_t name,
			   const struct snapshot *s)
{
	size_t op = query_operator_bytes(term + name);
	const char *value = term + name + op;
	const char *dot = memchr(term, '.', name);
	char label[QUERY_TEXT_MAX];
	int field = query_field_by_name(term, name);

	c->out->from += name + op;
	value += *value == '"';
	/* In an expression, most values would have another meaning. */
	if (field < 0 || term[name + op - 1] == '~' || strchr(value, '\\'))
		return;
	snprintf(label, sizeof(label), "%.*s", dot ? (int)(term + name - dot - 1) : 0,
		 dot ? dot + 1 : "");
	c->bytes = (size_t)snprintf(c->typed, sizeof(c->typed), "%s", value);
	offer_values(c, s, field, label);
	if (c->out->count == 0 && c->bytes > 0) {
		c->anywhere = true;
		offer_values(c, s, field, label);
	}
	if (field != COLUMN_STATE && field != COLUMN_AGE)
		qsort(c->out->list, c->out->count, sizeof(c->out->list[0]),
		      compare_texts);
}

/* Completes a term that has no operator yet. */
static void complete_name(struct collector *c, const char *term, const struct snapshot *s)
{
	size_t bytes = strlen(term);
	int field = bytes > 0 ? query_field_by_name(term, bytes) : -1;
	bool label = text_starts_with(term, "label.");

	c->bytes = (size_t)snprintf(c->typed, sizeof(c->typed), "%s",
				    label ? term + strlen("label.") : term);
	if (label) {
		offer_label_keys(c, s);
		qsort(c->out->list, c->out->count, sizeof(c->out->list[0]),
		      compare_texts);
		return;
	}
	if (field >= 0)
		offer_operators(c, term,
				field < COLUMN_COUNT && is_number((enum column_id)field));
	offer_fields(c);
	if (c->out->count == 0)
		offer_states(c, s, "state:");
}

void query_complete(struct query_completion *out, const char *text, size_t at,
		    const struct snapshot *snapshot)
{
	struct collector c = {.out = out};
	char term[QUERY_TEXT_MAX];
	size_t name;

	query_completion_release(out);
	query_completion_init(out);
	out->from = term_start(text, at);
	out->to = at;
	if (at - out->from >= sizeof(term))
		return;
	memcpy(term, text + out->from, at - out->from);
	term[at - out->from] = '\0';
	if (term[0] == '"')
		return;
	name = query_field_bytes(term);
	if (name > 0)
		complete_value(&c, term, name, snapshot);
	else
		complete_name(&c, term, snapshot);
	out->from_start = !c.anywhere;
}

size_t query_completion_common(const struct query_completion *completion)
{
	size_t common = completion->count > 0 ? strlen(completion->list[0]) : 0;

	for (size_t i = 1; i < completion->count; i++)
		for (size_t at = 0; at < common; at++)
			if (completion->list[i][at] != completion->list[0][at])
				common = at;
	/* Not in the middle of a character. */
	while (common > 0 && completion->count > 0 &&
	       (completion->list[0][common] & 0xc0) == 0x80)
		common--;
	return common;
}
