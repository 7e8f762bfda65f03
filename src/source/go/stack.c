/* SPDX-License-Identifier: MIT */
/* Walks as runtime/traceback.go does for x86-64: the caller's frame begins where the
 * table says that this one ends, and the return address is just below it. */
#include "source/go/stack.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/hash.h"
#include "base/text.h"

#define PCS_FIRST        1024u
#define PCS_MAX          (1u << 17)
#define FRAMES_MAX       (1u << 19)
#define MEMO_FIRST       1024u
#define MEMO_MAX         (1u << 21)
#define INLINED_DEPTH    32u
#define STEPS_PER_SAMPLE (256u << 20)
#define WINDOW_BYTES     8192u
#define GO_SHAPES        4u
#define GO_SHAPE_FRAMES  32u
#define SALT_SITE        0x517eull
#define SALT_RECORDED    0x4ecull

struct go_frame {
	struct frame frame;
	bool hidden;
	bool always; /* shown although it belongs to the runtime */
};

#define PC_EXACT 1u /* in a key: the address itself, not the call before it */

struct go_pc {
	uint64_t key;     /* address * 2 + PC_EXACT; 0 if free */
	int32_t sp_delta; /* negative if the walk ends here */
	uint32_t first_frame;
	uint16_t nr_frames; /* 0 if in no function */
	bool top;           /* outermost of its stack */
	bool sp_write;
	bool injected; /* not called by its caller, whose address is exact */
	bool collects; /* an allocation assists the collector or waits for it */
};

struct go_stack_memo {
	uint64_t hash; /* 0 if free */
	struct go_walked walked;
};

struct go_return {
	uint32_t at; /* bytes from the stack pointer */
	uint64_t pc;
};

/* A whole walk. The addresses alone say how long frames are: where they are the same at the
 * same distances from the stack pointer, so is the stack. */
struct go_stack_shape {
	uint64_t pc; /* where it stopped; 0 if free */
	struct go_walked walked;
	size_t extent; /* bytes of the stack up to the last address */
	uint16_t nr;
	bool syscall;
	struct go_return returns[GO_SHAPE_FRAMES];
};

bool go_stacks_init(struct go_stacks *stacks, struct go_module *module,
		    struct memory *mem, struct intern *intern, struct stack_table *table)
{
	memset(stacks, 0, sizeof(*stacks));
	stacks->module = module;
	stacks->mem = mem;
	stacks->intern = intern;
	stacks->table = table;
	stacks->seed = hash_seed();
	stacks->cap_pcs = PCS_FIRST;
	stacks->cap_memo = MEMO_FIRST;
	stacks->pcs = calloc(stacks->cap_pcs, sizeof(*stacks->pcs));
	stacks->memo = calloc(stacks->cap_memo, sizeof(*stacks->memo));
	stacks->shapes = calloc(GO_SHAPES, sizeof(*stacks->shapes));
	return stacks->pcs && stacks->memo && stacks->shapes;
}

void go_stacks_release(struct go_stacks *stacks)
{
	free(stacks->pcs);
	free(stacks->frames);
	free(stacks->memo);
	free(stacks->shapes);
	memset(stacks, 0, sizeof(*stacks));
}

void go_stacks_begin(struct go_stacks *stacks)
{
	for (struct go_module *module = stacks->module; module; module = module->next)
		module->table.steps_left = STEPS_PER_SAMPLE;
}

void go_stacks_forget(struct go_stacks *stacks)
{
	memset(stacks->pcs, 0, stacks->cap_pcs * sizeof(*stacks->pcs));
	memset(stacks->memo, 0, stacks->cap_memo * sizeof(*stacks->memo));
	memset(stacks->shapes, 0, GO_SHAPES * sizeof(*stacks->shapes));
	stacks->nr_pcs = stacks->nr_frames = stacks->nr_memo = 0;
	stacks->strangers = 0;
}

/* Shortens type arguments as the runtime's own traceback does. */
size_t go_name_short(const char *name, char *out, size_t size)
{
	const char *open = strchr(name, '['), *close = strrchr(name, ']');
	int length;

	if (open && close && close > open)
		length = snprintf(out, size, "%.*s[...]%s", (int)(open - name), name,
				  close + 1);
	else
		length = snprintf(out, size, "%s",
				  strcmp(name, "runtime.gopanic") == 0 ? "panic" : name);
	return length < 0 ? 0 : (size_t)length < size ? (size_t)length : size - 1;
}

