/* SPDX-License-Identifier: MIT */
/*
 * Creates the published region. The constructor creates it as a sealed memfd. A forked
 * child gets anonymous memory at the same address at its fourth wait or when it calls the
 * agent and, if a descriptor is wanted, a memfd at its first thread. A process that
 * starts under a seccomp filter also gets anonymous memory, because it cannot be known
 * which other system calls the filter allows.
 *
 * A child of a multithreaded process and a signal handler may call this, so it only uses
 * raw system calls, and none at all under a filter. It must never end or block the host
 * process: if a step fails, nothing is published.
 */
#include "agent/region.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "agent/checker.h"
#include "agent/memfd.h"
#include "agent/raw.h"

#define REGION_SLOTS_MIN   16u
/* Most children end or call exec() before that. */
#define REGION_CHILD_WAITS 4u
/* The agent uses at most 1/REGION_AS_PART of a limited address space. */
#define REGION_AS_PART     32

/* Part of the library's data, where the client finds it if there is no memfd. */
__attribute__((aligned(16))) struct wire_anchor agent_anchor = {
	.magic = WIRE_ANCHOR_MAGIC,
};

static bool region_off(const char *status)
{
	agent_set_status(status);
	agent_store(&agent.off, 1);
	return false;
}

static void region_counts(struct wire_header *layout, uint32_t nr_slots)
{
	uint32_t nr_creators =
		nr_slots < WIRE_CREATORS_MAX ? nr_slots : WIRE_CREATORS_MAX;
	uint32_t nr_chans = nr_slots < WIRE_CHANS_MAX ? nr_slots : WIRE_CHANS_MAX;

	wire_layout(layout, nr_slots, nr_creators, nr_chans);
}

/* Computes the largest region that the resource limits allow. RLIMIT_DATA counts
 * anonymous memory, and a child's region is anonymous. */
static bool region_size(struct wire_header *layout)
{
	uint64_t file = memfd_limit(RLIMIT_FSIZE);
	uint64_t space = memfd_limit(RLIMIT_AS);
	uint64_t data = memfd_limit(RLIMIT_DATA);

	for (uint32_t n = WIRE_SLOTS_MAX; n >= REGION_SLOTS_MIN; n /= 2) {
		region_counts(layout, n);
		if (layout->region_bytes <= file &&
		    (space == RLIM64_INFINITY ||
		     layout->region_bytes <= space / REGION_AS_PART) &&
		    (data == RLIM64_INFINITY ||
		     layout->region_bytes <= data / REGION_AS_PART))
			return true;
	}
	return false;
}

static void region_header(void)
{
	struct wire_header *header = agent.header;

	*header = agent.layout;
	header->pid = agent_own_pid();
	header->flags = agent.preloaded ? WIRE_PRELOADED : 0;
	header->start_mono_ns = agent_clock_ns(CLOCK_MONOTONIC_COARSE);
	header->start_real_ns = agent_clock_ns(CLOCK_REALTIME_COARSE);
}

static void region_live(void)
{
	agent.last_generation++;
	if (agent.last_generation == 0)
		agent.last_generation = 1;
	__atomic_store_n(&agent.control->generation, agent.last_generation,
			 __ATOMIC_RELEASE);
}

static void *region_anonymous(void *at, size_t bytes)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (at ? MAP_FIXED : 0);
	long map = raw6(SYS_mmap, at, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);

	if (map < 0 && map > -4096)
		return NULL;
	agent_checkers_skip((void *)map, bytes);
	return (void *)map;
}

/* Replaces a child's inherited region by one of its own. */
static bool region_renew(void)
{
	size_t bytes = agent.layout.region_bytes;

	if (agent_load(&agent.filtered))
		return region_off("a child process that started under a seccomp filter");
	agent_fd_close();
	if (!region_anonymous(agent.header, bytes))
		return region_off("no memory for the region of a child process");
	raw3(SYS_madvise, agent.header, bytes, MADV_NOHUGEPAGE);
	agent.shared = false;
	agent_tls.child_waits = 0;
	region_header();
	region_live();
	return true;
}

