/* SPDX-License-Identifier: MIT */
/*
 * Reads the objects of a CPython process: texts, numbers, tuples, dicts, sets, attributes
 * and types. Nothing about an object is believed that does not fit its type, every length
 * is bounded, and a value that cannot be read is reported as such. Used by one thread.
 */
#ifndef SOURCE_PYTHON_OBJECT_H
#define SOURCE_PYTHON_OBJECT_H

#include "source/proc/memory.h"
#include "source/python/layout.h"

#define PYTHON_TEXT_MAX  1024u
#define PYTHON_ITEMS_MAX 65536u

/* Types that are part of the interpreter. */
enum python_type {
	PYTHON_TYPE,
	PYTHON_CODE,
	PYTHON_TEXT,
	PYTHON_INT,
	PYTHON_BOOL,
	PYTHON_BYTES,
	PYTHON_TUPLE,
	PYTHON_LIST,
	PYTHON_DICT,
	PYTHON_SET,
	PYTHON_MODULE,
	PYTHON_FUNCTION_OF_C,
	PYTHON_METHOD,
	PYTHON_METHOD_OF_C,
	PYTHON_GENERATOR,
	PYTHON_COROUTINE,
	PYTHON_ASYNC_GENERATOR,
	PYTHON_TYPES
};

/* The name of a type that was read in this look; private to object.c. */
#define PYTHON_NAME_MAX   64u
#define PYTHON_TYPES_KEPT 64u
struct python_type_kept {
	uint64_t type;
	uint32_t look;
	char name[PYTHON_NAME_MAX];
};

/* Where a name was found in this look: in the keys that objects of a class share, which entry
 * it is; among the slots of a class, in which byte; in other dicts, which object it is. Private
 * to dict.c. */
#define PYTHON_KEYS_KEPT 512u
struct python_key_kept {
	uint64_t owner; /* the keys or the class, or 0 */
	const char *name;
	uint64_t key;
	uint32_t at, look;
};

struct python_reader {
	struct memory mem;
	struct memory_gather gather;
	struct python_layout layout;
	uint64_t types[PYTHON_TYPES]; /* addresses; 0 if not known yet */
	uint64_t none;                /* address of None; 0 if unknown */
	uint32_t look;                /* their number: names of types are kept for one */
	struct python_type_kept kept[PYTHON_TYPES_KEPT];
	struct python_key_kept keys[PYTHON_KEYS_KEPT];
};

/* The symbol of a type, "PyCode_Type". */
const char *python_type_symbol(enum python_type type);

/* Returns false if the address cannot be that of an object. */
bool python_plausible(uint64_t address);
/* Reads a word. Returns false, and sets it to 0, if it cannot be read. */
bool python_word(struct python_reader *reader, uint64_t address, uint64_t *word);
/* Returns the address of the object's type, or 0. */
uint64_t python_type_of(struct python_reader *reader, uint64_t object);
/* Whether the object is of exactly this type. */
bool python_is(struct python_reader *reader, uint64_t object, enum python_type type);
/* Whether this is the address of the type itself. */
bool python_is_type(struct python_reader *reader, uint64_t address,
		    enum python_type type);
/* The name of a type as in C: "_thread.lock", "Queue". Returns false if it has none. */
bool python_type_name(struct python_reader *reader, uint64_t type,
		      char out[PYTHON_NAME_MAX]);
/* The same for the type of an object. */
bool python_name_of_type(struct python_reader *reader, uint64_t object,
			 char out[PYTHON_NAME_MAX]);

/* Writes a str object as UTF-8, cut at size - 1 bytes, with NUL. Returns its length, or
 * -1 if it is not a str. */
ssize_t python_text(struct python_reader *reader, uint64_t object, char *out,
		    size_t size);
bool python_text_equals(struct python_reader *reader, uint64_t object, const char *text);
/* An int or bool of at most 60 bits. */
bool python_int(struct python_reader *reader, uint64_t object, int64_t *value);
/* Reads at most `max` bytes of a bytes object. Returns their number, or -1. *whole, which
 * may be NULL, is set to the number that it has. */
ssize_t python_bytes(struct python_reader *reader, uint64_t object, uint8_t *out,
		     size_t max, size_t *whole);
/* Returns the number of items, or -1 if it is neither a tuple nor a list. items is set to
 * the address of the array of their addresses. */
ssize_t python_items(struct python_reader *reader, uint64_t object, uint64_t *items);

/* Walks over a dict, or over the attributes of an object. */
struct python_dict {
	uint64_t entries; /* address of the next one */
	uint64_t values;  /* address of the next value, if they are apart; else 0 */
	uint32_t left;    /* entries that were not read yet */
	uint32_t stride;
	uint32_t nr, at; /* of the buffers */
	uint64_t buffer[64 * 3];
	uint64_t value_buffer[64];
};
bool python_dict_open(struct python_reader *reader, uint64_t dict,
		      struct python_dict *out);
/* Opens the attributes that an object has of its own, not those of its class. */
bool python_attributes_open(struct python_reader *reader, uint64_t object,
			    struct python_dict *out);
/* Returns false at the end. */
bool python_dict_next(struct python_reader *reader, struct python_dict *dict,
		      uint64_t *key, uint64_t *value);
/* Return the address of the value, or 0. */
uint64_t python_dict_find(struct python_reader *reader, uint64_t dict, const char *key);
uint64_t python_attribute(struct python_reader *reader, uint64_t object,
			  const char *name);
/* Where objects of a class keep this slot, in bytes from their start, or 0. */
uint64_t python_slot_at(struct python_reader *reader, uint64_t type, const char *name);
/* What a class keeps under this name in a slot of its own, or 0. */
uint64_t python_slot(struct python_reader *reader, uint64_t object, const char *name);
/* The same for an attribute or a slot. */
uint64_t python_field(struct python_reader *reader, uint64_t object, const char *name);
/* The code of a function, or 0. */
uint64_t python_function_code(struct python_reader *reader, uint64_t function);
/* The dict of the module that sys.modules has under this name, or 0. */
uint64_t python_module_dict(struct python_reader *reader, uint64_t interp,
			    const char *name);
/* The number of entries of a dict, or -1. */
int64_t python_dict_length(struct python_reader *reader, uint64_t dict);

/* Walks over a set: returns the address of the next element at the cursor *at, which
 * begins as 0, or 0 at the end. */
uint64_t python_set_next(struct python_reader *reader, uint64_t set, size_t *at);

#endif
