/* SPDX-License-Identifier: MIT */
/*
 * All stacks are walked at the same time, so that one call reads the next frame of each.
 * From 3.11 on, most frames of a thread are next to each other, and are read at once. When
 * all have been walked, what links the frames is read once more.
 */
#include "source/python/frame.h"

#include <stdlib.h>

#include "base/array.h"
#include "source/python/thread.h"

#define BATCH           PYTHON_TOPS_MAX /* threads */
#define NEAR_BYTES      4096u
#define NEAR_BEFORE     3072u
#define ONE_BYTES       384u
#define CHUNK_REACH     65536u
#define PAGE_BYTES      4096u
#define STEPS_MAX       512u
#define TRIES           3
#define FRAMES_MAX      262144u /* of all threads */
#define LINK_BYTES      112u    /* of a frame, up to its instruction */
#define INSTRUCTION_MAX (1u << 24)
#define OWNED_BY_C      3
#define TAG_BITS        3u
#define BLOCKS_MAX      20u /* in a frame, up to 3.10 */
#define BLOCK_BYTES     12u
#define BLOCK_LEVEL     8u

/* How much is read at the next frame. */
enum reach { REACH_NEAR, REACH_PAGE, REACH_ONE };

struct piece {
	uint64_t at;
	size_t bytes;
	uint8_t *data;
};

struct stack_walk {
	struct python_thread *thread;
	uint64_t next; /* 0 at the end */
	enum reach reach;
	unsigned steps;
	struct piece near, one;
};

struct python_walk {
	struct stack_walk list[BATCH];
	struct memory_span spans[BATCH];
	struct stack_walk *readers[BATCH]; /* parallel to spans */
	uint64_t tops[BATCH];
	uint8_t near[BATCH][NEAR_BYTES];
	uint8_t one[BATCH][ONE_BYTES];
	struct python_frame frames[BATCH][PYTHON_FRAMES_MAX];
	struct memory_item items[BATCH * PYTHON_FRAMES_MAX];
	uint8_t links[BATCH * PYTHON_FRAMES_MAX * LINK_BYTES];
};

struct python_walk *python_walk_new(void)
{
	return malloc(sizeof(struct python_walk));
}

void python_walk_free(struct python_walk *walk)
{
	free(walk);
}

size_t python_frame_bytes(const struct python_layout *layout)
{
	return (size_t)layout->frame_locals + 8;
}

static const uint8_t *find_in(const struct piece *piece, uint64_t address, size_t bytes)
{
	return address >= piece->at && address - piece->at + bytes <= piece->bytes
		       ? piece->data + (address - piece->at)
		       : NULL;
}

static const uint8_t *find_frame(const struct python_layout *layout,
				 const struct stack_walk *walk)
{
	const uint8_t *found =
		find_in(&walk->near, walk->next, python_frame_bytes(layout));

	return found ? found
		     : find_in(&walk->one, walk->next, python_frame_bytes(layout));
}

/* Generators keep their frames apart, and so does C that calls Python. Frames of other
 * calls are in the order of the calls. */
static bool is_near(const struct stack_walk *walk)
{
	return walk->near.bytes == 0 ||
	       (walk->next < walk->near.at && walk->near.at - walk->next < CHUNK_REACH);
}

static void plan_read(const struct python_layout *layout, struct stack_walk *walk,
		      struct memory_span *span)
{
	uint64_t page = walk->next & ~(uint64_t)(PAGE_BYTES - 1), start = walk->next;
	uint64_t end = walk->next + python_frame_bytes(layout);
	struct piece *piece = &walk->near;

	if (walk->reach != REACH_ONE && (layout->minor <= 10 || !is_near(walk)))
		walk->reach = REACH_ONE;
	if (walk->reach == REACH_ONE) {
		piece = &walk->one;
	} else {
		start = walk->next - NEAR_BEFORE;
		if (walk->reach == REACH_PAGE && start < page)
			start = page;
		if (end < page + PAGE_BYTES)
			end = page + PAGE_BYTES < start + NEAR_BYTES ? page + PAGE_BYTES
								     : start + NEAR_BYTES;
	}
	piece->at = start;
	piece->bytes = 0;
	*span = (struct memory_span){start, piece->data, (size_t)(end - start), false};
}

/* Takes what was read, or tries less. */
static void finish_read(struct stack_walk *walk, const struct memory_span *span)
{
	struct piece *piece = walk->reach == REACH_ONE ? &walk->one : &walk->near;

	if (span->ok) {
		piece->bytes = span->bytes;
		walk->reach = REACH_NEAR;
	} else if (walk->reach == REACH_ONE) {
		walk->thread->moved = true;
		walk->next = 0;
	} else {
		walk->reach++;
	}
}

static struct python_frame *last_frame(struct python_walk *all, struct stack_walk *walk)
{
	size_t nr = walk->thread->nr_frames;

	return nr > 0 ? &all->frames[walk - all->list][nr - 1] : NULL;
}

static bool is_of_c(const struct python_layout *layout, const uint8_t *bytes)
{
	return layout->frame_owner >= 0 && bytes[layout->frame_owner] >= OWNED_BY_C;
}

