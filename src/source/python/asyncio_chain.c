/* SPDX-License-Identifier: MIT */
/*
 * Coroutines are read one level at a time: first those of all tasks, then what these await,
 * and so on. From 3.11 on the frame of a coroutine is part of it; before, it is an object of
 * its own. What a suspended coroutine awaits is on top of its frame's values.
 */
#include "source/python/asyncio_private.h"

#include <stdlib.h>

#include "base/array.h"
#include "source/python/frame.h"

#define LEVELS_MAX  160u
#define OLD_BYTES   32u /* of a generator, up to 3.10 */
#define OB_TYPE     8u
#define WRAPPED     16u
#define BYTES_DATA  32u
#define YIELD_FROM  72u
#define CODE_UNIT   2u
#define TOP_MOST    4096
#define TAG_BITS    3ull
#define WANTED_KEPT 1024u

struct chains {
	struct python *python;
	struct python_asyncio *asyncio;
	size_t nr;                    /* steps of this level */
	uint64_t wanted[WANTED_KEPT]; /* code objects that were asked for */
};

/* How a generator rests. */
enum rest { REST_NOT, REST_FRESH, REST_YIELD, REST_AWAIT, REST_RUNS };

static enum rest rest_since_11(int minor, int8_t state, bool coroutine)
{
	switch (minor) {
	case 11:
	case 12:
		return state == -2   ? REST_FRESH
		       : state == -1 ? coroutine ? REST_AWAIT : REST_YIELD
		       : state == 0  ? REST_RUNS
				     : REST_NOT;
	case 13:
	case 14:
		return state == -3   ? REST_FRESH
		       : state == -2 ? REST_YIELD
		       : state == -1 ? REST_AWAIT
		       : state == 0  ? REST_RUNS
				     : REST_NOT;
	default:
		return state == 0                 ? REST_FRESH
		       : state == 1               ? REST_YIELD
		       : state == 2 || state == 3 ? REST_AWAIT
		       : state == 4               ? REST_RUNS
						  : REST_NOT;
	}
}

static enum rest rest_before_11(const struct python_layout *layout, const uint8_t *frame,
				bool coroutine)
{
	int8_t running = (int8_t)frame[layout->frame_running];
	bool fresh = (int32_t)load_u32(frame + layout->frame_instruction) < 0;

	if (layout->minor == 10)
		return running == 0    ? REST_RUNS
		       : running == -2 ? REST_FRESH
		       : running == -1 ? coroutine ? REST_AWAIT : REST_YIELD
				       : REST_NOT;
	return running                                    ? REST_RUNS
	       : fresh                                    ? REST_FRESH
	       : load_u64(frame + layout->frame_top) == 0 ? REST_NOT
	       : coroutine                                ? REST_AWAIT
							  : REST_YIELD;
}

/* Whether a generator that may have yielded has delegated instead: the instruction tells. */
static bool delegates(struct python *python, const struct python_frame *frame)
{
	const struct python_layout *layout = &python->reader.layout;
	uint64_t code, at;
	uint8_t unit[CODE_UNIT];

	if (layout->minor >= 13)
		return false; /* its state has told */
	if (layout->minor >= 11)
		/* The instruction behind it resumes from: 2 a yield from, 3 an await. */
		return memory_read(&python->reader.mem, frame->position + CODE_UNIT, unit,
				   sizeof(unit)) &&
		       (unit[1] & 3) >= 2;
	if (!python_word(&python->reader,
			 frame->code_address + (uint64_t)layout->code_instructions,
			 &code))
		return false;
	at = frame->position * (layout->minor == 10 ? CODE_UNIT : 1) + CODE_UNIT;
	return memory_read(&python->reader.mem, code + BYTES_DATA + at, unit,
			   sizeof(unit)) &&
	       unit[0] == YIELD_FROM;
}

