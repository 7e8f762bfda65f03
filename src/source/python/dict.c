/* SPDX-License-Identifier: MIT */
/* Dicts, and where the releases of CPython keep the attributes of an object. */
#include "source/python/object.h"

#include "base/hash.h"

#define DICT_USED          16u
#define DICT_KEYS          32u
#define DICT_VALUES        40u
#define DICT_BYTES         48u
#define TYPE_BASE          256u
#define TYPE_DICT          264u
#define BASES_MAX          8u
#define MEMBER_DEF         40u /* of a descriptor */
#define MEMBER_OFFSET      16u
#define OFFSET_MOST        4096u
#define MODULE_DICT        16u
#define KEYS_BYTES         40u
#define KINDS_GENERAL      0u
#define KINDS_SPLIT        2u
#define LOG2_MAX           24u
#define GENERAL_BYTES      24u /* of an entry: hash, key, value */
#define TEXT_BYTES         16u /* of an entry whose key is a str: key, value */
#define BUFFER             64u /* entries */
#define NOT_FOUND          UINT32_MAX
#define SHARED_MOST        1024u

#define FLAG_MANAGED_DICT  (1u << 4)
#define FLAG_INLINE_VALUES (1u << 2)
#define FLAG_DICT          (1u << 29)
#define VALUES_HEADER      8u

/* Without its buffers, which are large and begin empty. */
static void reset(struct python_dict *dict)
{
	memset(dict, 0, offsetof(struct python_dict, buffer));
}

/* Up to 3.10: the width of an index depends on the number of slots. */
static bool open_old_keys(struct python_dict *out, uint64_t keys, const uint8_t *head)
{
	uint64_t size = load_u64(head + 8), nr = load_u64(head + 32);
	uint64_t width = size <= 0xff         ? 1
			 : size <= 0xffff     ? 2
			 : size <= UINT32_MAX ? 4
					      : 8;

	if (size == 0 || size > 1ull << LOG2_MAX || (size & (size - 1)) || nr > size)
		return false;
	out->entries = keys + 40 + size * width;
	out->stride = GENERAL_BYTES;
	out->left = (uint32_t)nr;
	return true;
}

static bool open_keys(struct python_reader *reader, uint64_t keys,
		      struct python_dict *out)
{
	uint8_t head[KEYS_BYTES];
	uint64_t nr;

	if (!python_plausible(keys) ||
	    !memory_read(&reader->mem, keys, head, sizeof(head)))
		return false;
	if (reader->layout.minor <= 10)
		return open_old_keys(out, keys, head);
	nr = load_u64(head + 24);
	if (head[8] > LOG2_MAX || head[9] > LOG2_MAX + 3 || head[10] > KINDS_SPLIT ||
	    nr > 1ull << head[8])
		return false;
	out->entries = keys + 32 + (1ull << head[9]);
	out->stride = head[10] == KINDS_GENERAL ? GENERAL_BYTES : TEXT_BYTES;
	out->left = (uint32_t)nr;
	return true;
}

/* Classes that are derived from dict are laid out like it. */
static bool is_dict(struct python_reader *reader, uint64_t type)
{
	uint64_t flags;

	return python_is_type(reader, type, PYTHON_DICT) ||
	       (python_plausible(type) &&
		python_word(reader, type + (uint64_t)reader->layout.type_flags, &flags) &&
		(flags & FLAG_DICT));
}

bool python_dict_open(struct python_reader *reader, uint64_t dict,
		      struct python_dict *out)
{
	uint8_t head[DICT_BYTES];

	reset(out);
	if (!python_plausible(dict) ||
	    !memory_read(&reader->mem, dict, head, sizeof(head)) ||
	    !is_dict(reader, load_u64(head + 8)) ||
	    !open_keys(reader, load_u64(head + DICT_KEYS), out))
		return false;
	out->values = load_u64(head + DICT_VALUES);
	if (out->values && reader->layout.minor >= 13)
		out->values += VALUES_HEADER;
	return true;
}

/* The values of an object's attributes, in the order of the keys that its class has. */
static bool open_values(struct python_reader *reader, uint64_t type, uint64_t values,
			struct python_dict *out)
{
	uint64_t keys;

	reset(out);
	if (!python_plausible(values) ||
	    !python_word(reader, type + (uint64_t)reader->layout.type_cached_keys,
			 &keys) ||
	    !open_keys(reader, keys, out))
		return false;
	out->values = values;
	return true;
}

