/* SPDX-License-Identifier: MIT */
/*
 * A variable is told with its value only if all of it can be read: a part that was in a
 * register is gone, and a pointer that is not live may point to an object that has been
 * reused since. What cannot be told is named.
 */
#include "source/go/holds/variables.h"

#include <stdio.h>

#include "base/buf.h"
#include "source/go/holds/typed.h"
#include "source/go/locals/locals.h"
#include "source/go/proof/frame_private.h"
#include "source/go/type/value.h"

#define VARIABLES_MAX 100u /* told of one goroutine */
#define READS_MAX     400u /* of memory, for one goroutine */
#define NAMES_BYTES   200u
#define WORDS_DEPTH   3u /* structs inside each other whose words get names */
#define WORDS_MAX     64u

/* A frame of the task's stack, as the debug information describes it. */
struct view {
	struct go_reach *reach;
	const struct go_reach_frame *frame;
	const struct go_locals_scope *scope;
	/* For each function that is inlined there, its frame in the task's stack, or -1
	 * if it is not shown. */
	int32_t levels[GO_LOCALS_LEVELS];
};

/* The run of frames in the task's stack that are at this address ends with `last`. */
static void find_levels(struct view *view)
{
	const struct stack *stack = go_reach_entry(view->reach)->stack;
	int32_t at = view->frame->index;

	view->levels[0] = at;
	for (unsigned level = 1; level < view->scope->nr_levels; level++) {
		const char *name = view->scope->functions[level];

		view->levels[level] = -1;
		for (int32_t k = at - 1; name && k >= 0; k--) {
			const struct frame *frame = &stack->frames[k];

			if (frame->address != view->frame->pc || !frame->inlined)
				break;
			if (frame->function && strcmp(frame->function, name) == 0) {
				view->levels[level] = at = k;
				break;
			}
		}
	}
}

static bool view_frame(struct view *view, struct go_reach *reach,
		       const struct go_reach_frame *frame)
{
	struct go_locals *locals = go_reach_holds(reach)->locals;

	*view = (struct view){.reach = reach, .frame = frame};
	if (!locals || frame->index < 0 || !go_reach_entry(reach)->stack)
		return false;
	view->scope = go_locals_at(locals, frame->pc - 1);
	if (view->scope)
		find_levels(view);
	return view->scope && view->scope->nr > 0;
}

/* The runtime's own objects say nothing about the program. */
static bool is_internal(const struct go_type *type)
{
	const char *name = type->name;

	return type->kind == GO_KIND_POINTER && strncmp(name, "*runtime.", 9) == 0 &&
	       name[9] >= 'a' && name[9] <= 'z';
}

/* Returns the frame in the task's stack, or -1 if the variable is not to be shown: its
 * function is not, or its declaration has not been reached. */
static int32_t shown_in(const struct view *view, const struct go_local *local)
{
	int32_t at = view->levels[local->level];
	const struct stack *stack = go_reach_entry(view->reach)->stack;

	if (at < 0 || (uint32_t)at >= stack->nr_frames || is_internal(local->type))
		return -1;
	if (!local->argument && local->line > 0 && stack->frames[at].line > 0 &&
	    local->line >= stack->frames[at].line)
		return -1;
	return at;
}

/* Copies from the stack, which was copied while the goroutine did not run. */
static const uint8_t *stack_bytes(const struct go_reach *reach, uint64_t address,
				  uint64_t bytes)
{
	if (address < reach->sp || address - reach->sp > reach->stack_bytes ||
	    bytes > reach->stack_bytes - (address - reach->sp))
		return NULL;
	return reach->stack + (address - reach->sp);
}

static bool is_live(const struct go_reach *reach, uint64_t address)
{
	uint64_t word = (address - reach->sp) / 8;

	return reach->live && stack_bytes(reach, address, 8) &&
	       (reach->live[word / 8] >> word % 8 & 1);
}

/* The words of a value that the collector looks at. */
struct words {
	uint16_t offsets[WORDS_MAX];
	const struct go_type *to[WORDS_MAX]; /* what they point to, or NULL */
	const char *fields[WORDS_MAX];       /* NULL: the value itself */
	bool pairs[WORDS_MAX];               /* the second word of an interface value */
	bool slices[WORDS_MAX];
	size_t nr;
};

