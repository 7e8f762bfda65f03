/* SPDX-License-Identifier: MIT */
/*
 * Makes the published region: in the constructor, and again in a forked child at its first
 * wait. Only raw system calls, so that a child of a multithreaded process and a signal
 * handler may come here. Must never end or block the host: what fails leaves it silent.
 */
#include "agent/state.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/raw.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008u
#endif
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif
#define REGION_SLOTS_MIN 16u
#define REGION_FD_HIGH   768
/* Of a limited address space the agent takes at most this part. */
#define REGION_AS_PART   32

struct agent_state agent = {
	.live = &agent.none,
	.fd = -1,
	.off = 1,
	.status = "the constructor has not run yet",
};

__thread struct agent_tls agent_tls;

static bool region_off(const char *status)
{
	agent_set_status(status);
	agent_store(&agent.off, 1);
	return false;
}

static uint64_t region_limit(int which)
{
	struct rlimit64 limit = {0};

	if (raw4(SYS_prlimit64, 0, which, 0, &limit) != 0)
		return RLIM64_INFINITY;
	return limit.rlim_cur;
}

static void region_counts(struct wire_header *layout, uint32_t nr_slots)
{
	uint32_t nr_creators =
		nr_slots < WIRE_CREATORS_MAX ? nr_slots : WIRE_CREATORS_MAX;
	uint32_t nr_chans = nr_slots < WIRE_CHANS_MAX ? nr_slots : WIRE_CHANS_MAX;

	wire_layout(layout, nr_slots, nr_creators, nr_chans);
}

/* The largest region that the limits leave room for; ftruncate() beyond RLIMIT_FSIZE would
 * raise SIGXFSZ. */
static bool region_size(struct wire_header *layout)
{
	uint64_t file = region_limit(RLIMIT_FSIZE);
	uint64_t space = region_limit(RLIMIT_AS);

	for (uint32_t n = WIRE_SLOTS_MAX; n >= REGION_SLOTS_MIN; n /= 2) {
		region_counts(layout, n);
		if (layout->region_bytes <= file &&
		    (space == RLIM64_INFINITY ||
		     layout->region_bytes <= space / REGION_AS_PART))
			return true;
	}
	return false;
}

static int region_memfd(void)
{
	unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	long fd = raw2(SYS_memfd_create, WIRE_MEMFD, flags | MFD_NOEXEC_SEAL);

	if (fd == -EINVAL)
		fd = raw2(SYS_memfd_create, WIRE_MEMFD, flags);
	return (int)fd;
}

static void region_seal(int fd)
{
	int seals = F_SEAL_SEAL | F_SEAL_GROW | F_SEAL_SHRINK;

	/* FUTURE_WRITE is of Linux 5.1. */
	if (raw3(SYS_fcntl, fd, F_ADD_SEALS, seals | F_SEAL_FUTURE_WRITE) != 0)
		raw3(SYS_fcntl, fd, F_ADD_SEALS, seals);
}

/*
 * Keep the region's descriptor out of the way, so that the program's next one stays the
 * lowest free one. Where that is not to be had the program needs the number more: the
 * mapping alone is found by /proc/PID/maps.
 */
static void region_keep(int fd)
{
	struct stat about = {0};
	uint64_t files = region_limit(RLIMIT_NOFILE);
	long at = files / 2 < REGION_FD_HIGH ? (long)(files / 2) : REGION_FD_HIGH;
	long high = raw3(SYS_fcntl, fd, F_DUPFD_CLOEXEC, at);

	agent.fd = -1;
	raw1(SYS_close, fd);
	if (high < 0)
		return;
	if (raw2(SYS_fstat, high, &about) != 0) {
		raw1(SYS_close, high);
		return;
	}
	agent.fd_device = about.st_dev;
	agent.fd_inode = about.st_ino;
	agent.fd = (int)high;
}

bool agent_fd_mine(void)
{
	struct stat about = {0};

	return agent.fd >= 0 && raw2(SYS_fstat, agent.fd, &about) == 0 &&
	       about.st_dev == agent.fd_device && about.st_ino == agent.fd_inode;
}