bool go_name_hidden(const char *name)
{
	const char *rest = name + strlen("runtime."), *dot;

	if (!strchr(name, '.'))
		return true;
	if (!text_starts_with(name, "runtime."))
		return false;
	dot = strrchr(rest, '.');
	if (!dot)
		return !byte_is_upper(*rest);
	/* The type of a method must be exported too. */
	if (rest[0] == '(' && rest[1] == '*')
		rest += 2;
	return !byte_is_upper(dot[1]) || !byte_is_upper(*rest);
}

/* Without these frames, the goroutine of finalizers would not be recognisable. */
static bool always_shown(const char *name)
{
	return strcmp(name, "runtime.gopanic") == 0 ||
	       strcmp(name, "runtime.runFinalizers") == 0 ||
	       strcmp(name, "runtime.runCleanups") == 0;
}

static bool push_frame(struct go_stacks *stacks, struct go_module *module,
		       struct go_func *func, uint64_t pc, uint64_t at,
		       uint32_t name_offset, uint8_t id, bool inlined)
{
	struct go_pclntab *table = &module->table;
	const char *name = go_func_name(table, name_offset);
	char text[512];
	struct go_frame *frame;
	const char *file;

	if (!array_reserve(&stacks->frames, &stacks->cap_frames, stacks->nr_frames + 1))
		return false;
	frame = &stacks->frames[stacks->nr_frames++];
	memset(frame, 0, sizeof(*frame));
	frame->frame.function =
		*name ? intern_text(stacks->intern, text,
				    go_name_short(name, text, sizeof(text)))
		      : NULL;
	file = go_func_line(table, func, pc, &frame->frame.line);
	frame->frame.file = file ? intern_text(stacks->intern, file, strlen(file)) : NULL;
	frame->frame.address = at;
	frame->frame.inlined = inlined;
	frame->always = always_shown(name);
	frame->hidden = !frame->always &&
			((id != 0 && id == module->wrapper_id) || go_name_hidden(name));
	return true;
}

/* Adds the frames at one address: inlined calls, innermost first, then the function. */
static void push_frames(struct go_stacks *stacks, struct go_module *module,
			struct go_func *func, struct go_pc *entry, uint64_t pc,
			uint64_t at)
{
	struct go_pclntab *table = &module->table;
	uint64_t tree = go_func_inline_tree(table, func, module->gofunc);
	uint8_t bytes[GO_INLINED_MAX];
	struct go_inlined node;

	entry->first_frame = (uint32_t)stacks->nr_frames;
	for (unsigned depth = 0; tree && depth < INLINED_DEPTH; depth++) {
		int32_t index = go_func_inlined(table, func, pc);

		if (index < 0 ||
		    !memory_read(stacks->mem,
				 tree + (uint64_t)index * go_inlined_bytes(table), bytes,
				 go_inlined_bytes(table)))
			break;
		go_inlined_parse(table, bytes, &node);
		if (!push_frame(stacks, module, func, pc, at, node.name, node.id, true))
			break;
		pc = func->entry + (uint64_t)(int64_t)node.parent_pc;
	}
	push_frame(stacks, module, func, pc, at, func->name, func->id, false);
	entry->nr_frames = (uint16_t)(stacks->nr_frames - entry->first_frame);
}

static void fill_pc(struct go_stacks *stacks, struct go_pc *entry, uint64_t key)
{
	uint64_t pc = key >> 1;
	struct go_module *module = go_module_of(stacks->module, pc);
	struct go_pclntab *table;
	struct go_func func;
	const char *name;
	int32_t delta;

	memset(entry, 0, sizeof(*entry));
	entry->key = key;
	entry->sp_delta = -1;
	stacks->strangers += !module;
	table = module ? &module->table : NULL;
	if (!module || !go_func_find(table, pc, &func))
		return;
	push_frames(stacks, module, &func, entry,
		    (key & PC_EXACT) || pc == func.entry ? pc : pc - 1, pc);
	name = go_func_name(table, func.name);
	entry->top = (func.flags & GO_FUNC_TOP) || strcmp(name, "runtime.goexit") == 0;
	/* cgocallback changes the stack pointer, but both stacks can be walked through
	 * it. */
	entry->sp_write = (func.flags & GO_FUNC_SP_WRITE) &&
			  strcmp(name, "runtime.cgocallback") != 0;
	entry->injected = strcmp(name, "runtime.asyncPreempt") == 0 ||
			  strcmp(name, "runtime.sigpanic") == 0 ||
			  text_starts_with(name, "runtime.debugCallV");
	entry->collects = text_starts_with(name, "runtime.mallocgc") ||
			  strcmp(name, "runtime.gcStart") == 0;
	if (go_func_value(table, &func, func.pcsp, pc, &delta) && delta >= 0)
		entry->sp_delta = delta;
}

