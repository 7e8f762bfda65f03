/* SPDX-License-Identifier: MIT */
/* Notices seccomp filters: one that is in force at the start, and those that the program
 * puts on itself by prctl() or by libc's syscall(). */
#include "agent/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>

#include "agent/attach.h"
#include "agent/raw.h"
#include "agent/region.h"
#include "agent/server.h"
#include "agent/wrap.h"

/* The line is near the end of some 1.5 KB. */
#define FILTER_STATUS_BYTES 8192

bool agent_filter_inherited(void)
{
	static const char line[] = "\nSeccomp:\t";
	char status[FILTER_STATUS_BYTES + 1];
	size_t used = 0;
	long got;
	long fd =
		raw4(SYS_openat, AT_FDCWD, "/proc/self/status", O_RDONLY | O_CLOEXEC, 0);

	if (fd < 0)
		return true;
	do {
		got = raw3(SYS_read, fd, status + used, FILTER_STATUS_BYTES - used);
		used += got > 0 ? (size_t)got : 0;
	} while (got > 0 && used < FILTER_STATUS_BYTES);
	raw1(SYS_close, fd);
	status[used] = '\0';
	const char *found = strstr(status, line);

	/* A kernel without seccomp has no such line. */
	return found && found[sizeof(line) - 1] != '0';
}

/* A filter at NULL is refused: programs ask in this way whether the kernel has filters. */
bool agent_filter_is_set(long number, unsigned long a, unsigned long b, unsigned long c)
{
	if (number == SYS_prctl)
		return (int)a == PR_SET_SECCOMP && (b != SECCOMP_MODE_FILTER || c != 0);
	return (unsigned)a == SECCOMP_SET_MODE_STRICT ||
	       ((unsigned)a == SECCOMP_SET_MODE_FILTER && c != 0);
}

/* A child of vfork() and the like has our memory: it must not end our server, nor have us
 * taken for a process under a filter. */
static bool filter_of_child(void)
{
	return raw0(SYS_getpid) != agent.header->pid;
}

void agent_filter_coming(void)
{
	if (agent_tls.child_filtered)
		return;
	/* Who asks for the pid under another filter may die of it, so that a child of vfork()
	 * counts as its parent. */
	if (agent_load(&agent.filtered)) {
		agent_store(&agent.filtered, AGENT_FILTER_OWN);
		return;
	}
	/* A child that has not waited yet would need calls that the filter may kill for. */
	if (agent_region_ready()) {
		if (filter_of_child()) {
			agent_tls.child_filtered = true;
			return;
		}
		agent_attach();
		agent_server_stop();
	}
	agent_store(&agent.filtered, AGENT_FILTER_OWN);
}

/* All arguments are words to the real function, which has none of its own to read. */
WRAP_DECLARE(int, prctl,
	     (int option, unsigned long a, unsigned long b, unsigned long c,
	      unsigned long d))

int wrap_prctl(int option, unsigned long a, unsigned long b, unsigned long c,
	       unsigned long d)
{
	if (agent_filter_is_set(SYS_prctl, (unsigned long)option, a, b)) {
		int saved = errno;

		agent_filter_coming();
		errno = saved;
	}
	return WRAP_REAL(prctl)(option, a, b, c, d);
}
