/* SPDX-License-Identifier: MIT */
/* See sample.h. Reads in chunks, so that the time between the two reads of a goroutine is
 * short and the memory used does not grow with the number of goroutines. */
#include "source/go/sample.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/hash.h"
#include "base/text.h"

#define RETRIES             3
#define SEARCHES_PER_SAMPLE 20000u
#define STACK_MAX           (4ull << 30)
#define M_BYTES             1024u

bool go_sampler_init(struct go_sampler *sampler, struct memory *mem,
		     const struct go_layout *layout, const struct go_reasons *reasons,
		     struct go_stacks *stacks)
{
	memset(sampler, 0, sizeof(*sampler));
	sampler->mem = mem;
	sampler->layout = layout;
	sampler->reasons = reasons;
	sampler->stacks = stacks;
	sampler->copies = malloc((size_t)GO_CHUNK * GO_G_BYTES_MAX);
	sampler->again = malloc((size_t)GO_CHUNK * GO_G_BYTES_MAX);
	sampler->stack_bytes = malloc((size_t)GO_CHUNK * GO_STACK_BYTES);
	sampler->items =
		malloc((size_t)GO_CHUNK * GO_CHANS_MAX * sizeof(*sampler->items));
	sampler->spans = malloc(GO_CHUNK * sizeof(*sampler->spans));
	sampler->pending = malloc(GO_CHUNK * sizeof(*sampler->pending));
	return memory_gather_init(&sampler->gather) && sampler->copies &&
	       sampler->again && sampler->stack_bytes && sampler->items &&
	       sampler->spans && sampler->pending;
}

static void forget_ancestors(struct go_entry *entry)
{
	free(entry->ancestor_ids);
	entry->ancestor_ids = NULL;
	entry->ancestry = NULL;
	entry->ancestors = 0;
}

static void forget_entry(struct go_entry *entry)
{
	free(entry->chans);
	entry->chans = NULL;
	entry->nr_chans = 0;
	forget_ancestors(entry);
	entry->live = false;
	entry->hash = 0;
	entry->goid = 0;
}

