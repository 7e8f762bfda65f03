/* SPDX-License-Identifier: MIT */
/* The parsers of /proc's texts about a process: names with arbitrary bytes, lines that
 * were cut, numbers beyond every limit. The first byte chooses the parser. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "source/proc/parse.h"
#include "source/resource/resource.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(int holds)
{
	if (!holds)
		abort();
}

static void read_stat(const char *text, size_t length)
{
	struct proc_stat stat;

	if (!proc_parse_stat(text, length, &stat))
		return;
	require(stat.pid > 0 && memchr(stat.comm, '\0', sizeof(stat.comm)));
	proc_ticks_to_mono_ns(stat.start_ticks);
}

static void read_call(const char *text, size_t length)
{
	struct proc_call call;

	(void)length;
	if (proc_parse_call(text, &call))
		require(call.nr >= -1 && call.nr <= 0xffff);
}

static void read_map(const char *text, size_t length)
{
	struct proc_map map;

	if (!proc_parse_map(text, length, &map))
		return;
	require(map.start < map.end);
	require(map.path >= text && map.path + map.path_bytes == text + length);
}

static void read_status(const char *text, size_t length)
{
	static const char *const keys[] = {"Uid", "Tgid", "NSpid", "SigBlk", "State"};
	char field[64];

	(void)length;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (!proc_status_field(text, keys[i], field, sizeof(field)))
			continue;
		require(strlen(field) < sizeof(field) && !strchr(field, '\n'));
		require(proc_parse_pid(field) >= 0);
	}
}

static void read_limits(const char *text, size_t length)
{
	(void)length;
	require(limit_parse(text, "Max open files") >= -1);
	require(limit_parse(text, "Max processes") >= -1);
	require(limit_parse_cgroup(text) >= -1);
}

static void read_cgroup(const char *text, size_t length)
{
	static const char *const controllers[] = {"", "pids", "memory"};
	char path[64];

	(void)length;
	for (size_t i = 0; i < sizeof(controllers) / sizeof(controllers[0]); i++)
		if (limit_cgroup_path(text, controllers[i], path, sizeof(path)))
			require(path[0] == '/' && !strstr(path, ".."));
}

static void read_link(const char *text, size_t length)
{
	(void)length;
	require((unsigned)fd_kind_of_link(text) < FD_KIND_COUNT);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static void (*const readers[])(const char *text, size_t length) = {
		read_stat,   read_call,   read_map,  read_status,
		read_limits, read_cgroup, read_link,
	};
	/* The choices are letters, so that seeds are readable. */
	size_t reader = size ? (size_t)(bytes[0] - 'a') : SIZE_MAX;
	char *text;

	if (reader >= sizeof(readers) / sizeof(readers[0]))
		return -1;
	/* The block has the exact size, so that a read one byte too far is found. */
	text = malloc(size);
	memcpy(text, bytes + 1, size - 1);
	text[size - 1] = '\0';
	readers[reader](text, size - 1);
	free(text);
	return 0;
}
