/* SPDX-License-Identifier: MIT */
/* The code objects of a process: which function of which file, and which line an
 * instruction belongs to. What was read is kept, and is checked again in each look,
 * because the address of an object can be used again. */
#ifndef SOURCE_PYTHON_CODE_H
#define SOURCE_PYTHON_CODE_H

#include <uthash.h>

#include "base/intern.h"
#include "source/python/object.h"

#define PYTHON_LINES_KEPT    4u
#define PYTHON_RULES_OF_CODE 7u

struct python_code {
	uint64_t address;
	const char *function; /* "Queue.get" from 3.11 on, before "get"; interned */
	const char *file;     /* as Python prints it; interned */
	int first_line;
	bool library;  /* of Python's own or of a package, not of the program */
	bool launcher; /* it only calls the program that a package has */
	/* Of the table of wait_rules.c, those that may be about it; private to that file. */
	bool rules_known;
	uint8_t nr_rules, rules[PYTHON_RULES_OF_CODE];
	uint32_t nr_locals;    /* from 3.11 on with cells, as frames store them */
	uint32_t nr_arguments; /* positional ones */
	uint64_t local_names;  /* a tuple */
	uint64_t instructions; /* address of the first one */
	uint64_t exceptions;   /* a bytes object; 0 up to 3.10 */
	uint8_t *lines;        /* the table; NULL if it cannot be read */
	size_t nr_lines;
	uint8_t *handlers; /* the table of exceptions, once it was asked for */
	size_t nr_handlers;
	/* The variable that was last searched by its name, and its number; see wait_object.c. */
	const char *variable;
	int variable_at;
	/* Private to code.c. */
	bool handlers_read;
	bool releases_read, releases;
	uint64_t words[6]; /* what must not have changed */
	uint32_t look;     /* the last one that needed it */
	struct {
		uint32_t instruction;
		int line;
	} kept[PYTHON_LINES_KEPT];
	UT_hash_handle hh;
};

struct python_codes {
	struct intern *intern;
	struct python_code *list; /* hash by address */
	size_t nr;
	uint32_t look;
	size_t table_bytes; /* of all */
	uint64_t parsed;    /* bytes of them, in this look */
	/* Addresses that the current look asks for; sorted by python_codes_read(). */
	uint64_t *wanted;
	size_t nr_wanted, cap_wanted;
	struct memory_item *items;
	size_t cap_items;
	uint8_t *bytes;
	size_t cap_bytes;
};

void python_codes_release(struct python_codes *codes);
/* Begins a look: what was found before is no longer valid. */
void python_codes_begin(struct python_codes *codes);
/* Asks for a code object; false if there is no memory. */
bool python_codes_want(struct python_codes *codes, uint64_t address);
/* Reads all that were asked for since the last call. */
void python_codes_read(struct python_codes *codes, struct python_reader *reader);
/* Returns NULL if that is not a code object, or was not read in this look. Valid until it
 * is read again, in this look or the next. */
struct python_code *python_codes_find(struct python_codes *codes, uint64_t address);
/* Reads a single one at once. */
struct python_code *python_codes_get(struct python_codes *codes,
				     struct python_reader *reader, uint64_t address);
/* Returns how many values of the frame's stack are certainly alive at this instruction; 0
 * up to 3.10. */
uint32_t python_code_values(struct python_codes *codes, struct python_code *code,
			    struct python_reader *reader, uint32_t instruction);
/* Whether it uses an attribute called "release"; true if that cannot be read. */
bool python_code_releases(struct python_code *code, struct python_reader *reader);
/* Returns the line of the instruction at this many bytes from the first one, or 0. In one
 * look the tables that both search are bounded in total; after that they return 0. */
int python_code_line(struct python_codes *codes, struct python_code *code, int minor,
		     uint32_t instruction);

#endif
