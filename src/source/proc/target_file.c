/* SPDX-License-Identifier: MIT */
/* A file is first opened with O_PATH, which does not block and does not involve a driver.
 * Its type is determined from that descriptor, and it is opened for reading through it,
 * so that it cannot be exchanged in between. */
#include "source/proc/target_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/array.h"
#include "source/proc/live.h"

#define PATH_TEXT   4096u
#define LINKS_MAX   40u /* same limit as the kernel */
#define FOLDERS_MAX 64u
#define RACES_MAX   8u /* attempts while another process renames directories */
#define FUSE_MAGIC  0x65735546

/* Returns whether a file system generates its files when they are read. Reading such a
 * file may reveal data of the reader itself, block, or have side effects. */
static bool is_made_up(long type)
{
	static const unsigned long types[] = {
		0x9fa0,     /* proc */
		0x62656572, /* sysfs */
		0x27e0eb,   /* cgroup */
		0x63677270, /* cgroup2 */
		0x64626720, /* debugfs */
		0x74726163, /* tracefs */
		0x73636673, /* securityfs */
		0xf97cff8c, /* selinuxfs */
		0x43415d53, /* smackfs */
		0x5a3c69f0, /* apparmorfs */
		0xcafe4a11, /* bpf */
		0x6165676c, /* pstore */
		0xde5e81e4, /* efivarfs */
		0x62656570, /* configfs */
		0x42494e4d, /* binfmt_misc */
		0x65735543, /* fusectl */
		0x7655821,  /* resctrl */
		0xabba1974, /* xenfs */
		0x1cd1,     /* devpts */
		0x19800202, /* mqueue */
		0x6e736673, /* namespaces */
		0x67596969, /* rpc_pipefs */
		0x09041934, /* anonymous inodes */
	};

	for (size_t i = 0; i < ARRAY_COUNT(types); i++)
		if ((unsigned long)type == types[i])
			return true;
	return false;
}

/* The directories from the root down to the current position of a path walk. */
struct walk {
	int folders[FOLDERS_MAX];
	size_t nr_folders;
	char rest[PATH_TEXT]; /* the part of the path that is left */
	unsigned nr_links;
};

static void walk_up(struct walk *walk)
{
	if (walk->nr_folders > 1)
		close(walk->folders[--walk->nr_folders]);
}

/* fd is a symbolic link. Its target is put before the rest of the path. */
static bool walk_link(struct walk *walk, int fd, const char *rest)
{
	char text[PATH_TEXT];
	struct statfs fs;
	ssize_t got = readlinkat(fd, "", text, sizeof(text) - 1);
	size_t left = strlen(rest);

	errno = ELOOP;
	/* Links in procfs may lead anywhere. */
	if (got <= 0 || ++walk->nr_links > LINKS_MAX || fstatfs(fd, &fs) != 0 ||
	    is_made_up(fs.f_type) || (size_t)got + 1 + left >= sizeof(walk->rest))
		return false;
	text[got] = '\0';
	memmove(walk->rest + got + 1, rest, left + 1);
	memcpy(walk->rest, text, (size_t)got);
	walk->rest[got] = '/';
	if (text[0] == '/')
		while (walk->nr_folders > 1)
			walk_up(walk);
	return true;
}

/* Resolves one component of the path. Returns -1 if it was a directory or a link, or if
 * it does not exist (*failed is set). */
static int walk_step(struct walk *walk, bool follow, bool *failed)
{
	char name[256], rest[PATH_TEXT];
	const char *at = walk->rest + strspn(walk->rest, "/");
	size_t length = strcspn(at, "/");
	struct stat st;

	*failed = true;
	errno = ENAMETOOLONG;
	if (length >= sizeof(name))
		return -1;
	memcpy(name, at, length);
	name[length] = '\0';
	snprintf(rest, sizeof(rest), "%s", at + length + strspn(at + length, "/"));
	if (strcmp(name, "..") == 0 || (strcmp(name, ".") == 0 && rest[0])) {
		if (name[1])
			walk_up(walk);
		memmove(walk->rest, rest, strlen(rest) + 1);
		*failed = false;
		return -1;
	}
	int fd = openat(walk->folders[walk->nr_folders - 1], length ? name : ".",
			O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) != 0)
		goto failed;
	if (S_ISLNK(st.st_mode) && (rest[0] || follow)) {
		*failed = !walk_link(walk, fd, rest);
		close(fd);
		return -1;
	}
	if (!rest[0])
		return fd;
	errno = ENOTDIR;
	if (!S_ISDIR(st.st_mode) || walk->nr_folders == FOLDERS_MAX)
		goto failed;
	walk->folders[walk->nr_folders++] = fd;
	memmove(walk->rest, rest, strlen(rest) + 1);
	*failed = false;
	return -1;
failed:
	if (fd >= 0)
		close(fd);
	return -1;
}

