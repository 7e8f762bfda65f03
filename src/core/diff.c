/* SPDX-License-Identifier: MIT */
/* One table of groups by their key, a text; memory goes with the groups, not the tasks. */
#include "core/diff.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "core/group.h"

struct builder {
	struct diff *diff;
	struct arena keys;
	const char **key; /* of each group */
	size_t *bytes;
	uint64_t *hash;
	size_t capacity;
	uint32_t *index; /* UINT32_MAX: free */
	size_t nr_index; /* a power of two */
	uint64_t seed;
};

const char *diff_change_name(enum diff_change change)
{
	static const char *const names[] = {"new", "gone", "grown", "shrunk", "same"};

	return names[change];
}

static const struct task *side_task(const struct diff_side *side, size_t row)
{
	return &side->snapshot->tasks[side->rows->index[row]];
}

/* What a side can say of any of its tasks; a profile knows no states, for example. */
struct known {
	bool state, creator, stack;
};

static struct known what_is_known(const struct diff_side *side)
{
	struct known known = {false, false, false};

	for (size_t i = 0; i < side->rows->count; i++) {
		const struct task *task = side_task(side, i);

		known.state |= task->state != STATE_UNKNOWN;
		known.creator |= task->created_by != NULL;
		known.stack |= task->stack != NULL;
	}
	return known;
}

static void put_function(struct buf *key, const struct frame *frame)
{
	const char *slash = frame->file ? strrchr(frame->file, '/') : NULL;

	/* Without a name there is at least the library's. */
	buf_puts(key, frame->function ? frame->function
		      : slash         ? slash + 1
		      : frame->file   ? frame->file
				      : "?");
	buf_append(key, "\n", 1);
}

/* Without plumbing: another version of a runtime or of libc is no difference. */
static void put_stack(struct buf *key, const struct stack *stack)
{
	size_t before = key->length;

	for (size_t i = 0; stack && i < stack->nr_frames; i++)
		if (!frame_is_plumbing(&stack->frames[i]))
			put_function(key, &stack->frames[i]);
	for (size_t i = 0; stack && key->length == before && i < stack->nr_frames; i++)
		put_function(key, &stack->frames[i]);
}

static void make_key(const struct diff *diff, const struct task *task, struct buf *key)
{
	const struct frame *creator = task_creator_frame(task);
	const struct state_info *info = state_info(task->state);

	buf_clear(key);
	buf_printf(key, "%d", (int)task->kind);
	/* Running, runnable and in a system call come and go within one look. */
	if (diff->by_state && info->class == CLASS_RUN)
		buf_puts(key, "run");
	else if (diff->by_state)
		buf_puts(key, info->name);
	buf_append(key, "\n", 1);
	if (diff->by_creator && creator)
		put_function(key, creator);
	buf_append(key, "\n", 1);
	if (diff->by_stack)
		put_stack(key, task->stack);
	/* Where nothing else tells them apart, names do. */
	if (!task->stack)
		buf_puts(key, task->name);
}

/*
 * The same, but of the stack only where it waits and where it began: what is between may
 * differ by the paths that an interpreter or a compiler has chosen.
 */
static void make_coarse_key(const struct diff *diff, const struct task *task,
			    struct buf *key)
{
	const struct stack *stack = task->stack;
	const struct frame *top = stack_top_frame(stack);
	struct task bare = *task;
	size_t outermost = stack ? stack->nr_frames : 0;

	bare.stack = NULL;
	make_key(diff, &bare, key);
	while (outermost > 0 && frame_is_plumbing(&stack->frames[outermost - 1]))
		outermost--;
	if (diff->by_stack && top)
		put_function(key, top);
	if (diff->by_stack && outermost > 0)
		put_function(key, &stack->frames[outermost - 1]);
}

