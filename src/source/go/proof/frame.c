/* SPDX-License-Identifier: MIT */
/* See frame.h. Decodes the frame for each return address once. */
#include "source/go/proof/frame.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/hash.h"
#include "base/text.h"
#include "source/go/proof/frame_private.h"

#define FRAMES_FIRST    1024u
#define FRAMES_MAX      (1u << 20)
#define MAPS_MAX        (256u << 20)
#define WORDS_MAX       (1u << 16) /* of one frame with a map */
#define FRAME_BYTES_MAX (1u << 30)
#define OBJECTS_MAX     4096u /* of one function */
#define OBJECTS_ALL_MAX (8u << 20)
#define OBJECT_BYTES    16u
#define STEPS           (1ull << 32)

bool go_frames_init(struct go_frames *frames, const struct go_module *module)
{
	size_t nr = 0;

	memset(frames, 0, sizeof(*frames));
	frames->seed = hash_seed();
	frames->minor = module->minor;
	for (const struct go_module *at = module; at; at = at->next)
		nr++;
	frames->modules = calloc(nr, sizeof(*frames->modules));
	frames->cap = FRAMES_FIRST;
	frames->list = calloc(frames->cap, sizeof(*frames->list));
	if (!frames->modules || !frames->list)
		return false;
	for (const struct go_module *at = module; at && frames->nr_modules < nr;
	     at = at->next) {
		struct go_frame_table *table = &frames->modules[frames->nr_modules++];

		table->table = at->table;
		table->table.steps_left = STEPS;
		table->gofunc = at->gofunc;
	}
	return true;
}

void go_frames_release(struct go_frames *frames)
{
	free(frames->modules);
	free(frames->list);
	free(frames->maps);
	free(frames->objects);
	free(frames->places);
	free(frames->inner);
	memset(frames, 0, sizeof(*frames));
}

static struct go_frame *slot_of(const struct go_frames *frames, uint64_t pc)
{
	size_t at = hash_mix(pc, frames->seed) & (frames->cap - 1);

	while (frames->list[at].pc && frames->list[at].pc != pc)
		at = (at + 1) & (frames->cap - 1);
	return &frames->list[at];
}

static bool grow_frames(struct go_frames *frames)
{
	struct go_frame *old = frames->list;
	size_t nr = frames->cap;

	if (nr >= FRAMES_MAX)
		return false;
	frames->list = calloc(nr * 2, sizeof(*frames->list));
	if (!frames->list) {
		frames->list = old;
		return false;
	}
	frames->cap = nr * 2;
	for (size_t i = 0; i < nr; i++)
		if (old[i].pc)
			*slot_of(frames, old[i].pc) = old[i];
	free(old);
	return true;
}

static bool add_byte(struct go_frames *frames, uint8_t value)
{
	if (!array_reserve_most(&frames->maps, &frames->cap_maps, frames->nr_maps + 1,
				MAPS_MAX))
		return false;
	frames->maps[frames->nr_maps++] = value;
	return true;
}

/* Reads one map of a list of maps, one byte per word. Sets *nr to its number of words.
 * Returns false if there is no such map. */
static bool read_map(struct go_frames *frames, struct memory *mem, uint64_t list,
		     int32_t which, uint32_t *nr)
{
	uint8_t bits[WORDS_MAX / 8];
	uint32_t head[2];
	size_t bytes;

	*nr = 0;
	if (!list || !memory_read(mem, list, head, sizeof(head)) || head[0] == 0 ||
	    head[0] > INT32_MAX || head[1] > WORDS_MAX)
		return false;
	if (head[1] == 0)
		return true;
	if (which < 0 || (uint32_t)which >= head[0])
		return false;
	bytes = (head[1] + 7) / 8;
	if (!memory_read(mem, list + sizeof(head) + (uint64_t)(uint32_t)which * bytes,
			 bits, bytes))
		return false;
	for (uint32_t i = 0; i < head[1]; i++)
		if (!add_byte(frames, bits[i / 8] >> (i % 8) & 1))
			return false;
	*nr = head[1];
	return true;
}

/* Size of a record: in Go 1.17 it ends with a pointer; in 1.16 it is a long offset and a
 * type. */
static size_t object_bytes(const struct go_frames *frames)
{
	return frames->minor == 17 ? 24 : OBJECT_BYTES;
}

static bool read_object(const struct go_frames *frames, struct memory *mem, uint64_t at,
			struct go_frame_object *object)
{
	uint8_t record[OBJECT_BYTES];
	uint64_t bytes;

