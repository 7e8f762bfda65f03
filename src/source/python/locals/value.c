/* SPDX-License-Identifier: MIT */
/* See value.h. What is in a collection or object is printed by the same function, one
 * level deeper, so that a circle ends. */
#include "source/python/locals/value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/url_mask.h"

#define UNREADABLE        "(unreadable)"
#define TEXT_BYTES        128u /* of a text, before "...+12 more" */
#define TEXT_BYTES_IN     48u  /* of one inside another value */
#define ITEMS_MOST        8u
#define ITEMS_MOST_IN     3u
#define ATTRIBUTES_MOST   6u
#define ATTRIBUTES_SEEN   64u /* that are counted */
#define MEMBER_ATTRIBUTES 4u
#define ENTRIES_MOST      256u /* of a dict, that are looked at */
#define COLLECTIONS_DEEP  2u   /* levels at which collections are opened */
#define SET_LOOKED_AT     64u
#define OB_SIZE           16u
#define LIST_ITEMS        24u
#define SET_USED          24u
#define SET_MASK          32u
#define SET_TABLE         40u
#define DEQUE_BLOCK       24u
#define DEQUE_INDEX       40u
#define DEQUE_PER_BLOCK   64u
#define COUNT_MAX         (1ull << 40)

#define FLAG_HEAP_TYPE    (1u << 9)
#define FLAG_LIST         (1u << 25)
#define FLAG_TUPLE        (1u << 26)
#define FLAG_DICT         (1u << 29)
#define FLAG_ERROR        (1u << 30)
#define ERROR_ARGUMENTS   24u

static void print(struct python_values *values, uint64_t object, unsigned depth,
		  struct oneline *text);

/* "deque" of "collections.deque". */
static void put_name(const struct python_object_at *at, struct oneline *text)
{
	const char *dot = strrchr(at->name, '.'), *name = dot ? dot + 1 : at->name;

	oneline_clean(text, name, strlen(name));
}

static size_t items_most(unsigned depth)
{
	return depth == 0 ? ITEMS_MOST : ITEMS_MOST_IN;
}

static size_t text_most(unsigned depth)
{
	return depth == 0 ? TEXT_BYTES : TEXT_BYTES_IN;
}

/* As Python chooses it. */
static char quote_for(const char *text, size_t nr)
{
	return memchr(text, '\'', nr) && !memchr(text, '"', nr) ? '"' : '\'';
}

static size_t count_characters(const char *text, size_t nr)
{
	size_t count = 0;

	for (size_t i = 0; i < nr; i++)
		count += (text[i] & 0xc0) != 0x80;
	return count;
}

static bool print_text(struct python_values *values, const struct python_object_at *at,
		       struct oneline *text)
{
	struct python_reader *reader = &values->python->reader;
	char out[TEXT_BYTES + 1], masked[TEXT_BYTES + 1 + URL_MASK_MORE];
	ssize_t got = python_text(reader, at->address, out, text_most(at->depth) + 1);
	uint64_t length, seen;
	size_t nr;

	if (got < 0 || !python_word(reader, at->address + OB_SIZE, &length))
		return false;
	seen = count_characters(out, (size_t)got);
	nr = url_mask_copy(out, (size_t)got, seen < length, masked);
	oneline_quote(text, quote_for(masked, nr), masked, nr,
		      length > seen ? length - seen : 0);
	return true;
}

static bool print_bytes(struct python_values *values, const struct python_object_at *at,
			struct oneline *text)
{
	uint8_t bytes[TEXT_BYTES];
	char masked[TEXT_BYTES + URL_MASK_MORE], piece[8], quote;
	size_t whole, nr;
	ssize_t got = python_bytes(&values->python->reader, at->address, bytes,
				   text_most(at->depth), &whole);

