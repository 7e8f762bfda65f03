/* SPDX-License-Identifier: MIT */
/* Types of variables: the descriptor in memory where the debug information names one,
 * otherwise what it says itself. Types refer to each other in rings, so the parts of a
 * type are read when they are first asked for. */
#include "source/go/locals/private.h"

#include <dwarf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/text.h"

#define TYPEDEFS_MAX 16u
#define NESTED_MAX   16u   /* structs and arrays inside each other */
#define MEASURE_MAX  4096u /* types looked at to measure one */
#define SUBRANGES    64u

struct local_type {
	struct go_type type;
	struct go_type_rest rest;
	const void *place; /* in the debug information */
	struct go_locals *locals;
	const struct go_module *module;
	Dwarf_Die die;
	UT_hash_handle hh;
};

void local_types_forget(struct go_locals *locals)
{
	HASH_CLEAR(hh, locals->known);
	locals->known = NULL;
}

static bool refers_to(Dwarf_Die *die, unsigned name, Dwarf_Die *out)
{
	Dwarf_Attribute memory;

	return dwarf_formref_die(dwarf_attr_integrate(die, name, &memory), out) != NULL;
}

/* Follows typedefs up to the type that says its kind. */
static bool resolve(Dwarf_Die *die)
{
	for (unsigned i = 0; i < TYPEDEFS_MAX; i++) {
		Dwarf_Die next;

		if (dwarf_tag(die) != DW_TAG_typedef || dwarf_hasattr(die, DW_AT_GO_KIND))
			return true;
		if (!refers_to(die, DW_AT_type, &next))
			return false;
		*die = next;
	}
	return false;
}

static enum go_kind kind_of(Dwarf_Die *die)
{
	uint64_t kind = local_number(die, DW_AT_GO_KIND, 0) & 0x1f;

	if (kind != GO_KIND_INVALID && kind < GO_KINDS)
		return (enum go_kind)kind;
	switch (dwarf_tag(die)) {
	case DW_TAG_structure_type:
		return GO_KIND_STRUCT;
	case DW_TAG_pointer_type:
		return GO_KIND_POINTER;
	case DW_TAG_array_type:
		return GO_KIND_ARRAY;
	case DW_TAG_subroutine_type:
		return GO_KIND_FUNC;
	default:
		return GO_KIND_INVALID;
	}
}

static uint64_t bytes_of(Dwarf_Die *die, enum go_kind kind)
{
	switch (kind) {
	case GO_KIND_POINTER:
	case GO_KIND_CHAN:
	case GO_KIND_MAP:
	case GO_KIND_FUNC:
	case GO_KIND_UNSAFE_POINTER:
		return 8;
	case GO_KIND_INTERFACE:
	case GO_KIND_STRING:
		return 16;
	case GO_KIND_SLICE:
		return 24;
	default:
		return local_number(die, DW_AT_byte_size, 0);
	}
}

/* Returns the number of elements of an array. */
static uint64_t length_of(Dwarf_Die *die)
{
	Dwarf_Die child;
	unsigned nr = 0;

	if (dwarf_child(die, &child) != 0)
		return 0;
	do {
		uint64_t bound;

		if (dwarf_tag(&child) != DW_TAG_subrange_type)
			continue;
		bound = local_number(&child, DW_AT_upper_bound, UINT64_MAX);
		return local_number(&child, DW_AT_count, bound + 1);
	} while (++nr < SUBRANGES && dwarf_siblingof(&child, &child) == 0);
	return 0;
}

/* Alignment, and where pointers end. */
struct measure {
	uint64_t alignment, pointer_bytes;
	unsigned left; /* types that may still be looked at */
};

static void measure(Dwarf_Die die, struct measure *out, unsigned depth);

static void measure_part(Dwarf_Die *die, uint64_t offset, struct measure *out,
			 unsigned depth)
{
	struct measure part = {1, 0, out->left};
	Dwarf_Die type;

	if (refers_to(die, DW_AT_type, &type))
		measure(type, &part, depth);
	out->left = part.left;
	if (part.alignment > out->alignment)
		out->alignment = part.alignment;
	if (part.pointer_bytes && offset + part.pointer_bytes > out->pointer_bytes)
		out->pointer_bytes = offset + part.pointer_bytes;
}