static void list_words(struct words *words, const struct go_type *type, uint64_t offset,
		       const char *field, unsigned depth)
{
	const struct go_type *to = NULL;
	const struct go_field *fields;
	size_t nr;

	if (words->nr == WORDS_MAX || offset > UINT16_MAX)
		return;
	switch (type->kind) {
	case GO_KIND_STRUCT:
		fields = depth < WORDS_DEPTH ? go_type_fields(type, &nr) : NULL;
		for (size_t i = 0; fields && i < nr; i++)
			if (fields[i].type)
				list_words(words, fields[i].type,
					   offset + fields[i].offset,
					   field ? field : fields[i].name, depth + 1);
		return;
	case GO_KIND_POINTER:
	case GO_KIND_SLICE:
		to = go_type_element(type);
		break;
	case GO_KIND_INTERFACE:
		offset += 8;
		break;
	case GO_KIND_STRING:
	case GO_KIND_MAP:
	case GO_KIND_CHAN:
	case GO_KIND_FUNC:
	case GO_KIND_UNSAFE_POINTER:
		break;
	default:
		return;
	}
	words->pairs[words->nr] = type->kind == GO_KIND_INTERFACE;
	words->offsets[words->nr] = (uint16_t)offset;
	words->fields[words->nr] = field;
	words->slices[words->nr] = type->kind == GO_KIND_SLICE;
	words->to[words->nr++] = to;
}

/* A variable's bytes, put together from where they are. */
struct gathered {
	struct go_part parts[GO_LOCATION_PARTS_MAX];
	size_t nr;
	uint64_t address; /* of the first part that is in memory, or 0 */
	uint8_t bytes[GO_VALUE_BYTES_MAX];
	size_t size;
};

/* Returns whether the function's table of variables whose address is taken has this one. */
static bool is_object(const struct view *view, const struct go_part *part)
{
	struct go_holds *holds = go_reach_holds(view->reach);
	const struct go_frame *frame =
		go_frame_at(&holds->frames, holds->mem, view->frame->pc);
	uint64_t args = view->frame->args, end = args - 8;

	if (end > view->frame->sp)
		end -= 8;
	for (uint32_t i = 0; frame && i < frame->nr_objects; i++) {
		const struct go_frame_object *object =
			&holds->frames.objects[frame->objects + i];
		uint64_t start = (object->offset < 0 ? end : args) +
				 (uint64_t)(int64_t)object->offset;

		if (part->kind == GO_PART_MEMORY && start == part->at &&
		    object->bytes == part->bytes)
			return true;
	}
	return false;
}

/* Returns false if a part is lost or not described. A slice can do without its capacity. */
static bool gather(const struct view *view, const struct go_local *local,
		   struct gathered *out)
{
	bool capacity = true;

	out->address = 0;
	out->size = (size_t)local->location_size;
	out->nr = out->size <= sizeof(out->bytes)
			  ? go_location_find(local->location.at, local->location.length,
					     view->frame->args, out->size, out->parts)
			  : 0;
	if (out->nr > 0 && local->doubtful && !is_object(view, &out->parts[0]))
		out->nr = 0;
	if (out->nr > 0 && !local->escaped &&
	    !go_locals_cover(local->type, out->parts, out->nr))
		out->nr = 0;
	memset(out->bytes, 0, out->size <= sizeof(out->bytes) ? out->size : 0);
	for (size_t i = 0; i < out->nr; i++) {
		const struct go_part *part = &out->parts[i];
		const uint8_t *from =
			part->kind == GO_PART_MEMORY
				? stack_bytes(view->reach, part->at, part->bytes)
				: NULL;

		if (part->kind == GO_PART_VALUE && part->bytes <= 8)
			from = (const uint8_t *)&part->at;
		if (from)
			memcpy(out->bytes + part->offset, from, part->bytes);
		else if (part->offset == 16 && local->type->kind == GO_KIND_SLICE &&
			 !local->escaped)
			capacity = false;
		else
			return false;
		if (part->kind == GO_PART_MEMORY && !out->address)
			out->address = part->at;
	}
	if (!capacity)
		memcpy(out->bytes + 16, out->bytes + 8, 8);
	return out->nr > 0;
}

static uint64_t address_of(const struct gathered *value, uint64_t offset)
{
	for (size_t i = 0; i < value->nr; i++)
		if (value->parts[i].kind == GO_PART_MEMORY &&
		    offset >= value->parts[i].offset &&
		    offset - value->parts[i].offset < value->parts[i].bytes)
			return value->parts[i].at + offset - value->parts[i].offset;
	return 0;
}

static uint64_t length_of(const struct gathered *value, uint64_t offset)
{
	return offset + 16 <= value->size ? load_u64(value->bytes + offset + 8) : 0;
}

/* Returns the type that a generic function was called with, by its dictionary. *shape: it
 * is only known what its values look like. */
