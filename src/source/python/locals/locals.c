/* SPDX-License-Identifier: MIT */
/*
 * The values of a frame's variables are one behind the other: arguments first, then
 * variables, then cells and free variables, which functions inside or around it share. The
 * names are in the code object, in the same order.
 */
#include "source/python/locals/locals.h"

#include <stdlib.h>
#include <string.h>

#include "source/python/frame.h"
#include "source/python/locals/value.h"

#define SPENDS         (1u << 17) /* of one stack; see struct memory */
#define FOREIGN_FRAMES 3u         /* of a stack that is not the program's at all */
#define NAME_BYTES     96u
#define FRAME_BYTES    512u
#define CELL_OBJECT    16u
#define BYTES_DATA     32u
#define TAG_BITS       3ull
#define KIND_HIDDEN    0x10u /* of a comprehension that is part of the function */
#define KIND_CELL      0xc0u /* a cell, or free */

/* A variable that is being read. */
struct variable {
	uint32_t frame; /* of the stack */
	bool cell, same;
	uint64_t at, word; /* the slot, and what is in it */
	uint64_t object;
	char name[NAME_BYTES];
	char text[PYTHON_LOCAL_BYTES];
};

struct look {
	struct python *python;
	const struct python_frame *frames;
	struct python_values values;
	struct variable *list;
	size_t nr;
	bool cut, moved;
};

static uint64_t code_word(struct look *look, const struct python_frame *frame,
			  int32_t offset)
{
	uint64_t word;

	return offset > 0 && python_word(&look->python->reader,
					 frame->code_address + (uint64_t)offset, &word)
		       ? word
		       : 0;
}

/* Whether the frame is still in the call, and at the place, that the look has seen. */
static bool is_there(struct look *look, const struct python_frame *frame)
{
	const struct python_layout *layout = &look->python->reader.layout;
	size_t bytes = python_frame_bytes(layout);
	uint8_t head[FRAME_BYTES];
	struct python_frame now;

	if (bytes > sizeof(head) ||
	    !memory_read(&look->python->reader.mem, frame->address, head, bytes))
		return false;
	python_frame_take(layout, frame->address, head, &now);
	return now.code_address == frame->code_address && now.position == frame->position;
}

/* What a slot refers to: 0 if the variable has no value. */
static uint64_t object_of(struct look *look, uint64_t word, bool cell)
{
	struct python_reader *reader = &look->python->reader;
	char name[PYTHON_NAME_MAX];
	uint64_t object = reader->layout.minor >= 14 ? word & ~TAG_BITS : word;

	/* Before a function's first instruction, an argument is not in its cell yet. */
	if (cell && object && python_name_of_type(reader, object, name) &&
	    strcmp(name, "cell") == 0)
		python_word(reader, object + CELL_OBJECT, &object);
	return object;
}

static void print(struct look *look, uint64_t object, char out[PYTHON_LOCAL_BYTES])
{
	struct oneline text;

	oneline_init(&text, out, PYTHON_LOCAL_BYTES);
	python_value_print(&look->values, object, &text);
}

/* Adds a variable, whose name is this object. Returns false if there is no room. */
static bool add(struct look *look, uint32_t frame, uint64_t name, uint64_t slot,
		bool cell)
{
	struct python_reader *reader = &look->python->reader;
	struct variable *variable = &look->list[look->nr];
	char text[NAME_BYTES];
	struct oneline line;
	ssize_t got;

	*variable = (struct variable){.frame = frame, .cell = cell, .at = slot};
	if (!python_word(reader, slot, &variable->word))
		return true;
	variable->object = object_of(look, variable->word, cell);
	if (!variable->object)
		return true;
	if (look->nr == PYTHON_LOCALS_MAX || look->values.objects_left == 0) {
		look->cut = true;
		return false;
	}
	got = python_text(reader, name, text, sizeof(text));
	/* Python itself has some, such as the iterable of a comprehension: ".0". */
	if (got <= 0 || text[0] == '.')
		return true;
	oneline_init(&line, variable->name, sizeof(variable->name));
	oneline_clean(&line, text, (size_t)got);
	print(look, variable->object, variable->text);
	look->nr++;
	return true;
}

/* Adds those with names of a tuple. *slot is moved behind them. Returns false if there is
 * no room for more. */
