/* SPDX-License-Identifier: MIT */
/* All code objects of a look are checked by one gather of their first bytes. */
#include "source/python/code.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/order.h"
#include "core/snapshot.h"
#include "source/python/line.h"

#define HEAD_BYTES 144u /* all fields are in front of this */
#define TABLE_MAX  (256u << 10)
#define CODES_MAX  16384u
#define CODES_TRIM 12288u
#define WANTED_MAX 262144u
#define TABLES_MAX (64u << 20)  /* bytes of all tables that are kept */
#define PARSED_MAX (256u << 20) /* bytes of tables, in a look */
#define OB_TYPE    8u
#define NAMES_AT   32u /* from 3.11 on, in a code object */
#define NAMES_MAX  1024

static uint64_t word_at(const uint8_t *head, int32_t offset)
{
	return offset >= 0 && (uint32_t)offset + 8 <= HEAD_BYTES ? load_u64(head + offset)
								 : 0;
}

static uint32_t number_at(const uint8_t *head, int32_t offset)
{
	return offset >= 0 && (uint32_t)offset + 4 <= HEAD_BYTES ? load_u32(head + offset)
								 : 0;
}

static void free_code(struct python_codes *codes, struct python_code *code)
{
	HASH_DEL(codes->list, code);
	codes->nr--;
	codes->table_bytes -= code->nr_lines + code->nr_handlers;
	free(code->lines);
	free(code->handlers);
	free(code);
}

void python_codes_release(struct python_codes *codes)
{
	while (codes->list)
		free_code(codes, codes->list);
	free(codes->wanted);
	free(codes->items);
	free(codes->bytes);
	codes->wanted = NULL;
	codes->items = NULL;
	codes->bytes = NULL;
	codes->nr_wanted = codes->cap_wanted = codes->cap_items = codes->cap_bytes = 0;
}

/* Those that were not seen for longest go first; the hash keeps them in the order in which
 * they came, which is good enough. */
static void trim(struct python_codes *codes)
{
	struct python_code *code, *next;

	for (code = codes->list;
	     code && (codes->nr > CODES_TRIM || codes->table_bytes > TABLES_MAX / 4);
	     code = next) {
		next = code->hh.next;
		if (code->look != codes->look)
			free_code(codes, code);
	}
}

void python_codes_begin(struct python_codes *codes)
{
	if (codes->nr > CODES_MAX || codes->table_bytes > TABLES_MAX / 2)
		trim(codes);
	codes->look++;
	codes->nr_wanted = 0;
	codes->parsed = 0;
}

bool python_codes_want(struct python_codes *codes, uint64_t address)
{
	if (!array_reserve_most(&codes->wanted, &codes->cap_wanted, codes->nr_wanted + 1,
				WANTED_MAX))
		return false;
	codes->wanted[codes->nr_wanted++] = address;
	return true;
}

static void sort_wanted(struct python_codes *codes)
{
	size_t kept = 0;

	if (codes->nr_wanted < 2)
		return;
	qsort(codes->wanted, codes->nr_wanted, sizeof(*codes->wanted), order_u64);
	for (size_t i = 0; i < codes->nr_wanted; i++)
		if (i == 0 || codes->wanted[i] != codes->wanted[kept - 1])
			codes->wanted[kept++] = codes->wanted[i];
	codes->nr_wanted = kept;
}

static void words_of(const struct python_layout *layout, const uint8_t *head,
		     uint64_t words[6])
{
	words[0] = word_at(head, layout->code_file);
	words[1] = word_at(head, layout->code_name);
	words[2] = word_at(head, layout->code_qualname);
	words[3] = word_at(head, layout->code_lines);
	words[4] = number_at(head, layout->code_first_line);
	words[5] = word_at(head, layout->code_exceptions);
}

