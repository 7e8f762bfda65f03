/* SPDX-License-Identifier: MIT */
/* See rank.h. */
#include "source/go/holds/rank.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/order.h"

#define DEDUPE_SLOTS 4096u
#define WAY_BYTES    256u

/* The less, the more it says. */
static const uint8_t kind_scores[HELD_KINDS] = {
	[HELD_LOCAL] = 0, [HELD_CONNECTION] = 0, [HELD_CHANNEL] = 16,  [HELD_LOCK] = 6,
	[HELD_TIMER] = 6, [HELD_CONTEXT] = 6,    [HELD_FUNCTION] = 18, [HELD_VALUE] = 18,
};
static const uint8_t text_scores[HELD_TEXTS] = {
	[HELD_TEXT_OTHER] = 24,  [HELD_TEXT_URL] = 0, [HELD_TEXT_HOST] = 2,
	[HELD_TEXT_PATH] = 1,    [HELD_TEXT_SQL] = 0, [HELD_TEXT_ID] = 8,
	[HELD_TEXT_HEADER] = 10,
};
#define SCORE_STEP     4
#define SCORE_OTHERS   60 /* if all others reach it too */
#define SCORE_LIBRARY  20
#define SCORE_INFERRED 4
#define SCORE_CONSTANT 12

static void take_text(struct go_reach *reach, struct go_found *found)
{
	const struct go_text *text = &reach->look->texts[found->text - 1];

	found->dropped = !text->text || text->noise;
	if (found->dropped)
		return;
	found->key = text->hash;
	found->held.text = text->text;
	found->held.name = "string";
	found->held.reads = text->reads;
}

/* Keeps the first of equal ones, which is the nearest. */
static void drop_doubles(struct go_reach *reach)
{
	uint32_t *slots = calloc(DEDUPE_SLOTS, sizeof(*slots));

	for (size_t i = 0; slots && i < reach->nr_found; i++) {
		struct go_found *found = &reach->found[i];
		size_t at = found->key & (DEDUPE_SLOTS - 1);

		if (found->dropped)
			continue;
		while (slots[at] && reach->found[slots[at] - 1].key != found->key)
			at = (at + 1) & (DEDUPE_SLOTS - 1);
		found->dropped = slots[at];
		if (!slots[at])
			slots[at] = (uint32_t)i + 1;
	}
	free(slots);
}

void go_rank_texts(struct go_reach *reach)
{
	size_t kept = 0;

	for (size_t i = 0; i < reach->nr_found; i++)
		if (reach->found[i].text)
			take_text(reach, &reach->found[i]);
	drop_doubles(reach);
	for (size_t i = 0; i < reach->nr_found; i++)
		if (!reach->found[i].dropped)
			reach->found[kept++] = reach->found[i];
	reach->nr_found = kept;
}

static bool is_constant(const struct go_reach *reach, const struct go_found *found)
{
	return found->text && reach->look->texts[found->text - 1].constant;
}

static int32_t score_of(const struct go_reach *reach, const struct go_found *found,
			uint32_t compared)
{
	int32_t score = found->held.kind == HELD_TEXT ? text_scores[found->held.reads]
						      : kind_scores[found->held.kind];

	score += SCORE_STEP * found->held.steps;
	if (found->library)
		score += SCORE_LIBRARY;
	if (found->held.inferred)
		score += SCORE_INFERRED;
	if (is_constant(reach, found))
		score += SCORE_CONSTANT;
	if (compared)
		score += (int32_t)(SCORE_OTHERS * found->held.others / compared);
	return score;
}

/* Words that are written in the program itself say little unless they read like
 * something, and less the further they are away. */
static bool says_nothing(const struct go_reach *reach, const struct go_found *found)
{
	return is_constant(reach, found) &&
	       (found->held.reads == HELD_TEXT_OTHER ||
		found->held.reads == HELD_TEXT_HEADER) &&
	       (found->held.others > 0 || found->held.steps > 1);
}

static int compare_found(const void *a, const void *b)
{
	const struct go_found *left = a, *right = b;
	int order = ORDER(left->score, right->score);

	if (!order && left->held.kind == HELD_LOCAL && right->held.kind == HELD_LOCAL)
		return ORDER(left->number, right->number);
	/* The address keeps the order the same from look to look. */
	if (!order)
		order = ORDER(left->held.steps, right->held.steps);
	return order ? order : ORDER(left->held.address, right->held.address);
}

