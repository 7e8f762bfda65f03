/* SPDX-License-Identifier: MIT */
/* Finds what goroutines wait on: channels by the sudogs that hang off the g;
 * semaphores and file descriptors by a pointer on the stack to an object that points
 * back to the g. */
#include "source/go/sample.h"

#define SUDOG_BYTES 104u
#define TIMER_WORDS 12u
#define POLL_WORDS  18u
#define LOCK_WORDS  96u
#define FD_WORDS    200u
#define FD_MAX      (1 << 24)
#define ROUNDS_MAX  GO_CHANS_MAX
#define LOCK_TRIES  24u
#define POLL_TRIES  12u
#define LIST_MAX    64u

static bool waits_on_chans(const struct go_entry *entry)
{
	return entry->live && !entry->suspect && entry->reason &&
	       entry->state != STATE_GC &&
	       (entry->reason->object == GO_OBJECT_CHAN ||
		entry->reason->object == GO_OBJECT_SELECT);
}

/*
 * The timer of a sleeping goroutine calls goroutineReady with the g. The pointer to the g
 * is the last of the timer's when, period, function and argument, wherever this version
 * has them.
 */
static int64_t timer_end(const uint8_t *timer, uint64_t g)
{
	for (size_t i = 4; i < TIMER_WORDS; i++) {
		int64_t when_ns = (int64_t)load_u64(timer + (i - 4) * 8);

		if (load_u64(timer + i * 8) == g && load_u64(timer + (i - 2) * 8) != 0 &&
		    when_ns > 0 && load_u64(timer + (i - 3) * 8) == 0)
			return when_ns;
	}
	return 0;
}

static void find_timers(struct go_sampler *sampler, struct go_entry *chunk)
{
	struct memory_item *items = sampler->items;
	size_t nr = 0;

	for (size_t i = 0; i < sampler->nr_pending; i++) {
		struct go_entry *entry = &chunk[sampler->pending[i].at];

		if (!entry->live || !entry->sleeps || entry->until_ns == 0)
			continue;
		if (!entry->suspect)
			items[nr++] = (struct memory_item){(uint64_t)entry->until_ns,
							   sampler->pending[i].at, false};
		entry->until_ns = 0;
	}
	memory_gather_read(sampler->mem, &sampler->gather, items, nr, sampler->again,
			   TIMER_WORDS * 8);
	for (size_t i = 0; i < nr; i++)
		if (items[i].ok)
			chunk[items[i].index].until_ns = timer_end(
				sampler->again + (size_t)items[i].index * TIMER_WORDS * 8,
				go_sampler_address(sampler, &chunk[items[i].index]));
}

/* Works in rounds: first the first sudogs of all goroutines, then the second ones of
 * selects, and so on. */
static void find_chans(struct go_sampler *sampler, struct go_entry *chunk)
{
	const struct go_layout *layout = sampler->layout;
	uint8_t *sudogs = sampler->again;
	struct memory_item *items = sampler->items;
	size_t nr = 0;

	for (size_t i = 0; i < sampler->nr_pending; i++) {
		struct go_entry *entry = &chunk[sampler->pending[i].at];

		if (!waits_on_chans(entry))
			continue;
		if (entry->object)
			items[nr++] = (struct memory_item){entry->object,
							   sampler->pending[i].at, false};
		entry->object = 0;
	}
	for (unsigned round = 0; round < ROUNDS_MAX && nr > 0; round++) {
		size_t left = 0;

		memory_gather_read(sampler->mem, &sampler->gather, items, nr, sudogs,
				   SUDOG_BYTES);
		for (size_t i = 0; i < nr; i++) {
			struct go_entry *entry = &chunk[items[i].index];
			const uint8_t *sudog =
				sudogs + (size_t)items[i].index * SUDOG_BYTES;
			uint64_t next;

			if (!items[i].ok ||
			    load_u64(sudog) != go_sampler_address(sampler, entry))
				continue;
			go_entry_add_chan(entry, load_u64(sudog + layout->sudog_chan));
			next = load_u64(sudog + layout->sudog_link);
			if (next && entry->reason->object == GO_OBJECT_SELECT)
				items[left++] =
					(struct memory_item){next, items[i].index, false};
		}
		nr = left;
	}
}

void go_objects_find(struct go_sampler *sampler, struct go_entry *chunk)
{
	find_chans(sampler, chunk);
	find_timers(sampler, chunk);
}

/* If there is a sudog of this goroutine, its element is the address of the semaphore. */
static bool try_sudog(struct go_sampler *sampler, struct go_entry *entry,
		      uint64_t address)
{
	uint8_t sudog[SUDOG_BYTES];

	if (!memory_read(sampler->mem, address, sudog, sizeof(sudog)) ||
	    load_u64(sudog) != go_sampler_address(sampler, entry))
		return false;
	entry->object = load_u64(sudog + sampler->layout->sudog_elem);
	return true;
}

