/* SPDX-License-Identifier: MIT */
/* Types, texts, numbers and sequences. */
#include "source/python/object.h"

#include "base/array.h"

#define LOWEST_ADDRESS  65536u
#define HIGHEST_ADDRESS (1ull << 47)
#define OB_TYPE         8u
#define OB_SIZE         16u
#define TEXT_STATE      32u
#define TEXT_HEADER     40u  /* bytes up to the end of its state */
#define TEXT_AT_ONCE    160u /* bytes; most texts with their headers are shorter */
#define BYTES_DATA      32u
#define LIST_ITEMS      24u
#define SET_MASK        32u
#define SET_TABLE       40u
#define SET_ENTRY_BYTES 16u
#define INT_TAG         16u
#define INT_DIGITS      24u
#define DIGIT_BITS      30

static const struct {
	const char *symbol, *name;
} types[PYTHON_TYPES] = {
	[PYTHON_TYPE] = {"PyType_Type", "type"},
	[PYTHON_CODE] = {"PyCode_Type", "code"},
	[PYTHON_TEXT] = {"PyUnicode_Type", "str"},
	[PYTHON_INT] = {"PyLong_Type", "int"},
	[PYTHON_BOOL] = {"PyBool_Type", "bool"},
	[PYTHON_BYTES] = {"PyBytes_Type", "bytes"},
	[PYTHON_TUPLE] = {"PyTuple_Type", "tuple"},
	[PYTHON_LIST] = {"PyList_Type", "list"},
	[PYTHON_DICT] = {"PyDict_Type", "dict"},
	[PYTHON_SET] = {"PySet_Type", "set"},
	[PYTHON_MODULE] = {"PyModule_Type", "module"},
	[PYTHON_FUNCTION_OF_C] = {"PyCFunction_Type", "builtin_function_or_method"},
	[PYTHON_METHOD] = {"PyMethod_Type", "method"},
	[PYTHON_METHOD_OF_C] = {"PyMethodDescr_Type", "method_descriptor"},
	[PYTHON_GENERATOR] = {"PyGen_Type", "generator"},
	[PYTHON_COROUTINE] = {"PyCoro_Type", "coroutine"},
	[PYTHON_ASYNC_GENERATOR] = {"PyAsyncGen_Type", "async_generator"},
};

const char *python_type_symbol(enum python_type type)
{
	return types[type].symbol;
}

bool python_plausible(uint64_t address)
{
	return address >= LOWEST_ADDRESS && address < HIGHEST_ADDRESS && address % 8 == 0;
}

bool python_word(struct python_reader *reader, uint64_t address, uint64_t *word)
{
	*word = 0;
	return address >= LOWEST_ADDRESS && address < HIGHEST_ADDRESS &&
	       memory_read(&reader->mem, address, word, sizeof(*word));
}

uint64_t python_type_of(struct python_reader *reader, uint64_t object)
{
	uint64_t type;

	return python_plausible(object) && python_word(reader, object + OB_TYPE, &type) &&
			       python_plausible(type)
		       ? type
		       : 0;
}

static bool read_type_name(struct python_reader *reader, uint64_t type,
			   char out[PYTHON_NAME_MAX])
{
	uint64_t address;
	size_t got;

	out[0] = '\0';
	if (!python_plausible(type) ||
	    !python_word(reader, type + (uint64_t)reader->layout.type_name, &address) ||
	    address < LOWEST_ADDRESS)
		return false;
	got = memory_read_some(&reader->mem, address, out, PYTHON_NAME_MAX - 1);
	out[got] = '\0';
	/* A name that is cut is still one; text in another encoding is not. */
	for (const char *at = out; *at; at++)
		if ((unsigned char)*at < ' ')
			out[0] = '\0';
	return out[0] != '\0';
}

bool python_type_name(struct python_reader *reader, uint64_t type,
		      char out[PYTHON_NAME_MAX])
{
	struct python_type_kept *kept = &reader->kept[type / 64 % PYTHON_TYPES_KEPT];

	if (kept->type != type || kept->look != reader->look) {
		*kept = (struct python_type_kept){.type = type, .look = reader->look};
		read_type_name(reader, type, kept->name);
	}
	memcpy(out, kept->name, PYTHON_NAME_MAX);
	return out[0] != '\0';
}

bool python_name_of_type(struct python_reader *reader, uint64_t object,
			 char out[PYTHON_NAME_MAX])
{
	return python_type_name(reader, python_type_of(reader, object), out);
}

bool python_is_type(struct python_reader *reader, uint64_t address, enum python_type type)
{
	char name[PYTHON_NAME_MAX];

	if (!address)
		return false;
	if (reader->types[type])
		return address == reader->types[type];
	/* The interpreter's symbols are not exported: types are known by their names. */
	if (!python_type_name(reader, address, name) ||
	    strcmp(name, types[type].name) != 0)
		return false;
	if (type != PYTHON_TYPE && !python_is(reader, address, PYTHON_TYPE))
		return false;
	reader->types[type] = address;
	return true;
}

bool python_is(struct python_reader *reader, uint64_t object, enum python_type type)
{
	return python_is_type(reader, python_type_of(reader, object), type);
}

static size_t put_utf8(uint32_t code, char out[4])
{
	if (code >= 0xd800 && code < 0xe000)
		code = '?';
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 63));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xe0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 63));
		out[2] = (char)(0x80 | (code & 63));
		return 3;
	}
	if (code >= 0x110000)
		return put_utf8('?', out);
	out[0] = (char)(0xf0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 63));
	out[2] = (char)(0x80 | (code >> 6 & 63));
	out[3] = (char)(0x80 | (code & 63));
	return 4;
}