static const struct go_type *real_type(const struct view *view,
				       const struct go_local *local, bool *shape)
{
	struct go_holds *holds = go_reach_holds(view->reach);
	const struct go_location_bytes *at = &view->scope->dictionary;
	const struct go_type *type = NULL;
	struct go_part part[GO_LOCATION_PARTS_MAX];
	const uint8_t *word;
	uint64_t address;

	*shape = local->dictionary_word;
	if (!local->dictionary_word || local->escaped ||
	    go_location_find(at->at, at->length, view->frame->args, 8, part) != 1 ||
	    part[0].kind != GO_PART_MEMORY)
		return local->type;
	word = stack_bytes(view->reach, part[0].at, 8);
	if (word &&
	    memory_read(holds->mem, load_u64(word) + 8ull * (local->dictionary_word - 1),
			&address, sizeof(address)))
		type = go_types_at(holds->types, address);
	*shape = !type || type->kind != local->type->kind ||
		 type->bytes != local->type->bytes;
	return *shape ? local->type : type;
}

/* Returns the type of what a word of the value points to; NULL if it is unknown. */
static const struct go_type *target_of(const struct go_holds *holds,
				       const struct gathered *value,
				       const struct words *words, size_t i)
{
	uint64_t pair[2];

	if (!words->pairs[i] || words->offsets[i] + 8u > value->size ||
	    words->offsets[i] + 8u > sizeof(value->bytes))
		return words->to[i];
	memcpy(pair, value->bytes + words->offsets[i] - 8, sizeof(pair));
	return go_typed_pair(holds, pair);
}

void go_variables_name(struct go_reach *reach, const struct go_reach_frame *frame)
{
	struct gathered *value;
	struct view view;

	if (!view_frame(&view, reach, frame))
		return;
	value = arena_alloc(go_reach_arena(reach), sizeof(*value));
	for (size_t i = 0; value && i < view.scope->nr; i++) {
		const struct go_local *local = &view.scope->list[i];
		struct words words = {.nr = 0};
		bool shape, whole;

		if (shown_in(&view, local) < 0)
			continue;
		whole = gather(&view, local, value);
		if (local->escaped) {
			words = (struct words){.to = {local->type}, .nr = 1};
		} else {
			list_words(&words, real_type(&view, local, &shape), 0, NULL, 0);
		}
		for (size_t k = 0; k < words.nr; k++) {
			uint64_t at = address_of(value, words.offsets[k]);
			const char *name = local->name;

			if (words.fields[k])
				name = arena_printf(go_reach_arena(reach), "%s.%s", name,
						    words.fields[k]);
			if (at && name)
				go_reach_type_word(
					reach, at,
					target_of(go_reach_holds(reach), value, &words,
						  k),
					words.slices[k] && whole
						? length_of(value, words.offsets[k])
						: 0,
					name, false);
		}
	}
}

/* --- Values --- */

struct telling {
	struct view view;
	struct go_values values;
	struct memory *mem;
	unsigned reads_left;
	unsigned nr;
	struct gathered value;
	struct buf gone, unused; /* names, of the frame of the task's stack `at` */
	int32_t at;
};

static bool read_memory(void *ctx, uint64_t address, void *out, size_t bytes)
{
	struct telling *telling = ctx;

	if (telling->reads_left == 0)
		return false;
	telling->reads_left--;
	return memory_read(telling->mem, address, out, bytes);
}

/* Returns whether a pointer of the value leads to an object that nobody keeps for it. */
static bool is_unused(const struct telling *telling, const struct go_type *type,
		      bool escaped)
{
	const struct go_reach *reach = telling->view.reach;
	struct words words = {.nr = 0};

	if (escaped)
		words.nr = 1;
	else
		list_words(&words, type, 0, NULL, 0);
	for (size_t i = 0; i < words.nr; i++) {
		uint64_t at = address_of(&telling->value, words.offsets[i]), word;

		if (!at || words.offsets[i] + 8u > telling->value.size)
			continue;
		word = load_u64(telling->value.bytes + words.offsets[i]);
		/* What is in the program's own data or on this stack stays. */
		if (word && (word < reach->low || word >= reach->high) &&
		    !is_live(reach, at) &&
		    !go_elf_contains(go_reach_holds(reach)->elf, word, false))
			return true;
	}
	return false;
}

/* For one that is an interface by its type, the compiler may describe the data word
 * alone. */
static bool is_partial(struct telling *telling, const struct go_type *type,
		       const struct go_place *place)
{
	struct go_dynamic dynamic;

	return type->kind == GO_KIND_INTERFACE && load_u64(place->bytes) &&
	       !go_value_dynamic(&telling->values, type, place, &dynamic);
}