/* From 3.11 on, attributes are before the object, or behind it, until somebody asks for
 * a dict of them. */
static bool open_managed(struct python_reader *reader, uint64_t object, uint64_t type,
			 uint64_t flags, struct python_dict *out)
{
	uint64_t word, values, basic;
	int minor = reader->layout.minor;

	if (!python_word(reader, object - 24, &word))
		return false;
	if (minor == 11) {
		if (python_word(reader, object - 32, &values) && values)
			return open_values(reader, type, values, out);
		return python_dict_open(reader, word, out);
	}
	if (minor == 12)
		return word & 1 ? open_values(reader, type, word + 1, out)
				: python_dict_open(reader, word, out);
	if (word)
		return python_dict_open(reader, word, out);
	if (!(flags & FLAG_INLINE_VALUES) ||
	    !python_word(reader, type + (uint64_t)reader->layout.type_basic_bytes,
			 &basic) ||
	    basic > 1u << 20)
		return false;
	return open_values(reader, type, object + basic + VALUES_HEADER, out);
}

bool python_attributes_open(struct python_reader *reader, uint64_t object,
			    struct python_dict *out)
{
	uint64_t type = python_type_of(reader, object), flags, offset, dict;

	reset(out);
	if (!type ||
	    !python_word(reader, type + (uint64_t)reader->layout.type_flags, &flags))
		return false;
	if (reader->layout.minor >= 11 && (flags & FLAG_MANAGED_DICT))
		return open_managed(reader, object, type, flags, out);
	return python_word(reader, type + (uint64_t)reader->layout.type_dict_offset,
			   &offset) &&
	       offset > 0 && offset < 1u << 20 &&
	       python_word(reader, object + offset, &dict) &&
	       python_dict_open(reader, dict, out);
}

static bool fill_buffer(struct python_reader *reader, struct python_dict *dict)
{
	uint32_t nr = dict->left < BUFFER ? dict->left : BUFFER;

	if (nr == 0 || !memory_read(&reader->mem, dict->entries, dict->buffer,
				    (size_t)nr * dict->stride))
		return false;
	if (dict->values) {
		if (!memory_read(&reader->mem, dict->values, dict->value_buffer, nr * 8))
			return false;
		dict->values += nr * 8;
	}
	dict->entries += (uint64_t)nr * dict->stride;
	dict->left -= nr;
	dict->nr = nr;
	dict->at = 0;
	return true;
}

bool python_dict_next(struct python_reader *reader, struct python_dict *dict,
		      uint64_t *key, uint64_t *value)
{
	for (;;) {
		const uint64_t *entry;

		if (dict->at == dict->nr && !fill_buffer(reader, dict))
			return false;
		entry = dict->buffer + (size_t)dict->at * (dict->stride / 8);
		if (dict->stride == GENERAL_BYTES)
			entry++;
		*key = entry[0];
		*value = dict->values ? dict->value_buffer[dict->at] : entry[1];
		dict->at++;
		if (*key && *value)
			return true;
	}
}

/* Where a name was found in this look, in the keys or the class at this address. Returns
 * a new one, with look 0, if it was not. */
static struct python_key_kept *kept_key(struct python_reader *reader, uint64_t owner,
					const char *name)
{
	struct python_key_kept *kept =
		&reader->keys[hash_mix(owner, (uint64_t)(uintptr_t)name) %
			      PYTHON_KEYS_KEPT];

	if (kept->look != reader->look || kept->owner != owner || kept->name != name)
		*kept = (struct python_key_kept){.owner = owner, .name = name};
	return kept;
}

static uint64_t find_in(struct python_reader *reader, struct python_dict *dict,
			const char *name, uint64_t *key)
{
	uint64_t value;

	while (python_dict_next(reader, dict, key, &value))
		if (python_text_equals(reader, *key, name))
			return value;
	*key = 0;
	return 0;
}

