/* SPDX-License-Identifier: MIT */
/* See sample.h. Reads in batches, so that the time between the two reads of a goroutine is
 * short and the memory used does not grow with the number of goroutines. */
#include "source/go/sample.h"

#include <errno.h>
#include <stdlib.h>

#include "base/ahead.h"
#include "base/array.h"
#include "base/hash.h"
#include "base/text.h"

#define RETRIES             3
#define SEARCHES_PER_SAMPLE 20000u
/* If more than one in MOVES_PART goroutines has moved, all are counted again. */
#define MOVES_PART          4u
#define MOVES_LEAST         1024u
#define M_BYTES             1024u
#define ADDRESSES_AT_ONCE   4096u

bool go_sampler_init(struct go_sampler *sampler, struct memory *mem,
		     const struct go_layout *layout, const struct go_reasons *reasons,
		     struct go_stacks *stacks)
{
	memset(sampler, 0, sizeof(*sampler));
	sampler->mem = mem;
	sampler->layout = layout;
	sampler->reasons = reasons;
	sampler->stacks = stacks;
	sampler->again = malloc((size_t)GO_BATCH * GO_G_BYTES_MAX);
	sampler->items =
		malloc((size_t)GO_BATCH * GO_CHANS_MAX * sizeof(*sampler->items));
	sampler->moves.many = true;
	sampler->fetch = go_fetch_new();
	return memory_gather_init(&sampler->gather) && sampler->fetch && sampler->again &&
	       sampler->items;
}

void go_sampler_counted(struct go_sampler *sampler)
{
	struct go_moves *moves = &sampler->moves;

	for (size_t i = 0; i < moves->nr_left; i++)
		free(moves->left[i].chans);
	moves->nr_left = moves->nr_came = 0;
	moves->many = false;
}

static void many_moves(struct go_sampler *sampler)
{
	go_sampler_counted(sampler);
	sampler->moves.many = true;
}

void go_sampler_leave(struct go_sampler *sampler, struct go_entry *entry)
{
	struct go_moves *moves = &sampler->moves;
	struct go_chans *chans = go_entry_more(entry)->chans;

	if (entry->counted && !moves->many) {
		if (moves->nr_left >= sampler->nr_entries / MOVES_PART + MOVES_LEAST ||
		    !array_reserve(&moves->left, &moves->cap_left, moves->nr_left + 1)) {
			many_moves(sampler);
		} else {
			moves->left[moves->nr_left++] =
				(struct go_left){chans, entry->queue, entry->state};
			chans = NULL;
		}
	}
	free(chans);
	if (entry->more)
		entry->more->chans = NULL;
	entry->queue = 0;
	entry->counted = false;
}

void go_sampler_came(struct go_sampler *sampler, const struct go_entry *entry)
{
	struct go_moves *moves = &sampler->moves;

	if (moves->many)
		return;
	if (moves->nr_came >= sampler->nr_entries / MOVES_PART + MOVES_LEAST ||
	    !array_reserve(&moves->came, &moves->cap_came, moves->nr_came + 1)) {
		many_moves(sampler);
		return;
	}
	moves->came[moves->nr_came++] = (uint32_t)(entry - sampler->entries);
}

/* Counts it in, or out: by is 1 or -1. */
static void count_entry(struct go_sampler *sampler, const struct go_entry *entry, int by)
{
	if (!entry->live)
		return;
	sampler->nr_shown += entry->system ? 0 : (size_t)by;
	sampler->nr_syscall += entry->status == GO_STATUS_SYSCALL ? (size_t)by : 0;
}

static void forget_entry(struct go_sampler *sampler, struct go_entry *entry)
{
	count_entry(sampler, entry, -1);
	go_sampler_leave(sampler, entry);
	go_entry_release(entry);
	entry->live = false;
	entry->goid = 0;
	go_sampler_kept(sampler, entry)->hash = 0;
}

void go_sampler_release(struct go_sampler *sampler)
{
	for (size_t i = 0; i < sampler->nr_entries; i++)
		go_entry_release(&sampler->entries[i]);
	go_sampler_counted(sampler);
	free(sampler->moves.left);
	free(sampler->moves.came);
	free(sampler->entries);
	free(sampler->ancestors);
	free(sampler->addresses);
	free(sampler->kept);
	free(sampler->again);
	free(sampler->items);
	go_fetch_free(sampler->fetch);
	memory_gather_release(&sampler->gather);
	memset(sampler, 0, sizeof(*sampler));
}