static const char *read_name(struct python_codes *codes, struct python_reader *reader,
			     uint64_t object)
{
	char text[PYTHON_TEXT_MAX];
	ssize_t length = python_text(reader, object, text, sizeof(text));

	return length > 0 ? intern_text(codes->intern, text, (size_t)length) : NULL;
}

/* Replaces a table by that of a bytes object, or by none. */
static void read_table(struct python_codes *codes, struct python_reader *reader,
		       uint64_t object, uint8_t **table, size_t *nr)
{
	size_t whole;

	codes->table_bytes -= *nr;
	free(*table);
	*table = NULL;
	*nr = 0;
	if (python_bytes(reader, object, NULL, 0, &whole) < 0 || whole > TABLE_MAX ||
	    codes->table_bytes + whole > TABLES_MAX)
		return;
	*table = malloc(whole + 1);
	if (*table && python_bytes(reader, object, *table, whole, NULL) == (ssize_t)whole)
		*nr = whole;
	codes->table_bytes += *nr;
}

/* Whether the file is a program that an installer has written to call a library's: its name
 * has no ending, and its folder is "bin". */
static bool is_launcher(const struct python_code *code)
{
	const char *slash = strrchr(code->file, '/');

	return slash && !strchr(slash, '.') && slash - code->file >= 4 &&
	       memcmp(slash - 4, "/bin", 4) == 0 &&
	       strcmp(code->function, "<module>") == 0;
}

/* Returns false if it is not a code object after all. */
static bool fill(struct python_codes *codes, struct python_code *code,
		 struct python_reader *reader, const uint8_t *head)
{
	const struct python_layout *layout = &reader->layout;
	uint64_t name = word_at(head, layout->code_qualname);
	int32_t first = (int32_t)number_at(head, layout->code_first_line);

	words_of(layout, head, code->words);
	if (!name)
		name = word_at(head, layout->code_name);
	code->function = read_name(codes, reader, name);
	code->file = read_name(codes, reader, word_at(head, layout->code_file));
	code->first_line = first;
	code->nr_locals = number_at(head, layout->code_nr_locals);
	code->nr_arguments = number_at(head, layout->code_nr_arguments);
	code->local_names = word_at(head, layout->code_local_names);
	code->exceptions = word_at(head, layout->code_exceptions);
	code->instructions = code->address + (uint64_t)layout->code_instructions;
	memset(code->kept, 0, sizeof(code->kept));
	if (!code->function || !code->file || first < 0)
		return false;
	code->launcher = is_launcher(code);
	code->library = code->launcher ||
			frame_role(&(struct frame){.function = code->function,
						   .file = code->file}) != FRAME_OWN;
	code->rules_known = false;
	code->variable = NULL;
	code->handlers_read = code->releases_read = false;
	read_table(codes, reader, 0, &code->handlers, &code->nr_handlers);
	read_table(codes, reader, word_at(head, layout->code_lines), &code->lines,
		   &code->nr_lines);
	return true;
}

/* Takes what was just read at the address of a code object. */
static void take(struct python_codes *codes, struct python_reader *reader,
		 uint64_t address, const uint8_t *head)
{
	struct python_code *code;
	uint64_t words[6];

	HASH_FIND(hh, codes->list, &address, sizeof(address), code);
	if (!head || !python_is_type(reader, load_u64(head + OB_TYPE), PYTHON_CODE)) {
		if (code)
			free_code(codes, code);
		return;
	}
	words_of(&reader->layout, head, words);
	if (code && memcmp(words, code->words, sizeof(words)) == 0) {
		code->look = codes->look;
		return;
	}
	if (!code) {
		code = calloc(1, sizeof(*code));
		if (!code)
			return;
		code->address = address;
		HASH_ADD(hh, codes->list, address, sizeof(code->address), code);
		codes->nr++;
	}
	code->look = codes->look;
	if (!fill(codes, code, reader, head))
		free_code(codes, code);
}

