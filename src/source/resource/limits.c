/* SPDX-License-Identifier: MIT */
/* Reads the limits of a process and of its cgroups (v1 and v2) and how much of them is
 * used. Among a cgroup and its ancestors, the one closest to its limit counts. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/fdio.h"
#include "base/text.h"
#include "source/resource/resource.h"

#define LIMITS_MAX      4096
#define STAT_MAX        8192
#define CGROUP_PATH_MAX 512
#define CGROUP_DEPTH    16
#define UNLIMITED       (1ll << 60) /* v1 shows the largest multiple of a page */
#define USER_EVERY_NS   (10 * CLOCK_SECOND_NS)
#define USER_SHARE      200 /* counting takes at most 1/200 of the time */
#define PROCESSES_MAX   65536

int64_t limit_parse_cgroup(const char *text)
{
	char *end;
	long long value;

	if (!byte_is_digit(*text))
		return -1;
	value = strtoll(text, &end, 10);
	return (*end != '\0' && *end != '\n') || value >= UNLIMITED ? -1 : value;
}

/* "Max open files            1024                 1048576              files" */
int64_t limit_parse(const char *text, const char *name)
{
	size_t length = strlen(name);

	while (text && *text) {
		if (strncmp(text, name, length) == 0 && text[length] == ' ') {
			char word[24] = "";

			sscanf(text + length, "%23s", word);
			return limit_parse_cgroup(word);
		}
		text = strchr(text, '\n');
		if (text)
			text++;
	}
	return -1;
}

/* Returns true if a list such as "cpu,pids" contains the word; the empty list contains
 * the empty word. */
static bool list_has(const char *names, const char *end, const char *word)
{
	size_t length = strlen(word);

	for (const char *next; names < end; names = next + 1) {
		next = memchr(names, ',', (size_t)(end - names));
		next = next ? next : end;
		if ((size_t)(next - names) == length && memcmp(names, word, length) == 0)
			return true;
		if (next == end)
			return false;
	}
	return length == 0;
}

/* "8:cpu,pids:/path" or "0::/path" */
bool limit_cgroup_path(const char *text, const char *controller, char *out, size_t size)
{
	while (*text) {
		const char *end = strchrnul(text, '\n');
		const char *names = memchr(text, ':', (size_t)(end - text));
		const char *path = NULL;

		if (names)
			path = memchr(names + 1, ':', (size_t)(end - names - 1));
		if (path && list_has(names + 1, path, controller)) {
			size_t length = (size_t)(end - path - 1);

			snprintf(out, size, "%.*s", (int)length, path + 1);
			return path[1] == '/' && length < size && !strstr(out, "..");
		}
		text = *end ? end + 1 : end;
	}
	return false;
}

/* File names of a limit in a cgroup version. */
struct cgroup_files {
	const char *root;
	const char *controller;
	enum limit_id limit;
	const char *most, *used;
	const char
		*cache; /* key in memory.stat of memory that can be reclaimed at once */
};

static const struct cgroup_files cgroup_files[] = {
	{"/sys/fs/cgroup", "", LIMIT_PIDS, "pids.max", "pids.current", NULL},
	{"/sys/fs/cgroup", "", LIMIT_MEMORY, "memory.max", "memory.current",
	 "inactive_file"},
	{"/sys/fs/cgroup/pids", "pids", LIMIT_PIDS, "pids.max", "pids.current", NULL},
	{"/sys/fs/cgroup/memory", "memory", LIMIT_MEMORY, "memory.limit_in_bytes",
	 "memory.usage_in_bytes", "total_inactive_file"},
};

static int64_t read_number(const char *directory, const char *name)
{
	char path[CGROUP_PATH_MAX + 96], text[64];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	if (fdio_read_small(AT_FDCWD, path, text, sizeof(text)) <= 0)
		return -1;
	return limit_parse_cgroup(text);
}