static bool same_wait(const struct go_sampler *sampler, const struct go_entry *entry,
		      const uint8_t *bytes, const struct go_reason *reason)
{
	int64_t since_ns = go_g_since(bytes, &sampler->layout->g, sampler->now_ns);

	/* The collector moved its stack, but the goroutine has been waiting since before
	 * the last sample. */
	return entry->live && entry->goid == load_u64(bytes + sampler->layout->g.goid) &&
	       reason && entry->reason == reason && since_ns &&
	       since_ns < sampler->last_ns;
}

/* Returns the m that it is locked to, if that m refers back to it. */
static uint64_t locked_to(struct go_sampler *sampler, const struct go_entry *entry,
			  const uint8_t *bytes)
{
	uint64_t m = load_u64(bytes + sampler->layout->g.lockedm);
	uint8_t thread[M_BYTES];
	size_t got;

	if (!m || (m & 7) || sampler->searches_left == 0)
		return 0;
	sampler->searches_left--;
	got = memory_read_some(sampler->mem, m, thread, sizeof(thread));
	for (size_t i = 0; i + 8 <= got; i += 8)
		if (load_u64(thread + i) == go_sampler_address(sampler, entry))
			return m;
	return 0;
}

/* Most have none of this. */
static void fill_more(struct go_sampler *sampler, struct go_entry *entry,
		      const uint8_t *bytes, uint32_t status)
{
	uint64_t labels = load_u64(bytes + sampler->layout->g.labels);
	uint64_t locked = locked_to(sampler, entry, bytes), m = 0;
	struct go_more *more = entry->more;

	if (status == GO_STATUS_RUNNING || status == GO_STATUS_SYSCALL)
		m = load_u64(bytes + GO_G_M);
	if (!more && (labels || m || locked))
		more = go_entry_edit(entry);
	if (!more)
		return;
	more->labels = labels;
	more->m = m;
	more->locked = locked;
}

/* start: the function with which it began. */
static void fill_entry(struct go_sampler *sampler, struct go_entry *entry,
		       const uint8_t *bytes, const char *start, bool unmoved)
{
	const struct go_g_layout *layout = &sampler->layout->g;
	const struct go_reasons *reasons = sampler->reasons;
	uint8_t number = bytes[layout->waitreason];
	uint32_t status = go_g_status(bytes, layout);
	const struct go_reason *reason = NULL;

	if ((status == GO_STATUS_WAITING || status == GO_STATUS_LEAKED) &&
	    number < reasons->nr)
		reason = &reasons->list[number];
	if (!(unmoved || same_wait(sampler, entry, bytes, reason)) || !entry->first_ns) {
		entry->first_ns = sampler->now_ns;
		entry->watched = sampler->samples > 0;
	}
	if (entry->goid != load_u64(bytes + layout->goid) || !entry->live) {
		entry->goid = load_u64(bytes + layout->goid);
		entry->parent = layout->parent ? load_u64(bytes + layout->parent) : 0;
		entry->name = start;
		entry->created_by =
			entry->goid == 1 ? NULL
					 : go_stacks_site(sampler->stacks,
							  load_u64(bytes + layout->gopc));
		go_entry_forget_ancestors(entry, load_u64(bytes + layout->ancestors));
	}
	go_sampler_leave(sampler, entry);
	entry->object = 0;
	if (reason && reason->object == GO_OBJECT_FD)
		entry->fd = -1;
	entry->live = true;
	entry->status = (uint8_t)status;
	entry->reason = reason;
	go_sampler_kept(sampler, entry)->since_ns =
		go_g_since(bytes, layout, sampler->now_ns);
	entry->turned = sampler->layout->turn != 0;
	entry->turn = entry->turned ? bytes[sampler->layout->turn] : 0;
	fill_more(sampler, entry, bytes, status);
	entry->sleeps = reason && reason->state == STATE_SLEEP;
	if (entry->sleeps)
		entry->until_ns = (int64_t)load_u64(bytes + layout->timer);
	/* go_objects_find() needs these until the batch is done. */
	if (reason &&
	    (reason->object == GO_OBJECT_CHAN || reason->object == GO_OBJECT_SELECT))
		entry->object = load_u64(bytes + layout->waiting);
}

