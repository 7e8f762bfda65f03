/* SPDX-License-Identifier: MIT */
/*
 * One pass adds every blocked task under its keys to a table for this sample. A task whose
 * keys are those of a crowd of the sample before is counted there without the table, once the
 * first of them has been found in it. What is known of growth is remembered only of crowds of
 * two or more tasks.
 */
#include "core/crowd.h"

#include <stdlib.h>
#include <string.h>

#include "base/ahead.h"
#include "base/array.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/huge.h"

#define SLOTS_FIRST    256u
#define KNOWN_MAX      65536u /* maximum number of remembered crowds */
#define FORGET_NS      (600 * CLOCK_SECOND_NS)
/* A crowd is growing if its last rise is at most this old … */
#define GROWS_NS       (10 * CLOCK_SECOND_NS)
/* … or at most this many mean intervals between rises. */
#define GROWS_INTERVAL 3
/* Time that a thread had to reach its wait if it has waited since it began. */
#define BEGINNING_NS   (1 * CLOCK_SECOND_NS)
#define NONE           UINT32_MAX

/* One key of this sample. Kept small, because with a hundred thousand tasks the table of
 * them exceeds the caches: of the key itself only some bits are here, and the rest is
 * worked out again from the task. */
struct slot {
	/* sample that the slot belongs to, in the upper bits, 0 if free; a slot of another
	 * sample is free too; then whether the key is that of a stack; then bits of it */
	uint32_t mark;
	uint32_t task; /* the first task with this key */
};
#define MARK_SAMPLE_SHIFT 24
#define MARK_SAMPLES      255u
#define MARK_STACK        (1u << 23)
#define MARK_KEY_SHIFT    41 /* of a key; its lower bits choose the slot */

struct several {
	uint64_t key;
	int64_t newest_ns; /* when the last of them began to wait */
	uint32_t count;
	uint32_t began; /* tasks that have waited since they began */
	uint32_t fresh; /* tasks that may have begun while the process was observed */
	/* the sample that this is about; if it is not the present one, only the key holds */
	uint8_t sample;
	bool grows;
};

/* What is kept of each task until the same task of the next sample, which usually has the
 * same keys: then it finds its crowds here, without the table of this sample. */
struct member {
	uint64_t key; /* of the object; 0 if there is none */
	/* crowds, or NONE; before the task has been put, those of the sample before, which
	 * may be others' by now */
	uint32_t object, stack;
};

struct known {
	uint64_t key; /* 0 if free */
	/* maximum of count and of fresh in one sample; number of rises of fresh */
	uint32_t high, fresh, rises;
	int64_t first_ns, rose_ns, seen_ns;
};

/* A key that is not in the table yet. */
struct key {
	uint64_t key;
	uint32_t index; /* of the task */
	bool stack;
};
#define KEYS 16u /* a power of two */

struct crowds {
	struct slot *slots;
	size_t nr_slots;       /* a power of two */
	size_t nr_used;        /* in this sample */
	struct key keys[KEYS]; /* a ring */
	size_t next_key, nr_keys;
	struct member *members; /* of each task */
	size_t cap_members, nr_tasks;
	struct known *known;
	size_t nr_known, cap_known; /* cap_known is a power of two */
	/* crowds of more than one task, in this sample or an earlier one */
	struct several *several;
	size_t nr_several, cap_several;
	size_t nr_present; /* those of this sample */
	uint64_t seed;
	int64_t first_ns; /* time of the first sample; 0 if there was none */
	uint32_t sample;  /* 1 to MARK_SAMPLES, then again from 1 */
	bool has_sample;
};

struct crowds *crowds_new(void)
{
	struct crowds *crowds = calloc(1, sizeof(*crowds));

	if (crowds)
		crowds->seed = hash_seed();
	return crowds;
}

void crowds_free(struct crowds *crowds)
{
	if (!crowds)
		return;
	free(crowds->slots);
	free(crowds->members);
	free(crowds->known);
	free(crowds->several);
	free(crowds);
}

