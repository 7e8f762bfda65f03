/* SPDX-License-Identifier: MIT */
/* Where the socket of an agent can be. What the process says of itself is seen from inside
 * its own mount namespace. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "source/agent.h"

/* Between bind() and listen() a new socket refuses too. */
#define SOCKET_OLD_S 2
/* Sockets in one directory that are looked at. */
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
	const char *value = NULL;

	out[0] = '\0';
	switch (way) {
	case 0:
		value = getenv("GRMON_SOCKET_DIR");
		snprintf(out, size, "%s", value ? value : "");
		return true;
	case 1:
		value = environ_value(environment, "GRMON_SOCKET_DIR");
		if (value && value[0] == '/')
			snprintf(out, size, "/proc/%d/root%s", (int)pid, value);
		return true;
	case 2:
		value = environ_value(environment, "XDG_RUNTIME_DIR");
		if (value && value[0] == '/')
			snprintf(out, size, "/proc/%d/root%s/grmon", (int)pid, value);
		return true;
	case 3:
		value = getenv("XDG_RUNTIME_DIR");
		if (value && value[0] == '/')
			snprintf(out, size, "%s/grmon", value);
		return true;
	case 4:
		snprintf(out, size, "/proc/%d/root/run/user/%u/grmon", (int)pid,
			 (unsigned)uid);
		return true;
	case 5:
		snprintf(out, size, "/proc/%d/root/tmp/grmon-%u", (int)pid,
			 (unsigned)uid);
		return true;
	default:
		return false;
	}
}

static bool refuses(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	bool refused;
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		return false;
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	refused = connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0 &&
		  errno == ECONNREFUSED;
	close(fd);
	return refused;
}

bool agent_socket_listens(const char *path)
{
	struct stat before, after;

	if (lstat(path, &before) != 0 || !refuses(path))
		return true;
	/* The same file still: not one that an agent has just put in its place. */
	if (before.st_uid == geteuid() && S_ISSOCK(before.st_mode) &&
	    before.st_ctime < time(NULL) - SOCKET_OLD_S && lstat(path, &after) == 0 &&
	    after.st_ino == before.st_ino && after.st_ctime == before.st_ctime)
		unlink(path);
	return false;
}

/* A process of another pid namespace may share the directory, and a thread may have the id:
 * only the socket itself tells that nobody is there. */
static void sweep(const char *directory)
{
	struct stat about;
	const struct dirent *entry;
	DIR *dir = NULL;
	size_t looked = 0;

	if (directory[0] == '/' && lstat(directory, &about) == 0 &&
	    S_ISDIR(about.st_mode) && about.st_uid == geteuid() &&
	    (about.st_mode & 077) == 0)
		dir = opendir(directory);
	while (dir && (entry = readdir(dir)) && looked++ < SWEPT_MAX) {
		char path[600], *end;
		long pid = strtol(entry->d_name, &end, 10);

		if (pid <= 0 || pid > INT32_MAX || strcmp(end, ".sock") != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		agent_socket_listens(path);
	}
	if (dir)
		closedir(dir);
}

void agent_sockets_sweep(void)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	char directory[300];

	if (runtime && runtime[0] == '/') {
		snprintf(directory, sizeof(directory), "%s/grmon", runtime);
		sweep(directory);
	}
	snprintf(directory, sizeof(directory), "/tmp/grmon-%u", (unsigned)geteuid());
	sweep(directory);
}
