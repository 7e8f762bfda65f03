/* SPDX-License-Identifier: MIT */
/* Detects seccomp filters: one that is in force at the start, and those that the program
 * installs with prctl() or libc's syscall(). */
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

/* The line is near the end of a file of about 1.5 KB. */
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

	/* A kernel without seccomp does not print the line. */
	return found && found[sizeof(line) - 1] != '0';
}

/* A filter at address NULL is refused. Programs use such a call to find out whether the
 * kernel supports filters. */
bool agent_filter_is_set(long number, unsigned long a, unsigned long b, unsigned long c)
{
	if (number == SYS_prctl)
		return (int)a == PR_SET_SECCOMP && (b != SECCOMP_MODE_FILTER || c != 0);
	return (unsigned)a == SECCOMP_SET_MODE_STRICT ||
	       ((unsigned)a == SECCOMP_SET_MODE_FILTER && c != 0);
}

/* A child of vfork(), or a similar process, shares this memory. It must not end the
 * server of its parent or have the parent treated as a process under a filter. */
static bool filter_of_child(void)
{
	return raw0(SYS_getpid) != agent.header->pid;
}

void agent_filter_coming(void)
{
	if (agent_tls.child_filtered)
		return;
	/* Asking for the pid may be fatal under another filter, so a child of vfork()
	 * counts as its parent here. */
	if (agent_load(&agent.filtered)) {
		agent_store(&agent.filtered, AGENT_FILTER_OWN);
		return;
	}
	/* A child that has not waited yet would need system calls for which the filter
	 * may kill it. */
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

/* To the real function all arguments are words, since it does not interpret them
 * itself. */
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
