/* SPDX-License-Identifier: MIT */
/* A stack is read between two copies of its g. If those are equal, the goroutine has not
 * run in between, and what was read belongs together. */
#include "source/go/proof/crowd.h"

#include <stdlib.h>

#define STACKS_BYTES    (512u << 10) /* of all stacks that are read at once */
#define STACK_BYTES_MAX (64u << 10)  /* larger ones are read one by one */

struct go_crowd {
	struct memory_gather gather;
	struct memory_item items[GO_CROWD];
	struct memory_span stacks[GO_CROWD]; /* those that are read now */
	uint32_t marked[GO_CROWD];           /* whose they are, as index of the crowd */
	size_t nr_stacks, used;
	uint32_t rows[GO_CROWD];
	size_t nr;
	size_t g_bytes;                /* of each copy */
	const uint8_t *copy[GO_CROWD]; /* NULL if the g cannot be read */
	const uint8_t *sudog[GO_CROWD];
	uint8_t gs[GO_CROWD * MEMORY_ITEM_MAX];
	uint8_t again[GO_CROWD * MEMORY_ITEM_MAX];
	uint8_t sudogs[GO_CROWD * GO_SUDOG_BYTES];
	uint8_t bytes[STACKS_BYTES];
};

struct go_crowd *go_crowd_new(void)
{
	struct go_crowd *crowd = malloc(sizeof(*crowd));

	if (crowd && memory_gather_init(&crowd->gather))
		return crowd;
	go_crowd_free(crowd);
	return NULL;
}

void go_crowd_free(struct go_crowd *crowd)
{
	if (crowd)
		memory_gather_release(&crowd->gather);
	free(crowd);
}

/* The size of an object that holds a g, if it is known by now. */
static size_t bytes_of_g(const struct go_pass *pass)
{
	uint64_t object = pass->mark.g_bytes;
	size_t least = pass->prove->layout.g.bytes;

	return object > least && object <= MEMORY_ITEM_MAX ? (size_t)object : least;
}

static void read_gs(struct go_pass *pass)
{
	struct go_crowd *crowd = pass->crowd;

	crowd->g_bytes = bytes_of_g(pass);
	for (size_t k = 0; k < crowd->nr; k++)
		crowd->items[k] = (struct memory_item){pass->addresses[crowd->rows[k]],
						       (uint32_t)k, false};
	memory_gather_read(&pass->mem, &crowd->gather, crowd->items, crowd->nr, crowd->gs,
			   crowd->g_bytes);
	for (size_t i = 0; i < crowd->nr; i++) {
		size_t k = crowd->items[i].index;

		crowd->copy[k] =
			crowd->items[i].ok ? crowd->gs + k * crowd->g_bytes : NULL;
		crowd->sudog[k] = NULL;
	}
}

static void read_sudogs(struct go_pass *pass)
{
	struct go_crowd *crowd = pass->crowd;
	size_t nr = 0;

	for (size_t k = 0; k < crowd->nr; k++) {
		uint32_t row = crowd->rows[k];
		uint64_t address =
			crowd->copy[k]
				? load_u64(crowd->copy[k] + pass->prove->layout.g.waiting)
				: 0;

		if (row < pass->prove->nr_rows &&
		    pass->prove->rows[row].kind != GO_WAIT_ALIVE &&
		    go_pass_is_sudog(pass, address))
			crowd->items[nr++] =
				(struct memory_item){address, (uint32_t)k, false};
	}
	memory_gather_read(&pass->mem, &crowd->gather, crowd->items, nr, crowd->sudogs,
			   GO_SUDOG_BYTES);
	for (size_t i = 0; i < nr; i++) {
		size_t k = crowd->items[i].index;

		if (crowd->items[i].ok)
			crowd->sudog[k] = crowd->sudogs + k * GO_SUDOG_BYTES;
	}
}

/* Marks from a goroutine that is read alone. If it cannot be read, it is ending or its
 * stack grows; the next round tries again. */
static void mark_alone(struct go_pass *pass, uint32_t row)
{
	uint64_t hash = 0;

	if (!go_pass_mark_g(pass, pass->addresses[row], &hash))
		hash = 0;
	pass->hashes[row] = hash;
}

