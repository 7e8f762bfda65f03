/* SPDX-License-Identifier: MIT */
/* Where the socket of an agent can be. What the process says of itself is seen from inside
 * its own mount namespace. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source/agent.h"

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