static struct go_pc *pc_slot(struct go_pc *pcs, size_t capacity, uint64_t seed,
			     uint64_t key)
{
	size_t at = hash_mix(key, seed) & (capacity - 1);

	while (pcs[at].key != 0 && pcs[at].key != key)
		at = (at + 1) & (capacity - 1);
	return &pcs[at];
}

static void grow_pcs(struct go_stacks *stacks)
{
	size_t capacity = stacks->cap_pcs * 2;
	struct go_pc *pcs;

	if (capacity > PCS_MAX || stacks->nr_frames > FRAMES_MAX) {
		/* Too many different addresses: start over. */
		memset(stacks->pcs, 0, stacks->cap_pcs * sizeof(*stacks->pcs));
		stacks->nr_pcs = stacks->nr_frames = 0;
		return;
	}
	pcs = calloc(capacity, sizeof(*pcs));
	if (!pcs) {
		memset(stacks->pcs, 0, stacks->cap_pcs * sizeof(*stacks->pcs));
		stacks->nr_pcs = stacks->nr_frames = 0;
		return;
	}
	for (size_t i = 0; i < stacks->cap_pcs; i++)
		if (stacks->pcs[i].key)
			*pc_slot(pcs, capacity, stacks->seed, stacks->pcs[i].key) =
				stacks->pcs[i];
	free(stacks->pcs);
	stacks->pcs = pcs;
	stacks->cap_pcs = capacity;
}

/* The pointer is valid until the next call. */
static const struct go_pc *pc_get(struct go_stacks *stacks, uint64_t key)
{
	struct go_pc *entry = pc_slot(stacks->pcs, stacks->cap_pcs, stacks->seed, key);

	if (entry->key)
		return entry;
	if (stacks->nr_pcs >= stacks->cap_pcs / 4 * 3) {
		grow_pcs(stacks);
		entry = pc_slot(stacks->pcs, stacks->cap_pcs, stacks->seed, key);
	}
	stacks->nr_pcs++;
	fill_pc(stacks, entry, key);
	return entry;
}

static struct go_stack_memo *memo_slot(struct go_stack_memo *memo, size_t capacity,
				       uint64_t hash)
{
	size_t at = hash & (capacity - 1);

	while (memo[at].hash != 0 && memo[at].hash != hash)
		at = (at + 1) & (capacity - 1);
	return &memo[at];
}

static void memo_put(struct go_stacks *stacks, uint64_t hash, struct go_walked walked)
{
	struct go_stack_memo *slot;

	if (stacks->nr_memo >= stacks->cap_memo / 4 * 3) {
		size_t capacity = stacks->cap_memo * 2;
		struct go_stack_memo *memo =
			capacity > MEMO_MAX ? NULL : calloc(capacity, sizeof(*memo));

		if (!memo) {
			memset(stacks->memo, 0, stacks->cap_memo * sizeof(*stacks->memo));
			stacks->nr_memo = 0;
		} else {
			for (size_t i = 0; i < stacks->cap_memo; i++)
				if (stacks->memo[i].hash)
					*memo_slot(memo, capacity, stacks->memo[i].hash) =
						stacks->memo[i];
			free(stacks->memo);
			stacks->memo = memo;
			stacks->cap_memo = capacity;
		}
	}
	slot = memo_slot(stacks->memo, stacks->cap_memo, hash);
	*slot = (struct go_stack_memo){hash, walked};
	stacks->nr_memo++;
}

/* Builds a stack from the addresses, without runtime internals unless there is nothing
 * else. */