/* Returns what was started: the outermost function of the program, since `go f(x)` starts
 * a function generated by the compiler that calls f. While it runs, the known name is
 * kept. */
static const char *outer_name(const struct go_entry *entry, const char *start,
			      const struct go_walked *walked)
{
	const struct stack *stack = walked->stack;

	if (!stack || stack->truncated)
		return entry->name;
	return walked->runtime_only ? start : walked->outer;
}

/* Returns true for goroutines that the runtime started for itself, unless they run other
 * code. */
static bool is_system(const struct go_sampler *sampler, const char *start,
		      uint64_t startpc, bool runtime_only)
{
	if (startpc == sampler->layout->main_entry || !start ||
	    !text_starts_with(start, "runtime.") ||
	    strcmp(start, "runtime.corostart") == 0 ||
	    strcmp(start, "runtime.handleAsyncEvent") == 0)
		return false;
	return runtime_only;
}

static void walk_entry(struct go_sampler *sampler, struct go_entry *entry,
		       const uint8_t *bytes, const struct go_pending *pending,
		       const struct memory_span *span)
{
	const struct go_stop *stop = &pending->stop;
	struct go_walk walk = {
		.pc = stop->pc,
		.sp = stop->sp,
		.high = stop->high,
		.syscall = go_g_status(bytes, &sampler->layout->g) == GO_STATUS_SYSCALL,
		.bytes = span->out,
		.nr_bytes = span->ok ? span->bytes : 0,
	};
	struct go_walked walked = {.runtime_only = true};
	struct go_stack_copy stack = {walk.bytes, walk.nr_bytes, stop->low, stop->high};
	/* As entry->name, but it may be generated by the compiler. */
	uint64_t startpc = load_u64(bytes + sampler->layout->g.startpc);
	const char *start = go_stacks_function(sampler->stacks, startpc);
	uint64_t hash = go_sampler_hash(sampler, entry);

	count_entry(sampler, entry, -1);
	if (span->ok) {
		walked = go_stacks_walk(sampler->stacks, &walk);
		sampler->walked++;
	}
	fill_entry(sampler, entry, bytes, start,
		   hash == pending->hash && hash && entry->stack == walked.stack);
	entry->stack = walked.stack;
	entry->name = outer_name(entry, start, &walked);
	entry->system = is_system(sampler, start, startpc, walked.runtime_only);
	entry->state = (uint8_t)go_stack_state(
		entry->stack, entry->reason && walked.collects     ? STATE_GC
			      : entry->reason                      ? entry->reason->state
			      : entry->status == GO_STATUS_RUNNING ? STATE_RUNNING
			      : entry->status == GO_STATUS_SYSCALL ? STATE_SYSCALL
			      : entry->status == GO_STATUS_WAITING ? STATE_UNKNOWN
								   : STATE_RUNNABLE);
	entry->searched = true;
	/* The channels and locks there belong to the runtime itself. */
	if (walked.collects)
		entry->object = 0;
	else if (!entry->system)
		go_object_search(sampler, entry, &stack);
	count_entry(sampler, entry, 1);
	go_sampler_came(sampler, entry);
}

/* Reads a changed goroutine, its stack, and the goroutine again until both reads
 * agree. */
static void reread_entry(struct go_sampler *sampler, struct go_entry *entry,
			 struct go_pending *pending)
{
	uint8_t stack[GO_STACK_BYTES];
	const struct go_g_layout *layout = &sampler->layout->g;
	uint8_t before[GO_G_BYTES_MAX], after[GO_G_BYTES_MAX];
	uint64_t address = go_sampler_address(sampler, entry);
	struct memory_span span = {0};