void crowds_reset(struct crowds *crowds)
{
	if (crowds->known)
		memset(crowds->known, 0, crowds->cap_known * sizeof(*crowds->known));
	crowds->nr_known = 0;
	crowds->nr_tasks = crowds->nr_several = crowds->nr_present = 0;
	crowds->has_sample = false;
	crowds->first_ns = 0;
}

/* Returns the object that a task waits for as one number; several objects are combined as
 * a set. 0 if unknown. */
static uint64_t crowd_object(const struct task *task)
{
	const struct waits_on *waits = &task->waits;
	uint64_t object = waits->address;

	if (waits->nr_objects > 1 && waits_more(waits)->objects) {
		object = 1;
		for (unsigned i = 0; i < waits->nr_objects; i++)
			object = hash_mix(object, waits_more(waits)->objects[i]);
		return object | 1;
	}
	if (!object && waits->nr_objects == 1 && waits_more(waits)->objects)
		object = waits_more(waits)->objects[0];
	if (!object && waits->fd >= 0)
		object = (uint64_t)waits->fd + 1;
	return object;
}

static uint64_t object_key(const struct crowds *crowds, const struct task *task)
{
	uint64_t object = crowd_object(task);

	if (!object || !task->stack)
		return 0;
	/* An address of one process means nothing in another one. */
	if (task->pid)
		object = hash_mix(object, (uint64_t)task->pid);
	return hash_mix(hash_mix(crowds->seed ^ task->state, task->stack->place),
			object) |
	       1;
}

/* Only threads have a key, because a thread is created once. Other tasks are created per
 * piece of work. */
static uint64_t stack_key(const struct crowds *crowds, const struct task *task)
{
	if (task->kind != TASK_THREAD || !task->stack)
		return 0;
	return hash_mix(crowds->seed ^ task->state, (uint64_t)(uintptr_t)task->stack) | 1;
}

bool crowd_since_it_began(const struct task *task)
{
	return task->start_ns > 0 && task->since_ns > 0 &&
	       task->since_ns - task->start_ns < BEGINNING_NS;
}

/* Returns false if the task is known to have only returned from its work. */
static bool is_fresh(const struct crowds *crowds, const struct task *task)
{
	return task->start_ns <= 0 ||
	       (crowds->first_ns > 0 && task->start_ns > crowds->first_ns);
}

static bool several_is(const struct crowds *crowds, uint32_t crowd, uint64_t key)
{
	return crowd < crowds->nr_several && crowds->several[crowd].key == key;
}

/* Begins a crowd that has no task in this sample yet, in place of the one that an earlier
 * sample knew by this key, if any. Returns NONE if there is no memory. */
static uint32_t several_begin(struct crowds *crowds, uint64_t key, uint32_t before)
{
	if (!several_is(crowds, before, key)) {
		if (!array_reserve(&crowds->several, &crowds->cap_several,
				   crowds->nr_several + 1))
			return NONE;
		before = (uint32_t)crowds->nr_several++;
	}
	crowds->several[before] =
		(struct several){.key = key, .sample = (uint8_t)crowds->sample};
	crowds->nr_present++;
	return before;
}

static void several_add(const struct crowds *crowds, struct several *several,
			const struct task *task)
{
	int64_t came_ns =
		task->since_ns > task->start_ns ? task->since_ns : task->start_ns;

	if (several->count++ == 0 || came_ns > several->newest_ns)
		several->newest_ns = came_ns;
	several->began += crowd_since_it_began(task);
	several->fresh += is_fresh(crowds, task);
}

/* Returns a key of a task that has been put. */
static uint64_t key_of(const struct crowds *crowds, const struct task *tasks,
		       uint32_t index, bool stack)
{
	return stack ? stack_key(crowds, &tasks[index]) : crowds->members[index].key;
}

static uint32_t *crowd_of(const struct crowds *crowds, uint32_t index, bool stack)
{
	struct member *member = &crowds->members[index];

	return stack ? &member->stack : &member->object;
}

