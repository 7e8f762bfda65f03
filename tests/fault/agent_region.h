/* SPDX-License-Identifier: MIT */
/*
 * For the agent's fault tests: finds a process's region as a client does, and starts
 * children that do one thing and are always ended.
 */
#ifndef TESTS_FAULT_AGENT_REGION_H
#define TESTS_FAULT_AGENT_REGION_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "grmon.h"
#include "wire/wire.h"

#include "../sanitized.h"

struct region {
	const unsigned char *map;
	size_t bytes;
	bool own; /* the process's own memory, not a mapping of ours */
	struct wire_header header;
};

static inline struct wire_header *region_live(const struct region *region)
{
	return (struct wire_header *)(uintptr_t)region->map;
}

static inline bool region_of_fd(struct region *region, int fd)
{
	struct stat about;

	memset(region, 0, sizeof(*region));
	if (fstat(fd, &about) != 0 || about.st_size < (off_t)sizeof(struct wire_header))
		return false;
	void *map = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED)
		return false;
	region->map = map;
	region->bytes = (size_t)about.st_size;
	memcpy(&region->header, map, sizeof(region->header));
	return !wire_check(&region->header, region->bytes);
}

static inline bool region_in_folder(struct region *region, const char *folder, pid_t pid)
{
	DIR *entries = opendir(folder);
	struct dirent *entry;
	bool found = false;

	while (entries && !found && (entry = readdir(entries))) {
		char name[600], link[64] = "";

		snprintf(name, sizeof(name), "%s/%s", folder, entry->d_name);
		if (readlink(name, link, sizeof(link) - 1) > 0 &&
		    strncmp(link, "/memfd:" WIRE_MEMFD " ", 8 + strlen(WIRE_MEMFD)) ==
			    0) {
			int fd = open(name, O_RDONLY | O_CLOEXEC);

			found = fd >= 0 && region_of_fd(region, fd) &&
				region->header.pid == pid;
			if (fd >= 0)
				close(fd);
		}
	}
	if (entries)
		closedir(entries);
	return found;
}

/* Where the library's data says that the region of this process is. */
static inline bool region_by_anchor(struct region *region)
{
	static const char magic[16] = WIRE_ANCHOR_MAGIC;
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[600];
	bool found = false;

	while (maps && !found && fgets(line, sizeof(line), maps)) {
		unsigned long start, end;
		char rights[5];

		if (sscanf(line, "%lx-%lx %4s", &start, &end, rights) != 3 ||
		    rights[1] != 'w' || !strstr(line, "/libgrmon.so"))
			continue;
		for (; start < end && !found; start += sizeof(magic)) {
			const struct wire_anchor *anchor = (const void *)start;

			if (memcmp(anchor->magic, magic, sizeof(magic)) != 0 ||
			    !anchor->region)
				continue;
			region->map = (const unsigned char *)(uintptr_t)anchor->region;
			memcpy(&region->header, region->map, sizeof(region->header));
			region->bytes = region->header.region_bytes;
			found = region->header.pid == getpid();
			region->own = true;
		}
	}
	if (maps)
		fclose(maps);
	return found;
}

/* By a descriptor of the process, or of one of its threads that has its own table; the
 * anonymous region of the calling process by its address. */
static inline bool region_by_proc(struct region *region, pid_t pid)
{
	char path[300];
	bool found;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	found = region_in_folder(region, path, pid);
	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	DIR *tasks = opendir(path);
	struct dirent *entry;

	while (tasks && !found && (entry = readdir(tasks))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%s/fd", (int)pid,
			 entry->d_name);
		found = region_in_folder(region, path, pid);
	}
	if (tasks)
		closedir(tasks);
	if (!found && pid == getpid())
		found = region_by_anchor(region);
	return found;
}

static inline void region_close(struct region *region)
{
	if (region->map && !region->own)
		munmap((void *)(uintptr_t)region->map, region->bytes);
	region->map = NULL;
}

static inline bool region_copy(const struct region *region, uint32_t index,
			       struct wire_slot *slot)
{
	const unsigned char *slots = region->map + region->header.slots_offset;

	return wire_read(slot, slots + (size_t)index * sizeof(*slot), sizeof(*slot)) == 1;
}

static inline uint32_t region_used(const struct region *region)
{
	uint32_t used =
		__atomic_load_n(&region_live(region)->nr_slots_used, __ATOMIC_ACQUIRE);

	return used < region->header.nr_slots ? used : region->header.nr_slots;
}

/* Returns the index of a thread's slot, or -1; copies the slot to *slot. */
static inline int region_thread(const struct region *region, int tid,
				struct wire_slot *slot)
{
	for (uint32_t i = 0; i < region_used(region); i++)
		if (region_copy(region, i, slot) && slot->kind == WIRE_THREAD &&
		    slot->tid == tid)
			return (int)i;
	return -1;
}