static struct go_walked build_stack(struct go_stacks *stacks, const uint64_t *keys,
				    size_t nr_keys, bool truncated, bool all)
{
	struct frame frames[SNAPSHOT_FRAMES_MAX + 1];
	struct go_walked walked = {.runtime_only = true};
	size_t nr = 0;

	for (size_t i = 0; i < nr_keys; i++) {
		const struct go_pc *entry = pc_get(stacks, keys[i]);

		walked.collects |= entry->collects && walked.runtime_only;
		for (size_t k = 0; k < entry->nr_frames; k++) {
			const struct go_frame *frame =
				&stacks->frames[entry->first_frame + k];

			if (!frame->hidden && !frame->always) {
				walked.runtime_only = false;
				walked.outer = frame->frame.function;
			}
			if ((!all &&
			     (frame->hidden || (frame->always && nr == 0 && i == 0))) ||
			    nr > SNAPSHOT_FRAMES_MAX)
				continue;
			frames[nr++] = frame->frame;
		}
	}
	if (nr == 0 && !all)
		return build_stack(stacks, keys, nr_keys, truncated, true);
	walked.stack = stack_intern(stacks->table, frames, nr, truncated);
	return walked;
}

struct window {
	struct memory *mem;
	uint64_t start;
	uint64_t high;
	const uint8_t *bytes;
	size_t nr_bytes;
	uint8_t more[WINDOW_BYTES];
};

static bool window_word(struct window *window, uint64_t address, uint64_t *word)
{
	if ((address & 7) || address >= window->high || window->high - address < 8)
		return false;
	if (address < window->start || address - window->start > window->nr_bytes ||
	    window->nr_bytes - (address - window->start) < 8) {
		uint64_t left = window->high - address;
		size_t wanted =
			left < sizeof(window->more) ? (size_t)left : sizeof(window->more);

		window->nr_bytes =
			memory_read_some(window->mem, address, window->more, wanted);
		window->bytes = window->more;
		window->start = address;
		if (window->nr_bytes < 8)
			return false;
	}
	*word = load_u64(window->bytes + (address - window->start));
	return true;
}

static void shape_add(struct go_stack_shape *shape, uint64_t extent, uint64_t pc)
{
	if (shape->nr < GO_SHAPE_FRAMES && extent <= UINT32_MAX)
		shape->returns[shape->nr] = (struct go_return){(uint32_t)extent - 8, pc};
	if (shape->nr <= GO_SHAPE_FRAMES)
		shape->nr++;
	shape->extent = extent;
}

/* Collects the keys of the addresses on the stack, innermost first. */
static size_t collect_keys(struct go_stacks *stacks, const struct go_walk *walk,
			   uint64_t keys[GO_WALK_MAX], bool *truncated,
			   struct go_stack_shape *shape)
{
	struct window window; /* not cleared, since most walks do not need its buffer */
	uint64_t pc = walk->pc, sp = walk->sp;
	bool exact = false;
	size_t nr = 0;

	window.mem = stacks->mem;
	window.start = walk->sp;
	window.high = walk->high;
	window.bytes = walk->bytes;
	window.nr_bytes = walk->nr_bytes;
	*truncated = true;
	while (nr < GO_WALK_MAX && pc < (1ull << 62)) {
		uint64_t key = pc * 2 + (exact ? PC_EXACT : 0);
		const struct go_pc *entry = pc_get(stacks, key);

		if (entry->nr_frames == 0)
			return nr;
		keys[nr++] = key;
		if (entry->top) {
			*truncated = false;
			return nr;
		}
		/* In a system call, the stack pointer was saved before the function
		 * changed it. */
		if (entry->sp_delta < 0 ||
		    (entry->sp_write && !(walk->syscall && nr == 1)))
			return nr;
		exact = entry->injected;
		sp += (uint64_t)entry->sp_delta + 8;
		if (sp >= walk->high + 8 || !window_word(&window, sp - 8, &pc))
			return nr;
		shape_add(shape, sp - walk->sp, pc);
	}
	return nr;
}

static bool has_shape(const struct go_stack_shape *shape, const struct go_walk *walk)
{
	if (shape->pc == 0 || shape->pc != walk->pc || shape->syscall != walk->syscall ||
	    shape->extent > walk->nr_bytes)
		return false;
	for (size_t i = 0; i < shape->nr; i++)
		if (load_u64(walk->bytes + shape->returns[i].at) != shape->returns[i].pc)
			return false;
	return true;
}

/* Keeps the shape of a walk that reached the end within the copied part of the stack. */
static void keep_shape(struct go_stacks *stacks, const struct go_walk *walk,
		       const struct go_stack_shape *shape, struct go_walked walked)
{
	struct go_stack_shape *kept = &stacks->shapes[stacks->next_shape++ % GO_SHAPES];

	if (shape->nr > GO_SHAPE_FRAMES || shape->extent > walk->nr_bytes)
		return;
	kept->pc = walk->pc;
	kept->syscall = walk->syscall;
	kept->nr = shape->nr;
	kept->extent = shape->extent;
	kept->walked = walked;
	memcpy(kept->returns, shape->returns, shape->nr * sizeof(shape->returns[0]));
}

