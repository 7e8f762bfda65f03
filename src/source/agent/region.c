/* SPDX-License-Identifier: MIT */
/* Checks, maps and reads the region of an agent. The writer keeps writing and may be
 * hostile: no value is trusted, and nothing outside the checked size is read. */
#include "source/agent/region.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"

static bool read_at(const struct region *region, uint64_t offset, void *out, size_t bytes)
{
	if (offset > region->bytes || bytes > region->bytes - offset)
		return false;
	if (region->fd >= 0)
		return pread(region->fd, out, bytes, (off_t)offset) == (ssize_t)bytes;
	return kernel_memory_exact(region->kernel, region->remote + offset, out, bytes);
}

static int check_header(struct region *region, struct err *e)
{
	struct wire_header *layout = &region->layout;
	pid_t pid = region->kernel->process.pid;

	if (!read_at(region, 0, layout, sizeof(*layout)))
		return err_set(e, ERR_FORMAT,
			       "the agent's region in process %d is too short", (int)pid);
	if (layout->magic == WIRE_MAGIC && layout->version != WIRE_VERSION)
		return err_set(
			e, ERR_UNSUPPORTED,
			"the agent in process %d uses protocol version %u, but this "
			"grmon-c uses version %u; start the program with the libgrmon "
			"of this grmon-c, or watch it with --source native",
			(int)pid, layout->version, WIRE_VERSION);
	const char *problem = wire_check(layout, region->bytes);

	if (problem)
		return err_set(e, ERR_FORMAT,
			       "the agent's region in process %d is invalid: %s",
			       (int)pid, problem);
	/* After fork(), a child still maps its parent's region until it creates its own.
	 * */
	if (layout->pid != region->kernel->facts.inner_pid)
		return err_set(e, ERR_NOTFOUND,
			       "process %d maps only the region of another process, "
			       "%d",
			       (int)pid, layout->pid);
	return 0;
}

static void region_init(struct region *region, struct kernel *kernel)
{
	memset(region, 0, sizeof(*region));
	region->kernel = kernel;
	region->fd = -1;
}

int region_adopt(struct region *region, struct kernel *kernel, int fd, struct err *e)
{
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);

	region_init(region, kernel);
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size <= 0)
		return err_set(e, ERR_NOTFOUND, "not the region of an agent");
	region->fd = fd;
	region->bytes = (uint64_t)st.st_size;
	int rc = check_header(region, e);

	if (rc) {
		region->fd = -1;
		return rc;
	}
	/* Never use more than the areas need, whatever the size of the file. */
	region->bytes = region->layout.region_bytes;
	/* Map only a file that cannot shrink; otherwise a read could fault. */
	if (seals < 0 || !(seals & F_SEAL_SHRINK))
		return 0;
	void *map = mmap(NULL, region->bytes, PROT_READ, MAP_SHARED, fd, 0);

	if (map != MAP_FAILED)
		region->map = map;
	return 0;
}

int region_adopt_memory(struct region *region, struct kernel *kernel, uint64_t address,
			uint64_t bytes, struct err *e)
{
	region_init(region, kernel);
	region->remote = address;
	region->bytes = bytes;
	region->way = REGION_MEMORY;
	return check_header(region, e);
}

void region_release(struct region *region)
{
	if (region->map)
		munmap((void *)region->map, region->bytes);
	if (region->kernel && region->fd >= 0)
		close(region->fd);
	free(region->slots);
	free(region->chans);
	memset(region, 0, sizeof(*region));
	region->fd = -1;
}

static uint32_t clamp(uint32_t value, uint32_t limit)
{
	return value < limit ? value : limit;
}

static bool copy_area(struct region *region, void *out, uint64_t offset, size_t bytes)
{
	return bytes == 0 || read_at(region, offset, out, bytes);
}