static int64_t read_cache(const char *directory, const char *key)
{
	char path[CGROUP_PATH_MAX + 96], text[STAT_MAX];
	size_t length = strlen(key);

	snprintf(path, sizeof(path), "%s/memory.stat", directory);
	if (fdio_read_small(AT_FDCWD, path, text, sizeof(text)) <= 0)
		return 0;
	for (char *line = text; line && *line;) {
		if (strncmp(line, key, length) == 0 && line[length] == ' ') {
			line += length + 1;
			*strchrnul(line, '\n') = '\0';
			return limit_parse_cgroup(line) > 0 ? limit_parse_cgroup(line)
							    : 0;
		}
		line = strchr(line, '\n');
		if (line)
			line++;
	}
	return 0;
}

static void read_cgroup(const struct cgroup_files *files, const char *path,
			struct limit *limit)
{
	char directory[CGROUP_PATH_MAX + 64];
	size_t root = strlen(files->root);

	snprintf(directory, sizeof(directory), "%s%s", files->root, path);
	for (int depth = 0; depth < CGROUP_DEPTH; depth++) {
		struct limit here = {.most = read_number(directory, files->most)};
		char *slash;

		if (here.most > 0) {
			here.used = read_number(directory, files->used);
			if (files->cache && here.used > 0) {
				int64_t cache = read_cache(directory, files->cache);

				here.used -= cache < here.used ? cache : here.used;
			}
			if (limit_share(&here) > limit_share(limit))
				*limit = here;
		}
		slash = strrchr(directory, '/');
		if (!slash || (size_t)(slash - directory) < root || slash[1] == '\0')
			break;
		*slash = '\0';
		if (strlen(directory) < root)
			break;
	}
}

/* Counts all tasks of the user by the link counts of their task directories. Not by
 * libproc2, which opens and reads two files of each process for the same sum. */
static int64_t count_user_tasks(uid_t uid)
{
	struct process_list list;
	struct process process;
	int64_t count = 0;
	size_t looked = 0;

	if (!process_list_open(&list))
		return -1;
	while (looked++ < PROCESSES_MAX && process_list_next(&list, &process)) {
		int64_t threads = process_thread_count_of_user(&process, uid);

		count += threads > 0 ? threads : 0;
	}
	process_list_close(&list);
	return count;
}

/* The kernel does not enforce this limit for root. */
static void read_user(struct resource_details *details, const struct kernel *kernel,
		      struct limit *limit)
{
	int64_t begin_ns = clock_mono_ns();

	if (kernel->facts.uid == 0)
		limit->most = -1;
	if (limit->most < 0) {
		limit->used = -1;
		return;
	}
	if (details->user_at_ns != 0 &&
	    begin_ns - details->user_at_ns <
		    USER_EVERY_NS + USER_SHARE * details->user_took_ns)
		return;
	details->user_at_ns = begin_ns;
	limit->used = count_user_tasks(kernel->facts.uid);
	details->user_took_ns = clock_mono_ns() - begin_ns;
}

void resource_limits_read(struct resource_details *details, struct kernel *kernel)
{
	struct limit *limits = details->known.limits;
	char text[LIMITS_MAX], path[CGROUP_PATH_MAX];

	if (process_text(&kernel->process, PROCESS_LIMITS, text, sizeof(text)) <= 0)
		text[0] = '\0';
	limits[LIMIT_FDS].most = limit_parse(text, "Max open files");
	limits[LIMIT_PROCESSES].most = limit_parse(text, "Max processes");
	read_user(details, kernel, &limits[LIMIT_PROCESSES]);
	limits[LIMIT_PIDS] = limits[LIMIT_MEMORY] = (struct limit){-1, -1};
	if (process_text(&kernel->process, PROCESS_CGROUP, text, sizeof(text)) <= 0)
		return;
	for (size_t i = 0; i < ARRAY_COUNT(cgroup_files); i++) {
		const struct cgroup_files *files = &cgroup_files[i];

		if (limit_cgroup_path(text, files->controller, path, sizeof(path)))
			read_cgroup(files, path, &limits[files->limit]);
	}
}