static bool grow(struct builder *b)
{
	size_t count = b->capacity ? b->capacity * 2 : 256;
	struct diff_group *groups;
	const char **key;
	uint64_t *hash;
	uint32_t *index;
	size_t *bytes;

	groups = realloc(b->diff->groups, count * sizeof(*groups));
	if (groups)
		b->diff->groups = groups;
	key = realloc(b->key, count * sizeof(*key));
	if (key)
		b->key = key;
	bytes = realloc(b->bytes, count * sizeof(*bytes));
	if (bytes)
		b->bytes = bytes;
	hash = realloc(b->hash, count * sizeof(*hash));
	if (hash)
		b->hash = hash;
	index = realloc(b->index, count * 2 * sizeof(*index));
	if (index)
		b->index = index;
	if (!groups || !key || !bytes || !hash || !index)
		return false;
	b->capacity = count;
	b->nr_index = count * 2;
	memset(index, 0xff, b->nr_index * sizeof(*index));
	for (size_t i = 0; i < b->diff->nr_groups; i++) {
		size_t at = hash[i] & (b->nr_index - 1);

		while (index[at] != UINT32_MAX)
			at = (at + 1) & (b->nr_index - 1);
		index[at] = (uint32_t)i;
	}
	return true;
}

static void builder_release(struct builder *b)
{
	free(b->key);
	free(b->bytes);
	free(b->hash);
	free(b->index);
	arena_release(&b->keys);
}

/* NULL: no memory. */
static struct diff_group *group_of(struct builder *b, const struct buf *key)
{
	uint64_t hash = hash_bytes(b->seed, key->bytes, key->length);
	struct diff *diff = b->diff;
	size_t at;

	if (diff->nr_groups == b->capacity && !grow(b))
		return NULL;
	for (at = hash & (b->nr_index - 1); b->index[at] != UINT32_MAX;
	     at = (at + 1) & (b->nr_index - 1)) {
		uint32_t i = b->index[at];

		if (b->hash[i] == hash && b->bytes[i] == key->length &&
		    memcmp(b->key[i], key->bytes, key->length) == 0)
			return &diff->groups[i];
	}
	b->key[diff->nr_groups] = arena_strndup(&b->keys, key->bytes, key->length);
	if (!b->key[diff->nr_groups])
		return NULL;
	b->bytes[diff->nr_groups] = key->length;
	b->hash[diff->nr_groups] = hash;
	b->index[at] = (uint32_t)diff->nr_groups;
	diff->groups[diff->nr_groups] = (struct diff_group){.oldest_ns = {-1, -1}};
	return &diff->groups[diff->nr_groups++];
}

