/* SPDX-License-Identifier: MIT */
/*
 * The sealed memfd that holds a region, if the process may have one, and the program's
 * descriptor of it. Never used under a seccomp filter.
 */
#include "agent/memfd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/raw.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008u
#endif
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif
/* Above the descriptors that programs count, pass on or use in select(). A much higher
 * number would make fork() slower. */
#define MEMFD_HIGH 2000

uint64_t memfd_limit(int which)
{
	struct rlimit64 limit = {0};

	if (raw4(SYS_prlimit64, 0, which, 0, &limit) != 0)
		return RLIM64_INFINITY;
	return limit.rlim_cur;
}

static int memfd_create_raw(void)
{
	unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	long fd = raw2(SYS_memfd_create, WIRE_MEMFD, flags | MFD_NOEXEC_SEAL);

	if (fd == -EINVAL)
		fd = raw2(SYS_memfd_create, WIRE_MEMFD, flags);
	return (int)fd;
}

static void memfd_seal(int fd)
{
	int seals = F_SEAL_SEAL | F_SEAL_GROW | F_SEAL_SHRINK;

	/* F_SEAL_FUTURE_WRITE needs Linux 5.1. */
	if (raw3(SYS_fcntl, fd, F_ADD_SEALS, seals | F_SEAL_FUTURE_WRITE) != 0)
		raw3(SYS_fcntl, fd, F_ADD_SEALS, seals);
}

/* Returns a copy of the descriptor numbered MEMFD_HIGH or higher. The usual soft limit of
 * 1,024 is raised for this one call, while no other thread runs. */
static long memfd_dup_high(int fd)
{
	struct rlimit64 before = {0}, raised;
	long high = raw3(SYS_fcntl, fd, F_DUPFD_CLOEXEC, MEMFD_HIGH);

	if (high >= 0 || raw4(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, &before) != 0 ||
	    before.rlim_cur > MEMFD_HIGH || before.rlim_max <= MEMFD_HIGH)
		return high;
	raised = before;
	raised.rlim_cur = MEMFD_HIGH + 1;
	if (raw4(SYS_prlimit64, 0, RLIMIT_NOFILE, &raised, 0) != 0)
		return -1;
	high = raw3(SYS_fcntl, fd, F_DUPFD_CLOEXEC, MEMFD_HIGH);
	raw4(SYS_prlimit64, 0, RLIMIT_NOFILE, &before, 0);
	return high;
}

bool memfd_guarded(void)
{
	char scope = '0';
	long fd = raw4(SYS_openat, AT_FDCWD, "/proc/sys/kernel/yama/ptrace_scope",
		       O_RDONLY | O_CLOEXEC, 0);

	if (fd < 0)
		return fd != -ENOENT;
	raw3(SYS_read, fd, &scope, 1);
	raw1(SYS_close, fd);
	return scope != '0';
}

bool memfd_wanted(void)
{
	return agent.serves || agent.guarded;
}

void memfd_keep(int fd)
{
	struct stat about = {0};
	long high = memfd_wanted() ? memfd_dup_high(fd) : -1;

	agent.fd = -1;
	raw1(SYS_close, fd);
	if (high < 0)
		return;
	if (raw2(SYS_fstat, high, &about) != 0) {
		raw1(SYS_close, high);
		return;
	}
	agent.fd_device = about.st_dev;
	agent.fd_inode = about.st_ino;
	agent.fd = (int)high;
}

bool agent_fd_mine(void)
{
	struct stat about = {0};

	return agent.fd >= 0 && raw2(SYS_fstat, agent.fd, &about) == 0 &&
	       about.st_dev == agent.fd_device && about.st_ino == agent.fd_inode;
}

void agent_fd_close(void)
{
	if (agent_fd_mine())
		raw1(SYS_close, agent.fd);
	agent.fd = -1;
}

void *memfd_map(size_t bytes, int *fd, const char **problem)
{
	*problem = "the region is larger than RLIMIT_FSIZE allows";
	/* Beyond the limit, ftruncate() would raise SIGXFSZ. */
	if (memfd_limit(RLIMIT_FSIZE) < bytes)
		return NULL;
	*problem = "memfd_create failed: too many open files, or forbidden";
	*fd = memfd_create_raw();
	if (*fd < 0)
		return NULL;
	*problem = "ftruncate of the region failed";
	if (raw2(SYS_ftruncate, *fd, bytes) != 0)
		goto close_fd;
	*problem = "mmap of the region failed";
	long map = raw6(SYS_mmap, NULL, bytes, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_NORESERVE, *fd, 0);
	if (map < 0 && map > -4096)
		goto close_fd;
	memfd_seal(*fd);
	raw3(SYS_madvise, map, bytes, MADV_DONTDUMP);
	raw3(SYS_madvise, map, bytes, MADV_NOHUGEPAGE);
	return (void *)map;

close_fd:
	raw1(SYS_close, *fd);
	return NULL;
}