static void measure(Dwarf_Die die, struct measure *out, unsigned depth)
{
	enum go_kind kind;
	uint64_t bytes, length;
	Dwarf_Die child;

	if (out->left == 0 || depth == NESTED_MAX || !resolve(&die))
		return;
	out->left--;
	kind = kind_of(&die);
	bytes = bytes_of(&die, kind);
	if (kind == GO_KIND_STRUCT && dwarf_child(&die, &child) == 0) {
		do {
			if (dwarf_tag(&child) == DW_TAG_member)
				measure_part(&child,
					     local_number(&child,
							  DW_AT_data_member_location, 0),
					     out, depth + 1);
		} while (out->left > 0 && dwarf_siblingof(&child, &child) == 0);
	} else if (kind == GO_KIND_ARRAY) {
		measure_part(&die, 0, out, depth + 1);
		length = length_of(&die);
		if (out->pointer_bytes && length > 1)
			out->pointer_bytes += bytes / length * (length - 1);
	} else if (kind != GO_KIND_STRUCT) {
		out->alignment = kind == GO_KIND_COMPLEX64 ? 4
				 : bytes >= 8              ? 8
				 : bytes > 0               ? bytes
							   : 1;
		out->pointer_bytes = kind == GO_KIND_INTERFACE ? 16
				     : kind == GO_KIND_STRING || kind == GO_KIND_SLICE ||
						     kind >= GO_KIND_CHAN
					     ? 8
					     : 0;
	}
}

/* A field of a struct, or NULL if there is no memory. */
static bool add_field(struct local_type *local, Dwarf_Die *member, struct go_field *field)
{
	const char *name = dwarf_diename(member);
	Dwarf_Die type;

	field->name = local_text(local->locals, name ? name : "");
	field->offset = local_number(member, DW_AT_data_member_location, UINT64_MAX);
	field->embedded = local_number(member, DW_AT_GO_EMBEDDED, 0) != 0;
	field->type = refers_to(member, DW_AT_type, &type)
			      ? local_type_of(local->locals, local->module, &type)
			      : NULL;
	/* A field outside of its struct is not the compiler's. */
	if (field->type && (field->offset > local->type.bytes ||
			    field->type->bytes > local->type.bytes - field->offset))
		field->type = NULL;
	return field->name && field->offset <= local->type.bytes;
}

static void find_fields(struct local_type *local)
{
	struct go_type_rest *rest = &local->rest;
	struct go_field *fields = NULL;
	size_t capacity = 0, nr = 0;
	Dwarf_Die child;

	if (dwarf_child(&local->die, &child) != 0)
		return;
	do {
		if (dwarf_tag(&child) != DW_TAG_member)
			continue;
		if (!array_reserve_most(&fields, &capacity, nr + 1, GO_TYPE_FIELDS_MAX))
			break;
		memset(&fields[nr], 0, sizeof(fields[nr]));
		if (!add_field(local, &child, &fields[nr]))
			break;
		nr++;
	} while (dwarf_siblingof(&child, &child) == 0);
	rest->fields =
		nr ? arena_alloc(&local->locals->arena, nr * sizeof(*fields)) : NULL;
	if (rest->fields) {
		memcpy((struct go_field *)rest->fields, fields, nr * sizeof(*fields));
		rest->nr_fields = nr;
	}
	free(fields);
}

static const struct go_type *referred(struct local_type *local, unsigned name)
{
	Dwarf_Die type;

	return refers_to(&local->die, name, &type)
		       ? local_type_of(local->locals, local->module, &type)
		       : NULL;
}

static void find_rest(const struct go_type *type, void *ctx)
{
	struct local_type *local = ctx;
	struct go_type_rest *rest = &local->rest;

	/* What the die refers to may be gone. */
	if (!local_is_valid(local->locals))
		return;
	switch (type->kind) {
	case GO_KIND_STRUCT:
		find_fields(local);
		break;
	case GO_KIND_POINTER:
	case GO_KIND_ARRAY:
		rest->element = referred(local, DW_AT_type);
		break;
	case GO_KIND_MAP:
		rest->key = referred(local, DW_AT_GO_KEY);
		rest->element = referred(local, DW_AT_GO_ELEMENT);
		if (rest->key && rest->element)
			rest->map = go_map_layout_of(rest->key, rest->element,
						     local->locals->module->minor);
		break;
	case GO_KIND_SLICE:
	case GO_KIND_CHAN:
		rest->element = referred(local, DW_AT_GO_ELEMENT);
		break;
	default:
		break;
	}
}