static void mark_stacks(struct go_pass *pass)
{
	const struct go_g_layout *layout = &pass->prove->layout.g;
	struct go_crowd *crowd = pass->crowd;
	const size_t nr = crowd->nr_stacks;

	for (size_t i = 0; i < nr; i++)
		crowd->items[i] = (struct memory_item){
			pass->addresses[crowd->rows[crowd->marked[i]]], (uint32_t)i,
			false};
	memory_read_spans(&pass->mem, crowd->stacks, nr);
	memory_gather_read(&pass->mem, &crowd->gather, crowd->items, nr, crowd->again,
			   crowd->g_bytes);
	for (size_t i = 0; i < nr; i++) {
		size_t at = crowd->items[i].index, k = crowd->marked[at];
		const uint8_t *g = crowd->copy[k];
		uint64_t hash = go_g_hash(g, layout);

		if (crowd->items[i].ok && crowd->stacks[at].ok &&
		    go_g_hash(crowd->again + at * crowd->g_bytes, layout) == hash &&
		    go_pass_mark_parked(pass, g, crowd->g_bytes, crowd->stacks[at].out))
			pass->hashes[crowd->rows[k]] = hash;
		else
			mark_alone(pass, crowd->rows[k]);
	}
	crowd->nr_stacks = crowd->used = 0;
}

static void mark_one(struct go_pass *pass, size_t k)
{
	struct go_crowd *crowd = pass->crowd;
	const struct go_heap_span *span =
		go_heap_span_of(&pass->heap, pass->addresses[crowd->rows[k]]);
	const uint8_t *g = crowd->copy[k];
	size_t bytes =
		g && span && span->size == crowd->g_bytes ? go_pass_parked(pass, g) : 0;

	if (g && go_status_is_dead(go_g_status(g, &pass->prove->layout.g))) {
		pass->hashes[crowd->rows[k]] = go_g_hash(g, &pass->prove->layout.g);
		return;
	}
	if (bytes == 0 || bytes > STACK_BYTES_MAX) {
		mark_alone(pass, crowd->rows[k]);
		return;
	}
	if (crowd->used + bytes > STACKS_BYTES)
		mark_stacks(pass);
	crowd->stacks[crowd->nr_stacks] = (struct memory_span){
		load_u64(g + GO_G_SP), crowd->bytes + crowd->used, bytes, false};
	crowd->marked[crowd->nr_stacks++] = (uint32_t)k;
	crowd->used += bytes;
}

static void visit_crowd(struct go_pass *pass, bool sudogs, go_visit visit)
{
	struct go_crowd *crowd = pass->crowd;

	crowd->nr_stacks = crowd->used = 0;
	read_gs(pass);
	if (sudogs)
		read_sudogs(pass);
	for (size_t k = 0; k < crowd->nr; k++) {
		struct go_copies copies = {crowd->copy[k], crowd->sudog[k]};

		if (visit(pass, crowd->rows[k], &copies))
			mark_one(pass, k);
	}
	mark_stacks(pass);
}

int go_crowd_visit_all(struct go_pass *pass, bool sudogs, go_visit visit, struct err *e)
{
	struct go_crowd *crowd = pass->crowd;

	for (size_t at = 0; at < pass->nr;) {
		if (__atomic_load_n(&pass->prove->cancel, __ATOMIC_RELAXED))
			return err_set(e, ERR_GONE, "cancelled");
		crowd->nr = 0;
		while (crowd->nr < GO_CROWD && at < pass->nr)
			crowd->rows[crowd->nr++] = (uint32_t)at++;
		visit_crowd(pass, sudogs, visit);
	}
	return 0;
}

void go_crowd_visit(struct go_pass *pass, const uint32_t *rows, size_t nr, bool sudogs,
		    go_visit visit)
{
	struct go_crowd *crowd = pass->crowd;

	for (size_t at = 0; at < nr;) {
		crowd->nr = 0;
		while (crowd->nr < GO_CROWD && at < nr)
			crowd->rows[crowd->nr++] = rows[at++];
		visit_crowd(pass, sudogs, visit);
	}
}