bool agent_region_ready(void)
{
	uint32_t idle = 0;

	if (agent_load(&agent.off))
		return false;
	if (agent_load(agent.live) != 0)
		return true;
	/* A child of fork() or a similar call. */
	if (agent.no_children)
		return region_off("disabled for child processes by GRMON_CHILDREN=0");
	/* Another thread is creating the region, or this thread is doing so below a
	 * signal handler. This one publication is skipped. */
	if (!__atomic_compare_exchange_n(&agent.control->making, &idle, 1, false,
					 __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return agent_load(agent.live) != 0;
	if (agent_load(agent.live) == 0)
		region_renew();
	__atomic_store_n(&agent.control->making, 0, __ATOMIC_RELEASE);
	return agent_load(agent.live) != 0;
}

/* At first the count is inherited from a parent that has no region either. */
bool agent_region_worthwhile(void)
{
	if (agent_load(&agent.off))
		return false;
	if (agent_load(agent.live) != 0)
		return true;
	return ++agent_tls.child_waits >= REGION_CHILD_WAITS;
}

bool agent_region_mine(uint32_t generation)
{
	return generation != 0 && agent_load(agent.live) == generation;
}

/* Copies only pages that are in use. */
static void region_copy(char *to)
{
	const struct wire_header *layout = &agent.layout;
	uint32_t nr_slots = agent.header->nr_slots_used;

	memcpy(to, agent.header, sizeof(*agent.header));
	memcpy(to + layout->slots_offset, agent.slots, nr_slots * sizeof(*agent.slots));
	memcpy(to + layout->labels_offset, agent.labels,
	       nr_slots * sizeof(*agent.labels));
	memcpy(to + layout->chans_offset, agent.chans,
	       agent.header->nr_chans_used * sizeof(*agent.chans));
	for (uint32_t i = 0; i < nr_slots && i < layout->nr_creators; i++)
		if (agent.slots[i].flags & WIRE_SLOT_CREATOR)
			memcpy(to + layout->creators_offset + i * sizeof(*agent.creators),
			       &agent.creators[i], sizeof(*agent.creators));
}

bool agent_region_move(void)
{
	uint64_t all = ~0ull, before;
	size_t bytes = agent.layout.region_bytes;
	const char *problem;
	int fd;

	raw4(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, sizeof(before));
	void *map = memfd_map(bytes, &fd, &problem);

	if (map) {
		region_copy(map);
		/* Tells clients that found the old region that it is no longer
		 * updated. */
		agent.header->flags |= WIRE_STOPPED;
		long rc = raw5(SYS_mremap, map, bytes, bytes,
			       MREMAP_MAYMOVE | MREMAP_FIXED, agent.header);

		if (rc == (long)agent.header) {
			agent_checkers_skip(agent.header, bytes);
			memfd_keep(fd);
			agent.shared = true;
		} else {
			agent.header->flags &= ~(uint32_t)WIRE_STOPPED;
			raw2(SYS_munmap, map, bytes);
			raw1(SYS_close, fd);
		}
	}
	raw4(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, sizeof(before));
	return map && agent_fd_mine();
}

void agent_region_share(void)
{
	if (!agent.shared && memfd_wanted() && agent_load(&agent.control->threads) == 0 &&
	    !agent_load(&agent.filtered))
		agent_region_move();
}

static size_t region_pages(size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (bytes + page - 1) / page * page;
}

/* For a process that started under a filter. The kernel is not asked to clear the memory
 * that a child must not use. */
static void region_forked(void)
{
	__atomic_store_n(&agent.control->generation, 0, __ATOMIC_RELEASE);
	region_off("a child process that started under a seccomp filter");
}

/* Maps the bookkeeping that clients do not see: links of channels, starts, and the control,
 * which is cleared on fork. */
static char *region_private(size_t *bytes)
{
	size_t control = region_pages(sizeof(struct agent_control));
	size_t starts = region_pages(agent.layout.nr_slots * sizeof(struct agent_start));
	size_t chans = region_pages(agent.layout.nr_chans * sizeof(uint32_t));

	*bytes = chans + starts + control;
	char *map = region_anonymous(NULL, *bytes);

	if (!map)
		return NULL;
	agent.next_chan = (uint32_t *)map;
	agent.control = (struct agent_control *)(map + chans + starts);
	agent.start = (struct agent_start *)agent.control - 1;
	return map;
}

/* Ensures that the control of this process does not look valid in a child. */
static const char *region_wipe(void)
{
	if (agent.filtered)
		return pthread_atfork(NULL, NULL, region_forked) == 0
			       ? NULL
			       : "no memory for the agent's bookkeeping";
	return raw3(SYS_madvise, agent.control,
		    region_pages(sizeof(struct agent_control)), MADV_WIPEONFORK) == 0
		       ? NULL
		       : "this kernel is too old: MADV_WIPEONFORK needs Linux 4.14";
}

static const char *region_memory(void)
{
	size_t bytes = agent.layout.region_bytes;
	const char *problem = "no memory for the region";
	int fd;

	if (agent.filtered) {
		agent.header = region_anonymous(NULL, bytes);
		return agent.header ? NULL : problem;
	}
	agent.guarded = memfd_guarded();
	agent.header = memfd_map(bytes, &fd, &problem);
	if (!agent.header)
		return problem;
	agent_checkers_skip(agent.header, bytes);
	memfd_keep(fd);
	agent.shared = true;
	return NULL;
}

static void region_areas(char *base)
{
	agent.slots = (struct wire_slot *)(base + agent.layout.slots_offset);
	agent.creators = (struct wire_creator *)(base + agent.layout.creators_offset);
	agent.labels = (struct wire_labels *)(base + agent.layout.labels_offset);
	agent.chans = (struct wire_chan *)(base + agent.layout.chans_offset);
}

const char *agent_region_first(void)
{
	const char *problem;
	size_t bytes;

	if (!region_size(&agent.layout))
		return "RLIMIT_FSIZE, RLIMIT_AS or RLIMIT_DATA leaves no room for the "
		       "region";
	/* Mapped first, so that it is beside the data of libraries, and a fork() copies
	 * fewer page tables. */
	char *private = region_private(&bytes);

	if (!private)
		return "no memory for the agent's bookkeeping";
	problem = region_memory();
	if (problem)
		goto unmap_private;
	problem = region_wipe();
	if (problem)
		goto unmap;
	region_areas((char *)agent.header);
	region_header();
	agent.live = &agent.control->generation;
	__atomic_store_n(&agent_anchor.region, (uint64_t)(uintptr_t)agent.header,
			 __ATOMIC_RELEASE);
	region_live();
	return NULL;

unmap:
	if (agent.shared)
		agent_fd_close();
	raw2(SYS_munmap, agent.header, agent.layout.region_bytes);
unmap_private:
	agent.control = NULL;
	raw2(SYS_munmap, private, bytes);
	return problem;
}