static inline uint32_t region_count(const struct region *region, uint32_t kind)
{
	struct wire_slot slot;
	uint32_t count = 0;

	for (uint32_t i = 0; i < region_used(region); i++)
		if (region_copy(region, i, &slot) && slot.kind == kind)
			count++;
	return count;
}

static inline const struct wire_creator *region_creator(const struct region *region,
							int i)
{
	return (const struct wire_creator *)(region->map +
					     region->header.creators_offset) +
	       i;
}

static inline const struct wire_labels *region_labels(const struct region *region, int i)
{
	return (const struct wire_labels *)(region->map + region->header.labels_offset) +
	       i;
}

/* Polls an expression for up to 10 s. Its value is the last one. */
#define UNTIL(expression)                                                                \
	({                                                                               \
		bool until_true = (expression);                                          \
		for (int until_i = 0; until_i < 5000 && !until_true; until_i++) {        \
			struct timespec until_pause = {0, 2000000};                      \
			clock_nanosleep(CLOCK_MONOTONIC, 0, &until_pause, NULL);         \
			until_true = (expression);                                       \
		}                                                                        \
		until_true;                                                              \
	})

/* Returns the state that the thread publishes, or 0. */
static inline uint32_t region_state(const struct region *region, int tid)
{
	struct wire_slot slot;

	return region_thread(region, tid, &slot) >= 0 ? slot.state : 0;
}

/* Connects as a client: the hello line, and the region in *region. Returns false if
 * refused. */
static inline bool region_by_socket(struct region *region, const char *path, char *hello,
				    size_t hello_bytes)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec line = {hello, hello_bytes - 1};
	struct msghdr message = {.msg_iov = &line,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	bool found = false;

	hello[0] = '\0';
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd >= 0 && connect(fd, (void *)&address, sizeof(address)) == 0) {
		struct pollfd ready = {.fd = fd, .events = POLLIN};
		ssize_t n = poll(&ready, 1, 10000) == 1
				    ? recvmsg(fd, &message, MSG_CMSG_CLOEXEC)
				    : -1;

		hello[n > 0 ? n : 0] = '\0';
		if (n > 0 && control.header.cmsg_type == SCM_RIGHTS) {
			int memfd;

			memcpy(&memfd, CMSG_DATA(&control.header), sizeof(memfd));
			found = region_of_fd(region, memfd);
			close(memfd);
		}
	}
	if (fd >= 0)
		close(fd);
	return found;
}

/* Returns the thread that answers clients, by its name, or 0. */
static inline int server_tid(pid_t pid)
{
	char path[300], name[32];
	struct dirent *entry;
	int tid = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	DIR *threads = opendir(path);

	while (threads && tid == 0 && (entry = readdir(threads))) {
		snprintf(path, sizeof(path), "/proc/%d/task/%s/comm", (int)pid,
			 entry->d_name);
		FILE *comm = fopen(path, "r");

		if (comm && fgets(name, sizeof(name), comm) &&
		    strcmp(name, "grmon\n") == 0)
			tid = atoi(entry->d_name);
		if (comm)
			fclose(comm);
	}
	if (threads)
		closedir(threads);
	return tid;
}

static inline bool nothing_pending(pid_t pid, int tid)
{
	unsigned long long pending = ~0ull;
	char path[64], line[128];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/status", (int)pid, tid);
	FILE *status = fopen(path, "r");

	while (status && fgets(line, sizeof(line), status))
		if (sscanf(line, "SigPnd: %llx", &pending) == 1)
			break;
	if (status)
		fclose(status);
	return pending == 0;
}

/* Returns how a child ended: its exit status, or 128 + its signal, or 255 if it hangs for
 * 20 s. */
static inline int child_status(pid_t pid)
{
	int status = 0;

	if (!UNTIL(waitpid(pid, &status, WNOHANG) != 0) &&
	    !UNTIL(waitpid(pid, &status, WNOHANG) != 0)) {
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		return 255;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Runs a function in a forked child and returns its status. The child dies with the
 * test. */
static inline int in_child(int (*body)(void *), void *argument)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(body(argument));
	}
	return child_status(pid);
}

/* Runs this program again with a mode as its argument, as a process of its own. */
static inline pid_t spawn_mode(const char *mode, const char *argument)
{
	pid_t pid = fork();

	if (pid == 0) {
		char self[] = "/proc/self/exe";

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl(self, self, mode, argument, (char *)NULL);
		_exit(127);
	}
	return pid;
}

/* In a child: ends with the number of the line that failed as exit status. */
#define CHILD_CHECK(expression)                                                          \
	do {                                                                             \
		if (!(expression)) {                                                     \
			fprintf(stderr, "# %s:%d: %s\n", __FILE__, __LINE__,             \
				#expression);                                            \
			return 1;                                                        \
		}                                                                        \
	} while (0)

#endif