int target_file_walk(int root, const char *path, bool follow)
{
	struct walk walk = {.nr_folders = 0};
	bool failed = false;
	int fd = -1;

	if ((size_t)snprintf(walk.rest, sizeof(walk.rest), "%s", path) >=
	    sizeof(walk.rest)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	walk.folders[0] = dup(root);
	walk.nr_folders = 1;
	/* Each step either removes a component from the path or follows a link. The
	 * number of components is limited by PATH_TEXT, that of links by LINKS_MAX. */
	while (walk.folders[0] >= 0 && fd < 0 && !failed)
		fd = walk_step(&walk, follow, &failed);
	int error = errno;

	while (walk.nr_folders > 0 && walk.folders[0] >= 0)
		close(walk.folders[--walk.nr_folders]);
	errno = error;
	return fd;
}

/* Returns an O_PATH descriptor of path, resolved with `root` as the root directory. */
static int resolve(int root, const char *path, bool follow)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW),
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	long fd = -1;

	for (unsigned i = 0; i < RACES_MAX; i++) {
		fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	if (fd >= 0 || (errno != ENOSYS && errno != EPERM && errno != EAGAIN))
		return (int)fd;
	return target_file_walk(root, path, follow);
}

/* Returns whether the process sees the same file systems as this one. */
bool target_file_is_elsewhere(const struct process *process)
{
	struct process self = process_self();
	struct stat own, its;

	return !live_stat(&self, "ns/mnt", &own) || !live_stat(process, "ns/mnt", &its) ||
	       own.st_dev != its.st_dev || own.st_ino != its.st_ino;
}

/* Opens the file behind the O_PATH descriptor for reading, and closes that descriptor. */
static bool open_for_reading(struct target_file *file, int found, bool elsewhere)
{
	char path[40];
	struct statfs fs;

	file->fd = -1;
	if (found < 0)
		return false;
	if (fstat(found, &file->st) == 0 && fstatfs(found, &fs) == 0) {
		errno = EINVAL;
		if (S_ISREG(file->st.st_mode) && !is_made_up(fs.f_type)) {
			snprintf(path, sizeof(path), "/proc/self/fd/%d", found);
			/* Non-blocking, because another process may hold a lease on the
			 * file. */
			file->fd =
				open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
			file->foreign =
				elsewhere || fs.f_type == FUSE_MAGIC ||
				(file->st.st_mode & S_IWOTH) ||
				(file->st.st_uid != 0 && file->st.st_uid != geteuid());
		}
	}
	int error = errno;

	close(found);
	errno = error;
	return file->fd >= 0;
}

/* Services often have mount namespaces of their own in which most files are the same as
 * here. If the same file has the same name in both, it is treated as one of this
 * namespace. */
static bool is_ours_too(int found, const char *path)
{
	struct stat theirs, ours;
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int own = root >= 0 ? resolve(root, path, true) : -1;
	bool same = own >= 0 && fstat(found, &theirs) == 0 && fstat(own, &ours) == 0 &&
		    theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino &&
		    theirs.st_uid == ours.st_uid;

	if (own >= 0)
		close(own);
	if (root >= 0)
		close(root);
	return same;
}

static bool open_inside(struct target_file *file, const struct process *process,
			const char *path, bool follow)
{
	int root = live_open(process, "root", O_PATH | O_DIRECTORY);
	int found = -1;

	if (root >= 0) {
		found = resolve(root, path, follow);
		int error = errno;

		close(root);
		errno = error;
	}
	return open_for_reading(file, found,
				found >= 0 && target_file_is_elsewhere(process) &&
					!is_ours_too(found, path));
}

bool target_file_open(struct target_file *file, const struct process *process,
		      const char *path)
{
	return open_inside(file, process, path, true);
}

bool target_file_open_nofollow(struct target_file *file, const struct process *process,
			       const char *path)
{
	return open_inside(file, process, path, false);
}

bool target_file_open_cwd(struct target_file *file, const struct process *process,
			  const char *path)
{
	char text[PATH_TEXT], whole[PATH_TEXT];

	file->fd = -1;
	if (live_link(process, "cwd", text, sizeof(text)) <= 0)
		return false;
	errno = ENAMETOOLONG;
	return snprintf(whole, sizeof(whole), "%s/%s", text, path) < (int)sizeof(whole) &&
	       open_inside(file, process, whole, true);
}

bool target_file_open_exe(struct target_file *file, const struct process *process)
{
	return open_for_reading(file, live_open(process, "exe", O_PATH),
				target_file_is_elsewhere(process));
}

bool target_file_open_here(struct target_file *file, const char *path)
{
	char folder[PATH_TEXT] = "", whole[PATH_TEXT];
	int found = -1;

	file->fd = -1;
	if (path[0] != '/' && !getcwd(folder, sizeof(folder)))
		return false;
	errno = ENAMETOOLONG;
	if (snprintf(whole, sizeof(whole), "%s/%s", folder, path) >= (int)sizeof(whole))
		return false;
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root >= 0) {
		found = resolve(root, whole, true);
		close(root);
	}
	return open_for_reading(file, found, false);
}

bool target_file_open_link(struct target_file *file, int dir, const char *name)
{
	return open_for_reading(file, openat(dir, name, O_PATH | O_CLOEXEC), true);
}

bool target_file_open_mapped(struct target_file *file, const struct process *process,
			     const struct proc_map *map)
{
	char name[64];

	snprintf(name, sizeof(name), "map_files/%llx-%llx",
		 (unsigned long long)map->start, (unsigned long long)map->end);
	return open_for_reading(file, live_open(process, name, O_PATH), true);
}
