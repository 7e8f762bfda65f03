/* SPDX-License-Identifier: MIT */
/*
 * Select over several channels. All of them are locked in the order of their addresses.
 * Then either one of the ready cases, chosen with equal probability, is carried out, or
 * all cases are queued and the first channel that claims the waiter decides.
 */
#include "agent/chan.h"

#include <pthread.h>
#include <string.h>

/* A select with at most this number of cases has a small frame, since threads may have
 * small stacks. */
#define CHAN_CASES_FEW 8

/* A prepared select: everything that its caller's frame holds. */
struct chan_select {
	struct grmon_chan_case *cases;
	struct chan_node *nodes;
	/* indices of the cases that have a channel, sorted by its address */
	uint16_t *order;
	uint16_t *pick; /* the same indices, in the order in which they are tried */
	uint32_t nr_cases;
	uint32_t nr_order;
};

static int64_t chan_deadline(int64_t timeout_ns)
{
	struct timespec now;
	int64_t now_ns;

	if (timeout_ns < 0)
		return CHAN_NEVER;
	clock_gettime(CLOCK_MONOTONIC, &now);
	now_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
	return timeout_ns < CHAN_NEVER - now_ns ? now_ns + timeout_ns : CHAN_NEVER;
}

/* Only needs a uniform distribution, not secrecy. Seeded from the thread's own address
 * and the clock. */
static uint32_t chan_random(uint32_t below)
{
	static __thread uint64_t state;
	uint64_t x = state;

	if (x == 0) {
		struct timespec now;

		clock_gettime(CLOCK_MONOTONIC, &now);
		x = ((uint64_t)(uintptr_t)&state << 20) ^ (uint64_t)now.tv_nsec ^
		    0x9e3779b97f4a7c15u;
	}
	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	state = x;
	return (uint32_t)(((x >> 32) * below) >> 32);
}

static uintptr_t chan_at(const struct chan_select *select, uint32_t place)
{
	return (uintptr_t)select->cases[select->order[place]].chan;
}

/* Shell sort. Most selects have few cases, and sorting 256 still takes only a few
 * microseconds. */
static void chan_sort(struct chan_select *select)
{
	static const uint8_t gaps[] = {132, 57, 23, 10, 4, 1};

	select->nr_order = 0;
	for (uint32_t i = 0; i < select->nr_cases; i++)
		if (select->cases[i].chan)
			select->order[select->nr_order++] = (uint16_t)i;
	for (size_t g = 0; g < sizeof(gaps); g++) {
		for (uint32_t i = gaps[g]; i < select->nr_order; i++) {
			uint16_t moved = select->order[i];
			uintptr_t address = (uintptr_t)select->cases[moved].chan;
			uint32_t to = i;

			for (; to >= gaps[g] && chan_at(select, to - gaps[g]) > address;
			     to -= gaps[g])
				select->order[to] = select->order[to - gaps[g]];
			select->order[to] = moved;
		}
	}
}

static void chan_lock_all(struct chan_select *select)
{
	for (uint32_t i = 0; i < select->nr_order; i++)
		if (i == 0 || chan_at(select, i) != chan_at(select, i - 1))
			chan_lock(select->cases[select->order[i]].chan);
}

static void chan_unlock_all(struct chan_select *select)
{
	for (uint32_t i = select->nr_order; i-- > 0;)
		if (i == 0 || chan_at(select, i) != chan_at(select, i - 1))
			chan_unlock(select->cases[select->order[i]].chan);
}

static int chan_case_now(struct grmon_chan_case *one, struct chan_waiter **wake)
{
	return one->send ? agent_chan_send_now(one->chan, one->element, wake)
			 : agent_chan_recv_now(one->chan, one->element, wake);
}

/*
 * Carry out one case that need not wait. All channels must be locked. The cases are tried
 * in random order, so each ready case is equally likely. Returns its index, or -1 if no
 * case is ready.
 */
static int chan_select_now(struct chan_select *select, struct chan_waiter **wake)
{
	for (uint32_t left = select->nr_order; left > 0; left--) {
		uint32_t place = left > 1 ? chan_random(left) : 0;
		uint16_t index = select->pick[place];
		int rc = chan_case_now(&select->cases[index], wake);

		if (rc != GRMON_EAGAIN) {
			select->cases[index].closed = rc == GRMON_ECLOSED;
			return index;
		}
		select->pick[place] = select->pick[left - 1];
	}
	return -1;
}