void go_sampler_release(struct go_sampler *sampler)
{
	for (size_t i = 0; i < sampler->nr_entries; i++)
		forget_entry(&sampler->entries[i]);
	free(sampler->entries);
	free(sampler->ancestors);
	free(sampler->addresses);
	free(sampler->copies);
	free(sampler->again);
	free(sampler->stack_bytes);
	free(sampler->items);
	free(sampler->spans);
	free(sampler->pending);
	memory_gather_release(&sampler->gather);
	memset(sampler, 0, sizeof(*sampler));
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

/* Returns the runtime's own value, which must not be in the future. The runtime does not
 * clear it at once when the wait is over. */
static int64_t wait_since(const struct go_sampler *sampler, const uint8_t *bytes)
{
	const struct go_g_layout *layout = &sampler->layout->g;
	int64_t since_ns = (int64_t)load_u64(bytes + layout->waitsince);
	uint32_t status = go_g_status(bytes, layout);

	if (status != GO_STATUS_WAITING && status != GO_STATUS_SYSCALL &&
	    status != GO_STATUS_LEAKED)
		return 0;
	return since_ns > 0 && since_ns <= sampler->now_ns ? since_ns : 0;
}

/* Queues a goroutine that has changed; keeps one that has not. */
static void classify_entry(struct go_sampler *sampler, struct go_entry *entry,
			   const uint8_t *bytes, uint32_t at, uint32_t item)
{
	const struct go_g_layout *layout = &sampler->layout->g;
	uint32_t status = go_g_status(bytes, layout);
	uint64_t hash;

	if (go_status_is_dead(status) || load_u64(bytes + layout->goid) == 0) {
		forget_entry(entry);
		return;
	}
	hash = go_g_hash(bytes, layout);
	if (hash == entry->hash && !entry->suspect && sampler->layout->turns &&
	    (entry->searched || sampler->searches_left == 0)) {
		entry->since_ns = wait_since(sampler, bytes);
		return;
	}
	sampler->pending[sampler->nr_pending++] =
		(struct go_pending){.at = at, .item = item, .hash = hash};
}

/* Finds where to start walking its stack. Returns false if it has no stack that is at
 * rest. */
static bool locate_stack(const struct go_sampler *sampler, const uint8_t *bytes,
			 struct go_pending *pending)
{
	const struct go_g_layout *layout = &sampler->layout->g;
	uint32_t status = go_g_status(bytes, layout);
	unsigned sp = GO_G_SP;

	pending->low = load_u64(bytes + GO_G_STACK_LO);
	pending->high = load_u64(bytes + GO_G_STACK_HI);
	if (status == GO_STATUS_SYSCALL)
		sp = layout->syscallsp;
	pending->sp = load_u64(bytes + sp);
	pending->pc = load_u64(bytes + sp + 8);
	return status != GO_STATUS_RUNNING && pending->sp >= pending->low &&
	       pending->sp < pending->high && (pending->sp & 7) == 0 &&
	       pending->high - pending->low <= STACK_MAX;
}

static struct memory_span stack_span(const struct go_pending *pending, uint8_t *out)
{
	uint64_t bytes = pending->high - pending->sp;

	return (struct memory_span){
		pending->sp, out, bytes < GO_STACK_BYTES ? bytes : GO_STACK_BYTES, false};
}

static bool same_wait(const struct go_sampler *sampler, const struct go_entry *entry,
		      const uint8_t *bytes, const struct go_reason *reason)
{
	int64_t since_ns = wait_since(sampler, bytes);

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
		if (load_u64(thread + i) == entry->address)
			return m;
	return 0;
}

static void fill_entry(struct go_sampler *sampler, struct go_entry *entry,
		       const uint8_t *bytes, bool unmoved)
{
	const struct go_g_layout *layout = &sampler->layout->g;
	const struct go_reasons *reasons = sampler->reasons;
	uint8_t number = bytes[layout->waitreason];
	uint32_t status = go_g_status(bytes, layout);
	const struct go_reason *reason = NULL;
	uint64_t startpc = load_u64(bytes + layout->startpc);

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
		entry->name = entry->start = go_stacks_function(sampler->stacks, startpc);
		entry->created_by =
			entry->goid == 1 ? NULL
					 : go_stacks_site(sampler->stacks,
							  load_u64(bytes + layout->gopc));
		forget_ancestors(entry);
		entry->ancestors = load_u64(bytes + layout->ancestors);
	}
	free(entry->chans);
	entry->chans = NULL;
	entry->nr_chans = 0;
	entry->object = 0;
	entry->fd = -1;
	entry->live = true;
	entry->status = (uint8_t)status;
	entry->reason = reason;
	entry->since_ns = wait_since(sampler, bytes);
	entry->turn = sampler->layout->turn ? bytes[sampler->layout->turn] + 1 : 0;
	entry->labels = load_u64(bytes + layout->labels);
	entry->m = status == GO_STATUS_RUNNING || status == GO_STATUS_SYSCALL
			   ? load_u64(bytes + GO_G_M)
			   : 0;
	entry->locked = locked_to(sampler, entry, bytes);
	entry->until_ns = 0;
	if (reason && reason->state == STATE_SLEEP)
		entry->until_ns = (int64_t)load_u64(bytes + layout->timer);
	/* go_objects_find() needs these until the chunk is done. */
	if (reason &&
	    (reason->object == GO_OBJECT_CHAN || reason->object == GO_OBJECT_SELECT))
		entry->object = load_u64(bytes + layout->waiting);
}

/* Returns what was started: the outermost function of the program, since `go f(x)` starts
 * a function generated by the compiler that calls f. While it runs, the known name is
 * kept. */
static const char *outer_name(const struct go_entry *entry,
			      const struct go_walked *walked)
{
	const struct stack *stack = walked->stack;

	if (!stack || stack->truncated)
		return entry->name;
	return walked->runtime_only ? entry->start : walked->outer;
}

