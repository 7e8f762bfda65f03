/* SPDX-License-Identifier: MIT */
/* See frame.h. Does what the runtime's scanstack() does: first frames, then defers, then
 * the variables that were reached. */
#include "source/go/proof/frame_private.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/order.h"

#define PLACES_MAX  (1u << 20)
#define INNER_MAX   (1u << 20)
#define DEFER_BYTES 256u /* of a record on the stack, with its arguments up to Go 1.17 */
#define DEFER_WORDS 32u  /* of a record in the heap */
#define DEFER_LINK  32u  /* or the next word */
#define DEFERS_MAX  4096u
#define FRAMES_MAX  (1u << 20)

struct walk {
	struct go_frames *frames;
	struct memory *mem;
	const struct go_parked *parked;
	struct go_mark *mark; /* NULL if there is a visitor */
	const struct go_live_visitor *visitor;
	bool guessed; /* the words that follow only may be alive */
	bool failed;  /* out of memory */
};

/* Handles a live word: what it points to is live too. at: its address, or 0. */
static void mark_live_word(struct walk *walk, uint64_t at, uint64_t word)
{
	struct go_frames *frames = walk->frames;

	if (word < walk->parked->low || word >= walk->parked->high) {
		if (walk->mark)
			go_mark_address(walk->mark, word);
		else
			walk->visitor->word(
				walk->visitor->ctx,
				&(struct go_live_word){at, word, !walk->guessed});
		return;
	}
	if (array_reserve_most(&frames->inner, &frames->cap_inner, frames->nr_inner + 1,
			       INNER_MAX))
		frames->inner[frames->nr_inner++] = word;
	else
		walk->failed = true;
}

/* Handles the words of [from, to) that are in the copy. */
static void mark_live_words(struct walk *walk, uint64_t from, uint64_t to)
{
	const struct go_parked *parked = walk->parked;

	from = from < parked->sp ? parked->sp : (from + 7) & ~7ull;
	to = to > parked->high ? parked->high : to & ~7ull;
	for (; from < to; from += 8)
		mark_live_word(walk, from, load_u64(parked->bytes + (from - parked->sp)));
}

/* The same without tables that say so. */
static void mark_all_words(struct walk *walk, uint64_t from, uint64_t to)
{
	walk->guessed = true;
	mark_live_words(walk, from, to);
	walk->guessed = false;
}

/* map has one byte for each word from `base` on. */
static void mark_mapped_words(struct walk *walk, uint64_t base, const uint8_t *map,
			      size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (map[i])
			mark_live_words(walk, base + i * 8, base + i * 8 + 8);
}

static void note_object(struct walk *walk, uint64_t start, uint64_t bytes)
{
	struct go_frames *frames = walk->frames;

	/* An object below the stack pointer does not exist yet. */
	if (start < walk->parked->sp || start >= walk->parked->high || bytes == 0)
		return;
	if (!array_reserve_most(&frames->places, &frames->cap_places,
				frames->nr_places + 1, PLACES_MAX)) {
		walk->failed = true;
		return;
	}
	frames->places[frames->nr_places++] =
		(struct go_frame_place){start, start + bytes};
}

/* args: address of the arguments in the caller's frame. */
static void mark_frame(struct walk *walk, const struct go_frame *frame, uint64_t sp,
		       uint64_t args)
{
	const struct go_frames *frames = walk->frames;
	/* End of the locals: below the return address and, if the frame is not empty, the
	 * saved base pointer. */
	uint64_t end = args - 8;

	if (end > sp)
		end -= 8;
	if (end > sp && !frame->locals)
		mark_all_words(walk, sp, end);
	else if (end > sp)
		mark_mapped_words(walk, end - 8ull * frame->nr_locals,
				  frames->maps + frame->bits, frame->nr_locals);
	if (frame->args)
		mark_mapped_words(walk, args,
				  frames->maps + frame->bits +
					  (frame->locals ? frame->nr_locals : 0),
				  frame->nr_args);
	else
		mark_all_words(walk, args, args + 8ull * frame->nr_args);
	for (uint32_t i = 0; i < frame->nr_objects; i++) {
		const struct go_frame_object *object =
			&frames->objects[frame->objects + i];

		note_object(walk,
			    (object->offset < 0 ? end : args) +
				    (uint64_t)(int64_t)object->offset,
			    object->bytes);
	}
}

static void visit_frame(const struct walk *walk, const struct go_frame *frame,
			uint64_t sp)
{
	struct go_live_frame live = {.pc = frame->pc, .sp = sp, .known = frame->known};

	if (!walk->visitor)
		return;
	if (frame->known) {
		live.args = sp + frame->bytes + 8;
		live.nr_args = frame->nr_args;
	}
	walk->visitor->frame(walk->visitor->ctx, &live);
}