void python_codes_read(struct python_codes *codes, struct python_reader *reader)
{
	size_t nr;

	sort_wanted(codes);
	nr = codes->nr_wanted;
	if (nr == 0 || !array_reserve(&codes->items, &codes->cap_items, nr) ||
	    !array_reserve(&codes->bytes, &codes->cap_bytes, nr * HEAD_BYTES))
		return;
	for (size_t i = 0; i < nr; i++)
		codes->items[i] =
			(struct memory_item){codes->wanted[i], (uint32_t)i, false};
	memory_gather_read(&reader->mem, &reader->gather, codes->items, nr, codes->bytes,
			   HEAD_BYTES);
	for (size_t i = 0; i < nr; i++) {
		const struct memory_item *item = &codes->items[i];

		take(codes, reader, item->address,
		     item->ok ? codes->bytes + (size_t)item->index * HEAD_BYTES : NULL);
	}
	codes->nr_wanted = 0;
}

struct python_code *python_codes_find(struct python_codes *codes, uint64_t address)
{
	struct python_code *code;

	HASH_FIND(hh, codes->list, &address, sizeof(address), code);
	return code && code->look == codes->look ? code : NULL;
}

struct python_code *python_codes_get(struct python_codes *codes,
				     struct python_reader *reader, uint64_t address)
{
	struct python_code *code = python_codes_find(codes, address);
	uint8_t head[HEAD_BYTES];

	if (code || !python_plausible(address) ||
	    !memory_read(&reader->mem, address, head, sizeof(head)))
		return code;
	take(codes, reader, address, head);
	return python_codes_find(codes, address);
}

/* Whether another table of this size may be searched in this look. */
static bool may_parse(struct python_codes *codes, size_t bytes)
{
	if (codes->parsed + bytes > PARSED_MAX)
		return false;
	codes->parsed += bytes;
	return true;
}

uint32_t python_code_values(struct python_codes *codes, struct python_code *code,
			    struct python_reader *reader, uint32_t instruction)
{
	if (!code->handlers_read && code->exceptions)
		read_table(codes, reader, code->exceptions, &code->handlers,
			   &code->nr_handlers);
	code->handlers_read = true;
	return may_parse(codes, code->nr_handlers)
		       ? python_handler_depth(code->handlers, code->nr_handlers,
					      instruction)
		       : 0;
}

/* The tuple of names is the field before that of the variables, up to 3.10. */
static uint64_t names_at(const struct python_code *code,
			 const struct python_layout *layout)
{
	return code->address +
	       (layout->minor >= 11 ? NAMES_AT : (uint64_t)layout->code_local_names - 8);
}

static bool find_release(const struct python_code *code, struct python_reader *reader)
{
	uint64_t tuple, items, item;
	ssize_t nr;

	if (!python_word(reader, names_at(code, &reader->layout), &tuple) ||
	    (nr = python_items(reader, tuple, &items)) < 0 || nr > NAMES_MAX)
		return true;
	for (ssize_t i = 0; i < nr; i++)
		if (!python_word(reader, items + 8 * (uint64_t)i, &item) ||
		    python_text_equals(reader, item, "release"))
			return true;
	return false;
}

bool python_code_releases(struct python_code *code, struct python_reader *reader)
{
	if (!code->releases_read)
		code->releases = find_release(code, reader);
	code->releases_read = true;
	return code->releases;
}

int python_code_line(struct python_codes *codes, struct python_code *code, int minor,
		     uint32_t instruction)
{
	uint32_t at = instruction / 2 % PYTHON_LINES_KEPT;

	/* Number 0 of an empty slot is told apart by its line. */
	if (code->kept[at].instruction == instruction && code->kept[at].line)
		return code->kept[at].line;
	if (!may_parse(codes, code->nr_lines))
		return 0;
	code->kept[at].instruction = instruction;
	code->kept[at].line = python_line(minor, code->lines, code->nr_lines,
					  code->first_line, instruction);
	return code->kept[at].line;
}