	if (got < 0)
		return false;
	nr = url_mask_copy((const char *)bytes, (size_t)got, (size_t)got < whole, masked);
	quote = quote_for(masked, nr);
	oneline_put(text, quote == '"' ? "b\"" : "b'");
	for (size_t i = 0; i < nr; i++) {
		uint8_t byte = (uint8_t)masked[i];

		if (byte == '\n' || byte == '\r' || byte == '\t')
			snprintf(piece, sizeof(piece), "\\%c",
				 byte == '\n'   ? 'n'
				 : byte == '\r' ? 'r'
						: 't');
		else if (byte == (uint8_t)quote || byte == '\\')
			snprintf(piece, sizeof(piece), "\\%c", byte);
		else
			snprintf(piece, sizeof(piece),
				 byte >= ' ' && byte < 0x7f ? "%c" : "\\x%02x", byte);
		oneline_put(text, piece);
	}
	oneline_put(text, quote == '"' ? "\"" : "'");
	if ((size_t)got < whole)
		oneline_printf(text, "...+%zu more", whole - (size_t)got);
	return true;
}

/* A collection that is being printed. */
struct row {
	struct python_values *values;
	struct oneline *text;
	unsigned depth; /* of what is in it */
	size_t shown;
};

/* A dict of a program can have any size, and most of it can be empty. */
static bool open_attributes(struct python_reader *reader, uint64_t object,
			    struct python_dict *out)
{
	bool opened = python_attributes_open(reader, object, out);

	out->left = out->left < ENTRIES_MOST ? out->left : ENTRIES_MOST;
	return opened;
}

static void put_separator(struct row *row)
{
	if (row->shown++ > 0)
		oneline_put(row->text, ", ");
}

static void put_item(struct row *row, uint64_t object)
{
	put_separator(row);
	print(row->values, object, row->depth, row->text);
}

static void put_rest(struct row *row, uint64_t length)
{
	if (length > row->shown)
		oneline_printf(row->text, "%s...+%" PRIu64 " more",
			       row->shown > 0 ? ", " : "", length - row->shown);
}

static struct row begin(struct python_values *values, const struct python_object_at *at,
			struct oneline *text)
{
	return (struct row){.values = values, .text = text, .depth = at->depth + 1};
}

/* Collections that are in others are only counted. Returns whether it did that. */
static bool counted(const struct python_object_at *at, uint64_t length,
		    struct oneline *text)
{
	if (at->depth < COLLECTIONS_DEEP || length == 0)
		return false;
	oneline_put(text, "<");
	put_name(at, text);
	oneline_printf(text, " of %" PRIu64 ">", length);
	return true;
}

/* Prints items whose addresses are in a row. */
static void print_items(struct python_values *values, const struct python_object_at *at,
			uint64_t items, uint64_t length, const char *brackets,
			struct oneline *text)
{
	struct row row = begin(values, at, text);
	uint64_t list[ITEMS_MOST];
	size_t nr = items_most(at->depth);
	const char open[] = {brackets[0], 0}, close[] = {brackets[1], 0};

	if (counted(at, length, text))
		return;
	if (nr > length)
		nr = (size_t)length;
	if (nr > 0 && !memory_read(&values->python->reader.mem, items, list, nr * 8)) {
		oneline_put(text, UNREADABLE);
		return;
	}
	oneline_put(text, open);
	for (size_t i = 0; i < nr; i++)
		put_item(&row, list[i]);
	put_rest(&row, length);
	if (length == 1 && brackets[0] == '(')
		oneline_put(text, ",");
	oneline_put(text, close);
}

static bool print_sequence(struct python_values *values,
			   const struct python_object_at *at, struct oneline *text)
{
	struct python_reader *reader = &values->python->reader;
	bool tuple = at->flags & FLAG_TUPLE;
	uint64_t length, items = at->address + (uint64_t)reader->layout.tuple_items;

	if (!python_word(reader, at->address + OB_SIZE, &length) || length > COUNT_MAX)
		return false;
	if (!tuple && !python_word(reader, at->address + LIST_ITEMS, &items))
		return false;
	/* A named tuple, or another class that is derived. */
	if (at->flags & FLAG_HEAP_TYPE)
		put_name(at, text);
	print_items(values, at, items, length, tuple ? "()" : "[]", text);
	return true;
}

static bool print_deque(struct python_values *values, const struct python_object_at *at,
			struct oneline *text)
{
	struct python_reader *reader = &values->python->reader;
	uint64_t length, block, index;
	struct row row = begin(values, at, text);

