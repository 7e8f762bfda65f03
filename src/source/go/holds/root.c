/* SPDX-License-Identifier: MIT */
/* See look.h. The g is read before and after its stack: only if it has not run in between
 * do both belong together. */
#include "source/go/holds/look.h"

#include <stdlib.h>

#include "base/array.h"
#include "source/go/holds/walk.h"

#define STACK_BYTES_MAX (64u << 10) /* copied of a stack, from its innermost frame on */
#define TRIES           3
#define FRAMES_MAX      512u
#define STACK_MAX       (4ull << 30)

static const char has_ended[] = "it has ended";
static const char is_running[] =
	"it runs right now, so that nothing on its stack is certain";
static const char has_run[] = "it ran while its stack was read";
static const char unreadable[] = "its stack cannot be read";

/* Takes from a copy of the g where its stack is. Returns false and sets `why` if it
 * cannot be read. */
static bool locate(struct go_reach *reach, const uint8_t *g)
{
	const struct go_layout *layout = reach->look->sampler->layout;
	uint32_t status = go_g_status(g, &layout->g);
	unsigned sp = status == GO_STATUS_SYSCALL ? layout->g.syscallsp : GO_G_SP;

	reach->why = NULL;
	reach->hash = go_g_hash(g, &layout->g);
	reach->low = load_u64(g + GO_G_STACK_LO);
	reach->high = load_u64(g + GO_G_STACK_HI);
	reach->sp = load_u64(g + sp);
	reach->pc = load_u64(g + sp + 8);
	reach->context = status == GO_STATUS_SYSCALL ? 0 : load_u64(g + GO_G_CONTEXT);
	reach->defers = load_u64(g + GO_G_DEFER);
	if (go_status_is_dead(status) ||
	    load_u64(g + layout->g.goid) != reach->entry->goid)
		reach->why = has_ended;
	else if (status == GO_STATUS_RUNNING || status == GO_STATUS_COPYSTACK)
		reach->why = is_running;
	else if (reach->sp < reach->low || reach->sp >= reach->high || reach->sp & 7 ||
		 reach->high - reach->sp < 16 || reach->high - reach->low > STACK_MAX)
		reach->why = unreadable;
	if (reach->why)
		return false;
	reach->stack_bytes = reach->high - reach->sp < STACK_BYTES_MAX
				     ? (size_t)(reach->high - reach->sp) & ~(size_t)7
				     : STACK_BYTES_MAX;
	reach->cut |= reach->high - reach->sp > STACK_BYTES_MAX;
	reach->stack = arena_alloc(&reach->look->chunk, reach->stack_bytes);
	if (!reach->stack)
		reach->why = unreadable;
	return reach->stack != NULL;
}

/* Reads the g's of all walks that have no `why` yet; calls take for each. */
static void read_gs(struct go_look *look,
		    void (*take)(struct go_reach *, const uint8_t *))
{
	size_t bytes = look->sampler->layout->g.bytes, nr = 0;
	struct memory_item *items =
		arena_alloc(&look->chunk, look->nr_reaches * sizeof(*items));
	uint8_t *copies = arena_alloc(&look->chunk, look->nr_reaches * bytes);

	for (size_t i = 0; i < look->nr_reaches; i++) {
		struct go_reach *reach = &look->reaches[i];

		if (!items || !copies)
			reach->why = unreadable;
		else if (!reach->why)
			items[nr++] = (struct memory_item){go_reach_g(reach), (uint32_t)i,
							   false};
	}
	if (nr == 0)
		return;
	memory_gather_read(look->mem, &look->holds->spans.heap.gather, items, nr, copies,
			   bytes);
	for (size_t i = 0; i < nr; i++) {
		struct go_reach *reach = &look->reaches[items[i].index];

		if (items[i].ok)
			take(reach, copies + (size_t)items[i].index * bytes);
		else
			reach->why = unreadable;
	}
}

static void take_first(struct go_reach *reach, const uint8_t *g)
{
	locate(reach, g);
}

static void take_again(struct go_reach *reach, const uint8_t *g)
{
	if (go_g_hash(g, &reach->look->sampler->layout->g) != reach->hash)
		reach->why = has_run;
}

static void read_stacks(struct go_look *look)
{
	for (size_t i = 0; i < look->nr_reaches; i++) {
		const struct go_reach *reach = &look->reaches[i];

		look->spans[i] =
			(struct memory_span){reach->sp, reach->stack,
					     reach->why ? 0 : reach->stack_bytes, false};
	}
	memory_read_spans(look->mem, look->spans, look->nr_reaches);
	for (size_t i = 0; i < look->nr_reaches; i++)
		if (!look->reaches[i].why && !look->spans[i].ok)
			look->reaches[i].why = unreadable;
}