void agent_fd_close(void)
{
	if (agent_fd_mine())
		raw1(SYS_close, agent.fd);
	agent.fd = -1;
}

/* A sealed memfd of agent.layout's size, mapped at `at` or anywhere; fd in *fd. */
static void *region_map(void *at, int *fd, const char **problem)
{
	size_t bytes = agent.layout.region_bytes;
	int flags = MAP_SHARED | MAP_NORESERVE | (at ? MAP_FIXED : 0);

	*problem = "the region's size is over RLIMIT_FSIZE";
	if (region_limit(RLIMIT_FSIZE) < bytes)
		return NULL;
	*problem = "memfd_create failed: too many open files, or forbidden";
	*fd = region_memfd();
	if (*fd < 0)
		return NULL;
	*problem = "ftruncate of the region failed";
	if (raw2(SYS_ftruncate, *fd, bytes) != 0)
		goto close_fd;
	*problem = "mmap of the region failed";
	long map = raw6(SYS_mmap, at, bytes, PROT_READ | PROT_WRITE, flags, *fd, 0);
	if (map < 0 && map > -4096)
		goto close_fd;
	region_seal(*fd);
	raw3(SYS_madvise, map, bytes, MADV_DONTDUMP);
	raw3(SYS_madvise, map, bytes, MADV_NOHUGEPAGE);
	return (void *)map;

close_fd:
	raw1(SYS_close, *fd);
	return NULL;
}

static void region_header(void)
{
	struct wire_header *header = agent.header;

	*header = agent.layout;
	header->pid = (int32_t)raw0(SYS_getpid);
	header->flags = agent.preloaded ? WIRE_PRELOADED : 0;
	header->start_mono_ns = agent_clock_ns(CLOCK_MONOTONIC);
	header->start_real_ns = agent_clock_ns(CLOCK_REALTIME);
}

static void region_live(void)
{
	agent.last_generation++;
	if (agent.last_generation == 0)
		agent.last_generation = 1;
	__atomic_store_n(&agent.control->generation, agent.last_generation,
			 __ATOMIC_RELEASE);
}

