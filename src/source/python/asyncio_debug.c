/* SPDX-License-Identifier: MIT */
/*
 * From 3.14 on asyncio's module in C has a table of offsets for debuggers, in a section of
 * its own. Sections are not part of the memory of a process, but some numbers of the table
 * are those of another table, so it is found by them.
 */
#include "source/proc/process.h"
#include "source/python/asyncio_private.h"

#define MAPS_MAX    (16u << 20)
#define MAP_MOST    (64ull << 20) /* bytes of a mapping that is searched */
#define PATH_BYTES  512u
#define TABLE_WORDS 13u
#define TABLE_BYTES (TABLE_WORDS * 8u)
#define TASK_LEAST  96u
#define TSTATE_MORE 4096u /* the state of a thread has parts that are not published */
#define TASK_MOST   512u

enum {
	OF_TASK_BYTES,
	OF_NAME,
	OF_AWAITED_BY,
	OF_IS_TASK,
	OF_AWAITED_BY_SET,
	OF_COROUTINE,
	OF_NODE,
	OF_INTERP_BYTES,
	OF_INTERP_TASKS,
	OF_TSTATE_BYTES,
	OF_RUNNING_LOOP,
	OF_RUNNING_TASK,
	OF_TSTATE_TASKS
};

static bool is_table(const struct python_layout *layout, const uint64_t *words)
{
	if (words[OF_INTERP_BYTES] != (uint64_t)layout->interp_bytes ||
	    words[OF_TSTATE_BYTES] < (uint64_t)layout->tstate_bytes ||
	    words[OF_TSTATE_BYTES] > (uint64_t)layout->tstate_bytes + TSTATE_MORE ||
	    words[OF_TASK_BYTES] < TASK_LEAST || words[OF_TASK_BYTES] > TASK_MOST ||
	    words[OF_INTERP_TASKS] >= words[OF_INTERP_BYTES] ||
	    words[OF_TSTATE_TASKS] >= words[OF_TSTATE_BYTES])
		return false;
	for (int i = OF_NAME; i <= OF_NODE; i++)
		if (words[i] < 16 || words[i] + 8 > words[OF_TASK_BYTES] + 8)
			return false;
	return true;
}

static bool visit(void *ctx, uint64_t address, const uint8_t *bytes, size_t size)
{
	struct python_layout *layout = ctx;
	uint64_t words[TABLE_WORDS];

	(void)address;
	for (size_t at = 0; at + TABLE_BYTES <= size; at += 8) {
		if (load_u64(bytes + at + 8 * (size_t)OF_INTERP_BYTES) !=
		    (uint64_t)layout->interp_bytes)
			continue;
		memcpy(words, bytes + at, sizeof(words));
		if (!is_table(layout, words))
			continue;
		layout->task_name = (int32_t)words[OF_NAME];
		layout->task_awaited_by = (int32_t)words[OF_AWAITED_BY];
		layout->task_awaited_by_set = (int32_t)words[OF_AWAITED_BY_SET];
		layout->task_coroutine = (int32_t)words[OF_COROUTINE];
		layout->task_node = (int32_t)words[OF_NODE];
		layout->interp_tasks = (int32_t)words[OF_INTERP_TASKS];
		layout->tstate_tasks = (int32_t)words[OF_TSTATE_TASKS];
		return true;
	}
	return false;
}

static bool has_table(const struct proc_map *map)
{
	char path[PATH_BYTES];
	size_t bytes = map->path_bytes < PATH_BYTES ? map->path_bytes : PATH_BYTES - 1;
	const char *base;

	if (!map->readable || map->path_bytes == 0 || map->path[0] != '/' ||
	    map->end - map->start > MAP_MOST)
		return false;
	memcpy(path, map->path, bytes);
	path[bytes] = '\0';
	base = strrchr(path, '/') + 1;
	return strstr(base, "_asyncio") || strstr(base, "python");
}

bool python_asyncio_publish(struct python *python)
{
	struct memory *mem = &python->reader.mem;
	struct process_maps maps;
	struct proc_map map;
	bool found = false;
	size_t at = 0;

	if (python->reader.layout.interp_bytes <= 0)
		return false;
	process_maps_read(&maps, &mem->process, MAPS_MAX, NULL);
	while (!found && process_maps_next(&maps, &at, &map))
		if (has_table(&map))
			found = memory_scan(mem, map.start, map.end, TABLE_BYTES, visit,
					    &python->reader.layout);
	process_maps_release(&maps);
	return found;
}