/* All channels must be locked. */
static void chan_select_queue(struct chan_select *select, struct chan_waiter *waiter)
{
	for (uint32_t i = 0; i < select->nr_cases; i++) {
		struct grmon_chan_case *one = &select->cases[i];

		select->nodes[i] = (struct chan_node){.waiter = waiter,
						      .chan = one->chan,
						      .element = one->element,
						      .send = one->send};
		if (!one->chan)
			continue;
		agent_chan_adopt(one->chan);
		agent_chan_enqueue(&select->nodes[i]);
		agent_chan_mirror(one->chan);
	}
}

static uint32_t chan_distinct(const struct chan_select *select)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < select->nr_order; i++)
		count += i == 0 || chan_at(select, i) != chan_at(select, i - 1);
	return count;
}

/* Publishes the first case's channel and the number of channels. */
static int chan_select_wait(struct chan_select *select, int64_t timeout_ns,
			    const void *site)
{
	struct chan_waiter waiter = {.nodes = select->nodes,
				     .nr_nodes = select->nr_cases};
	struct chan_why why = {.state = GRMON_SELECT,
			       .site = site,
			       .nr_channels = chan_distinct(select),
			       .deadline_ns = chan_deadline(timeout_ns)};
	const struct grmon_chan *first = select->nr_cases ? select->cases[0].chan : NULL;
	struct chan_node *fired;
	int index;

	if (first && (select->nr_cases > 1 || first->capacity == 0))
		why.spin = agent_chan_spin(first);
	chan_select_queue(select, &waiter);
	chan_unlock_all(select);
	for (uint32_t i = select->nr_cases; i-- > 0;)
		if (select->cases[i].chan)
			why.object = (uint64_t)(uintptr_t)select->cases[i].chan;
	fired = agent_chan_wait(&waiter, &why);
	if (!fired)
		return GRMON_ETIMEDOUT;
	index = (int)(fired - select->nodes);
	select->cases[index].closed = fired->closed;
	return index;
}

static int chan_select_run(struct chan_select *select, int64_t timeout_ns,
			   const void *site)
{
	struct chan_waiter *wake = NULL;
	int index;

	chan_sort(select);
	memcpy(select->pick, select->order, select->nr_order * sizeof(select->order[0]));
	chan_lock_all(select);
	index = chan_select_now(select, &wake);
	if (index < 0 && timeout_ns != 0)
		return chan_select_wait(select, timeout_ns, site);
	chan_unlock_all(select);
	chan_finish(wake);
	return index < 0 ? GRMON_EAGAIN : index;
}

static __attribute__((noinline)) int chan_select_few(struct chan_select *select,
						     int64_t timeout_ns, const void *site)
{
	struct chan_node nodes[CHAN_CASES_FEW];
	uint16_t order[CHAN_CASES_FEW], pick[CHAN_CASES_FEW];

	select->nodes = nodes;
	select->order = order;
	select->pick = pick;
	return chan_select_run(select, timeout_ns, site);
}

static __attribute__((noinline)) int
chan_select_many(struct chan_select *select, int64_t timeout_ns, const void *site)
{
	struct chan_node nodes[GRMON_CHAN_CASES_MAX];
	uint16_t order[GRMON_CHAN_CASES_MAX], pick[GRMON_CHAN_CASES_MAX];

	select->nodes = nodes;
	select->order = order;
	select->pick = pick;
	return chan_select_run(select, timeout_ns, site);
}

CHAN_LEFT_BY_CANCEL int grmon_chan_select(struct grmon_chan_case *cases, size_t count,
					  int64_t timeout_ns)
{
	struct chan_select select = {.cases = cases, .nr_cases = (uint32_t)count};
	const void *site = __builtin_return_address(0);

	if (count > GRMON_CHAN_CASES_MAX || (count > 0 && !cases))
		return GRMON_EINVAL;
	if (timeout_ns != 0)
		pthread_testcancel();
	for (size_t i = 0; i < count; i++)
		cases[i].closed = false;
	return count <= CHAN_CASES_FEW ? chan_select_few(&select, timeout_ns, site)
				       : chan_select_many(&select, timeout_ns, site);
}
