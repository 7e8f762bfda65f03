/* SPDX-License-Identifier: MIT */
/* Descriptors of a live process, from its directories fd and fdinfo. */
#include "source/proc/descriptors.h"
#include "base/text.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fdio.h"
#include "source/proc/live.h"
#include "source/proc/target_file.h"

#define NAME_MAX_BYTES 32

static const char *name_of(const char *directory, int fd, char name[NAME_MAX_BYTES])
{
	snprintf(name, NAME_MAX_BYTES, "%s/%d", directory, fd);
	return name;
}

ssize_t process_fd_link(const struct process *process, int fd, char *out, size_t size)
{
	char name[NAME_MAX_BYTES];

	return live_link(process, name_of("fd", fd, name), out, size);
}

ssize_t process_fd_info(const struct process *process, int fd, char *out, size_t size)
{
	char name[NAME_MAX_BYTES];

	return live_text(process, name_of("fdinfo", fd, name), out, size);
}

int process_fd_info_all(const struct process *process, int fd, struct buf *out,
			size_t max_bytes, struct err *e)
{
	char name[NAME_MAX_BYTES];
	int file = live_open(process, name_of("fdinfo", fd, name), O_RDONLY);
	int rc;

	if (file < 0)
		return err_sys(e, errno, "cannot read about descriptor %d", fd);
	rc = fdio_read_all(file, out, max_bytes, e);
	close(file);
	return rc;
}

bool process_fd_stat(const struct process *process, int fd, struct stat *out)
{
	char name[NAME_MAX_BYTES], path[LIVE_PATH_MAX];
	int dir = live_at(process, name_of("fd", fd, name), path);

	return fstatat(dir, path, out, 0) == 0;
}

static bool read_id(int dir, const char *path, struct statx *id)
{
	return statx(dir, path, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT,
		     STATX_INO | STATX_TYPE, id) == 0;
}

bool process_fd_id(const struct process *process, int fd, struct statx *id)
{
	char name[NAME_MAX_BYTES], path[LIVE_PATH_MAX];
	int dir = live_at(process, name_of("fd", fd, name), path);

	return read_id(dir, path, id);
}

bool process_fd_protocol(const struct process *process, int fd, char *out, size_t size)
{
	char name[NAME_MAX_BYTES], path[LIVE_PATH_MAX];

	live_path(process, name_of("fd", fd, name), path);
	ssize_t got = getxattr(path, "system.sockprotoname", out, size - 1);

	out[got > 0 ? got : 0] = '\0';
	return got > 0;
}

int process_fd_borrow(const struct process *process, int fd)
{
	int pidfd = (int)syscall(SYS_pidfd_open, process->pid, 0);
	int own = pidfd >= 0 ? (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0) : -1;

	if (pidfd >= 0)
		close(pidfd);
	return own;
}

int64_t process_fd_count(const struct process *process)
{
	char path[LIVE_PATH_MAX];
	int dir = live_at(process, "fd", path);
	struct process_fds fds;
	int64_t count = 0;
	struct stat st;

	if (fstatat(dir, path, &st, 0) != 0)
		return -1;
	/* Linux 6.2 and later: the size of the directory is the number of entries. */
	if (st.st_size > 0)
		return st.st_size;
	if (process_fds_open(&fds, process, 0) != 0)
		return -1;
	while (process_fds_next(&fds))
		count++;
	process_fds_close(&fds);
	return count;
}

int process_fds_open(struct process_fds *fds, const struct process *process, pid_t tid)
{
	char path[LIVE_PATH_MAX];
	int dir = tid ? live_thread_at(process, tid, "fd", path)
		      : live_at(process, "fd", path);
	int fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	fds->fd = -1;
	fds->dir = fd >= 0 ? fdopendir(fd) : NULL;
	if (fds->dir)
		return 0;
	if (fd < 0)
		return -errno;
	close(fd);
	return -ENOMEM;
}

bool process_fds_next(struct process_fds *fds)
{
	const struct dirent *entry;

	while (fds->dir && (entry = readdir(fds->dir))) {
		char *end;
		long fd = strtol(entry->d_name, &end, 10);

		if (!isdigit((unsigned char)entry->d_name[0]) || *end || fd > INT32_MAX)
			continue;
		fds->fd = (int)fd;
		fds->name = entry->d_name;
		return true;
	}
	return false;
}

void process_fds_close(struct process_fds *fds)
{
	if (fds->dir)
		closedir(fds->dir);
	fds->dir = NULL;
}

long process_fds_tell(const struct process_fds *fds)
{
	return telldir(fds->dir);
}

void process_fds_seek(struct process_fds *fds, long position)
{
	seekdir(fds->dir, position);
}

ssize_t process_fds_link(const struct process_fds *fds, char *out, size_t size)
{
	ssize_t got = readlinkat(dirfd(fds->dir), fds->name, out, size - 1);

	out[got > 0 ? got : 0] = '\0';
	return got < 0 ? -errno : got;
}

bool process_fds_link_tells(const char *link)
{
	return text_starts_with(link, "/proc/");
}

bool process_fds_link_joins(const char *link)
{
	return !text_starts_with(link, "anon_inode:") &&
	       !text_starts_with(link, "/dev/") && !process_fds_link_tells(link);
}

bool process_fds_id(const struct process_fds *fds, struct statx *id)
{
	return read_id(dirfd(fds->dir), fds->name, id);
}

ssize_t process_fds_info(const struct process_fds *fds, char *out, size_t size)
{
	char name[NAME_MAX_BYTES];

	return fdio_read_small(dirfd(fds->dir), name_of("../fdinfo", fds->fd, name), out,
			       size);
}

mode_t process_fds_modes(const struct process_fds *fds)
{
	struct stat st;

	return fstatat(dirfd(fds->dir), fds->name, &st, AT_SYMLINK_NOFOLLOW) == 0
		       ? st.st_mode & (S_IRUSR | S_IWUSR)
		       : 0;
}

bool process_fds_open_file(const struct process_fds *fds, struct target_file *file)
{
	return target_file_open_link(file, dirfd(fds->dir), fds->name);
}