static bool slot_is_free(const struct crowds *crowds, const struct slot *slot)
{
	return slot->mark >> MARK_SAMPLE_SHIFT != crowds->sample;
}

/* Returns the slot of the key, or the free one where it belongs. A slot with the same bits of
 * a key is asked for all of it. */
static struct slot *slot_find(const struct crowds *crowds, uint64_t key, uint32_t mark,
			      const struct task *tasks)
{
	size_t mask = crowds->nr_slots - 1, at = key >> 1 & mask;

	for (;; at = (at + 1) & mask) {
		struct slot *slot = &crowds->slots[at];

		if (slot_is_free(crowds, slot) ||
		    (slot->mark == mark &&
		     key_of(crowds, tasks, slot->task, mark & MARK_STACK) == key))
			return slot;
	}
}

/* Doubles the table. Threads have two keys, and other tasks one. */
static bool slots_grow(struct crowds *crowds, const struct task *tasks)
{
	struct slot *old = crowds->slots;
	size_t nr = crowds->nr_slots;
	struct slot *slots = calloc(nr * 2, sizeof(*slots));

	if (!slots)
		return false;
	crowds->slots = slots;
	crowds->nr_slots = nr * 2;
	for (size_t i = 0; i < nr; i++)
		if (!slot_is_free(crowds, &old[i]))
			*slot_find(crowds,
				   key_of(crowds, tasks, old[i].task,
					  old[i].mark & MARK_STACK),
				   old[i].mark, tasks) = old[i];
	free(old);
	return true;
}

/* Most keys belong to a single task, and cost no more than one lookup. */
static void slot_put(struct crowds *crowds, uint32_t index, uint64_t key, bool stack,
		     const struct task *tasks)
{
	uint32_t mark = crowds->sample << MARK_SAMPLE_SHIFT | (stack ? MARK_STACK : 0) |
			(uint32_t)(key >> MARK_KEY_SHIFT);
	uint32_t *own = crowd_of(crowds, index, stack), *first, before = *own;
	struct slot *slot;

	*own = NONE;
	if (crowds->nr_used >= crowds->nr_slots / 4 * 3 && !slots_grow(crowds, tasks))
		return;
	slot = slot_find(crowds, key, mark, tasks);
	if (slot_is_free(crowds, slot)) {
		*slot = (struct slot){mark, index};
		crowds->nr_used++;
		/* A crowd of the sample before begins with this task. */
		if (!several_is(crowds, before, key))
			return;
	}
	first = crowd_of(crowds, slot->task, stack);
	if (*first == NONE) {
		*first = several_begin(crowds, key, before);
		if (*first == NONE)
			return;
		several_add(crowds, &crowds->several[*first], &tasks[slot->task]);
	}
	if (slot->task == index)
		return;
	*own = *first;
	several_add(crowds, &crowds->several[*own], &tasks[index]);
}

/* Puts the oldest keys, until no more than `most` are left. */
static void put_keys(struct crowds *crowds, const struct task *tasks, size_t most)
{
	while (crowds->nr_keys > most) {
		const struct key *key =
			&crowds->keys[(crowds->next_key - crowds->nr_keys) % KEYS];

		crowds->nr_keys--;
		slot_put(crowds, key->index, key->key, key->stack, tasks);
	}
}

/* Adds the task to its crowd of the sample before, if that has a task of this sample
 * already. Otherwise has the processor bring the key's slot in the meantime. */
static void put_key(struct crowds *crowds, uint32_t index, uint64_t key, bool stack,
		    const struct task *tasks)
{
	uint32_t *own = crowd_of(crowds, index, stack);

	if (!key) {
		*own = NONE;
	} else if (several_is(crowds, *own, key) &&
		   crowds->several[*own].sample == crowds->sample) {
		several_add(crowds, &crowds->several[*own], &tasks[index]);
	} else {
		__builtin_prefetch(&crowds->slots[key >> 1 & (crowds->nr_slots - 1)], 1);
		crowds->keys[crowds->next_key++ % KEYS] = (struct key){key, index, stack};
		crowds->nr_keys++;
	}
}