/* Returns true for goroutines that the runtime started for itself, unless they run other
 * code. */
static bool is_system(const struct go_sampler *sampler, const struct go_entry *entry,
		      const uint8_t *bytes, bool runtime_only)
{
	if (load_u64(bytes + sampler->layout->g.startpc) == sampler->layout->main_entry ||
	    !entry->start || !text_starts_with(entry->start, "runtime.") ||
	    strcmp(entry->start, "runtime.corostart") == 0 ||
	    strcmp(entry->start, "runtime.handleAsyncEvent") == 0)
		return false;
	return runtime_only;
}

static void walk_entry(struct go_sampler *sampler, struct go_entry *entry,
		       const uint8_t *bytes, const struct go_pending *pending,
		       const struct memory_span *span)
{
	struct go_walk walk = {
		.pc = pending->pc,
		.sp = pending->sp,
		.high = pending->high,
		.syscall = go_g_status(bytes, &sampler->layout->g) == GO_STATUS_SYSCALL,
		.bytes = span->out,
		.nr_bytes = span->ok ? span->bytes : 0,
	};
	struct go_walked walked = {.runtime_only = true};
	struct go_stack_copy stack = {walk.bytes, walk.nr_bytes, pending->low,
				      pending->high};

	if (span->ok) {
		walked = go_stacks_walk(sampler->stacks, &walk);
		sampler->walked++;
	}
	fill_entry(sampler, entry, bytes,
		   entry->hash == pending->hash && entry->hash &&
			   entry->stack == walked.stack);
	entry->stack = walked.stack;
	entry->name = outer_name(entry, &walked);
	entry->system = is_system(sampler, entry, bytes, walked.runtime_only);
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
}

/* Reads a changed goroutine, its stack, and the goroutine again until both reads
 * agree. */
static void reread_entry(struct go_sampler *sampler, struct go_entry *entry,
			 struct go_pending *pending)
{
	uint8_t stack[GO_STACK_BYTES];
	const struct go_g_layout *layout = &sampler->layout->g;
	uint8_t before[GO_G_BYTES_MAX], after[GO_G_BYTES_MAX];
	struct memory_span span = {0};

	for (int try = 0; try < RETRIES; try++) {
		sampler->retries++;
		if (!memory_read(sampler->mem, entry->address, before, layout->bytes) ||
		    go_status_is_dead(go_g_status(before, layout))) {
			forget_entry(entry);
			return;
		}
		span = (struct memory_span){0};
		if (locate_stack(sampler, before, pending)) {
			span = stack_span(pending, stack);
			span.ok = memory_read(sampler->mem, span.address, stack,
					      span.bytes);
		}
		if (!memory_read(sampler->mem, entry->address, after, layout->bytes))
			break;
		pending->hash = go_g_hash(after, layout);
		if (pending->hash == go_g_hash(before, layout)) {
			walk_entry(sampler, entry, before, pending, &span);
			entry->hash = pending->hash;
			entry->suspect = false;
			return;
		}
	}
	/* It runs and parks faster than it can be read; show only what one read
	 * returned. */
	span.ok = false;
	walk_entry(sampler, entry, before, pending, &span);
	entry->hash = 0;
	entry->suspect = entry->status != GO_STATUS_RUNNING;
}

/* Stacks are packed in the buffer, since most are far smaller than their share of it. */
static void read_stacks(struct go_sampler *sampler)
{
	const struct go_g_layout *layout = &sampler->layout->g;
	size_t used = 0;

	for (size_t i = 0; i < sampler->nr_pending; i++) {
		struct go_pending *pending = &sampler->pending[i];
		const uint8_t *bytes =
			sampler->copies + (size_t)pending->at * layout->bytes;

		sampler->spans[i] = (struct memory_span){0};
		if (!locate_stack(sampler, bytes, pending))
			continue;
		sampler->spans[i] = stack_span(pending, sampler->stack_bytes + used);
		used += sampler->spans[i].bytes;
	}
	memory_read_spans(sampler->mem, sampler->spans, sampler->nr_pending);
}