static uint32_t add_up(uint32_t a, uint32_t b)
{
	return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

static int add_side(struct builder *b, const struct diff_side *side, int which)
{
	struct buf key;
	int rc = 0;

	buf_init(&key, 0);
	for (size_t i = 0; rc == 0 && i < side->rows->count; i++) {
		const struct task *task = side_task(side, i);
		int64_t age_ns = task_age_ns(task, side->snapshot->mono_ns);
		uint32_t weight = task_weight(task);
		struct diff_group *group;

		make_key(b->diff, task, &key);
		group = key.failed ? NULL : group_of(b, &key);
		if (!group) {
			rc = ERR_NOMEM;
			continue;
		}
		if (group->count[which] == 0 || age_ns > group->oldest_ns[which]) {
			group->oldest_ns[which] = age_ns;
			group->example = task;
		}
		group->count[which] = add_up(group->count[which], weight);
		if (task->flags & TASK_STUCK)
			group->stuck[which] = add_up(group->stuck[which], weight);
		b->diff->tasks[which] = add_up(b->diff->tasks[which], weight);
	}
	buf_release(&key);
	return rc;
}

static void merge(struct diff_group *into, const struct diff_group *from)
{
	int side = from->count[1] > 0;

	/* The oldest of b, where b has any. */
	if (!into->example || (side == 1 && into->count[1] == 0) ||
	    (side == (into->count[1] > 0) &&
	     from->oldest_ns[side] > into->oldest_ns[side]))
		into->example = from->example;
	for (int i = 0; i < 2; i++) {
		into->count[i] = add_up(into->count[i], from->count[i]);
		into->stuck[i] = add_up(into->stuck[i], from->stuck[i]);
		if (from->oldest_ns[i] > into->oldest_ns[i])
			into->oldest_ns[i] = from->oldest_ns[i];
	}
}

/* Groups that only one side has, by a coarser key: those that both have by that become one
 * group. */
static int merge_lonely(struct diff *diff)
{
	struct diff coarse = *diff;
	struct builder b = {.diff = &coarse, .seed = hash_seed()};
	uint32_t *of = calloc(diff->nr_groups + 1, sizeof(*of));
	struct buf key;
	size_t kept = 0;
	int rc = of ? 0 : ERR_NOMEM;

	coarse.groups = NULL;
	coarse.nr_groups = 0;
	arena_init(&b.keys, 0);
	buf_init(&key, 0);
	for (size_t i = 0; rc == 0 && i < diff->nr_groups; i++) {
		struct diff_group *group = &diff->groups[i], *found;

		of[i] = UINT32_MAX;
		if (group->count[0] > 0 && group->count[1] > 0)
			continue;
		make_coarse_key(diff, group->example, &key);
		found = key.failed ? NULL : group_of(&b, &key);
		if (!found) {
			rc = ERR_NOMEM;
			continue;
		}
		of[i] = (uint32_t)(found - coarse.groups);
		merge(found, group);
	}
	for (size_t i = 0; rc == 0 && i < diff->nr_groups; i++) {
		const struct diff_group *found =
			of[i] == UINT32_MAX ? NULL : &coarse.groups[of[i]];

		if (!found || found->count[0] == 0 || found->count[1] == 0)
			diff->groups[kept++] = diff->groups[i];
	}
	for (size_t i = 0; rc == 0 && i < coarse.nr_groups; i++)
		if (coarse.groups[i].count[0] > 0 && coarse.groups[i].count[1] > 0)
			diff->groups[kept++] = coarse.groups[i];
	if (rc == 0)
		diff->nr_groups = kept;
	builder_release(&b);
	free(coarse.groups);
	buf_release(&key);
	free(of);
	return rc;
}

static uint32_t changed_by(const struct diff_group *group)
{
	return group->count[0] > group->count[1] ? group->count[0] - group->count[1]
						 : group->count[1] - group->count[0];
}

/* What is more comes before what is less; then the older wait. */
static int compare(const void *a, const void *b)
{
	const struct diff_group *x = a, *y = b;
	bool more_x = x->count[1] > x->count[0], more_y = y->count[1] > y->count[0];
	int side_x = x->count[1] > 0, side_y = y->count[1] > 0;

	if (changed_by(x) != changed_by(y))
		return changed_by(x) > changed_by(y) ? -1 : 1;
	if (more_x != more_y)
		return more_x ? -1 : 1;
	if (x->count[1] != y->count[1])
		return x->count[1] > y->count[1] ? -1 : 1;
	if (x->oldest_ns[side_x] != y->oldest_ns[side_y])
		return x->oldest_ns[side_x] > y->oldest_ns[side_y] ? -1 : 1;
	return x->example < y->example ? -1 : x->example > y->example;
}

static void conclude(struct diff *diff)
{
	for (size_t i = 0; i < diff->nr_groups; i++) {
		struct diff_group *group = &diff->groups[i];
		uint32_t by = changed_by(group);

		group->change = group->count[0] == 0                ? DIFF_NEW
				: group->count[1] == 0              ? DIFF_GONE
				: by == 0                           ? DIFF_SAME
				: group->count[1] > group->count[0] ? DIFF_GROWN
								    : DIFF_SHRUNK;
		diff->groups_of[group->change]++;
		diff->tasks_of[group->change] =
			add_up(diff->tasks_of[group->change], by ? by : group->count[1]);
	}
	if (diff->nr_groups > 0)
		qsort(diff->groups, diff->nr_groups, sizeof(diff->groups[0]), compare);
}

int diff_build(struct diff *diff, const struct diff_side sides[2], struct err *e)
{
	struct builder b = {.diff = diff, .seed = hash_seed()};
	struct known known[2];
	int rc = 0;

	memset(diff, 0, sizeof(*diff));
	arena_init(&b.keys, 0);
	for (int i = 0; i < 2; i++)
		known[i] = what_is_known(&sides[i]);
	/* An empty side contradicts nothing. */
	for (int i = 0; i < 2; i++)
		if (sides[i].rows->count == 0)
			known[i] = known[1 - i];
	diff->by_state = known[0].state && known[1].state;
	diff->by_creator = known[0].creator && known[1].creator;
	diff->by_stack = known[0].stack && known[1].stack;
	for (int i = 0; rc == 0 && i < 2; i++)
		rc = add_side(&b, &sides[i], i);
	builder_release(&b);
	if (rc == 0)
		rc = merge_lonely(diff);
	conclude(diff);
	return rc ? err_set(e, ERR_NOMEM, "there is no memory to compare") : 0;
}

void diff_release(struct diff *diff)
{
	free(diff->groups);
	diff->groups = NULL;
}
