/* SPDX-License-Identifier: MIT */
/* See batch.h. A g that has not changed is not even copied: it is looked at where it was
 * read. */
#include "source/go/batch.h"

#include <stdlib.h>

#include "base/hash.h"

#define STACK_MAX  (4ull << 30)
#define PAGE_BYTES 4096u

bool go_batch_init(struct go_batch *batch)
{
	memset(batch, 0, sizeof(*batch));
	batch->asked = malloc(GO_BATCH * sizeof(*batch->asked));
	batch->answers = malloc(GO_BATCH * sizeof(*batch->answers));
	batch->pending = malloc(GO_BATCH * sizeof(*batch->pending));
	batch->spans = malloc(GO_BATCH * sizeof(*batch->spans));
	batch->items = malloc(GO_BATCH * sizeof(*batch->items));
	batch->pieces = malloc(GO_BATCH * sizeof(*batch->pieces));
	batch->again = malloc((size_t)GO_BATCH * GO_G_BYTES_MAX);
	batch->stack_bytes = malloc((size_t)GO_BATCH * GO_STACK_BYTES);
	return memory_gather_init(&batch->gather) && batch->asked && batch->answers &&
	       batch->pending && batch->spans && batch->items && batch->pieces &&
	       batch->again && batch->stack_bytes;
}

void go_batch_release(struct go_batch *batch)
{
	free(batch->asked);
	free(batch->answers);
	free(batch->pending);
	free(batch->spans);
	free(batch->items);
	free(batch->pieces);
	free(batch->again);
	free(batch->stack_bytes);
	memory_gather_release(&batch->gather);
	memset(batch, 0, sizeof(*batch));
}

/*
 * Excludes what others change while a goroutine is parked: the stack guards (preemption
 * requests), the scan bit and the lock beside the status, and waitsince and the flags
 * after the wait reason (the garbage collector). Includes what its own turns change:
 * their count and timestamp, the stack pointer, the sudog.
 */
uint64_t go_g_hash(const uint8_t *bytes, const struct go_g_layout *layout)
{
	uint64_t words[GO_G_BYTES_MAX / 8], lanes[4] = {1, 2, 3, 4};
	size_t nr = layout->bytes / 8;

	memcpy(words, bytes, nr * 8);
	words[2] = words[3] = 0;
	words[layout->status / 8] &= UINT32_MAX & ~(uint64_t)GO_STATUS_SCAN;
	words[layout->waitsince / 8] = 0;
	words[layout->waitreason / 8] &= 0xff;
	/* Two words per step, in four independent lanes. */
	for (; nr & 7; nr--)
		lanes[0] = hash_mix(lanes[0], words[nr - 1]);
	for (size_t i = 0; i < nr; i += 8) {
		lanes[0] = hash_mix(lanes[0] ^ words[i], words[i + 1]);
		lanes[1] = hash_mix(lanes[1] ^ words[i + 2], words[i + 3]);
		lanes[2] = hash_mix(lanes[2] ^ words[i + 4], words[i + 5]);
		lanes[3] = hash_mix(lanes[3] ^ words[i + 6], words[i + 7]);
	}
	return hash_mix(hash_mix(lanes[0], lanes[1]), hash_mix(lanes[2], lanes[3])) | 1;
}

/* It must not be in the future. The runtime does not clear it at once when the wait is
 * over. */
int64_t go_g_since(const uint8_t *bytes, const struct go_g_layout *layout, int64_t now_ns)
{
	int64_t since_ns = (int64_t)load_u64(bytes + layout->waitsince);
	uint32_t status = go_g_status(bytes, layout);

	if (status != GO_STATUS_WAITING && status != GO_STATUS_SYSCALL &&
	    status != GO_STATUS_LEAKED)
		return 0;
	return since_ns > 0 && since_ns <= now_ns ? since_ns : 0;
}

bool go_g_stop(const uint8_t *bytes, const struct go_g_layout *layout,
	       struct go_stop *stop)
{
	uint32_t status = go_g_status(bytes, layout);
	unsigned sp = status == GO_STATUS_SYSCALL ? layout->syscallsp : GO_G_SP;

	stop->low = load_u64(bytes + GO_G_STACK_LO);
	stop->high = load_u64(bytes + GO_G_STACK_HI);
	stop->sp = load_u64(bytes + sp);
	stop->pc = load_u64(bytes + sp + 8);
	return status != GO_STATUS_RUNNING && stop->sp >= stop->low &&
	       stop->sp < stop->high && (stop->sp & 7) == 0 &&
	       stop->high - stop->low <= STACK_MAX;
}

struct memory_span go_stop_span(const struct go_stop *stop, uint8_t *out)
{
	uint64_t bytes = stop->high - stop->sp;