/* Returns "net/http" of "net/http.Request", "" of "int". */
static const char *package_of(struct go_locals *locals, const char *name)
{
	const char *end = name + strcspn(name, "[{( *"), *slash = name, *dot;
	char path[GO_LOCALS_NAME_MAX];

	for (const char *at = name; at < end; at++)
		if (*at == '/')
			slash = at;
	dot = memchr(slash, '.', (size_t)(end - slash));
	if (!dot || (size_t)(dot - name) >= sizeof(path))
		return "";
	snprintf(path, sizeof(path), "%.*s", (int)(dot - name), name);
	return local_text(locals, path);
}

/* Returns true for a type of interfaces with methods. */
static bool has_methods(Dwarf_Die *die)
{
	const char *name;
	Dwarf_Die words;

	if (!refers_to(die, DW_AT_type, &words))
		return false;
	name = dwarf_diename(&words);
	return name && strcmp(name, "runtime.iface") == 0;
}

/* Removes the folders from the paths of packages: "*net/http.Request" becomes
 * "*http.Request", as the program prints it. Removes what marks types by their shape. */
static void shorten_name(char *name)
{
	static const char shape[] = "go.shape.";
	char *to = name, *start = name;

	for (const char *from = name; *from; from++) {
		if (to == start && text_starts_with(from, shape))
			from += sizeof(shape) - 1;
		if (!*from)
			break;
		if (*from == '/') {
			to = start;
			continue;
		}
		*to++ = *from;
		if (strchr("*[](){} ,;", *from))
			start = to;
	}
	*to = '\0';
}

static const char *name_of(struct go_locals *locals, Dwarf_Die *die)
{
	const char *name = dwarf_diename(die);
	char *copy;

	if (!name)
		return "";
	copy = (char *)local_text(locals, name);
	if (copy)
		shorten_name(copy);
	return copy;
}

/* Kinds of one word, which an interface contains as they are. */
static bool is_direct(enum go_kind kind)
{
	return kind == GO_KIND_POINTER || kind == GO_KIND_CHAN || kind == GO_KIND_MAP ||
	       kind == GO_KIND_FUNC || kind == GO_KIND_UNSAFE_POINTER;
}

static bool fill_type(struct local_type *local)
{
	struct go_type *type = &local->type;
	struct measure all = {1, 0, MEASURE_MAX};

	type->kind = kind_of(&local->die);
	type->bytes = bytes_of(&local->die, type->kind);
	type->name = name_of(local->locals, &local->die);
	type->package = dwarf_diename(&local->die)
				? package_of(local->locals, dwarf_diename(&local->die))
				: "";
	type->direct = is_direct(type->kind);
	type->named = type->package && type->package[0];
	if (type->kind == GO_KIND_ARRAY)
		type->length = length_of(&local->die);
	if (type->kind == GO_KIND_INTERFACE)
		type->length = has_methods(&local->die);
	measure(local->die, &all, 0);
	type->alignment = (uint8_t)all.alignment;
	type->pointer_bytes =
		all.pointer_bytes < type->bytes ? all.pointer_bytes : type->bytes;
	return type->name && type->package && type->kind != GO_KIND_INVALID &&
	       type->bytes <= GO_TYPE_BYTES_MAX;
}

const struct go_type *local_type_of(struct go_locals *locals,
				    const struct go_module *module, Dwarf_Die *die)
{
	const struct go_type *described;
	struct local_type *local;
	Dwarf_Die real = *die;
	uint64_t offset;

	if (!resolve(&real))
		return NULL;
	HASH_FIND_PTR(locals->known, &real.addr, local);
	if (local)
		return local->type.name ? &local->type : NULL;
	offset = local_number(&real, DW_AT_GO_RUNTIME_TYPE, 0);
	described = offset && module ? go_types_in(locals->types, module, offset) : NULL;
	if (described && described->bytes == bytes_of(&real, kind_of(&real)))
		return described;
	local = arena_alloc(&locals->arena, sizeof(*local));
	if (!local)
		return NULL;
	local->place = real.addr;
	local->die = real;
	local->locals = locals;
	local->module = module;
	local->rest.find = find_rest;
	local->rest.ctx = local;
	local->type.rest = &local->rest;
	if (!fill_type(local))
		local->type.name = NULL;
	HASH_ADD_PTR(locals->known, place, local);
	return local->type.name ? &local->type : NULL;
}