/*
 * Before Go 1.26 the sudog of a sync.Cond has no element, so its list of waiters is
 * searched instead. notifyList: counts of waits and of wake-ups, lock, first and last
 * sudog.
 */
static bool try_notify_list(struct go_sampler *sampler, struct go_entry *entry,
			    uint64_t address)
{
	uint64_t list[4], next, g = go_sampler_address(sampler, entry);
	uint8_t sudog[SUDOG_BYTES];

	if (!memory_read(sampler->mem, address, list, sizeof(list)) || !list[2] ||
	    !list[3] || (uint32_t)list[0] - (uint32_t)(list[0] >> 32) == 0)
		return false;
	/* The last one, or one of the first. */
	if (memory_read(sampler->mem, list[3], sudog, sizeof(sudog)) &&
	    load_u64(sudog) == g) {
		entry->object = address;
		return true;
	}
	next = list[2];
	for (unsigned i = 0; next && i < LIST_MAX; i++) {
		if (!memory_read(sampler->mem, next, sudog, sizeof(sudog)))
			return false;
		if (load_u64(sudog) == g) {
			entry->object = address;
			return true;
		}
		next = load_u64(sudog + 8);
	}
	return false;
}

/* Returns the index of the word of a pollDesc that contains the fd, from the index of the
 * word that names the goroutine that reads or writes; 0 if there is none. Between them
 * are others, depending on the version. */
static size_t poll_fd_word(bool lock_first, size_t word)
{
	if (lock_first && (word == 5 || word == 17))
		return 2;
	return word >= 2 && word < 10 ? 1 : 0;
}

static bool try_poll(struct go_sampler *sampler, struct go_entry *entry, uint64_t address)
{
	bool lock_first = sampler->layout->poll_lock;
	uint64_t words[POLL_WORDS], g = go_sampler_address(sampler, entry);
	size_t nr = lock_first ? POLL_WORDS : 12;

	if (!memory_read(sampler->mem, address, words, nr * 8))
		return false;
	for (size_t i = 2; i < nr; i++) {
		size_t at = poll_fd_word(lock_first, i);

		if (words[i] != g || at == 0 || words[at] > FD_MAX)
			continue;
		entry->object = address;
		entry->fd = (int32_t)words[at];
		return true;
	}
	return false;
}

/* Returns false for pointers to code, to the g itself, or into the stack. */
static bool may_point(const struct go_sampler *sampler, uint64_t g,
		      const struct go_stack_copy *stack, uint64_t word)
{
	const struct go_pclntab *table = &sampler->stacks->module->table;

	return (word & 7) == 0 && word >= 0x100000 && word >> 47 == 0 && word != g &&
	       (word < stack->low || word >= stack->high) &&
	       (word < table->min_pc || word >= table->max_pc);
}

typedef bool (*object_try)(struct go_sampler *, struct go_entry *, uint64_t);

/* Tries the words of a stack that may be such a pointer, the most likely one first. */
static void search_words(struct go_sampler *sampler, struct go_entry *entry,
			 const struct go_stack_copy *stack, object_try try,
			 size_t max_words, unsigned tries, size_t *likely)
{
	size_t nr = stack->nr_bytes / 8 < max_words ? stack->nr_bytes / 8 : max_words;
	uint64_t seen[LOCK_TRIES + 1], g = go_sampler_address(sampler, entry);
	size_t nr_seen = 0;

	for (size_t i = 0; i <= nr && nr_seen < tries; i++) {
		size_t at = i == 0 ? *likely : i - 1, k = 0;
		uint64_t word;

		if (at >= nr)
			continue;
		word = load_u64(stack->bytes + at * 8);
		if (!may_point(sampler, g, stack, word))
			continue;
		while (k < nr_seen && seen[k] != word)
			k++;
		if (k < nr_seen)
			continue;
		seen[nr_seen++] = word;
		if (try(sampler, entry, word)) {
			*likely = at;
			return;
		}
	}
}

void go_object_search(struct go_sampler *sampler, struct go_entry *entry,
		      const struct go_stack_copy *stack)
{
	enum go_object object = entry->reason ? entry->reason->object : GO_OBJECT_NONE;

	if (object != GO_OBJECT_FD && object != GO_OBJECT_LOCK)
		return;
	if (sampler->searches_left == 0 || stack->nr_bytes == 0) {
		entry->searched = stack->nr_bytes == 0;
		return;
	}
	sampler->searches_left--;
	if (entry->state == STATE_COND && !sampler->layout->cond_elem)
		search_words(sampler, entry, stack, try_notify_list, LOCK_WORDS,
			     LOCK_TRIES, &sampler->cond_word);
	else if (object == GO_OBJECT_LOCK)
		search_words(sampler, entry, stack, try_sudog, LOCK_WORDS, LOCK_TRIES,
			     &sampler->lock_word);
	else
		search_words(sampler, entry, stack, try_poll, FD_WORDS, POLL_TRIES,
			     &sampler->poll_word);
}