	for (int try = 0; try < RETRIES; try++) {
		sampler->retries++;
		if (!memory_read(sampler->mem, address, before, layout->bytes) ||
		    go_status_is_dead(go_g_status(before, layout))) {
			forget_entry(sampler, entry);
			return;
		}
		span = (struct memory_span){0};
		if (go_g_stop(before, layout, &pending->stop)) {
			span = go_stop_span(&pending->stop, stack);
			span.ok = memory_read(sampler->mem, span.address, stack,
					      span.bytes);
		}
		if (!memory_read(sampler->mem, address, after, layout->bytes))
			break;
		pending->hash = go_g_hash(after, layout);
		if (pending->hash == go_g_hash(before, layout)) {
			walk_entry(sampler, entry, before, pending, &span);
			go_sampler_kept(sampler, entry)->hash = pending->hash;
			entry->suspect = false;
			return;
		}
	}
	/* It runs and parks faster than it can be read; show only what one read
	 * returned. */
	span.ok = false;
	walk_entry(sampler, entry, before, pending, &span);
	go_sampler_kept(sampler, entry)->hash = 0;
	entry->suspect = entry->status != GO_STATUS_RUNNING;
}

/* The next sample does not read it again if it has not run, and all is found by now. */
static void mark_searched(struct go_sampler *sampler, const struct go_entry *entry)
{
	struct go_kept *kept = go_sampler_kept(sampler, entry);

	if (kept->hash && entry->searched)
		kept->hash |= 1;
	else
		kept->hash &= ~1ull;
}

static void take_pending(struct go_sampler *sampler, struct go_entry *chunk,
			 struct go_batch *batch)
{
	for (size_t i = 0; i < batch->nr_pending; i++) {
		struct go_pending *pending = &batch->pending[i];
		struct go_entry *entry = &chunk[pending->at];
		struct go_kept *kept = go_sampler_kept(sampler, entry);

		/* It waits to be searched, and this sample has searched enough. */
		if (pending->hash == go_sampler_hash(sampler, entry) &&
		    sampler->layout->turns && !entry->suspect &&
		    sampler->searches_left == 0) {
			kept->since_ns = batch->answers[pending->at].since_ns;
		} else if (pending->ended) {
			forget_entry(sampler, entry);
		} else if (!pending->same) {
			reread_entry(sampler, entry, pending);
		} else {
			walk_entry(sampler, entry,
				   batch->again + i * sampler->layout->g.bytes, pending,
				   &batch->spans[i]);
			kept->hash = pending->hash;
			entry->suspect = false;
		}
	}
	sampler->pending = batch->pending;
	sampler->nr_pending = batch->nr_pending;
	go_objects_find(sampler, chunk);
	go_ancestors_find(sampler, chunk);
	for (size_t i = 0; i < batch->nr_pending; i++)
		mark_searched(sampler, &chunk[batch->pending[i].at]);
}

static int grow_entries(struct go_sampler *sampler, size_t count, struct err *e)
{
	if (!array_reserve(&sampler->entries, &sampler->cap_entries, count) ||
	    !array_reserve(&sampler->kept, &sampler->cap_kept, count) ||
	    !array_reserve(&sampler->addresses, &sampler->cap_addresses, count))
		return err_set(e, ERR_NOMEM, "no memory for %zu goroutines", count);
	return 0;
}

/* Reads where the gs are, some at a time. The list only grows; another address means another
 * program. */
static bool read_addresses(struct go_sampler *sampler, uint64_t first, size_t count)
{
	uint64_t words[ADDRESSES_AT_ONCE];

	for (size_t at = 0; at < count; at += ADDRESSES_AT_ONCE) {
		size_t left = count - at;
		size_t nr = left < ADDRESSES_AT_ONCE ? left : ADDRESSES_AT_ONCE;

		if (!memory_read(sampler->mem, first + at * 8, words, nr * 8))
			return false;
		for (size_t i = at; i < at + nr && i < sampler->nr_entries; i++)
			if (sampler->addresses[i] != words[i - at])
				forget_entry(sampler, &sampler->entries[i]);
		memcpy(sampler->addresses + at, words, nr * 8);
	}
	return true;
}

/* Returns the hash of a goroutine that is not to be read again if it still has it, or 0. */
static uint64_t hash_to_ask(const struct go_sampler *sampler, const struct go_kept *kept)
{
	bool known = sampler->layout->turns && kept->hash &&
		     ((kept->hash & 1) || sampler->searches_left == 0);

	return known ? kept->hash | 1 : 0;
}