int region_refresh(struct region *region, struct err *e)
{
	struct wire_header header;
	struct wire_header *layout = &region->layout;

	if (region->map)
		memcpy(&header, region->map, sizeof(header));
	else if (!read_at(region, 0, &header, sizeof(header)))
		goto gone;
	layout->flags = header.flags;
	layout->dropped_tasks = header.dropped_tasks;
	layout->dropped_labels = header.dropped_labels;
	layout->dropped_creators = header.dropped_creators;
	layout->dropped_chans = header.dropped_chans;
	layout->tasks_begun = header.tasks_begun;
	region->nr_slots = clamp(header.nr_slots_used, layout->nr_slots);
	region->nr_chans = clamp(header.nr_chans_used, layout->nr_chans);
	if (region->map)
		return 0;
	if (array_reserve(&region->slots, &region->cap_slots, region->nr_slots) &&
	    array_reserve(&region->chans, &region->cap_chans, region->nr_chans) &&
	    copy_area(region, region->slots, layout->slots_offset,
		      region->nr_slots * sizeof(*region->slots)) &&
	    copy_area(region, region->chans, layout->chans_offset,
		      region->nr_chans * sizeof(*region->chans)))
		return 0;
gone:
	/* An unsealed file was truncated, or the process unmapped it or ended. */
	region->nr_slots = region->nr_chans = 0;
	return err_set(e, ERR_FORMAT,
		       "the agent's region in process %d can no longer be read",
		       (int)region->kernel->process.pid);
}

bool region_read_slot(struct region *region, uint32_t i, struct wire_slot *out)
{
	uint32_t seq;

	if (region->map)
		return wire_read(out, region_slot(region, i), sizeof(*out)) == 1;
	*out = region->slots[i];
	/* The copy is consistent if it began with the number that the slot still has. */
	return !(out->seq & 1) &&
	       read_at(region, region->layout.slots_offset + (uint64_t)i * sizeof(*out),
		       &seq, sizeof(seq)) &&
	       seq == out->seq;
}

bool region_read_counts(const struct region *region, uint32_t i, uint64_t serial,
			uint32_t out[WIRE_WAIT_STATES])
{
	const struct wire_slot *slot = region_slot(region, i);

	for (size_t state = 0; state < WIRE_WAIT_STATES; state++)
		out[state] = __atomic_load_n(&slot->counts[state], __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&slot->serial, __ATOMIC_RELAXED) == serial;
}

static uint64_t labels_at(const struct region *region, uint32_t i)
{
	return region->layout.labels_offset + (uint64_t)i * sizeof(struct wire_labels);
}

uint32_t region_labels_seq(const struct region *region, uint32_t i)
{
	if (!region->map)
		return (uint32_t)clock_mono_ns() | 1;
	return __atomic_load_n((const uint32_t *)(region->map + labels_at(region, i)),
			       __ATOMIC_ACQUIRE);
}

bool region_read_labels(struct region *region, uint32_t i, struct wire_labels *out)
{
	uint32_t seq;

	if (region->map)
		return wire_read(out, region->map + labels_at(region, i), sizeof(*out)) ==
		       1;
	return read_at(region, labels_at(region, i), out, sizeof(*out)) &&
	       !(out->seq & 1) &&
	       read_at(region, labels_at(region, i), &seq, sizeof(seq)) &&
	       seq == out->seq;
}

bool region_read_creator(struct region *region, uint32_t i, struct wire_creator *out)
{
	/* Not through the mapping: each record is a page that would count as our memory.
	 * */
	return i < region->layout.nr_creators &&
	       read_at(region,
		       region->layout.creators_offset + (uint64_t)i * sizeof(*out), out,
		       sizeof(*out));
}

void region_read_chan(const struct region *region, uint32_t i, struct wire_chan *out)
{
	if (region->map)
		memcpy(out,
		       region->map + region->layout.chans_offset +
			       (uint64_t)i * sizeof(*out),
		       sizeof(*out));
	else
		*out = region->chans[i];
}
