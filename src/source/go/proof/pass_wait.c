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

#define SUDOG_BYTES    104u
#define SUDOG_NEXT     8u
#define SUDOG_LEAST    88u /* range of sizes of objects that hold one */
#define SUDOG_MOST     128u
#define LIST_BYTES     32u /* sync.notifyList */
#define LIST_HEAD      16u
#define STACK_WORDS    96u
#define CONDS_FIRST    256u
#define COND_STEPS_MAX (8u << 20) /* for all lists of one pass */

static bool read_sudog(struct go_pass *pass, uint64_t address, uint8_t *out)
{
	const struct go_heap_span *span = go_heap_span_of(&pass->heap, address);

	return span && span->size >= SUDOG_LEAST && span->size <= SUDOG_MOST &&
	       go_heap_object(&pass->heap, address) == address &&
	       go_heap_copy(&pass->heap, address, out,
			    span->size < SUDOG_BYTES ? span->size : SUDOG_BYTES);
}

static bool find_chans(struct go_pass *pass, const struct go_wait_row *row,
		       const uint8_t *g, struct go_wait_objects *out)
{
	const struct go_layout *layout = &pass->prove->layout;
	uint64_t next = load_u64(g + layout->g.waiting);

	while (next) {
		uint8_t sudog[SUDOG_BYTES] = {0};
		uint64_t chan;

		if (out->nr == GO_WAIT_OBJECTS_MAX || !read_sudog(pass, next, sudog) ||
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
	uint8_t sudog[SUDOG_BYTES];

	while (next && pass->cond_steps < COND_STEPS_MAX &&
	       read_sudog(pass, next, sudog)) {
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

static bool find_lock(struct go_pass *pass, const struct go_wait_row *row,
		      const uint8_t *g, struct go_wait_objects *out)
{
	const struct go_layout *layout = &pass->prove->layout;
	uint64_t sp = load_u64(g + GO_G_SP), high = load_u64(g + GO_G_STACK_HI);
	uint8_t stack[STACK_WORDS * 8 + 8], sudog[SUDOG_BYTES] = {0};
	size_t bytes = STACK_WORDS * 8;

	if (sp & 7 || high <= sp)
		return false;
	bytes = high - sp < bytes ? (size_t)(high - sp) & ~(size_t)7 : bytes;
	/* From Go 1.26 on the g itself names the sudog; it is tried like the words of the
	 * stack. */
	memcpy(stack, g + layout->g.waiting, 8);
	if (!memory_read(&pass->mem, sp, stack + 8, bytes))
		return false;
	for (size_t i = 0; i <= bytes / 8; i++) {
		uint64_t word = load_u64(stack + i * 8), object;

		if (!read_sudog(pass, word, sudog) || load_u64(sudog) != row->address)
			continue;
		object = load_u64(sudog + layout->sudog_elem);
		if (!object && row->kind == GO_WAIT_COND)
			object = find_list(pass, word, stack + 8, bytes / 8);
		if (!object)
			continue;
		out->sudogs[0] = word;
		out->objects[0] = object;
		out->nr = 1;
		return true;
	}
	return false;
}

bool go_pass_find(struct go_pass *pass, const struct go_wait_row *row, const uint8_t *g,
		  struct go_wait_objects *out)
{
	out->nr = 0;
	switch ((enum go_wait_kind)row->kind) {
	case GO_WAIT_NEVER:
		return true;
	case GO_WAIT_CHAN:
		return find_chans(pass, row, g, out);
	case GO_WAIT_LOCK:
	case GO_WAIT_COND:
		return find_lock(pass, row, g, out);
	default:
		return false;
	}
}