/* Characters of `width` bytes each, as UTF-8. */
static size_t encode(const uint8_t *data, size_t length, unsigned width, char *out,
		     size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < length; i++) {
		uint32_t code = 0;
		char bytes[4];

		memcpy(&code, data + i * width, width);
		size_t nr = put_utf8(code, bytes);

		if (used + nr >= size)
			break;
		memcpy(out + used, bytes, nr);
		used += nr;
	}
	out[used] = '\0';
	return used;
}

/* The state of a str is a word of bits. Returns the width of its characters, or 0 if it is
 * not one that is stored right behind its header. */
static unsigned text_width(const struct python_layout *layout, uint32_t state,
			   uint32_t *header)
{
	unsigned width = state >> 2 & 7;
	bool compact = state >> 5 & 1, ascii = state >> 6 & 1;

	if (!compact || (width != 1 && width != 2 && width != 4) || (ascii && width != 1))
		return 0;
	*header = (uint32_t)(ascii ? layout->text_ascii : layout->text_compact);
	return width;
}

ssize_t python_text(struct python_reader *reader, uint64_t object, char *out, size_t size)
{
	uint8_t bytes[TEXT_AT_ONCE + PYTHON_TEXT_MAX * 4];
	uint32_t header;
	unsigned width;
	uint64_t length;
	size_t got;

	out[0] = '\0';
	if (!python_plausible(object))
		return -1;
	got = memory_read_some(&reader->mem, object, bytes, TEXT_AT_ONCE);
	if (got < TEXT_HEADER ||
	    !python_is_type(reader, load_u64(bytes + OB_TYPE), PYTHON_TEXT))
		return -1;
	width = text_width(&reader->layout, load_u32(bytes + TEXT_STATE), &header);
	length = load_u64(bytes + OB_SIZE);
	if (width == 0 || header > TEXT_AT_ONCE || length > INT64_MAX)
		return -1;
	if (length > size)
		length = size;
	if (length > PYTHON_TEXT_MAX)
		length = PYTHON_TEXT_MAX;
	if (header + length * width > got &&
	    !memory_read(&reader->mem, object + header, bytes + header,
			 (size_t)length * width))
		return -1;
	return (ssize_t)encode(bytes + header, (size_t)length, width, out, size);
}

bool python_text_equals(struct python_reader *reader, uint64_t object, const char *text)
{
	char out[PYTHON_TEXT_MAX];
	ssize_t length = python_text(reader, object, out, sizeof(out));

	return length >= 0 && strcmp(out, text) == 0;
}

bool python_int(struct python_reader *reader, uint64_t object, int64_t *value)
{
	uint8_t bytes[INT_DIGITS + 8];
	int64_t tag, number;
	uint64_t nr;
	bool negative;

	*value = 0;
	if (!python_plausible(object) ||
	    !memory_read(&reader->mem, object, bytes, sizeof(bytes)) ||
	    (!python_is_type(reader, load_u64(bytes + OB_TYPE), PYTHON_INT) &&
	     !python_is_type(reader, load_u64(bytes + OB_TYPE), PYTHON_BOOL)))
		return false;
	tag = (int64_t)load_u64(bytes + INT_TAG);
	if (reader->layout.minor >= 12) {
		nr = (uint64_t)tag >> 3;
		negative = (tag & 3) == 2;
		if ((tag & 3) == 1)
			nr = 0;
	} else {
		negative = tag < 0;
		nr = negative ? 0 - (uint64_t)tag : (uint64_t)tag;
	}
	if (nr > 2)
		return false;
	number = nr > 0 ? load_u32(bytes + INT_DIGITS) : 0;
	if (nr > 1)
		number |= (int64_t)load_u32(bytes + INT_DIGITS + 4) << DIGIT_BITS;
	*value = negative ? -number : number;
	return true;
}

ssize_t python_bytes(struct python_reader *reader, uint64_t object, uint8_t *out,
		     size_t max, size_t *whole)
{
	uint64_t size;

	if (!python_is(reader, object, PYTHON_BYTES) ||
	    !python_word(reader, object + OB_SIZE, &size) || size > INT64_MAX)
		return -1;
	if (whole)
		*whole = (size_t)size;
	if (size > max)
		size = max;
	if (size > 0 &&
	    !memory_read(&reader->mem, object + BYTES_DATA, out, (size_t)size))
		return -1;
	return (ssize_t)size;
}

ssize_t python_items(struct python_reader *reader, uint64_t object, uint64_t *items)
{
	uint64_t nr, type = python_type_of(reader, object);

	*items = 0;
	if (!type || !python_word(reader, object + OB_SIZE, &nr) || nr > PYTHON_ITEMS_MAX)
		return -1;
	if (python_is_type(reader, type, PYTHON_TUPLE))
		*items = object + (uint64_t)reader->layout.tuple_items;
	else if (!python_is_type(reader, type, PYTHON_LIST) ||
		 !python_word(reader, object + LIST_ITEMS, items))
		return -1;
	return (ssize_t)nr;
}

uint64_t python_set_next(struct python_reader *reader, uint64_t set, size_t *at)
{
	uint64_t mask, table, element;

	if (!python_is(reader, set, PYTHON_SET) ||
	    !python_word(reader, set + SET_MASK, &mask) ||
	    !python_word(reader, set + SET_TABLE, &table) || mask >= 1u << 24)
		return 0;
	while (*at <= mask) {
		uint64_t entry = table + *at * SET_ENTRY_BYTES;

		++*at;
		if (!python_word(reader, entry, &element))
			return 0;
		/* An entry that was removed is the address of a dummy object. */
		if (python_plausible(element))
			return element;
	}
	return 0;
}
