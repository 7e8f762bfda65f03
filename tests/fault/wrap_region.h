/* SPDX-License-Identifier: MIT */
/* Reads a process's published region as a client does: through its descriptor in /proc
 * or, if it has none, from its memory. */
#ifndef TESTS_FAULT_WRAP_REGION_H
#define TESTS_FAULT_WRAP_REGION_H

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include "wire/wire.h"

struct region {
	const unsigned char *map;
	size_t bytes;
	struct wire_header header;
	/* if not 0, map is a copy of the memory at `address` in this process */
	pid_t pid;
	uintptr_t address;
};

static inline bool region_map(struct region *region, const char *path)
{
	struct stat stat;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	if (fstat(fd, &stat) == 0 && stat.st_size >= (off_t)sizeof(struct wire_header)) {
		void *map =
			mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_SHARED, fd, 0);

		if (map != MAP_FAILED) {
			region->map = map;
			region->bytes = (size_t)stat.st_size;
			memcpy(&region->header, map, sizeof(region->header));
		}
	}
	close(fd);
	return region->map && !wire_check(&region->header, region->bytes);
}

/* The agent's own thread has a descriptor table of its own, so every task's is
 * searched. */
static inline bool region_open_in(struct region *region, const char *fds)
{
	char link[64], name[700];
	struct dirent *entry;
	bool found = false;
	DIR *folder = opendir(fds);

	while (folder && !found && (entry = readdir(folder))) {
		ssize_t n;

		snprintf(name, sizeof(name), "%.300s/%s", fds, entry->d_name);
		n = readlink(name, link, sizeof(link) - 1);
		link[n > 0 ? n : 0] = '\0';
		if (strncmp(link, "/memfd:" WIRE_MEMFD " ", 8 + strlen(WIRE_MEMFD)) == 0)
			found = region_map(region, name);
	}
	if (folder)
		closedir(folder);
	return found;
}

static inline bool region_copy(const struct region *region, size_t offset, size_t bytes)
{
	struct iovec to = {(char *)(uintptr_t)region->map + offset, bytes};
	struct iovec from = {(void *)(region->address + offset), bytes};

	return process_vm_readv(region->pid, &to, 1, &from, 1, 0) == (ssize_t)bytes;
}

static inline bool region_open_memory(struct region *region, pid_t pid)
{
	char path[64], line[512];
	unsigned long start = 0, end = 0;
	FILE *maps;
	bool found = false;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	maps = fopen(path, "r");
	while (maps && !found && fgets(line, sizeof(line), maps))
		found = strstr(line, "/memfd:" WIRE_MEMFD " ") &&
			sscanf(line, "%lx-%lx", &start, &end) == 2;
	if (maps)
		fclose(maps);
	if (!found)
		return false;
	void *map = mmap(NULL, end - start, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		return false;
	*region = (struct region){
		.map = map, .bytes = end - start, .pid = pid, .address = start};
	if (region_copy(region, 0, sizeof(region->header))) {
		memcpy(&region->header, map, sizeof(region->header));
		if (!wire_check(&region->header, region->bytes))
			return true;
	}
	munmap(map, end - start);
	region->map = NULL;
	return false;
}

/* Returns false if the process publishes nothing (yet). */
static inline bool region_open(struct region *region, pid_t pid)
{
	char path[64], fds[330];
	struct dirent *entry;
	bool found = false;
	DIR *tasks;

	memset(region, 0, sizeof(*region));
	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	tasks = opendir(path);
	while (tasks && !found && (entry = readdir(tasks))) {
		snprintf(fds, sizeof(fds), "%s/%s/fd", path, entry->d_name);
		found = entry->d_name[0] != '.' && region_open_in(region, fds);
	}
	if (tasks)
		closedir(tasks);
	return found || region_open_memory(region, pid);
}

static inline void region_close(struct region *region)
{
	if (region->map)
		munmap((void *)(uintptr_t)region->map, region->bytes);
	region->map = NULL;
}

/* The slot of a live thread. */
static inline bool region_slot(const struct region *region, int tid,
			       struct wire_slot *slot)
{
	const struct wire_header *live = (const void *)region->map;
	const unsigned char *slots = region->map + region->header.slots_offset;
	uint32_t used;

	if (region->pid && !region_copy(region, 0, sizeof(*live)))
		return false;
	used = __atomic_load_n(&live->nr_slots_used, __ATOMIC_ACQUIRE);
	if (region->pid &&
	    (used > region->header.nr_slots ||
	     !region_copy(region, region->header.slots_offset, used * sizeof(*slot))))
		return false;
	for (uint32_t i = 0; i < used && i < region->header.nr_slots; i++)
		if (wire_read(slot, slots + (size_t)i * sizeof(*slot), sizeof(*slot)) &&
		    slot->kind == WIRE_THREAD && slot->tid == tid)
			return true;
	return false;
}

#endif
