/* SPDX-License-Identifier: MIT */
/* See look.h. */
#include "source/go/holds/look.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/hash.h"
#include "base/url_mask.h"
#include "source/go/holds/words.h"

#define PIECES_MAX   (1u << 18)
#define TEXTS_MAX    (1u << 18)
#define ARENA_BYTES  (96u << 20)
#define ARENA_ENOUGH (32u << 20) /* beyond it, the copies are dropped after a chunk */
#define CHUNK_BYTES  (64u << 20)
#define SLOTS_FIRST  1024u
#define LENGTH_MAX   (1u << 20) /* of a string */
#define BEFORE_BYTES 64u        /* copied before the place in a large object */
#define AT_ONCE      4096u

bool go_look_init(struct go_look *look, struct go_holds *holds,
		  const struct go_sampler *sampler)
{
	memset(look, 0, sizeof(*look));
	look->holds = holds;
	look->sampler = sampler;
	look->mem = sampler->mem;
	look->seed = holds->crowd.seed;
	arena_init(&look->arena, ARENA_BYTES);
	arena_init(&look->chunk, CHUNK_BYTES);
	return array_reserve(&look->spans, &look->cap_spans, AT_ONCE);
}

void go_look_end_chunk(struct go_look *look)
{
	for (size_t i = 0; i < look->nr_pieces; i++) {
		look->pieces[i].wanted = false;
		look->pieces[i].again = NULL;
	}
	arena_release(&look->chunk);
	if (look->arena.used_bytes < ARENA_ENOUGH)
		return;
	look->nr_pieces = look->read_pieces = look->nr_texts = look->read_texts = 0;
	memset(look->piece_slots.list, 0,
	       look->piece_slots.cap * sizeof(*look->piece_slots.list));
	memset(look->text_slots.list, 0,
	       look->text_slots.cap * sizeof(*look->text_slots.list));
	arena_release(&look->arena);
}

void go_look_release(struct go_look *look)
{
	arena_release(&look->arena);
	arena_release(&look->chunk);
	free(look->pieces);
	free(look->piece_slots.list);
	free(look->texts);
	free(look->text_slots.list);
	free(look->leads);
	free(look->now);
	free(look->guesses);
	free(look->addresses);
	free(look->spans);
	memset(look, 0, sizeof(*look));
}

typedef uint64_t (*hash_of)(const struct go_look *look, size_t index);

static bool grow_slots(struct go_look *look, struct go_slots *slots, size_t nr,
		       hash_of hash)
{
	size_t capacity = slots->cap ? slots->cap * 2 : SLOTS_FIRST;
	uint32_t *list;

	if (nr * 2 < slots->cap)
		return true;
	list = calloc(capacity, sizeof(*list));
	if (!list)
		return false;
	for (size_t i = 0; i < nr; i++) {
		size_t at = hash(look, i) & (capacity - 1);

		while (list[at])
			at = (at + 1) & (capacity - 1);
		list[at] = (uint32_t)i + 1;
	}
	free(slots->list);
	slots->list = list;
	slots->cap = capacity;
	return true;
}

static uint64_t piece_hash(const struct go_look *look, size_t index)
{
	return hash_mix(look->pieces[index].address, look->seed);
}

static uint64_t text_hash(const struct go_look *look, size_t index)
{
	return hash_mix(look->texts[index].address ^ look->seed,
			look->texts[index].length);
}

/* Sets which part of the object is copied. */
static bool place_piece(const struct go_look *look, uint64_t address,
			struct go_piece *piece)
{
	const struct go_heap_span *span = go_spans_get(&look->holds->spans, address);
	uint64_t index, from;