/* The address of the topmost value of a frame that rests; 0 if it has none. */
static uint64_t top_slot(const struct python_layout *layout, uint64_t address,
			 const uint8_t *frame)
{
	uint64_t top = load_u64(frame + layout->frame_top);
	int32_t count = (int32_t)load_u32(frame + layout->frame_top);

	if (layout->minor <= 9)
		return python_plausible(top) &&
				       top > load_u64(frame + layout->frame_values)
			       ? top - 8
			       : 0;
	if (layout->minor >= 14)
		return python_plausible(top) ? top - (layout->minor >= 15 ? 16 : 8) : 0;
	if (count <= 0 || count > TOP_MOST)
		return 0;
	return layout->minor == 10 ? load_u64(frame + layout->frame_values) +
					     8 * (uint64_t)(count - 1)
				   : address + (uint64_t)layout->frame_locals +
					     8 * (uint64_t)(count - 1);
}

/* The same code is asked for once, as far as a small table can tell. */
static void want_code(struct chains *chains, uint64_t address)
{
	struct python_codes *codes = &chains->python->codes;
	uint64_t *slot = &chains->wanted[address / 16 % WANTED_KEPT];

	if (*slot == address)
		return;
	*slot = address;
	/* Others have been verified in this look, and frames of threads refer to them. */
	if (!python_codes_find(codes, address))
		python_codes_want(codes, address);
}

static bool push_link(struct chains *chains, const struct python_step *step,
		      const uint8_t *bytes, uint64_t address)
{
	struct python_asyncio *asyncio = chains->asyncio;
	struct python_task *task = &asyncio->out.list[step->task];
	struct python_link *link;

	if (task->nr_frames >= PYTHON_FRAMES_MAX ||
	    !array_reserve_most(&asyncio->links, &asyncio->cap_links,
				asyncio->nr_links + 1, PYTHON_LINKS_MAX)) {
		task->truncated = true;
		return false;
	}
	link = &asyncio->links[asyncio->nr_links];
	python_frame_take(&chains->python->reader.layout, address, bytes, &link->frame);
	link->object = step->object;
	link->task = step->task;
	link->slot = link->awaits = 0;
	link->previous = task->last_link;
	task->last_link = (uint32_t)asyncio->nr_links++;
	task->nr_frames++;
	want_code(chains, link->frame.code_address);
	return true;
}

/* Takes the frame of a generator. step->slot is set to the address of what it awaits, or
 * 0. */
static void take_frame(struct chains *chains, struct python_step *step,
		       const uint8_t *frame, uint64_t address, enum rest rest)
{
	struct python_task *task = &chains->asyncio->out.list[step->task];

	step->slot = 0;
	if (rest == REST_NOT) {
		task->moved = true;
		return;
	}
	if (rest == REST_RUNS) {
		task->running |= task->nr_frames == 0;
		task->moved |= task->nr_frames > 0;
	}
	if (!push_link(chains, step, frame, address))
		return;
	if (rest == REST_AWAIT ||
	    (rest == REST_YIELD &&
	     delegates(chains->python, &chains->asyncio->links[task->last_link].frame)))
		step->slot = top_slot(&chains->python->reader.layout, address, frame);
	chains->asyncio->links[task->last_link].slot = step->slot;
}

/* Reads objects that may lie at the end of a mapping one by one, as far as they go. */
static void read_objects(struct chains *chains, size_t bytes)
{
	struct python *python = chains->python;

	for (size_t i = 0; i < chains->nr; i++)
		python->items[i] = (struct memory_item){chains->asyncio->steps[i].object,
							(uint32_t)i, false};
	if (!python_gather(python, chains->nr, bytes))
		chains->nr = 0;
	for (size_t i = 0; i < chains->nr; i++) {
		const struct memory_item *item = &python->items[i];
		uint8_t *out = python->bytes + (size_t)item->index * bytes;

		if (item->ok)
			continue;
		memset(out, 0, bytes);
		memory_read_some(&python->reader.mem, item->address, out, bytes);
	}
}