static bool add_named(struct look *look, uint32_t frame, uint64_t names, bool cells,
		      const uint8_t *kinds, uint64_t *slot)
{
	struct python_reader *reader = &look->python->reader;
	uint64_t items, name;
	ssize_t nr = python_items(reader, names, &items);

	for (ssize_t i = 0; i < nr; i++, *slot += 8) {
		if (i == PYTHON_LOCALS_MAX) {
			look->cut = true;
			return false;
		}
		if (kinds && (kinds[i] & KIND_HIDDEN))
			continue;
		if (python_word(reader, items + 8 * (uint64_t)i, &name) &&
		    !add(look, frame, name, *slot,
			 cells || (kinds && (kinds[i] & KIND_CELL))))
			return false;
	}
	return true;
}

static bool add_frame(struct look *look, uint32_t index)
{
	const struct python_frame *frame = &look->frames[index];
	const struct python_layout *layout = &look->python->reader.layout;
	uint64_t slot = frame->address + (uint64_t)layout->frame_locals;
	uint8_t kinds[PYTHON_LOCALS_MAX] = {0};

	if (!is_there(look, frame)) {
		look->moved = true;
		return true;
	}
	if (layout->minor >= 11) {
		python_bytes(&look->python->reader,
			     code_word(look, frame, layout->code_local_kinds), kinds,
			     sizeof(kinds), NULL);
		return add_named(look, index, frame->code->local_names, false, kinds,
				 &slot);
	}
	return add_named(look, index, frame->code->local_names, false, NULL, &slot) &&
	       add_named(look, index, code_word(look, frame, layout->code_cell_names),
			 true, NULL, &slot) &&
	       add_named(look, index, code_word(look, frame, layout->code_free_names),
			 true, NULL, &slot);
}

/* Adds the frames of the program's own, or, if there are none, the innermost ones. */
static bool add_frames(struct look *look, uint32_t nr_frames)
{
	unsigned own = 0;

	for (uint32_t i = 0; i < nr_frames && own < PYTHON_LOCAL_FRAMES; i++) {
		if (look->frames[i].code->library)
			continue;
		own++;
		if (!add_frame(look, i))
			return true;
	}
	for (uint32_t i = 0; own == 0 && i < nr_frames && i < FOREIGN_FRAMES; i++)
		if (!add_frame(look, i))
			break;
	return own > 0;
}

/* Whether everything about the variable is as it was. */
static bool is_same(struct look *look, const struct variable *variable)
{
	char text[PYTHON_LOCAL_BYTES];
	uint64_t word;

	if (!python_word(&look->python->reader, variable->at, &word) ||
	    word != variable->word ||
	    object_of(look, word, variable->cell) != variable->object)
		return false;
	print(look, variable->object, text);
	return strcmp(text, variable->text) == 0;
}

/* Everything is read again first, and then whether the frames are still there. */
static void keep(struct look *look, struct arena *arena, struct python_locals *out)
{
	uint32_t checked = UINT32_MAX;
	bool there = false;

	for (size_t i = 0; i < look->nr; i++)
		look->list[i].same = is_same(look, &look->list[i]);
	for (size_t i = 0; i < look->nr; i++) {
		const struct variable *variable = &look->list[i];
		struct python_local local = {.frame = variable->frame,
					     .object = variable->object};

		if (variable->frame != checked)
			there = is_there(look, &look->frames[variable->frame]);
		checked = variable->frame;
		look->moved |= !there;
		if (!there || !variable->same)
			continue;
		local.name = arena_strndup(arena, variable->name, NAME_BYTES);
		local.text = arena_strndup(arena, variable->text, PYTHON_LOCAL_BYTES);
		if (local.name && local.text)
			out->list[out->nr++] = local;
	}
}

void python_locals_read(struct python *python, const struct python_frame *frames,
			uint32_t nr_frames, struct arena *arena,
			struct python_locals *out)
{
	struct look look = {.python = python, .frames = frames};

	memset(out, 0, sizeof(*out));
	python->spent |= memory_is_spent(&python->reader.mem);
	memory_allow(&python->reader.mem, SPENDS);
	/* One more, for the variable that has no room. */
	look.list = malloc((PYTHON_LOCALS_MAX + 1) * sizeof(*look.list));
	if (!look.list)
		return;
	look.values = (struct python_values){.python = python,
					     .objects_left = PYTHON_LOCAL_OBJECTS};
	out->foreign = !add_frames(&look, nr_frames);
	out->objects = look.values.objects;
	out->cut = look.cut || look.values.cut;
	look.values.objects_left = PYTHON_LOCAL_OBJECTS;
	keep(&look, arena, out);
	out->moved = look.moved;
	free(look.list);
}