static void want_pieces(struct go_reach *reach)
{
	for (size_t i = 0; i < reach->nr_found; i++)
		for (int32_t at = reach->found[i].object; at >= 0;
		     at = reach->objects[at].parent)
			reach->look->pieces[reach->objects[at].piece].wanted = true;
}

void go_rank_sort(struct go_reach *reach)
{
	const struct go_crowd *crowd = &reach->look->holds->crowd;
	uint64_t among = go_crowd_others(crowd, go_crowd_group(reach->entry));
	size_t kept = 0;

	reach->compared = (uint32_t)__builtin_popcountll(among);
	for (size_t i = 0; i < reach->nr_found; i++) {
		struct go_found *found = &reach->found[i];

		found->held.others = go_crowd_count(crowd, found->key, among);
		if (says_nothing(reach, found))
			continue;
		found->score = score_of(reach, found, reach->compared);
		reach->found[kept++] = *found;
	}
	reach->nr_found = kept;
	if (kept > 1)
		qsort(reach->found, kept, sizeof(*reach->found), compare_found);
	if (kept > HOLDS_LIST_MAX) {
		reach->nr_found = HOLDS_LIST_MAX;
		reach->cut = true;
	}
	want_pieces(reach);
}

/* Returns whether `bytes` bytes at this offset are still as they were copied. */
static bool unchanged(const struct go_reach *reach, const struct go_reached *object,
		      size_t at, size_t bytes)
{
	const struct go_piece *piece = &reach->look->pieces[object->piece];

	at += object->address - piece->address;
	if (at >= piece->copied)
		return true;
	if (bytes > piece->copied - at)
		bytes = piece->copied - at;
	return piece->again && memcmp(piece->bytes + at, piece->again + at, bytes) == 0;
}

/* What was read out of an object holds only if the object has not changed since. */
static bool is_as_read(const struct go_reach *reach, const struct go_found *found)
{
	const struct go_reached *object;

	if (found->placed || found->object < 0)
		return true;
	object = &reach->objects[found->object];
	return unchanged(reach, object, 0, object->copied);
}

/* A string's bytes do not change while a header in memory leads to them, and an object is
 * the same as long as the words that lead to it are. */
static bool still_there(const struct go_reach *reach, const struct go_found *found)
{
	const struct go_reached *object;

	if (found->object < 0)
		return true;
	object = &reach->objects[found->object];
	if (found->placed && !unchanged(reach, object, found->at, found->text ? 16 : 8))
		return false;
	if (found->held.kind == HELD_TEXT && !is_as_read(reach, found))
		return false;
	for (; object->parent >= 0; object = &reach->objects[object->parent])
		if (!unchanged(reach, &reach->objects[object->parent], object->at, 8))
			return false;
	return true;
}

static const char *publish_text(struct go_look *look, const struct go_found *found,
				struct snapshot *out)
{
	struct go_text *text = found->text ? &look->texts[found->text - 1] : NULL;
	const char *copy = text ? text->published : NULL;

	if (!copy)
		copy = arena_strndup(&out->arena, found->held.text, GO_HELD_TEXT_BYTES);
	if (text)
		text->published = copy;
	return copy;
}

static bool publish_found(struct go_reach *reach, const struct go_found *found,
			  struct buf *way, struct snapshot *out, struct held *to)
{
	*to = found->held;
	buf_clear(way);
	go_way_write(reach, found, way);
	to->way = arena_strndup(&out->arena, way->bytes ? way->bytes : "", WAY_BYTES);
	to->text = is_as_read(reach, found) ? publish_text(reach->look, found, out)
					    : "(changes while it is read)";
	to->name = found->text ? "string"
			       : arena_strndup(&out->arena, found->held.name,
					       GO_HELD_TEXT_BYTES);
	return to->way && to->text && to->name;
}

struct holds *go_rank_publish(struct go_reach *reach, struct snapshot *out)
{
	struct holds *holds = arena_alloc(&out->arena, sizeof(*holds));
	struct held *list =
		arena_alloc(&out->arena, (reach->nr_found + 1) * sizeof(*list));
	struct buf way;

	if (!holds || !list)
		return NULL;
	buf_init(&way, 0);
	holds->list = list;
	for (size_t i = 0; i < reach->nr_found && !reach->why; i++)
		if (still_there(reach, &reach->found[i]) &&
		    publish_found(reach, &reach->found[i], &way, out, &list[holds->nr]))
			holds->nr++;
	buf_release(&way);
	holds->cut = reach->cut;
	holds->compared = reach->compared;
	holds->objects = (uint32_t)reach->nr_objects;
	holds->why = reach->why;
	return holds;
}