static struct go_walked walk_whole(struct go_stacks *stacks, const struct go_walk *walk)
{
	uint64_t keys[GO_WALK_MAX], hash;
	struct go_walked walked = {.runtime_only = true};
	struct go_stack_shape shape; /* only what is used of it is set */
	struct go_stack_memo *memo;
	bool truncated;
	size_t nr;

	shape.nr = 0;
	shape.extent = 0;
	nr = collect_keys(stacks, walk, keys, &truncated, &shape);
	if (nr == 0)
		return walked;
	hash = hash_bytes(stacks->seed + truncated, keys, nr * sizeof(*keys)) | 1;
	memo = memo_slot(stacks->memo, stacks->cap_memo, hash);
	if (memo->hash) {
		walked = memo->walked;
	} else {
		walked = build_stack(stacks, keys, nr, truncated, stacks->runtime);
		if (walked.stack)
			memo_put(stacks, hash, walked);
	}
	if (!truncated && walked.stack)
		keep_shape(stacks, walk, &shape, walked);
	return walked;
}

struct go_walked go_stacks_walk(struct go_stacks *stacks, const struct go_walk *walk)
{
	for (size_t i = 0; i < GO_SHAPES; i++)
		if (has_shape(&stacks->shapes[i], walk))
			return stacks->shapes[i].walked;
	return walk_whole(stacks, walk);
}

const struct stack *go_stacks_site(struct go_stacks *stacks, uint64_t pc)
{
	uint64_t key = pc * 2, hash = hash_mix(key ^ stacks->seed, SALT_SITE) | 1;
	struct go_stack_memo *memo;
	struct go_walked walked;

	if (pc == 0 || pc >= (1ull << 62))
		return NULL;
	memo = memo_slot(stacks->memo, stacks->cap_memo, hash);
	if (memo->hash)
		return memo->walked.stack;
	walked = build_stack(stacks, &key, 1, false, true);
	memo_put(stacks, hash, walked);
	return walked.stack;
}

static const struct stack *build_recorded(struct go_stacks *stacks, const uint64_t *pcs,
					  size_t nr_pcs, uint64_t always, bool cut)
{
	struct frame frames[SNAPSHOT_FRAMES_MAX];
	bool ends = false;
	size_t nr = 0;

	for (size_t i = 0; i < nr_pcs && i < SNAPSHOT_FRAMES_MAX; i++) {
		const struct go_pc *entry =
			pcs[i] < (1ull << 62) ? pc_get(stacks, pcs[i] * 2) : NULL;
		const struct go_frame *frame;

		ends = entry && entry->nr_frames > 0 && entry->top;
		if (!entry || entry->nr_frames == 0)
			break;
		frame = &stacks->frames[entry->first_frame];
		if (stacks->runtime || !frame->hidden || pcs[i] == always)
			frames[nr++] = frame->frame;
	}
	return stack_intern(stacks->table, frames, nr, cut || !ends);
}

const struct stack *go_stacks_recorded(struct go_stacks *stacks, const uint64_t *pcs,
				       size_t nr, uint64_t always, bool cut)
{
	uint64_t hash = hash_bytes(hash_mix(stacks->seed ^ always, SALT_RECORDED + cut),
				   pcs, nr * sizeof(*pcs)) |
			1;
	struct go_stack_memo *memo = memo_slot(stacks->memo, stacks->cap_memo, hash);
	struct go_walked walked = {0};

	if (memo->hash)
		return memo->walked.stack;
	walked.stack = build_recorded(stacks, pcs, nr, always, cut);
	if (walked.stack)
		memo_put(stacks, hash, walked);
	return walked.stack;
}

const char *go_stacks_function(struct go_stacks *stacks, uint64_t pc)
{
	const struct go_pc *entry;

	if (pc == 0 || pc >= (1ull << 62))
		return NULL;
	entry = pc_get(stacks, pc * 2 + PC_EXACT);
	return entry->nr_frames == 0
		       ? NULL
		       : stacks->frames[entry->first_frame + entry->nr_frames - 1]
				 .frame.function;
}