static uint64_t code_at(const struct python_layout *layout, const uint8_t *bytes)
{
	uint64_t code = load_u64(bytes + layout->frame_code);

	return layout->minor >= 14 ? code & ~(uint64_t)TAG_BITS : code;
}

static uint64_t position_at(const struct python_layout *layout, const uint8_t *bytes)
{
	return layout->minor >= 11 ? load_u64(bytes + layout->frame_instruction)
				   : load_u32(bytes + layout->frame_instruction);
}

/* Up to 3.10 each with statement or try is a block, which knows how many values are below
 * it. */
static void read_blocks(const struct python_layout *layout, const uint8_t *bytes,
			struct python_frame *frame)
{
	uint32_t nr = load_u32(bytes + layout->frame_nr_blocks);

	if (nr == 0 || nr > BLOCKS_MAX)
		return;
	frame->values = load_u64(bytes + layout->frame_values);
	frame->nr_values = load_u32(bytes + (uint32_t)layout->frame_blocks +
				    (nr - 1) * BLOCK_BYTES + BLOCK_LEVEL);
}

void python_frame_take(const struct python_layout *layout, uint64_t address,
		       const uint8_t *bytes, struct python_frame *frame)
{
	uint64_t first = load_u64(bytes + layout->frame_locals);

	if (layout->minor >= 14)
		first &= ~(uint64_t)TAG_BITS;
	*frame = (struct python_frame){
		.address = address,
		.code_address = code_at(layout, bytes),
		.position = position_at(layout, bytes),
		.first = first,
		.entry = layout->minor <= 10 ||
			 (layout->minor == 11 && bytes[layout->frame_entry]),
	};
	if (layout->minor <= 10)
		read_blocks(layout, bytes, frame);
}

static void push_frame(const struct python_layout *layout, struct python_walk *all,
		       struct stack_walk *walk, const uint8_t *bytes)
{
	struct python_frame *frame =
		&all->frames[walk - all->list][walk->thread->nr_frames++];

	python_frame_take(layout, walk->next, bytes, frame);
	frame->caller = load_u64(bytes + layout->frame_previous);
}

/* Goes on as far as what was read goes. */
static void advance(const struct python_layout *layout, struct python_walk *all,
		    struct stack_walk *walk)
{
	const uint8_t *bytes;

	while (walk->next && (bytes = find_frame(layout, walk))) {
		struct python_frame *last = last_frame(all, walk);

		if (walk->thread->nr_frames == PYTHON_FRAMES_MAX ||
		    walk->steps++ == STEPS_MAX) {
			walk->thread->truncated = true;
			walk->next = 0;
			return;
		}
		if (is_of_c(layout, bytes)) {
			if (!walk->thread->stack_at)
				walk->thread->stack_at = walk->next;
			if (last)
				last->entry = true;
		} else {
			push_frame(layout, all, walk, bytes);
		}
		walk->next = load_u64(bytes + layout->frame_previous);
		if (walk->next && !python_plausible(walk->next)) {
			walk->thread->moved = true;
			walk->next = 0;
		}
	}
}

static void walk_batch(struct python *python, size_t nr)
{
	const struct python_layout *layout = &python->reader.layout;
	struct python_walk *all = python->walk;

	for (;;) {
		size_t nr_spans = 0;

		for (size_t i = 0; i < nr; i++) {
			struct stack_walk *walk = &all->list[i];

			if (!walk->next)
				continue;
			all->readers[nr_spans] = walk;
			plan_read(layout, walk, &all->spans[nr_spans++]);
		}
		if (nr_spans == 0)
			return;
		memory_read_spans(&python->reader.mem, all->spans, nr_spans);
		for (size_t i = 0; i < nr_spans; i++) {
			finish_read(all->readers[i], &all->spans[i]);
			advance(layout, all, all->readers[i]);
		}
	}
}

static size_t link_bytes(const struct python_layout *layout)
{
	return layout->minor <= 10 ? LINK_BYTES : 64;
}

/* Whether the frame is still the one that was read, but for the innermost one's
 * instruction, which moves on as the function runs. A frame that has returned may soon be
 * that of another call of its function, by another caller. */
static bool same_frame(const struct python_layout *layout, const uint8_t *bytes,
		       const struct python_frame *frame, bool innermost)
{
	return code_at(layout, bytes) == frame->code_address &&
	       load_u64(bytes + layout->frame_previous) == frame->caller &&
	       (innermost || position_at(layout, bytes) == frame->position);
}