bool agent_region_ready(void)
{
	uint32_t idle = 0;
	const char *problem;
	int fd;

	if (agent_load(&agent.off))
		return false;
	if (agent_load(agent.live) != 0)
		return true;
	/* A child of fork() or of anything like it. */
	if (agent.no_children)
		return region_off("a child, and GRMON_CHILDREN=0");
	/* Another thread is at it, or this one below a signal handler: inert for once. */
	if (!__atomic_compare_exchange_n(&agent.control->making, &idle, 1, false,
					 __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return agent_load(agent.live) != 0;
	if (agent_load(agent.live) == 0) {
		agent_fd_close();
		if (!region_map(agent.header, &fd, &problem)) {
			region_off(problem);
		} else {
			region_keep(fd);
			region_header();
			region_live();
		}
	}
	__atomic_store_n(&agent.control->making, 0, __ATOMIC_RELEASE);
	return agent_load(agent.live) != 0;
}

bool agent_region_mine(uint32_t generation)
{
	return generation != 0 && agent_load(agent.live) == generation;
}

/* What is in use, and no page that is not. */
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
	void *map = region_map(NULL, &fd, &problem);

	if (map) {
		region_copy(map);
		/* A client that found the old one learns that nothing comes any more. */
		agent.header->flags |= WIRE_STOPPED;
		long rc = raw5(SYS_mremap, map, bytes, bytes,
			       MREMAP_MAYMOVE | MREMAP_FIXED, agent.header);

		if (rc == (long)agent.header) {
			region_keep(fd);
		} else {
			agent.header->flags &= ~(uint32_t)WIRE_STOPPED;
			raw2(SYS_munmap, map, bytes);
			raw1(SYS_close, fd);
		}
	}
	raw4(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, sizeof(before));
	return agent_fd_mine();
}

static void *region_anonymous(size_t bytes)
{
	long map = raw6(SYS_mmap, NULL, bytes, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return map < 0 && map > -4096 ? NULL : (void *)map;
}

static size_t region_pages(size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (bytes + page - 1) / page * page;
}

/* Bookkeeping that no client sees: control and links in one mapping that fork wipes. */
static const char *region_private(void)
{
	size_t control = region_pages(sizeof(struct agent_control));
	size_t slots = region_pages(agent.layout.nr_slots * sizeof(uint32_t));
	size_t chans = region_pages(agent.layout.nr_chans * sizeof(uint32_t));
	char *map = region_anonymous(control + slots + chans);

	if (!map)
		return "no memory for the agent's bookkeeping";
	if (raw3(SYS_madvise, map, control + slots + chans, MADV_WIPEONFORK) != 0)
		return "this kernel is too old: no MADV_WIPEONFORK (Linux 4.14)";
	agent.starts =
		region_anonymous(agent.layout.nr_slots * sizeof(struct agent_start));
	if (!agent.starts)
		return "no memory for the agent's bookkeeping";
	agent.control = (struct agent_control *)map;
	agent.next_slot = (uint32_t *)(map + control);
	agent.next_chan = (uint32_t *)(map + control + slots);
	agent.live = &agent.control->generation;
	return NULL;
}

static const char *region_first(void)
{
	const char *problem;
	int fd;

	if (!region_size(&agent.layout))
		return "RLIMIT_FSIZE or RLIMIT_AS leaves no room for the region";
	agent.header = region_map(NULL, &fd, &problem);
	if (!agent.header)
		return problem;
	char *base = (char *)agent.header;

	region_keep(fd);
	agent.slots = (struct wire_slot *)(base + agent.layout.slots_offset);
	agent.creators = (struct wire_creator *)(base + agent.layout.creators_offset);
	agent.labels = (struct wire_labels *)(base + agent.layout.labels_offset);
	agent.chans = (struct wire_chan *)(base + agent.layout.chans_offset);
	region_header();
	problem = region_private();
	if (problem) {
		agent_fd_close();
		raw2(SYS_munmap, agent.header, agent.layout.region_bytes);
	}
	return problem;
}

static bool region_is(const char *name, const char *value)
{
	const char *is = getenv(name);

	return is && strcmp(is, value) == 0;
}

/* A folder's name from the environment; one that does not fit counts as none. */
static void region_folder(char *folder, size_t bytes, const char *name)
{
	const char *value = secure_getenv(name);

	if (value && value[0] == '/' && strlen(value) < bytes)
		agent_copy_text(folder, value, bytes);
}

/*
 * GRMON_CHILDREN=0 holds after exec too: the first process leaves its pid in the
 * environment, and a process that finds another's pid there stays silent.
 */
static bool region_is_child(void)
{
	char pid[16];
	const char *root = getenv("GRMON_ROOT_PID");

	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	if (root)
		return strcmp(root, pid) != 0;
	setenv("GRMON_ROOT_PID", pid, 1);
	return false;
}

__attribute__((constructor)) static void region_constructor(void)
{
	int saved = errno;
	const char *preload = getenv("LD_PRELOAD");
	const char *problem;

	agent.preloaded = preload && strstr(preload, "libgrmon") != NULL;
	agent.no_children = region_is("GRMON_CHILDREN", "0");
	if (region_is("GRMON_DISABLE", "1"))
		problem = "disabled by GRMON_DISABLE";
	else if (agent.no_children && region_is_child())
		problem = "a child, and GRMON_CHILDREN=0";
	else
		problem = region_first();
	if (problem) {
		agent_set_status(problem);
		errno = saved;
		return;
	}
	region_folder(agent.socket_dir, sizeof(agent.socket_dir), "GRMON_SOCKET_DIR");
	region_folder(agent.runtime_dir, sizeof(agent.runtime_dir), "XDG_RUNTIME_DIR");
	agent_thread_setup();
	agent_set_status("publishing");
	agent.off = 0;
	region_live();
	if (agent_attach())
		agent_thread_watch(agent_tls.own, true);
	errno = saved;
}

const char *grmon_status(void)
{
	return __atomic_load_n(&agent.status, __ATOMIC_ACQUIRE);
}