	if (!span)
		return false;
	index = go_heap_index(span, address);
	if (index >= span->nr_objects)
		return false;
	*piece = (struct go_piece){.base = go_heap_base(span, index),
				   .size = span->size,
				   .noscan = span->noscan};
	from = address - piece->base;
	if (from >= piece->size)
		return false;
	from = from < GO_PIECE_BYTES / 2 ? 0 : (from - BEFORE_BYTES) & ~7ull;
	if (piece->size <= GO_PIECE_BYTES)
		from = 0;
	piece->address = piece->base + from;
	piece->copied =
		(uint32_t)(piece->size - from < GO_PIECE_BYTES ? piece->size - from
							       : GO_PIECE_BYTES);
	return true;
}

uint32_t go_look_piece(struct go_look *look, uint64_t address)
{
	struct go_piece piece;
	size_t at;

	if (!place_piece(look, address, &piece))
		return 0;
	if (!grow_slots(look, &look->piece_slots, look->nr_pieces, piece_hash))
		return GO_LOOK_FULL;
	at = hash_mix(piece.address, look->seed) & (look->piece_slots.cap - 1);
	while (look->piece_slots.list[at]) {
		if (look->pieces[look->piece_slots.list[at] - 1].address == piece.address)
			return look->piece_slots.list[at];
		at = (at + 1) & (look->piece_slots.cap - 1);
	}
	if (!array_reserve_most(&look->pieces, &look->cap_pieces, look->nr_pieces + 1,
				PIECES_MAX))
		return GO_LOOK_FULL;
	piece.bytes = arena_alloc(&look->arena, piece.copied);
	if (!piece.bytes)
		return GO_LOOK_FULL;
	look->pieces[look->nr_pieces++] = piece;
	return look->piece_slots.list[at] = (uint32_t)look->nr_pieces;
}

bool go_look_copied(const struct go_look *look, uint64_t address, void *out, size_t bytes)
{
	struct go_piece wanted;
	const struct go_piece *piece;
	size_t at;

	if (!look->piece_slots.cap || !place_piece(look, address, &wanted))
		return false;
	at = hash_mix(wanted.address, look->seed) & (look->piece_slots.cap - 1);
	for (; look->piece_slots.list[at]; at = (at + 1) & (look->piece_slots.cap - 1)) {
		piece = &look->pieces[look->piece_slots.list[at] - 1];
		if (piece->address != wanted.address)
			continue;
		if (look->piece_slots.list[at] > look->read_pieces || !piece->bytes ||
		    address - piece->address + bytes > piece->copied)
			return false;
		memcpy(out, piece->bytes + (address - piece->address), bytes);
		return true;
	}
	return false;
}

void go_look_read_pieces(struct go_look *look)
{
	while (look->read_pieces < look->nr_pieces) {
		size_t first = look->read_pieces, nr = look->nr_pieces - first;

		nr = nr < AT_ONCE ? nr : AT_ONCE;
		for (size_t i = 0; i < nr; i++) {
			const struct go_piece *piece = &look->pieces[first + i];

			look->spans[i] = (struct memory_span){
				piece->address, piece->bytes, piece->copied, false};
		}
		memory_read_spans(look->mem, look->spans, nr);
		for (size_t i = 0; i < nr; i++)
			if (!look->spans[i].ok)
				look->pieces[first + i].bytes = NULL;
		look->read_pieces += nr;
	}
}

void go_look_reread_pieces(struct go_look *look)
{
	for (size_t at = 0; at < look->nr_pieces;) {
		size_t nr = 0, first = at;

		for (; at < look->nr_pieces && nr < AT_ONCE; at++) {
			struct go_piece *piece = &look->pieces[at];

			if (!piece->wanted)
				continue;
			piece->again = arena_alloc(&look->chunk, piece->copied);
			if (piece->again)
				look->spans[nr++] =
					(struct memory_span){piece->address, piece->again,
							     piece->copied, false};
		}
		memory_read_spans(look->mem, look->spans, nr);
		for (size_t i = 0, k = 0; i < nr; i++) {
			while (look->pieces[first + k].again != look->spans[i].out)
				k++;
			if (!look->spans[i].ok)
				look->pieces[first + k].again = NULL;
		}
	}
}

/* Returns whether `length` bytes at the address are in one object without pointers, or in
 * the executable. */
