/* SPDX-License-Identifier: MIT */
/*
 * Marks from the stacks of live goroutines. For a parked goroutine, only the live words
 * count: see frame.h. For a running one, the whole stack counts: what it holds only in
 * registers is written there when the runtime preempts it, usually every 10 ms. The next
 * pass waits for that.
 */
#include "source/go/proof/pass.h"

#define STACK_BYTES_MAX (1ull << 30) /* the runtime's own limit */
#define PIECE_BYTES     (256u << 10)
#define TRIES           4

static bool is_running(const uint8_t *g, const struct go_layout *layout)
{
	uint32_t status = go_g_status(g, &layout->g);

	return status == GO_STATUS_RUNNING || status == GO_STATUS_COPYSTACK;
}

/* Returns the address from which the stack counts, or its low end if unknown. */
static uint64_t stack_from(struct go_pass *pass, const uint8_t *g)
{
	const struct go_layout *layout = &pass->prove->layout;
	uint64_t low = load_u64(g + GO_G_STACK_LO), high = load_u64(g + GO_G_STACK_HI);
	uint64_t sp = load_u64(g + GO_G_SP), call_sp = load_u64(g + layout->g.syscallsp);
	uint32_t status = go_g_status(g, &layout->g);

	if (status == GO_STATUS_SYSCALL && call_sp < sp)
		sp = call_sp;
	if (is_running(g, layout)) {
		uint64_t end = go_runners_end(&pass->runners, &pass->mem, low, high);

		return end ? end : low;
	}
	if (sp < low || sp >= high)
		return low;
	return sp & ~7ull;
}

static bool mark_stack(struct go_pass *pass, uint64_t from, uint64_t high)
{
	while (from < high) {
		size_t bytes =
			high - from < PIECE_BYTES ? (size_t)(high - from) : PIECE_BYTES;

		if (__atomic_load_n(&pass->prove->cancel, __ATOMIC_RELAXED) ||
		    !memory_read(&pass->mem, from, pass->stack, bytes))
			return false;
		go_mark_words(&pass->mark, pass->stack, bytes & ~(size_t)7);
		from += bytes;
	}
	return true;
}

static struct go_parked parked_of(const uint8_t *g, uint64_t from, const uint8_t *stack)
{
	return (struct go_parked){.pc = load_u64(g + GO_G_PC),
				  .sp = from,
				  .low = load_u64(g + GO_G_STACK_LO),
				  .high = load_u64(g + GO_G_STACK_HI),
				  .bytes = stack,
				  .context = load_u64(g + GO_G_CONTEXT),
				  .defers = load_u64(g + GO_G_DEFER)};
}

/* Returns true if the tables can say what is live on the stack from this address on. */
static bool fits(const uint8_t *g, uint64_t from)
{
	uint64_t high = load_u64(g + GO_G_STACK_HI);

	return !load_u64(g + GO_G_PANIC) && from < high && high - from <= PIECE_BYTES &&
	       high - from >= 16;
}

static bool is_parked(uint32_t status)
{
	return status == GO_STATUS_WAITING || status == GO_STATUS_RUNNABLE ||
	       status == GO_STATUS_PREEMPTED || status == GO_STATUS_LEAKED;
}

static bool has_stack(const uint8_t *g)
{
	uint64_t low = load_u64(g), high = load_u64(g + GO_G_STACK_HI);

	return !(low & 7) && high > low && high - low <= STACK_BYTES_MAX;
}

/* Marks from the stack if the goroutine is not running, or ends its process, and its
 * tables say what is live. from: start of the stack in use. Returns false if the whole
 * stack counts. */