static void read_pending(struct go_sampler *sampler, struct go_entry *chunk)
{
	const struct go_g_layout *layout = &sampler->layout->g;
	size_t nr = sampler->nr_pending;

	read_stacks(sampler);
	for (size_t i = 0; i < nr; i++)
		sampler->items[i] = (struct memory_item){
			chunk[sampler->pending[i].at].address, (uint32_t)i, false};
	memory_gather_read(sampler->mem, &sampler->gather, sampler->items, nr,
			   sampler->again, layout->bytes);
	for (size_t k = 0; k < nr; k++) {
		size_t i = sampler->items[k].index;
		struct go_pending *pending = &sampler->pending[i];
		struct go_entry *entry = &chunk[pending->at];
		const uint8_t *bytes = sampler->again + i * layout->bytes;

		if (!sampler->items[k].ok) {
			forget_entry(entry);
			continue;
		}
		if (go_g_hash(bytes, layout) != pending->hash) {
			reread_entry(sampler, entry, pending);
			continue;
		}
		walk_entry(sampler, entry, bytes, pending, &sampler->spans[i]);
		entry->hash = pending->hash;
		entry->suspect = false;
	}
	go_objects_find(sampler, chunk);
	go_ancestors_find(sampler, chunk);
}

static void sample_chunk(struct go_sampler *sampler, struct go_entry *chunk, size_t nr)
{
	const struct go_g_layout *layout = &sampler->layout->g;

	for (size_t i = 0; i < nr; i++)
		sampler->items[i] =
			(struct memory_item){chunk[i].address, (uint32_t)i, false};
	memory_gather_read(sampler->mem, &sampler->gather, sampler->items, nr,
			   sampler->copies, layout->bytes);
	sampler->nr_pending = 0;
	for (size_t k = 0; k < nr; k++) {
		uint32_t i = sampler->items[k].index;

		if (sampler->items[k].ok)
			classify_entry(sampler, &chunk[i],
				       sampler->copies + (size_t)i * layout->bytes, i,
				       (uint32_t)k);
		else
			forget_entry(&chunk[i]);
	}
	if (sampler->nr_pending > 0)
		read_pending(sampler, chunk);
}

static int grow_entries(struct go_sampler *sampler, size_t count, struct err *e)
{
	if (!array_reserve(&sampler->entries, &sampler->cap_entries, count) ||
	    !array_reserve(&sampler->addresses, &sampler->cap_addresses, count))
		return err_set(e, ERR_NOMEM, "no memory for %zu goroutines", count);
	return 0;
}

/* Adopts the list of addresses; new entries start empty. */
static void set_entries(struct go_sampler *sampler, size_t count)
{
	for (size_t i = count; i < sampler->nr_entries; i++)
		forget_entry(&sampler->entries[i]);
	for (size_t i = 0; i < count; i++) {
		struct go_entry *entry = &sampler->entries[i];

		if (i >= sampler->nr_entries)
			memset(entry, 0, sizeof(*entry));
		/* The list only grows; another address means another program. */
		else if (entry->address != sampler->addresses[i])
			forget_entry(entry);
		entry->address = sampler->addresses[i];
	}
	sampler->nr_entries = count;
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
		sampler->entries[i].hash = 0;
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
	if (!memory_read(sampler->mem, first, sampler->addresses,
			 count * sizeof(uint64_t)))
		return read_failed(sampler->mem, e);
	sampler->now_ns = now_ns;
	sampler->searches_left = SEARCHES_PER_SAMPLE;
	go_stacks_begin(sampler->stacks);
	set_entries(sampler, count);
	for (size_t i = 0; i < count; i += GO_CHUNK)
		sample_chunk(sampler, sampler->entries + i,
			     count - i < GO_CHUNK ? count - i : GO_CHUNK);
	sampler->samples++;
	sampler->last_ns = now_ns;
	return 0;
}