static bool reserve_members(struct crowds *crowds, size_t nr_tasks)
{
	size_t before = crowds->cap_members;

	if (nr_tasks <= before && nr_tasks >= before / 8)
		return true;
	if (!array_resize(&crowds->members, &crowds->cap_members, nr_tasks))
		return false;
	for (size_t i = before; i < crowds->cap_members; i++)
		crowds->members[i] = (struct member){0, NONE, NONE};
	return true;
}

/* The table grows if it has more than one key for most tasks. */
static bool make_room(struct crowds *crowds, size_t nr_tasks)
{
	size_t wanted = SLOTS_FIRST;
	struct slot *slots;

	while (wanted < nr_tasks * 2)
		wanted *= 2;
	if (wanted > crowds->nr_slots || wanted < crowds->nr_slots / 16) {
		slots = calloc(wanted, sizeof(*slots));
		if (!slots)
			return false;
		free(crowds->slots);
		huge_hint(slots, wanted * sizeof(*slots));
		crowds->slots = slots;
		crowds->nr_slots = wanted;
	}
	return reserve_members(crowds, nr_tasks);
}

static struct known *known_slot(struct known *list, size_t capacity, uint64_t key)
{
	size_t at = key >> 1 & (capacity - 1);

	while (list[at].key && list[at].key != key)
		at = (at + 1) & (capacity - 1);
	return &list[at];
}

/* Enlarges the table and drops crowds that have not been seen for a long time. */
static bool known_grow(struct crowds *crowds, int64_t now_ns)
{
	size_t kept = 0, capacity = SLOTS_FIRST;
	struct known *list;

	for (size_t i = 0; i < crowds->cap_known; i++)
		kept += crowds->known[i].key &&
			now_ns - crowds->known[i].seen_ns < FORGET_NS;
	while (capacity < (kept + 1) * 4)
		capacity *= 2;
	if (kept >= KNOWN_MAX)
		return false;
	list = calloc(capacity, sizeof(*list));
	if (!list)
		return false;
	for (size_t i = 0; i < crowds->cap_known; i++) {
		const struct known *old = &crowds->known[i];

		if (old->key && now_ns - old->seen_ns < FORGET_NS)
			*known_slot(list, capacity, old->key) = *old;
	}
	free(crowds->known);
	crowds->known = list;
	crowds->cap_known = capacity;
	crowds->nr_known = kept;
	return true;
}

static bool known_grows(const struct known *known, int64_t now_ns)
{
	int64_t window_ns;

	if (known->rises == 0)
		return false;
	window_ns = (known->rose_ns - known->first_ns) / known->rises * GROWS_INTERVAL;
	if (window_ns < GROWS_NS)
		window_ns = GROWS_NS;
	return now_ns - known->rose_ns < window_ns;
}

/* Updates what is known about a crowd and returns whether it is growing. A rise that only
 * occurs because the stacks of older waits have been read since does not count. */
static bool crowd_grows(struct crowds *crowds, const struct several *several,
			int64_t now_ns)
{
	bool came = crowds->has_sample && several->newest_ns > crowds->first_ns;
	struct known *known;

	if ((crowds->nr_known + 1) * 2 > crowds->cap_known && !known_grow(crowds, now_ns))
		return false;
	known = known_slot(crowds->known, crowds->cap_known, several->key);
	if (!known->key) {
		crowds->nr_known++;
		*known = (struct known){
			.key = several->key, .fresh = several->fresh, .first_ns = now_ns};
		/* Tasks that are already there in the first sample did not arrive while
		 * the process was observed. */
		if (came && several->fresh > 0) {
			known->rises = 1;
			known->rose_ns = now_ns;
		}
	} else if (several->fresh > known->fresh) {
		known->fresh = several->fresh;
		known->rises += came;
		if (came)
			known->rose_ns = now_ns;
	}
	if (several->count > known->high)
		known->high = several->count;
	known->seen_ns = now_ns;
	return known_grows(known, now_ns);
}