	if (!python_word(reader, at->address + OB_SIZE, &length) || length > COUNT_MAX ||
	    !python_word(reader, at->address + DEQUE_BLOCK, &block) ||
	    !python_word(reader, at->address + DEQUE_INDEX, &index) ||
	    index >= DEQUE_PER_BLOCK)
		return false;
	if (counted(at, length, text))
		return true;
	oneline_put(text, "deque([");
	for (uint64_t i = 0; i < length && i < items_most(at->depth); i++) {
		uint64_t item;

		if (index + i >= DEQUE_PER_BLOCK ||
		    !python_word(reader, block + 8 + (index + i) * 8, &item))
			break;
		put_item(&row, item);
	}
	put_rest(&row, length);
	oneline_put(text, "])");
	return true;
}

/* Elements are where their hashes say, so only the beginning of the table is read. */
static bool print_set(struct python_values *values, const struct python_object_at *at,
		      struct oneline *text)
{
	struct python_reader *reader = &values->python->reader;
	uint64_t used, mask, table, entries[SET_LOOKED_AT * 2];
	struct row row = begin(values, at, text);
	size_t nr;

	if (!python_word(reader, at->address + SET_USED, &used) ||
	    !python_word(reader, at->address + SET_MASK, &mask) ||
	    !python_word(reader, at->address + SET_TABLE, &table) || used > COUNT_MAX ||
	    mask > COUNT_MAX)
		return false;
	if (counted(at, used, text))
		return true;
	nr = mask < SET_LOOKED_AT ? (size_t)mask + 1 : SET_LOOKED_AT;
	if (!memory_read(&reader->mem, table, entries, nr * 16))
		return false;
	oneline_put(text, strcmp(at->name, "set") == 0
				  ? (used ? "{" : "set(")
				  : (used ? "frozenset({" : "frozenset("));
	for (size_t i = 0; i < nr && row.shown < items_most(at->depth); i++)
		/* What was removed has left a mark, whose hash is that of no object. */
		if (entries[2 * i] && entries[2 * i + 1] != UINT64_MAX)
			put_item(&row, entries[2 * i]);
	put_rest(&row, used);
	oneline_put(text, strcmp(at->name, "set") == 0 ? (used ? "}" : ")")
						       : (used ? "})" : ")"));
	return true;
}

static bool print_dict(struct python_values *values, const struct python_object_at *at,
		       struct oneline *text)
{
	struct python_reader *reader = &values->python->reader;
	struct row row = begin(values, at, text);
	struct python_dict dict;
	uint64_t used, key, value;

	if (!python_word(reader, at->address + OB_SIZE, &used) || used > COUNT_MAX ||
	    !python_dict_open(reader, at->address, &dict))
		return false;
	dict.left = dict.left < ENTRIES_MOST ? dict.left : ENTRIES_MOST;
	if (counted(at, used, text))
		return true;
	if (strcmp(at->name, "dict") != 0)
		put_name(at, text);
	oneline_put(text, "{");
	while (row.shown < items_most(at->depth) &&
	       python_dict_next(reader, &dict, &key, &value)) {
		put_item(&row, key);
		oneline_put(text, ": ");
		print(values, value, row.depth, text);
	}
	put_rest(&row, used);
	oneline_put(text, "}");
	return true;
}

static void put_type(const struct python_object_at *at, struct oneline *text)
{
	oneline_put(text, "<");
	put_name(at, text);
	oneline_put(text, ">");
}

/* A member of an Enum has its name among its first attributes. */
static bool print_member(struct python_values *values, const struct python_object_at *at,
			 struct oneline *text)
{
	struct python_reader *reader = &values->python->reader;
	struct python_dict attributes;
	uint64_t key, value;
	char out[TEXT_BYTES_IN + 1];
	ssize_t got = -1;

	if (!open_attributes(reader, at->address, &attributes))
		return false;
	for (unsigned i = 0; i < MEMBER_ATTRIBUTES && got < 0 &&
			     python_dict_next(reader, &attributes, &key, &value);
	     i++)
		if (python_text_equals(reader, key, "_name_"))
			got = python_text(reader, value, out, sizeof(out));
	if (got <= 0)
		return false;
	put_name(at, text);
	oneline_put(text, ".");
	oneline_clean(text, out, (size_t)got);
	return true;
}