/* Where an object keeps the coroutine that it stands for, if it is what the task was made of:
 * one of aiohttp's requests. 0 if it is not known. */
static uint64_t wrapped_slot(struct chains *chains, const struct python_step *step,
			     const uint8_t *object)
{
	struct python_asyncio *asyncio = chains->asyncio;
	uint64_t type = load_u64(object + OB_TYPE), at;

	if (step->object != asyncio->out.list[step->task].coroutine)
		return 0;
	at = python_slot_at(&chains->python->reader, type, "_coro");
	return at ? step->object + at : 0;
}

/* Decides by its type how to go on from each object; step->frame is set for those whose
 * frame is apart. */
static void classify(struct chains *chains, size_t bytes)
{
	struct python *python = chains->python;
	const struct python_layout *layout = &python->reader.layout;
	struct python_asyncio *asyncio = chains->asyncio;

	for (size_t i = 0; i < chains->nr; i++) {
		struct python_step *step = &asyncio->steps[i];
		const uint8_t *object = python->bytes + i * bytes;
		enum python_awaitable kind =
			python_awaitable(python, asyncio, load_u64(object + OB_TYPE));
		bool coroutine = kind == PYTHON_IS_COROUTINE;

		step->slot = step->frame = 0;
		if (kind == PYTHON_IS_WRAPPER) {
			step->slot = step->object + WRAPPED;
		} else if (!coroutine && kind != PYTHON_IS_GENERATOR) {
			asyncio->out.list[step->task].awaited = step->object;
			asyncio->out.list[step->task].moved |=
				!load_u64(object + OB_TYPE);
			step->slot = wrapped_slot(chains, step, object);
		} else if (layout->minor >= 11) {
			take_frame(chains, step, object + layout->generator_frame,
				   step->object + (uint64_t)layout->generator_frame,
				   rest_since_11(layout->minor,
						 (int8_t)object[layout->generator_state],
						 coroutine));
		} else {
			step->frame = load_u64(object + layout->generator_frame);
			step->coroutine = coroutine;
			/* It has ended, so what awaits it has gone on. */
			asyncio->out.list[step->task].moved |= !step->frame;
		}
	}
}

/* Up to 3.10: takes the frames that are objects of their own. */
static void take_old_frames(struct chains *chains)
{
	struct python *python = chains->python;
	const struct python_layout *layout = &python->reader.layout;
	size_t bytes = python_frame_bytes(layout);

	for (size_t i = 0; i < chains->nr; i++)
		python->items[i] = (struct memory_item){chains->asyncio->steps[i].frame,
							(uint32_t)i, false};
	if (!python_gather(python, chains->nr, bytes))
		chains->nr = 0;
	for (size_t i = 0; i < chains->nr; i++) {
		const struct memory_item *item = &python->items[i];
		struct python_step *step = &chains->asyncio->steps[item->index];
		const uint8_t *frame = python->bytes + (size_t)item->index * bytes;

		if (!step->frame)
			continue;
		if (item->ok)
			take_frame(chains, step, frame, step->frame,
				   rest_before_11(layout, frame, step->coroutine));
		else
			chains->asyncio->out.list[step->task].moved = true;
	}
}

/* A slot may belong to an object between two coroutines instead. */
static void keep_awaited(struct python_asyncio *asyncio, const struct python_step *step)
{
	const struct python_task *task = &asyncio->out.list[step->task];
	struct python_link *link = &asyncio->links[task->last_link];

	if (task->nr_frames > 0 && link->slot == step->slot)
		link->awaits = step->object;
}