	if (!memory_read(mem, at, record, sizeof(record)))
		return false;
	object->offset = (int32_t)load_u32(record);
	object->bytes = load_u32(record + 4);
	if (frames->minor != 16)
		return true;
	if (!memory_read(mem, load_u64(record + 8), &bytes, sizeof(bytes)) ||
	    bytes > FRAME_BYTES_MAX)
		return false;
	object->bytes = (uint32_t)bytes;
	return true;
}

static bool read_objects(struct go_frames *frames, struct memory *mem, uint64_t list,
			 struct go_frame *frame)
{
	uint64_t nr;

	frame->objects = (uint32_t)frames->nr_objects;
	if (list == 0)
		return true;
	if (!memory_read(mem, list, &nr, sizeof(nr)) || nr > OBJECTS_MAX)
		return false;
	for (uint64_t i = 0; i < nr; i++) {
		struct go_frame_object object;

		if (!read_object(frames, mem, list + 8 + i * object_bytes(frames),
				 &object) ||
		    !array_reserve_most(&frames->objects, &frames->cap_objects,
					frames->nr_objects + 1, OBJECTS_ALL_MAX))
			return false;
		frames->objects[frames->nr_objects++] = object;
		frame->nr_objects++;
	}
	return true;
}

/* Does what the runtime's getStackMap() does. What cannot be read counts as live. */
static void read_maps(struct go_frames *frames, struct memory *mem,
		      struct go_frame_table *module, const struct go_func *func,
		      struct go_frame *frame)
{
	struct go_pclntab *table = &module->table;
	uint64_t gofunc = module->gofunc;
	int32_t which = -1;

	if (frame->pc != func->entry)
		which = go_func_pcdata(table, func, GO_PCDATA_STACK_MAP, frame->pc - 1);
	if (which < 0) /* in the prologue: as at the entry */
		which = 0;
	frame->bits = (uint32_t)frames->nr_maps;
	frame->any_args = func->args < 0;
	frame->locals = read_map(frames, mem,
				 go_func_data(table, func, GO_FUNCDATA_LOCALS, gofunc),
				 which, &frame->nr_locals);
	if (!frame->locals)
		frames->nr_maps = frame->bits;
	frame->args =
		func->args == 0 ||
		read_map(frames, mem, go_func_data(table, func, GO_FUNCDATA_ARGS, gofunc),
			 which, &frame->nr_args);
	if (!frame->args)
		frame->nr_args = func->args > 0 ? (uint32_t)func->args / 8 : 0;
	/* Unknown variables could be anywhere in the frame. */
	if (!read_objects(frames, mem,
			  go_func_data(table, func, GO_FUNCDATA_OBJECTS, gofunc), frame))
		frame->locals = frame->args = false;
}

/* For unknown versions, and if the data cannot be found, all words count as live. */
static bool has_maps(const struct go_frames *frames, const struct go_frame_table *module)
{
	return frames->minor >= 16 && frames->minor <= 27 &&
	       (module->table.era == GO_ERA_116) == (frames->minor <= 17) &&
	       (module->gofunc || module->table.era == GO_ERA_116);
}

static void fill_frame(struct go_frames *frames, struct memory *mem, uint64_t pc,
		       struct go_frame *frame)
{
	struct go_frame_table *module = NULL;
	struct go_func func;
	const char *name;
	int32_t delta;

	memset(frame, 0, sizeof(*frame));
	frame->pc = pc;
	for (size_t i = 0; i < frames->nr_modules && !module; i++)
		if (pc >= frames->modules[i].table.min_pc &&
		    pc < frames->modules[i].table.max_pc)
			module = &frames->modules[i];
	if (!module || !has_maps(frames, module) ||
	    !go_func_find(&module->table, pc, &func) || func.flags & GO_FUNC_SP_WRITE ||
	    !go_func_value(&module->table, &func, func.pcsp, pc, &delta) || delta < 0)
		return;
	name = go_func_name(&module->table, func.name);
	frame->known = true;
	frame->bytes = (uint32_t)delta;
	frame->top = (func.flags & GO_FUNC_TOP) || strcmp(name, "runtime.goexit") == 0;
	frame->injected = strcmp(name, "runtime.asyncPreempt") == 0 ||
			  strcmp(name, "runtime.sigpanic") == 0 ||
			  text_starts_with(name, "runtime.debugCallV");
	read_maps(frames, mem, module, &func, frame);
}

const struct go_frame *go_frame_at(struct go_frames *frames, struct memory *mem,
				   uint64_t pc)
{
	struct go_frame *frame = slot_of(frames, pc);

	if (frame->pc)
		return frame;
	if (frames->nr * 2 >= frames->cap) {
		if (!grow_frames(frames))
			return NULL;
		frame = slot_of(frames, pc);
	}
	frames->nr++;
	fill_frame(frames, mem, pc, frame);
	return frame;
}