static bool may_be_text(const struct go_look *look, uint64_t address, uint64_t length,
			bool *constant)
{
	const struct go_heap_span *span = go_spans_get(&look->holds->spans, address);
	uint64_t index;

	*constant = !span;
	if (!span)
		return go_constants_has(&look->holds->constants, address) &&
		       go_constants_has(&look->holds->constants, address + length - 1);
	index = go_heap_index(span, address);
	return span->noscan && index < span->nr_objects &&
	       address + length <= go_heap_base(span, index) + span->size;
}

uint32_t go_look_text(struct go_look *look, uint64_t address, uint64_t length)
{
	struct go_text text = {.address = address, .length = length};
	size_t at;

	if (length == 0 || length > LENGTH_MAX || address >> 47 ||
	    !grow_slots(look, &look->text_slots, look->nr_texts, text_hash))
		return 0;
	at = hash_mix(address ^ look->seed, length) & (look->text_slots.cap - 1);
	while (look->text_slots.list[at]) {
		const struct go_text *known = &look->texts[look->text_slots.list[at] - 1];

		if (known->address == address && known->length == length)
			return look->text_slots.list[at];
		at = (at + 1) & (look->text_slots.cap - 1);
	}
	if (!may_be_text(look, address, length, &text.constant) ||
	    !array_reserve_most(&look->texts, &look->cap_texts, look->nr_texts + 1,
				TEXTS_MAX))
		return 0;
	look->texts[look->nr_texts++] = text;
	return look->text_slots.list[at] = (uint32_t)look->nr_texts;
}

static size_t wanted_of(const struct go_text *text)
{
	return text->length < HOLDS_TEXT_MAX + 1 ? (size_t)text->length
						 : HOLDS_TEXT_MAX + 1;
}

static void take_text(struct go_look *look, struct go_text *text, const char *bytes)
{
	size_t nr = wanted_of(text);
	bool cut = nr < text->length;
	char line[GO_WORDS_SIZE], masked[HOLDS_TEXT_MAX + 1 + URL_MASK_MORE];

	if (!go_words_valid(bytes, nr, cut))
		return;
	nr = url_mask_copy(bytes, nr, cut, masked);
	nr = go_words_copy(masked, nr, cut, line);
	text->text = nr > 0 ? arena_strndup(&look->arena, line, nr) : NULL;
	if (!text->text)
		return;
	text->hash = hash_bytes(look->seed, line, nr) | 1;
	text->reads = (uint8_t)go_words_read(line, nr);
	text->noise = go_words_are_noise(line, nr);
}

static void read_constants(struct go_look *look, size_t first, size_t nr)
{
	char bytes[HOLDS_TEXT_MAX + 1];

	for (size_t i = first; i < first + nr; i++) {
		struct go_text *text = &look->texts[i];

		if (text->constant &&
		    go_constants_read(&look->holds->constants, text->address, bytes,
				      wanted_of(text)))
			take_text(look, text, bytes);
	}
}

void go_look_read_texts(struct go_look *look)
{
	char *bytes = look->read_texts < look->nr_texts
			      ? malloc((size_t)AT_ONCE * (HOLDS_TEXT_MAX + 1))
			      : NULL;

	while (bytes && look->read_texts < look->nr_texts) {
		size_t first = look->read_texts, nr = look->nr_texts - first, used = 0;

		nr = nr < AT_ONCE ? nr : AT_ONCE;
		for (size_t i = 0; i < nr; i++) {
			const struct go_text *text = &look->texts[first + i];
			size_t wanted = text->constant ? 0 : wanted_of(text);

			look->spans[i] = (struct memory_span){text->address, bytes + used,
							      wanted, false};
			used += wanted;
		}
		memory_read_spans(look->mem, look->spans, nr);
		for (size_t i = 0; i < nr; i++)
			if (look->spans[i].ok)
				take_text(look, &look->texts[first + i],
					  look->spans[i].out);
		read_constants(look, first, nr);
		look->read_texts += nr;
	}
	free(bytes);
}