static bool mark_parked(struct go_pass *pass, const uint8_t *g, uint64_t from)
{
	bool ends =
		is_running(g, &pass->prove->layout) && from > load_u64(g + GO_G_STACK_LO);
	struct go_parked parked = parked_of(g, from, pass->stack);

	if (!ends && (!is_parked(go_g_status(g, &pass->prove->layout.g)) ||
		      from != load_u64(g + GO_G_SP)))
		return false;
	if (!fits(g, from) ||
	    !memory_read(&pass->mem, from, pass->stack, (size_t)(parked.high - from)))
		return false;
	if (ends) { /* for its caller, it continues after the call */
		parked.pc = load_u64(pass->stack);
		parked.sp += 8;
		parked.bytes += 8;
	}
	return go_frames_mark(&pass->prove->frames, &pass->mark, &parked);
}

size_t go_pass_parked(const struct go_pass *pass, const uint8_t *g)
{
	uint64_t sp = load_u64(g + GO_G_SP);

	if (!is_parked(go_g_status(g, &pass->prove->layout.g)) || !has_stack(g) ||
	    sp < load_u64(g + GO_G_STACK_LO) || sp & 7 || !fits(g, sp))
		return 0;
	return (size_t)(load_u64(g + GO_G_STACK_HI) - sp);
}

/* Defers, panics and timers hang off the g. */
static void mark_g(struct go_pass *pass, const uint8_t *g, size_t bytes)
{
	go_mark_words(&pass->mark, g + GO_G_STACK_END,
		      (bytes & ~(size_t)7) - GO_G_STACK_END);
}

bool go_pass_mark_parked(struct go_pass *pass, const uint8_t *g, size_t g_bytes,
			 const uint8_t *stack)
{
	struct go_parked parked = parked_of(g, load_u64(g + GO_G_SP), stack);

	mark_g(pass, g, g_bytes);
	return go_frames_mark(&pass->prove->frames, &pass->mark, &parked);
}

/* Reads the whole g. */
static bool read_g(struct go_pass *pass, uint64_t address, uint8_t *out, size_t *bytes)
{
	const struct go_heap_span *span = go_heap_span_of(&pass->heap, address);

	*bytes = span && span->size > pass->prove->layout.g.bytes
			 ? (size_t)span->size
			 : pass->prove->layout.g.bytes;
	if (*bytes > MEMORY_ITEM_MAX)
		*bytes = MEMORY_ITEM_MAX;
	return memory_read(&pass->mem, address, out, *bytes);
}

/* If it ran while its stack was read, what it holds in registers now was not seen. */
static void note_runner(struct go_pass *pass, uint64_t address, const uint8_t *before,
			const uint8_t *after)
{
	const struct go_layout *layout = &pass->prove->layout;

	if (is_running(before, layout) && is_running(after, layout))
		go_runners_add(&pass->runners, &pass->mark, address, after);
}

bool go_pass_mark_g(struct go_pass *pass, uint64_t address, uint64_t *hash)
{
	const struct go_layout *layout = &pass->prove->layout;
	uint8_t before[MEMORY_ITEM_MAX], after[MEMORY_ITEM_MAX];
	bool whole = false;
	size_t bytes;

	if (!read_g(pass, address, before, &bytes))
		return false;
	for (int try = 0; try < TRIES; try++) {
		uint64_t low = load_u64(before), high = load_u64(before + GO_G_STACK_HI);
		uint64_t from = whole ? low : stack_from(pass, before);
		bool read;

		*hash = go_g_hash(before, &layout->g);
		if (go_status_is_dead(go_g_status(before, &layout->g)))
			return true;
		if (!has_stack(before))
			return false;
		mark_g(pass, before, bytes);
		read = (!whole && mark_parked(pass, before, from)) ||
		       mark_stack(pass, from, high);
		if (!read_g(pass, address, after, &bytes))
			return false;
		note_runner(pass, address, before, after);
		/* A stack that grew was moved, and its old memory may be reused by
		 * now. */
		if (read && load_u64(after) == low &&
		    load_u64(after + GO_G_STACK_HI) == high &&
		    (from == low || go_g_hash(after, &layout->g) == *hash))
			return true;
		whole = true;
		memcpy(before, after, sizeof(before));
	}
	return false;
}