static void mark_frames(struct walk *walk)
{
	const struct go_parked *parked = walk->parked;
	uint64_t pc = parked->pc, sp = parked->sp;
	bool all = false; /* a signal interrupted this frame */

	for (unsigned i = 0; i < FRAMES_MAX && !walk->failed; i++) {
		const struct go_frame *frame = go_frame_at(walk->frames, walk->mem, pc);
		uint64_t args;

		if (!frame) {
			walk->failed = true;
			return;
		}
		args = sp + frame->bytes + 8;
		visit_frame(walk, frame, sp);
		if (!frame->known || frame->any_args || args > parked->high)
			break;
		if (all || frame->injected)
			mark_all_words(walk, sp, args + 8ull * frame->nr_args);
		else
			mark_frame(walk, frame, sp, args);
		if (frame->top)
			return;
		all = frame->injected;
		pc = load_u64(parked->bytes + (args - 8 - parked->sp));
		sp = args;
	}
	mark_all_words(walk, sp, parked->high);
}

/* Records may alternate between the stack and the heap. Those in the heap are reached
 * from the g, but what they point to on the stack is not. */
static void mark_defers(struct walk *walk, uint64_t record)
{
	const struct go_parked *parked = walk->parked;
	struct go_heap *heap = walk->mark->heap;

	for (unsigned i = 0; i < DEFERS_MAX && record; i++) {
		uint8_t words[DEFER_WORDS * 8] = {0};
		const struct go_heap_span *span = go_heap_span_of(heap, record);

		if (record >= parked->sp && record < parked->high && (record & 7) == 0) {
			size_t left = (size_t)(parked->high - record);

			memcpy(words, parked->bytes + (record - parked->sp),
			       left < sizeof(words) ? left & ~(size_t)7 : sizeof(words));
			mark_live_words(walk, record, record + DEFER_BYTES);
		} else if (span) {
			size_t bytes = span->size < sizeof(words) ? (size_t)span->size
								  : sizeof(words);

			go_mark_address(walk->mark, record);
			if (!go_heap_copy(heap, record, words, bytes & ~(size_t)7))
				break;
			for (size_t k = 0; k < DEFER_WORDS; k++)
				if (load_u64(words + k * 8) >= parked->low &&
				    load_u64(words + k * 8) < parked->high)
					mark_live_word(walk, 0, load_u64(words + k * 8));
		} else {
			mark_live_words(walk, parked->sp, parked->high);
			return;
		}
		/* Up to Go 1.21 the panic that runs it comes first. */
		record = load_u64(words + DEFER_LINK +
				  (walk->frames->minor >= 22 ? 0 : 8));
	}
	if (record)
		mark_live_words(walk, parked->sp, parked->high);
}

static int compare_places(const void *a, const void *b)
{
	const struct go_frame_place *left = a, *right = b;

	return ORDER(left->start, right->start);
}

static struct go_frame_place *place_of(const struct go_frames *frames, uint64_t address)
{
	size_t low = ORDER_COUNT_UP_TO(frames->places, frames->nr_places, start, address);

	if (low == 0 || address >= frames->places[low - 1].end)
		return NULL;
	return &frames->places[low - 1];
}

/* Handles the variables whose address is live, and what they point to. */
static void mark_places(struct walk *walk)
{
	struct go_frames *frames = walk->frames;

	if (frames->nr_places > 1)
		qsort(frames->places, frames->nr_places, sizeof(*frames->places),
		      compare_places);
	while (frames->nr_inner > 0 && !walk->failed) {
		struct go_frame_place *place =
			place_of(frames, frames->inner[--frames->nr_inner]);
		uint64_t end;

		if (!place)
			continue;
		end = place->end;
		place->end = place->start;
		mark_live_words(walk, place->start, end);
	}
}

/* The records of defers in the heap are reached like any other object. */
static void visit_defers(struct walk *walk, uint64_t record)
{
	const struct go_parked *parked = walk->parked;
	unsigned link = DEFER_LINK + (walk->frames->minor >= 22 ? 0 : 8);

	for (unsigned i = 0; i < DEFERS_MAX && record; i++) {
		if (record < parked->sp || record >= parked->high - link - 8 ||
		    (record & 7)) {
			mark_live_word(walk, 0, record);
			return;
		}
		mark_live_words(walk, record, record + link + 8);
		record = load_u64(parked->bytes + (record - parked->sp) + link);
	}
}

bool go_frames_mark(struct go_frames *frames, struct go_mark *mark,
		    const struct go_parked *parked)
{
	struct walk walk = {
		.frames = frames, .mem = mark->heap->mem, .parked = parked, .mark = mark};

	frames->nr_places = frames->nr_inner = 0;
	mark_frames(&walk);
	mark_defers(&walk, parked->defers);
	if (parked->context)
		mark_live_word(&walk, 0, parked->context);
	mark_places(&walk);
	return !walk.failed;
}

bool go_frames_live(struct go_frames *frames, struct memory *mem,
		    const struct go_parked *parked, const struct go_live_visitor *visitor)
{
	struct walk walk = {
		.frames = frames, .mem = mem, .parked = parked, .visitor = visitor};

	frames->nr_places = frames->nr_inner = 0;
	mark_frames(&walk);
	visit_defers(&walk, parked->defers);
	if (parked->context)
		mark_live_word(&walk, 0, parked->context);
	mark_places(&walk);
	return !walk.failed;
}
