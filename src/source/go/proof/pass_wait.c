/* SPDX-License-Identifier: MIT */
/*
 * Finds what the goroutines of a proof wait on. Channels are found by the sudogs that
 * hang off the g, semaphores by a sudog on the stack that names the g, and conditions of
 * older versions by the list of waiters that contains the sudog. A goroutine that is not
 * understood counts as alive.
 */
#include "source/go/proof/pass.h"

#include <stdlib.h>

#include "base/hash.h"

#define SUDOG_NEXT     8u
#define SUDOG_LEAST    88u /* range of sizes of objects that hold one */
#define SUDOG_MOST     128u
#define LIST_BYTES     32u /* sync.notifyList */
#define LIST_HEAD      16u
#define STACK_WORDS    96u
#define CONDS_FIRST    256u
#define COND_STEPS_MAX (8u << 20) /* for all lists of one pass */

bool go_pass_is_sudog(const struct go_pass *pass, uint64_t address)
{
	const struct go_heap_span *span = go_heap_span_of(&pass->heap, address);

	return span && span->size >= SUDOG_LEAST && span->size <= SUDOG_MOST &&
	       go_heap_object(&pass->heap, address) == address;
}

/* copy: of GO_SUDOG_BYTES at the address, or NULL. The object may be smaller. */
static bool read_sudog(struct go_pass *pass, uint64_t address, const uint8_t *copy,
		       uint8_t *out)
{
	size_t bytes;

	if (!go_pass_is_sudog(pass, address))
		return false;
	bytes = (size_t)go_heap_span_of(&pass->heap, address)->size;
	if (bytes > GO_SUDOG_BYTES)
		bytes = GO_SUDOG_BYTES;
	memset(out + bytes, 0, GO_SUDOG_BYTES - bytes);
	if (!copy)
		return go_heap_copy(&pass->heap, address, out, bytes);
	memcpy(out, copy, bytes);
	return true;
}

static bool find_chans(struct go_pass *pass, const struct go_wait_row *row,
		       const uint8_t *g, const uint8_t *copy)
{
	const struct go_layout *layout = &pass->prove->layout;
	struct go_wait_objects *out = pass->objects;
	uint64_t next = load_u64(g + layout->g.waiting);

	for (; next; copy = NULL) {
		uint8_t sudog[GO_SUDOG_BYTES];
		uint64_t chan;

		if (out->nr == GO_WAIT_OBJECTS_MAX ||
		    !read_sudog(pass, next, copy, sudog) ||
		    load_u64(sudog) != row->address)
			return false;
		chan = load_u64(sudog + layout->sudog_chan);
		if (!chan)
			return false;
		out->sudogs[out->nr] = next;
		out->objects[out->nr++] = chan;
		next = load_u64(sudog + layout->sudog_link);
	}
	return out->nr > 0;
}

static struct go_cond *cond_of(const struct go_pass *pass, uint64_t sudog)
{
	size_t at = hash_mix(sudog, pass->mark.seed) & (pass->cap_conds - 1);

	while (pass->conds[at].sudog && pass->conds[at].sudog != sudog)
		at = (at + 1) & (pass->cap_conds - 1);
	return &pass->conds[at];
}

static bool grow_conds(struct go_pass *pass)
{
	size_t old_nr = pass->cap_conds;
	struct go_cond *old = pass->conds;

	pass->cap_conds = old_nr ? old_nr * 2 : CONDS_FIRST;
	pass->conds = calloc(pass->cap_conds, sizeof(*pass->conds));
	if (!pass->conds) {
		pass->conds = old;
		pass->cap_conds = old_nr;
		return false;
	}
	for (size_t i = 0; i < old_nr; i++)
		if (old[i].sudog)
			*cond_of(pass, old[i].sudog) = old[i];
	free(old);
	return true;
}

/* Records the list for every sudog in it. */
static void walk_list(struct go_pass *pass, uint64_t list, uint64_t next)
{
	uint8_t sudog[GO_SUDOG_BYTES];

	while (next && pass->cond_steps < COND_STEPS_MAX &&
	       read_sudog(pass, next, NULL, sudog)) {
		struct go_cond *cond;

		pass->cond_steps++;
		if (pass->nr_conds * 2 >= pass->cap_conds && !grow_conds(pass))
			return;
		cond = cond_of(pass, next);
		if (cond->sudog)
			return;
		*cond = (struct go_cond){next, list};
		pass->nr_conds++;
		next = load_u64(sudog + SUDOG_NEXT);
	}
}

static uint64_t find_list(struct go_pass *pass, uint64_t sudog, const uint8_t *stack,
			  size_t nr_words)
{
	uint8_t list[LIST_BYTES];

	if (pass->cap_conds == 0 && !grow_conds(pass))
		return 0;
	for (size_t i = 0; i < nr_words; i++) {
		uint64_t word = load_u64(stack + i * 8);

		if (cond_of(pass, sudog)->sudog)
			break;
		if (word & 7 || !go_heap_span_of(&pass->heap, word) ||
		    !go_heap_copy(&pass->heap, word, list, sizeof(list)))
			continue;
		walk_list(pass, word, load_u64(list + LIST_HEAD));
	}
	return cond_of(pass, sudog)->list;
}

/* Returns true if the row waits through the sudog at this address, and on what. */
static bool take_lock(struct go_pass *pass, const struct go_wait_row *row,
		      uint64_t address, const uint8_t *copy, const uint8_t *stack,
		      size_t nr_words)
{
	uint8_t sudog[GO_SUDOG_BYTES];
	uint64_t object;

	if (!read_sudog(pass, address, copy, sudog) || load_u64(sudog) != row->address)
		return false;
	object = load_u64(sudog + pass->prove->layout.sudog_elem);
	if (!object && row->kind == GO_WAIT_COND)
		object = find_list(pass, address, stack, nr_words);
	if (!object)
		return false;
	pass->objects->sudogs[0] = address;
	pass->objects->objects[0] = object;
	pass->objects->nr = 1;
	return true;
}

static bool find_lock(struct go_pass *pass, const struct go_wait_row *row,
		      const uint8_t *g, const uint8_t *copy)
{
	uint64_t sp = load_u64(g + GO_G_SP), high = load_u64(g + GO_G_STACK_HI);
	uint64_t named = load_u64(g + pass->prove->layout.g.waiting);
	uint8_t stack[STACK_WORDS * 8];
	size_t bytes = sizeof(stack);

	if (sp & 7 || high <= sp)
		return false;
	/* From Go 1.26 on the g itself names the sudog. */
	if (take_lock(pass, row, named, copy, NULL, 0))
		return true;
	bytes = high - sp < bytes ? (size_t)(high - sp) & ~(size_t)7 : bytes;
	if (!memory_read(&pass->mem, sp, stack, bytes))
		return false;
	if (take_lock(pass, row, named, copy, stack, bytes / 8))
		return true;
	for (size_t i = 0; i < bytes / 8; i++)
		if (take_lock(pass, row, load_u64(stack + i * 8), NULL, stack, bytes / 8))
			return true;
	return false;
}

bool go_pass_find(struct go_pass *pass, const struct go_wait_row *row, const uint8_t *g,
		  const uint8_t *sudog)
{
	pass->objects->nr = 0;
	switch ((enum go_wait_kind)row->kind) {
	case GO_WAIT_NEVER:
		return true;
	case GO_WAIT_CHAN:
		return find_chans(pass, row, g, sudog);
	case GO_WAIT_LOCK:
	case GO_WAIT_COND:
		return find_lock(pass, row, g, sudog);
	default:
		return false;
	}
}