/* Says what is to be read of the goroutines from `at` on. */
static void prepare_batch(struct go_sampler *sampler, size_t at, struct go_batch *batch)
{
	size_t left = sampler->nr_entries - at;

	batch->process = sampler->mem->process;
	batch->layout = sampler->layout->g;
	batch->now_ns = sampler->now_ns;
	batch->at = at;
	batch->nr = left < GO_BATCH ? left : GO_BATCH;
	for (size_t i = at; i < at + batch->nr; i++) {
		if (i >= sampler->nr_known) {
			memset(&sampler->entries[i], 0, sizeof(sampler->entries[i]));
			sampler->kept[i] = (struct go_kept){0};
		}
		batch->asked[i - at] = (struct go_asked){
			sampler->addresses[i], hash_to_ask(sampler, &sampler->kept[i])};
	}
}

static void take_batch(struct go_sampler *sampler, struct go_batch *batch)
{
	struct go_entry *chunk = &sampler->entries[batch->at];
	struct go_kept *kept = &sampler->kept[batch->at];

	for (size_t i = 0; i < batch->nr; i++) {
		const struct go_answer *answer = &batch->answers[i];

		if (answer->fetched == GO_FETCH_SAME)
			kept[i].since_ns = answer->since_ns;
		else if (answer->fetched == GO_FETCH_ENDED)
			forget_entry(sampler, &chunk[i]);
	}
	if (batch->nr_pending > 0)
		take_pending(sampler, chunk, batch);
}

static void sample_all(struct go_sampler *sampler)
{
	struct go_batch *batch;
	size_t at = 0;

	go_fetch_begin(sampler->fetch, sampler->nr_entries >= GO_FETCH_WIDE);
	do {
		while (at < sampler->nr_entries &&
		       (batch = go_fetch_room(sampler->fetch))) {
			prepare_batch(sampler, at, batch);
			go_fetch_add(sampler->fetch);
			at += GO_BATCH;
		}
		batch = go_fetch_next(sampler->fetch);
		if (batch) {
			take_batch(sampler, batch);
			go_fetch_done(sampler->fetch);
		}
	} while (batch);
}

static int read_failed(const struct memory *mem, struct err *e)
{
	if (mem->failed == ESRCH)
		return err_set(e, ERR_GONE, "process %d has ended",
			       (int)mem->process.pid);
	if (mem->failed == EPERM)
		return err_set(e, ERR_PERM,
			       "the memory of process %d can no longer be read: run "
			       "grmon-c as its user or as root",
			       (int)mem->process.pid);
	return err_set(e, ERR_FORMAT, "cannot read the list of goroutines of process %d",
		       (int)mem->process.pid);
}

void go_sampler_doubt(struct go_sampler *sampler)
{
	for (size_t i = 0; i < sampler->nr_entries; i++) {
		sampler->kept[i].hash = 0;
		sampler->entries[i].goid = 0;
	}
}

int go_sampler_run(struct go_sampler *sampler, int64_t now_ns, struct err *e)
{
	uint64_t first, count;
	int rc;

	sampler->mem->failed = 0;
	if (!go_allgs_read(&sampler->layout->allgs, sampler->mem, &first, &count))
		return read_failed(sampler->mem, e);
	if (count > SNAPSHOT_TASKS_MAX)
		count = SNAPSHOT_TASKS_MAX;
	rc = grow_entries(sampler, count, e);
	if (rc)
		return rc;
	if (!read_addresses(sampler, first, count))
		return read_failed(sampler->mem, e);
	sampler->now_ns = now_ns;
	sampler->searches_left = SEARCHES_PER_SAMPLE;
	go_stacks_begin(sampler->stacks);
	for (size_t i = count; i < sampler->nr_entries; i++)
		forget_entry(sampler, &sampler->entries[i]);
	sampler->nr_known = sampler->nr_entries < count ? sampler->nr_entries : count;
	sampler->nr_entries = count;
	sample_all(sampler);
	/* Goroutines of a process that has ended meanwhile have not ended before it. */
	sampler->mem->failed = 0;
	if (!go_allgs_read(&sampler->layout->allgs, sampler->mem, &first, &count) &&
	    (sampler->mem->failed == ESRCH || sampler->mem->failed == EPERM))
		return read_failed(sampler->mem, e);
	sampler->samples++;
	sampler->last_ns = now_ns;
	return 0;
}