static void add_name(struct buf *names, const struct go_local *local)
{
	if (names->length + strlen(local->name) < NAMES_BYTES)
		buf_printf(names, "%s%s", names->length ? ", " : "", local->name);
	else if (names->length < NAMES_BYTES)
		buf_puts(names, ", \u2026");
}

static struct held *add_local(struct telling *telling, uint64_t address, const char *name,
			      const char *text)
{
	struct go_reach *reach = telling->view.reach;
	const struct frame *frame = &go_reach_entry(reach)->stack->frames[telling->at];
	struct held *held =
		go_reach_add(reach, HELD_LOCAL, NULL, address,
			     frame->function ? frame->function : "", name, text);

	if (!held)
		return NULL;
	held->frame = telling->at;
	reach->found[reach->nr_found - 1].library = frame_role(frame) != FRAME_OWN;
	return held;
}

/* Names what could not be told in the frame. */
static void end_frame(struct telling *telling)
{
	char text[2 * NAMES_BYTES + 64];

	if (telling->gone.length > 0 || telling->unused.length > 0) {
		snprintf(text, sizeof(text), "%s%s%s%s%s",
			 telling->gone.length ? "not kept: " : "",
			 telling->gone.length ? telling->gone.bytes : "",
			 telling->gone.length && telling->unused.length ? "; " : "",
			 telling->unused.length ? "no longer used: " : "",
			 telling->unused.length ? telling->unused.bytes : "");
		add_local(telling, telling->view.frame->sp + (uint64_t)telling->at, "",
			  text);
	}
	buf_clear(&telling->gone);
	buf_clear(&telling->unused);
}

static void tell_local(struct telling *telling, const struct go_local *local)
{
	char text[HOLDS_TEXT_MAX], name[GO_LOCALS_NAME_MAX + 4];
	bool shape;
	const struct go_type *type = real_type(&telling->view, local, &shape);
	struct gathered *value = &telling->value;
	struct go_place place = {.bytes = value->bytes};
	struct oneline line;
	uint64_t address;

	address = 0;
	if (gather(&telling->view, local, value)) {
		address = value->address;
		place.copied = value->size;
	}
	telling->values.reads_left = GO_VALUE_READS;
	if (place.copied == 0 || (!local->escaped && is_partial(telling, type, &place))) {
		add_name(&telling->gone, local);
		return;
	}
	if (value->nr == 1)
		place.address = address;
	if (is_unused(telling, type, local->escaped)) {
		add_name(&telling->unused, local);
		return;
	}
	if (local->escaped)
		place = (struct go_place){.address = load_u64(value->bytes)};
	oneline_init(&line, text, sizeof(text));
	if (!go_value_print(&telling->values, type, &place, !shape, &line)) {
		add_name(&telling->gone, local);
		return;
	}
	snprintf(name, sizeof(name), local->shadowed ? "(%s)" : "%s", local->name);
	if (add_local(telling, local->escaped ? place.address : address, name, text))
		telling->nr++;
}

static void tell_frame(struct telling *telling)
{
	const struct go_locals_scope *scope = telling->view.scope;

	/* The innermost of the inlined functions comes first, as in stacks. */
	for (unsigned level = scope->nr_levels; level-- > 0;) {
		for (size_t i = 0; i < scope->nr; i++) {
			const struct go_local *local = &scope->list[i];
			int32_t at = local->level == level
					     ? shown_in(&telling->view, local)
					     : -1;

			if (at < 0)
				continue;
			telling->at = at;
			if (telling->nr < VARIABLES_MAX)
				tell_local(telling, local);
			else
				telling->view.reach->cut = true;
		}
		end_frame(telling);
	}
	telling->view.reach->cut |= scope->cut;
}

void go_variables_tell(struct go_reach *reach)
{
	struct go_holds *holds = go_reach_holds(reach);
	struct telling *telling;

	if (!holds->locals || reach->why)
		return;
	telling = arena_alloc(go_reach_arena(reach), sizeof(*telling));
	if (!telling)
		return;
	telling->mem = holds->mem;
	telling->reads_left = READS_MAX;
	telling->values = (struct go_values){.types = holds->types,
					     .module = holds->module,
					     .read = read_memory,
					     .ctx = telling};
	buf_init(&telling->gone, 0);
	buf_init(&telling->unused, 0);
	for (size_t i = 0; i < reach->nr_frames; i++)
		if (view_frame(&telling->view, reach, &reach->frames[i]))
			tell_frame(telling);
	buf_release(&telling->gone);
	buf_release(&telling->unused);
}