/* Reads the frames of the batch once more and marks threads whose frames differ. */
static void check_batch(struct python *python, size_t nr)
{
	const struct python_layout *layout = &python->reader.layout;
	struct python_walk *all = python->walk;
	size_t nr_items = 0, bytes = link_bytes(layout);

	for (size_t i = 0; i < nr; i++)
		for (size_t f = 0; f < all->list[i].thread->nr_frames; f++)
			all->items[nr_items++] = (struct memory_item){
				all->frames[i][f].address,
				(uint32_t)(i * PYTHON_FRAMES_MAX + f), false};
	memory_gather_read(&python->reader.mem, &python->reader.gather, all->items,
			   nr_items, all->links, bytes);
	for (size_t k = 0; k < nr_items; k++) {
		const struct memory_item *item = &all->items[k];
		size_t i = item->index / PYTHON_FRAMES_MAX;
		size_t f = item->index % PYTHON_FRAMES_MAX;

		if (!item->ok ||
		    !same_frame(layout, all->links + (size_t)item->index * bytes,
				&all->frames[i][f], f == 0))
			all->list[i].thread->moved = true;
	}
}

/* Marks threads that have called or returned since. */
static void check_tops(struct python *python, struct python_thread **threads, size_t nr)
{
	struct python_walk *all = python->walk;

	for (size_t i = 0; i < nr; i++)
		all->tops[i] = threads[i]->top;
	python_threads_top(python, threads, nr);
	for (size_t i = 0; i < nr; i++)
		threads[i]->moved |= threads[i]->top != all->tops[i];
}

static void begin_walk(struct python_walk *all, size_t index,
		       struct python_thread *thread)
{
	struct stack_walk *walk = &all->list[index];

	memset(walk, 0, sizeof(*walk));
	walk->thread = thread;
	walk->near.data = all->near[index];
	walk->one.data = all->one[index];
	walk->next = python_plausible(thread->top) ? thread->top : 0;
	thread->nr_frames = 0;
	thread->truncated = thread->moved = false;
	thread->stack_at = 0;
}

/* Copies the frames of a walk to their place among those of all threads. */
static void keep_frames(struct python *python, size_t index)
{
	struct python_walk *all = python->walk;
	struct python_thread *thread = all->list[index].thread;
	size_t nr = thread->nr_frames;

	thread->first_frame = (uint32_t)python->nr_frames;
	if (!array_reserve_most(&python->frames, &python->cap_frames,
				python->nr_frames + nr, FRAMES_MAX)) {
		thread->nr_frames = 0;
		thread->truncated = true;
		return;
	}
	if (nr > 0)
		memcpy(python->frames + python->nr_frames, all->frames[index],
		       nr * sizeof(*python->frames));
	python->nr_frames += nr;
	for (size_t i = 0; i < nr; i++)
		python_codes_want(&python->codes, all->frames[index][i].code_address);
}

/* Walks these threads, and those that moved again. */
static void walk_some(struct python *python, struct python_thread **threads, size_t nr)
{
	struct python_walk *all = python->walk;

	python_threads_top(python, threads, nr);
	for (int try = 0; nr > 0 && try < TRIES; try++) {
		size_t left = 0;

		for (size_t i = 0; i < nr; i++)
			begin_walk(all, i, threads[i]);
		walk_batch(python, nr);
		check_batch(python, nr);
		check_tops(python, threads, nr);
		for (size_t i = 0; i < nr; i++) {
			if (threads[i]->moved && try + 1 < TRIES)
				threads[left++] = threads[i];
			else
				keep_frames(python, i);
		}
		nr = left;
	}
}

bool python_frame_resolve(struct python *python, struct python_frame *frame)
{
	const struct python_layout *layout = &python->reader.layout;
	struct python_code *code = python_codes_find(&python->codes, frame->code_address);
	int64_t at;

	frame->code = code;
	if (!code)
		return false;
	if (layout->minor >= 11)
		at = (int64_t)(frame->position - code->instructions);
	else
		at = (int64_t)(int32_t)frame->position * (layout->minor == 10 ? 2 : 1);
	frame->instruction = at > 0 && at < INSTRUCTION_MAX ? (uint32_t)at : 0;
	frame->line = at < INSTRUCTION_MAX
			      ? python_code_line(&python->codes, code, layout->minor,
						 frame->instruction)
			      : 0;
	return true;
}

/* Frames without code are not of a program: the interpreter has some of its own. */
static void resolve(struct python *python, struct python_thread *thread)
{
	struct python_frame *frames = python->frames + thread->first_frame;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < thread->nr_frames; i++) {
		if (python_frame_resolve(python, &frames[i]))
			frames[kept++] = frames[i];
		else if (kept > 0 && frames[i].entry)
			frames[kept - 1].entry = true;
	}
	thread->nr_frames = kept;
}

void python_walk_threads(struct python *python)
{
	struct python_thread *batch[BATCH];
	size_t nr = 0;

	python->nr_frames = 0;
	if (!python->walk)
		python->walk = python_walk_new();
	for (size_t i = 0; i < python->nr_threads; i++) {
		struct python_thread *thread = &python->threads[i];

		thread->nr_frames = 0;
		if (!python->walk)
			continue;
		batch[nr++] = thread;
		if (nr == BATCH || i + 1 == python->nr_threads) {
			walk_some(python, batch, nr);
			nr = 0;
		}
	}
	python_codes_read(&python->codes, &python->reader);
	for (size_t i = 0; i < python->nr_threads; i++)
		resolve(python, &python->threads[i]);
}
