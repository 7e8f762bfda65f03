/* SPDX-License-Identifier: MIT */
/* If no new file can be created in the directory, the existing one is overwritten in
 * place. */
#include "base/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int outfile_check_link(const char *path, struct err *e)
{
	struct stat status;

	if (lstat(path, &status) != 0 || !S_ISLNK(status.st_mode) ||
	    status.st_uid == geteuid() || status.st_uid == 0)
		return 0;
	return err_set(e, ERR_PERM,
		       "%s is a link that another user has created, so nothing is "
		       "written to it; use another name",
		       path);
}

/* Creates a file beside the target, without a name if the file system supports that. */
static int open_beside(struct outfile *file)
{
	char folder[PATH_MAX];
	char *slash;
	int fd;

	snprintf(folder, sizeof(folder), "%s", file->target);
	slash = strrchr(folder, '/');
	if (slash)
		slash[slash == folder] = '\0';
	fd = open(slash ? folder : ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
	if (asprintf(&file->temporary, "%s.XXXXXX", file->target) < 0) {
		file->temporary = NULL;
		return -1;
	}
	fd = mkostemp(file->temporary, O_CLOEXEC);
	if (fd < 0) {
		free(file->temporary);
		file->temporary = NULL;
	}
	return fd;
}

int outfile_open(struct outfile *file, const char *path, struct err *e)
{
	struct stat status;
	bool there = stat(path, &status) == 0;

	*file = (struct outfile){.fd = -1, .path = path, .mode = 0600};
	if (outfile_check_link(path, e) != 0)
		return e ? e->code : ERR_PERM;
	if (there && S_ISREG(status.st_mode)) {
		/* A new file would have a different owner, and would not have all names
		 * of the old one. */
		if (status.st_uid == geteuid() && status.st_nlink == 1 &&
		    access(path, W_OK) == 0)
			file->target = realpath(path, NULL);
		file->mode = status.st_mode & 0777;
	} else if (!there && errno == ENOENT && lstat(path, &status) != 0) {
		file->target = strdup(path);
	}
	if (file->target)
		file->fd = open_beside(file);
	if (file->fd >= 0)
		return 0;
	free(file->target);
	file->target = NULL;
	file->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0600);
	return file->fd < 0 ? err_sys(e, errno, "cannot write %s", path) : 0;
}

/* linkat() cannot replace an existing file, so the file first gets another name. */
static int give_name(struct outfile *file)
{
	char link[64];

	if (!file->temporary) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", file->fd);
		if (linkat(AT_FDCWD, link, AT_FDCWD, file->target, AT_SYMLINK_FOLLOW) ==
		    0)
			return 0;
		if (errno != EEXIST || asprintf(&file->temporary, "%s.%d", file->target,
						(int)getpid()) < 0) {
			file->temporary = NULL;
			return -1;
		}
		if (linkat(AT_FDCWD, link, AT_FDCWD, file->temporary,
			   AT_SYMLINK_FOLLOW) != 0) {
			free(file->temporary);
			file->temporary = NULL;
			return -1;
		}
	}
	return rename(file->temporary, file->target);
}

int outfile_close(struct outfile *file, int rc, struct err *e)
{
	if (file->fd < 0)
		return rc;
	if (file->target && rc == 0) {
		if (fchmod(file->fd, file->mode) != 0 || give_name(file) != 0)
			rc = err_sys(e, errno, "cannot write %s", file->path);
	}
	if (file->temporary && rc != 0)
		unlink(file->temporary);
	if (close(file->fd) != 0 && rc == 0)
		rc = err_sys(e, errno, "cannot write %s", file->path);
	file->fd = -1;
	free(file->temporary);
	free(file->target);
	file->temporary = file->target = NULL;
	return rc;
}