/* One goroutine alone, because it ran in between. */
static void read_alone(struct go_reach *reach)
{
	const struct go_layout *layout = reach->look->sampler->layout;
	struct memory *mem = reach->look->mem;
	uint64_t address = go_reach_g(reach);
	uint8_t g[GO_G_BYTES_MAX];

	for (int try = 0; try < TRIES && reach->why == has_run; try++) {
		if (!memory_read(mem, address, g, layout->g.bytes) || !locate(reach, g))
			return;
		if (!memory_read(mem, reach->sp, reach->stack, reach->stack_bytes) ||
		    !memory_read(mem, address, g, layout->g.bytes))
			reach->why = unreadable;
		else if (go_g_hash(g, &layout->g) != reach->hash)
			reach->why = has_run;
	}
}

/* Returns the index of the next frame in the task's stack, or -1 if it is not shown. */
static int32_t frame_index(struct go_reach *reach, uint64_t pc)
{
	const struct stack *stack = reach->entry->stack;

	for (uint32_t i = reach->next_frame; stack && i < stack->nr_frames; i++) {
		if (stack->frames[i].address != pc)
			continue;
		/* Of the frames at one address, the last is the function itself. */
		while (stack->frames[i].inlined && i + 1 < stack->nr_frames &&
		       stack->frames[i + 1].address == pc)
			i++;
		reach->next_frame = i + 1;
		return (int32_t)i;
	}
	return -1;
}

static void visit_frame(void *ctx, const struct go_live_frame *live)
{
	struct go_reach *reach = ctx;
	uint64_t end = reach->sp + reach->stack_bytes;
	struct go_reach_frame frame = {.pc = live->pc,
				       .sp = live->sp,
				       .args = live->args,
				       .end = live->args + 8ull * live->nr_args,
				       .index = frame_index(reach, live->pc)};

	if (live->sp < reach->sp || live->sp >= end ||
	    !array_reserve_most(&reach->frames, &reach->cap_frames, reach->nr_frames + 1,
				FRAMES_MAX))
		return;
	frame.words = reach->stack + (live->sp - reach->sp);
	frame.nr_words = (size_t)(end - live->sp) / 8;
	if (live->args > live->sp)
		frame.own_words = (size_t)(live->args - live->sp) / 8;
	reach->frames[reach->nr_frames++] = frame;
	for (const go_recognise_frame *at = reach->look->holds->frame_recognisers;
	     *at && live->known; at++)
		(*at)(reach, &reach->frames[reach->nr_frames - 1]);
}

static void visit_word(void *ctx, const struct go_live_word *word)
{
	struct go_reach *reach = ctx;
	uint64_t end = reach->sp + reach->stack_bytes;
	const struct go_reach_frame *frame = go_reach_frame_of(reach, word->at);
	struct go_lead lead = {.to = word->value,
			       .reach = reach->index,
			       .parent = -1,
			       .frame = frame ? frame->index : -1,
			       .inferred = !word->known};

	if (word->at >= reach->sp && word->at < end) {
		lead.at = (uint32_t)(word->at - reach->sp);
		if (reach->live)
			reach->live[lead.at / 64] |= (uint8_t)(1u << lead.at / 8 % 8);
		if (end - word->at >= 16)
			lead.length = load_u64(reach->stack + lead.at + 8);
	}
	for (size_t i = reach->nr_roots; i-- > 0;) {
		if (reach->roots[i].address != word->at)
			continue;
		lead.type = reach->roots[i].type;
		lead.slice = reach->roots[i].slice;
		lead.field = reach->roots[i].name;
		lead.inferred |= reach->roots[i].inferred;
		break;
	}
	go_reach_lead(reach, &lead);
}

static void read_words(struct go_reach *reach)
{
	static const struct go_live_visitor none;
	struct go_live_visitor visitor = none;
	struct go_parked parked = {.pc = reach->pc,
				   .sp = reach->sp,
				   .low = reach->low,
				   .high = reach->sp + reach->stack_bytes,
				   .bytes = reach->stack,
				   .context = reach->context,
				   .defers = reach->defers};

	reach->live = arena_alloc(&reach->look->chunk, reach->stack_bytes / 64 + 1);
	visitor.ctx = reach;
	visitor.frame = visit_frame;
	visitor.word = visit_word;
	if (!go_frames_live(&reach->look->holds->frames, reach->look->mem, &parked,
			    &visitor))
		reach->cut = true;
}

void go_roots_read(struct go_look *look)
{
	read_gs(look, take_first);
	read_stacks(look);
	read_gs(look, take_again);
	for (size_t i = 0; i < look->nr_reaches; i++) {
		if (look->reaches[i].why == has_run)
			read_alone(&look->reaches[i]);
		if (!look->reaches[i].why)
			read_words(&look->reaches[i]);
	}
}

void go_roots_check(struct go_look *look)
{
	read_gs(look, take_again);
}