/* Reads what is in the slots, which is the next level. */
static void follow_slots(struct chains *chains)
{
	struct python *python = chains->python;
	struct python_asyncio *asyncio = chains->asyncio;
	bool tagged = python->reader.layout.minor >= 14;
	size_t kept = 0;

	for (size_t i = 0; i < chains->nr; i++)
		if (asyncio->steps[i].slot)
			asyncio->steps[kept++] = asyncio->steps[i];
	chains->nr = kept;
	if (kept == 0)
		return;
	for (size_t i = 0; i < kept; i++)
		python->items[i] =
			(struct memory_item){asyncio->steps[i].slot, (uint32_t)i, false};
	if (!python_gather(python, kept, 8)) {
		chains->nr = 0;
		return;
	}
	for (size_t i = 0; i < kept; i++) {
		const struct memory_item *item = &python->items[i];
		uint64_t word = load_u64(python->bytes + (size_t)item->index * 8);
		struct python_step *step = &asyncio->steps[item->index];

		step->object = item->ok ? tagged ? word & ~TAG_BITS : word : 0;
		keep_awaited(asyncio, step);
	}
	kept = 0;
	for (size_t i = 0; i < chains->nr; i++) {
		if (python_plausible(asyncio->steps[i].object))
			asyncio->steps[kept++] = asyncio->steps[i];
		else
			asyncio->out.list[asyncio->steps[i].task].moved = true;
	}
	chains->nr = kept;
}

/* Of a generator, with its frame if that is in it; 0 if the interpreter publishes a form that
 * makes no sense. */
static size_t object_bytes(const struct python_layout *layout)
{
	size_t bytes = (size_t)layout->generator_frame + python_frame_bytes(layout);

	if (layout->minor <= 10)
		return OLD_BYTES;
	return bytes <= MEMORY_ITEM_MAX && (size_t)layout->generator_state < bytes ? bytes
										   : 0;
}

static void walk(struct chains *chains)
{
	const struct python_layout *layout = &chains->python->reader.layout;
	size_t bytes = object_bytes(layout);

	for (unsigned level = 0; bytes && chains->nr > 0 && level < LEVELS_MAX; level++) {
		read_objects(chains, bytes);
		classify(chains, bytes);
		if (layout->minor <= 10)
			take_old_frames(chains);
		follow_slots(chains);
	}
	for (size_t i = 0; i < chains->nr; i++)
		chains->asyncio->out.list[chains->asyncio->steps[i].task].truncated =
			true;
}

/* Frames without code are not of a program; there should be none. */
static void keep_frames(struct python *python, struct python_asyncio *asyncio,
			struct python_task *task)
{
	struct python_tasks *out = &asyncio->out;
	uint32_t at = task->last_link, left = task->nr_frames;

	task->first_frame = (uint32_t)out->nr_frames;
	task->nr_frames = 0;
	if (!array_reserve_most(&out->frames, &out->cap_frames, out->nr_frames + left,
				PYTHON_LINKS_MAX)) {
		task->truncated = true;
		return;
	}
	for (; left > 0; left--, at = asyncio->links[at].previous) {
		struct python_frame *frame = &out->frames[out->nr_frames];

		*frame = asyncio->links[at].frame;
		if (!python_frame_resolve(python, frame)) {
			task->moved = true;
			continue;
		}
		task->nr_frames++;
		out->nr_frames++;
	}
}

void python_asyncio_chains(struct python *python, struct python_asyncio *asyncio)
{
	struct chains chains = {.python = python, .asyncio = asyncio};
	struct python_tasks *out = &asyncio->out;

	asyncio->nr_links = 0;
	out->nr_frames = 0;
	if (!array_reserve(&asyncio->steps, &asyncio->cap_steps, out->nr + 1))
		return;
	for (size_t i = 0; i < out->nr; i++) {
		out->list[i].last_link = 0;
		out->list[i].nr_frames = 0;
		asyncio->steps[i] = (struct python_step){.object = out->list[i].coroutine,
							 .task = (uint32_t)i};
	}
	chains.nr = out->nr;
	walk(&chains);
	python_codes_read(&python->codes, &python->reader);
	for (size_t i = 0; i < out->nr; i++)
		keep_frames(python, asyncio, &out->list[i]);
}