uint32_t crowd_before(const struct crowds *crowds, size_t index)
{
	const struct known *known;

	if (crowds->nr_known == 0 || index >= crowds->nr_tasks ||
	    !crowds->members[index].key)
		return 0;
	known = known_slot(crowds->known, crowds->cap_known, crowds->members[index].key);
	return known->key ? known->high : 0;
}

static void several_bring(const struct crowds *crowds, uint32_t crowd)
{
	if (crowd < crowds->nr_several)
		__builtin_prefetch(&crowds->several[crowd], 1);
}

void crowd_bring(const struct crowds *crowds, size_t index)
{
	const struct member *member;

	if (index >= crowds->nr_tasks)
		return;
	member = &crowds->members[index];
	several_bring(crowds, member->stack);
	if (member->object != NONE)
		several_bring(crowds, member->object);
	else if (member->key && crowds->nr_known > 0)
		__builtin_prefetch(
			&crowds->known[member->key >> 1 & (crowds->cap_known - 1)]);
}

void crowds_begin(struct crowds *crowds, size_t nr_tasks)
{
	/* Those that no task is in any more must not pile up. */
	if (crowds->nr_several > 2 * crowds->nr_present + SLOTS_FIRST ||
	    crowds->sample == MARK_SAMPLES)
		crowds->nr_several = 0;
	crowds->nr_present = crowds->nr_used = crowds->nr_keys = 0;
	crowds->nr_tasks = make_room(crowds, nr_tasks) ? nr_tasks : 0;
	if (crowds->sample++ < MARK_SAMPLES)
		return;
	/* The counter has wrapped around: slots of earlier samples must not count. */
	crowds->sample = 1;
	if (crowds->nr_slots > 0)
		memset(crowds->slots, 0, crowds->nr_slots * sizeof(*crowds->slots));
}

void crowds_put(struct crowds *crowds, size_t index, const struct task *tasks)
{
	const struct task *task = &tasks[index];
	bool blocks = state_blocks(task->state) && !state_info(task->state)->idle;
	struct member *member;

	if (index >= crowds->nr_tasks)
		return;
	if (index + AHEAD_ELEMENTS < crowds->nr_tasks) {
		member = &crowds->members[index + AHEAD_ELEMENTS];
		several_bring(crowds, member->object);
		several_bring(crowds, member->stack);
	}
	member = &crowds->members[index];
	member->key = blocks ? object_key(crowds, task) : 0;
	put_keys(crowds, tasks, KEYS - 2);
	put_key(crowds, (uint32_t)index, member->key, false, tasks);
	put_key(crowds, (uint32_t)index, blocks ? stack_key(crowds, task) : 0, true,
		tasks);
}

void crowds_end(struct crowds *crowds, const struct task *tasks, int64_t now_ns)
{
	put_keys(crowds, tasks, 0);
	for (size_t i = 0; i < crowds->nr_several; i++) {
		struct several *several = &crowds->several[i];

		if (several->sample == crowds->sample && several->count > 1)
			several->grows = crowd_grows(crowds, several, now_ns);
	}
	if (!crowds->has_sample)
		crowds->first_ns = now_ns;
	crowds->has_sample = true;
}

static struct crowd crowd_at(const struct crowds *crowds, size_t index, bool stack)
{
	const struct several *several;
	uint32_t crowd = NONE;

	if (index < crowds->nr_tasks)
		crowd = *crowd_of(crowds, (uint32_t)index, stack);
	if (crowd >= crowds->nr_several || crowds->several[crowd].count < 2)
		return (struct crowd){1, 0, false};
	several = &crowds->several[crowd];
	return (struct crowd){several->count, several->began, several->grows};
}

struct crowd crowd_of_object(const struct crowds *crowds, size_t index)
{
	return crowd_at(crowds, index, false);
}

struct crowd crowd_of_stack(const struct crowds *crowds, size_t index)
{
	return crowd_at(crowds, index, true);
}