	return (struct memory_span){
		stop->sp, out, bytes < GO_STACK_BYTES ? bytes : GO_STACK_BYTES, false};
}

static void take_first(void *ctx, const struct memory_item *item, const uint8_t *bytes)
{
	struct go_batch *batch = ctx;
	const struct go_g_layout *layout = &batch->layout;
	struct go_answer *answer = &batch->answers[item->index];
	struct go_pending *pending = &batch->pending[batch->nr_pending];
	uint64_t hash;

	if (go_status_is_dead(go_g_status(bytes, layout)) ||
	    load_u64(bytes + layout->goid) == 0)
		return;
	hash = go_g_hash(bytes, layout);
	answer->since_ns = go_g_since(bytes, layout, batch->now_ns);
	if (hash == batch->asked[item->index].hash) {
		answer->fetched = GO_FETCH_SAME;
		return;
	}
	answer->fetched = GO_FETCH_CHANGED;
	*pending = (struct go_pending){.at = item->index, .ended = true, .hash = hash};
	batch->spans[batch->nr_pending++] = go_g_stop(bytes, layout, &pending->stop)
						    ? go_stop_span(&pending->stop, NULL)
						    : (struct memory_span){0};
}

static void take_again(void *ctx, const struct memory_item *item, const uint8_t *bytes)
{
	struct go_batch *batch = ctx;
	const struct go_g_layout *layout = &batch->layout;
	struct go_pending *pending = &batch->pending[item->index];

	pending->ended = false;
	pending->same = go_g_hash(bytes, layout) == pending->hash;
	memcpy(batch->again + item->index * layout->bytes, bytes, layout->bytes);
}

/* What a read costs the kernel is its pages: a stack that follows another one in the same page
 * is read with it, since such a page can be read as a whole or not at all. */
static bool follows(const struct memory_span *piece, const struct memory_span *span)
{
	return span->address >= piece->address + piece->bytes &&
	       (span->address + span->bytes - 1) / PAGE_BYTES ==
		       piece->address / PAGE_BYTES;
}

/* Returns the number of pieces. */
static size_t make_pieces(struct go_batch *batch)
{
	struct memory_span *last = NULL;
	size_t nr = 0;

	for (size_t i = 0; i < batch->nr_pending; i++) {
		const struct memory_span *span = &batch->spans[i];

		if (span->bytes == 0)
			continue;
		if (last && follows(last, span)) {
			last->bytes = span->address + span->bytes - last->address;
		} else {
			last = &batch->pieces[nr++];
			*last = *span;
		}
		batch->pending[i].piece = (uint32_t)nr - 1;
	}
	return nr;
}

/* Pieces are packed in the buffer, since most are far smaller than their share of it. */
static void read_stacks(struct go_batch *batch)
{
	size_t nr = make_pieces(batch), used = 0;

	for (size_t i = 0; i < nr; i++) {
		batch->pieces[i].out = batch->stack_bytes + used;
		used += batch->pieces[i].bytes;
	}
	memory_read_spans(&batch->mem, batch->pieces, nr);
	for (size_t i = 0; i < batch->nr_pending; i++) {
		struct memory_span *span = &batch->spans[i];
		const struct memory_span *piece = &batch->pieces[batch->pending[i].piece];

		if (span->bytes == 0)
			continue;
		span->out = (uint8_t *)piece->out + (span->address - piece->address);
		span->ok = piece->ok;
	}
}

void go_batch_fetch(struct go_batch *batch)
{
	batch->mem = (struct memory){.process = batch->process};
	for (size_t i = 0; i < batch->nr; i++) {
		batch->answers[i] = (struct go_answer){.fetched = GO_FETCH_ENDED};
		batch->items[i] =
			(struct memory_item){batch->asked[i].address, (uint32_t)i, false};
	}
	batch->nr_pending = 0;
	memory_gather_visit(&batch->mem, &batch->gather, batch->items, batch->nr,
			    batch->layout.bytes, take_first, batch);
	if (batch->nr_pending == 0)
		return;
	read_stacks(batch);
	for (size_t i = 0; i < batch->nr_pending; i++)
		batch->items[i] = (struct memory_item){
			batch->asked[batch->pending[i].at].address, (uint32_t)i, false};
	memory_gather_visit(&batch->mem, &batch->gather, batch->items, batch->nr_pending,
			    batch->layout.bytes, take_again, batch);
}

void go_batch_ask_again(struct go_batch *batch, const struct go_batch *other)
{
	batch->process = other->process;
	batch->layout = other->layout;
	batch->now_ns = other->now_ns;
	batch->at = other->at;
	batch->nr = other->nr;
	memcpy(batch->asked, other->asked, other->nr * sizeof(*batch->asked));
}