/* Objects whose values are apart share their keys. */
static uint64_t find_shared(struct python_reader *reader, struct python_dict *dict,
			    const char *name)
{
	struct python_key_kept *kept = kept_key(reader, dict->entries, name);
	uint64_t values = dict->values, key, value;
	uint32_t nr = dict->left < SHARED_MOST ? dict->left : SHARED_MOST;

	if (kept->look == 0) {
		kept->look = reader->look;
		kept->at = NOT_FOUND;
		for (uint32_t i = 0; i < nr && kept->at == NOT_FOUND; i++)
			if (python_word(reader,
					dict->entries + (uint64_t)i * dict->stride +
						(dict->stride == GENERAL_BYTES ? 8 : 0),
					&key) &&
			    python_text_equals(reader, key, name))
				kept->at = i;
	}
	return kept->at < nr && python_word(reader, values + 8ull * kept->at, &value)
		       ? value
		       : 0;
}

/* Names of attributes are the same object everywhere, as a rule. */
static uint64_t find_own(struct python_reader *reader, struct python_dict *dict,
			 const char *name)
{
	struct python_key_kept *kept = kept_key(reader, 0, name);
	struct python_dict walk;
	uint64_t key, value;

	if (kept->look) {
		memcpy(&walk, dict, offsetof(struct python_dict, buffer));
		while (python_dict_next(reader, &walk, &key, &value))
			if (key == kept->key)
				return value;
	}
	value = find_in(reader, dict, name, &key);
	if (key) {
		kept->look = reader->look;
		kept->key = key;
	}
	return value;
}

uint64_t python_dict_find(struct python_reader *reader, uint64_t dict, const char *key)
{
	struct python_dict walk;
	uint64_t found;

	return python_dict_open(reader, dict, &walk) ? find_in(reader, &walk, key, &found)
						     : 0;
}

uint64_t python_attribute(struct python_reader *reader, uint64_t object, const char *name)
{
	struct python_dict walk;

	if (!python_attributes_open(reader, object, &walk))
		return 0;
	return walk.values ? find_shared(reader, &walk, name)
			   : find_own(reader, &walk, name);
}

static uint64_t find_slot(struct python_reader *reader, uint64_t type, const char *name)
{
	uint64_t dict, member, offset;

	for (unsigned i = 0; i < BASES_MAX && type; i++) {
		if (python_word(reader, type + TYPE_DICT, &dict) &&
		    (member = python_dict_find(reader, dict, name)) &&
		    python_word(reader, member + MEMBER_DEF, &member) &&
		    python_word(reader, member + MEMBER_OFFSET, &offset) &&
		    offset >= 16 && offset < OFFSET_MOST)
			return offset;
		python_word(reader, type + TYPE_BASE, &type);
	}
	return 0;
}

uint64_t python_slot_at(struct python_reader *reader, uint64_t type, const char *name)
{
	struct python_key_kept *kept = kept_key(reader, type, name);

	if (kept->look == 0) {
		kept->look = reader->look;
		kept->at = (uint32_t)find_slot(reader, type, name);
	}
	return kept->at;
}

uint64_t python_slot(struct python_reader *reader, uint64_t object, const char *name)
{
	uint64_t type = python_type_of(reader, object);
	uint64_t offset = type ? python_slot_at(reader, type, name) : 0, value;

	return offset && python_word(reader, object + offset, &value) ? value : 0;
}

uint64_t python_field(struct python_reader *reader, uint64_t object, const char *name)
{
	uint64_t value = python_attribute(reader, object, name);

	return value ? value : python_slot(reader, object, name);
}

uint64_t python_function_code(struct python_reader *reader, uint64_t function)
{
	uint64_t code;

	return python_word(reader, function + (reader->layout.minor >= 10 ? 48 : 16),
			   &code) &&
			       python_is(reader, code, PYTHON_CODE)
		       ? code
		       : 0;
}

uint64_t python_module_dict(struct python_reader *reader, uint64_t interp,
			    const char *name)
{
	uint64_t modules, module, dict;

	if (!python_word(reader, interp + (uint64_t)reader->layout.interp_modules,
			 &modules))
		return 0;
	module = python_dict_find(reader, modules, name);
	return python_is(reader, module, PYTHON_MODULE) &&
			       python_word(reader, module + MODULE_DICT, &dict)
		       ? dict
		       : 0;
}

int64_t python_dict_length(struct python_reader *reader, uint64_t dict)
{
	uint64_t used;

	return python_is(reader, dict, PYTHON_DICT) &&
			       python_word(reader, dict + DICT_USED, &used) &&
			       used <= 1ull << LOG2_MAX
		       ? (int64_t)used
		       : -1;
}