static void put_attribute(struct row *row, uint64_t key, uint64_t value)
{
	struct python_reader *reader = &row->values->python->reader;
	char name[TEXT_BYTES_IN + 1];
	ssize_t got = python_text(reader, key, name, sizeof(name));

	put_separator(row);
	if (got > 0)
		oneline_clean(row->text, name, (size_t)got);
	else
		oneline_put(row->text, "?");
	oneline_put(row->text, "=");
	print(row->values, value, row->depth, row->text);
}

static bool print_error(struct python_values *values, const struct python_object_at *at,
			struct oneline *text)
{
	uint64_t arguments, items;
	ssize_t nr;

	if (!python_word(&values->python->reader, at->address + ERROR_ARGUMENTS,
			 &arguments))
		return false;
	nr = python_items(&values->python->reader, arguments, &items);
	if (nr < 0)
		return false;
	put_name(at, text);
	/* Alone in its parentheses, it is not a tuple. */
	oneline_put(text, nr == 1 ? "(" : "");
	if (nr == 1) {
		uint64_t item;

		python_word(&values->python->reader, items, &item);
		print(values, item, at->depth + 1, text);
		oneline_put(text, ")");
	} else {
		print_items(values, at, items, (uint64_t)nr, "()", text);
	}
	return true;
}

static void print_object(struct python_values *values, const struct python_object_at *at,
			 struct oneline *text)
{
	struct python_reader *reader = &values->python->reader;
	struct row row = begin(values, at, text);
	struct python_dict attributes;
	uint64_t key, value;
	size_t more = 0;

	if ((at->flags & FLAG_HEAP_TYPE) && print_member(values, at, text))
		return;
	if (at->depth > 0 || !open_attributes(reader, at->address, &attributes) ||
	    !python_dict_next(reader, &attributes, &key, &value)) {
		put_type(at, text);
		return;
	}
	put_name(at, text);
	oneline_put(text, "(");
	do {
		if (row.shown < ATTRIBUTES_MOST)
			put_attribute(&row, key, value);
		else
			more++;
	} while (more < ATTRIBUTES_SEEN &&
		 python_dict_next(reader, &attributes, &key, &value));
	put_rest(&row, row.shown + more);
	oneline_put(text, ")");
}

static bool print_collection(struct python_values *values,
			     const struct python_object_at *at, struct oneline *text)
{
	if (at->flags & (FLAG_TUPLE | FLAG_LIST))
		return print_sequence(values, at, text);
	if (at->flags & FLAG_DICT)
		return print_dict(values, at, text);
	if (strcmp(at->name, "set") == 0 || strcmp(at->name, "frozenset") == 0)
		return !(at->flags & FLAG_HEAP_TYPE) && print_set(values, at, text);
	return strcmp(at->name, "collections.deque") == 0 &&
	       print_deque(values, at, text);
}

static void print(struct python_values *values, uint64_t object, unsigned depth,
		  struct oneline *text)
{
	struct python_reader *reader = &values->python->reader;
	struct python_object_at at = {.address = object, .depth = depth};

	if (text->full)
		return;
	if (values->objects_left == 0) {
		values->cut = true;
		oneline_put(text, "...");
		return;
	}
	values->objects_left--;
	values->objects++;
	at.type = python_type_of(reader, object);
	if (!at.type || !python_type_name(reader, at.type, at.name) ||
	    !python_word(reader, at.type + (uint64_t)reader->layout.type_flags,
			 &at.flags)) {
		oneline_put(text, UNREADABLE);
		return;
	}
	if (python_is_type(reader, at.type, PYTHON_TEXT) ? print_text(values, &at, text)
	    : python_is_type(reader, at.type, PYTHON_BYTES)
		    ? print_bytes(values, &at, text)
		    : python_value_known(values, &at, text) ||
			      print_collection(values, &at, text) ||
			      ((at.flags & FLAG_ERROR) && print_error(values, &at, text)))
		return;
	print_object(values, &at, text);
}

void python_value_print(struct python_values *values, uint64_t object,
			struct oneline *text)
{
	print(values, object, 0, text);
}
