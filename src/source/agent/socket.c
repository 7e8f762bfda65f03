/* SPDX-License-Identifier: MIT */
/* Finds the directories that may contain an agent's socket. Paths from the process's own
 * environment are relative to its mount namespace. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "source/agent/agent.h"
#include "source/proc/sockets.h"

/* A newer socket may have been bound after the list was read. */
#define SOCKET_OLD_S 2
#define BOUND_MAX    (16u << 20)
/* How many directory entries are examined. */
#define SWEPT_MAX    20000u

static const char *environ_value(const struct buf *environment, const char *name)
{
	size_t bytes = strlen(name);

	for (size_t at = 0; environment && at < environment->length;) {
		const char *entry = environment->bytes + at;

		if (strncmp(entry, name, bytes) == 0 && entry[bytes] == '=')
			return entry + bytes + 1;
		at += strlen(entry) + 1;
	}
	return NULL;
}

bool agent_socket_directory(unsigned way, pid_t pid, uid_t uid,
			    const struct buf *environment, char *out, size_t size)
{
	struct process process = process_named(pid);
	const char *value = NULL;
	char inside[512];

	out[0] = '\0';
	switch (way) {
	case 0:
		value = getenv("GRMON_SOCKET_DIR");
		snprintf(out, size, "%s", value ? value : "");
		return true;
	case 1:
		value = environ_value(environment, "GRMON_SOCKET_DIR");
		if (value && value[0] == '/')
			process_path_inside(&process, value, out, size);
		return true;
	case 2:
		value = environ_value(environment, "XDG_RUNTIME_DIR");
		snprintf(inside, sizeof(inside), "%.500s/grmon", value ? value : "");
		if (value && value[0] == '/')
			process_path_inside(&process, inside, out, size);
		return true;
	case 3:
		value = getenv("XDG_RUNTIME_DIR");
		if (value && value[0] == '/')
			snprintf(out, size, "%s/grmon", value);
		return true;
	case 4:
		snprintf(inside, sizeof(inside), "/run/user/%u/grmon", (unsigned)uid);
		process_path_inside(&process, inside, out, size);
		return true;
	case 5:
		snprintf(inside, sizeof(inside), "/tmp/grmon-%u", (unsigned)uid);
		process_path_inside(&process, inside, out, size);
		return true;
	default:
		return false;
	}
}

/* Reads the names that sockets in this network namespace are bound to. */
static bool read_bound(struct buf *bound)
{
	struct process self = process_self();

	buf_init(bound, BOUND_MAX);
	return sockets_table_read(&self, "unix", bound, BOUND_MAX) >= 0;
}

/* Returns true if a socket is bound to a file of this name, which ends its line. The
 * directory is not compared, because a container may know it by another path. */
static bool is_bound(const struct buf *bound, const char *name)
{
	char wanted[64];
	int bytes = snprintf(wanted, sizeof(wanted), "/%s\n", name);

	return bytes < 0 || (size_t)bytes >= sizeof(wanted) ||
	       memmem(bound->bytes, bound->length, wanted, (size_t)bytes);
}

/* A process in another network namespace may share the directory. */
static bool is_in_other_network(pid_t pid)
{
	struct process process = process_named(pid);
	enum process_network network = process_network(&process);

	return network == NETWORK_OTHER || network == NETWORK_UNKNOWN;
}

/* Removes the socket of a killed process. It does not connect to the socket: if the
 * program still runs, under a seccomp filter, a connection alone could kill it. */
static void remove_unbound(const struct buf *bound, const char *directory,
			   const char *name, pid_t pid)
{
	struct stat about;
	char path[600];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	if (lstat(path, &about) == 0 && about.st_uid == geteuid() &&
	    S_ISSOCK(about.st_mode) && about.st_ctime < time(NULL) - SOCKET_OLD_S &&
	    !is_bound(bound, name) && !is_in_other_network(pid))
		unlink(path);
}

static void remove_stale_sockets(const struct buf *bound, const char *directory)
{
	struct stat about;
	const struct dirent *entry;
	DIR *dir = NULL;
	size_t nr_read = 0;

	if (directory[0] == '/' && lstat(directory, &about) == 0 &&
	    S_ISDIR(about.st_mode) && about.st_uid == geteuid() &&
	    (about.st_mode & 077) == 0)
		dir = opendir(directory);
	while (dir && (entry = readdir(dir)) && nr_read++ < SWEPT_MAX) {
		char *end;
		long pid = strtol(entry->d_name, &end, 10);

		if (pid <= 0 || pid > INT32_MAX || strcmp(end, ".sock") != 0)
			continue;
		remove_unbound(bound, directory, entry->d_name, (pid_t)pid);
	}
	if (dir)
		closedir(dir);
}

void agent_sockets_sweep(void)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	const char *given = getenv("GRMON_SOCKET_DIR");
	char directory[300];
	struct buf bound;

	if (!read_bound(&bound)) {
		buf_release(&bound);
		return;
	}
	if (given)
		remove_stale_sockets(&bound, given);
	if (runtime && runtime[0] == '/') {
		snprintf(directory, sizeof(directory), "%s/grmon", runtime);
		remove_stale_sockets(&bound, directory);
	}
	snprintf(directory, sizeof(directory), "/tmp/grmon-%u", (unsigned)geteuid());
	remove_stale_sockets(&bound, directory);
	buf_release(&bound);
}
