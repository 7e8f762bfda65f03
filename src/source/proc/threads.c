/* SPDX-License-Identifier: MIT */
/* Threads of a live process, and the list of all processes. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/fdio.h"
#include "source/proc/live.h"

static const char *const text_names[THREAD_TEXTS] = {
	[THREAD_STAT] = "stat",         [THREAD_STATUS] = "status",
	[THREAD_CALL] = "syscall",      [THREAD_PLACE] = "wchan",
	[THREAD_NAME] = "comm",         [THREAD_TIMES] = "schedstat",
	[THREAD_CHILDREN] = "children",
};

/* Opens the directory of the threads. */
static DIR *open_tasks(const struct process *process)
{
	char path[LIVE_PATH_MAX] = ".";
	int dir = process->tasks, fd;
	DIR *tasks;

	if (dir <= 0) {
		live_path(process, "task", path);
		dir = AT_FDCWD;
	}
	fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	tasks = fd >= 0 ? fdopendir(fd) : NULL;
	if (!tasks && fd >= 0) {
		close(fd);
		errno = ENOMEM;
	}
	return tasks;
}

ssize_t process_threads(const struct process *process, pid_t **tids, size_t *capacity)
{
	DIR *dir = open_tasks(process);
	size_t count = 0;

	if (!dir)
		return -errno;
	for (struct dirent *entry; (entry = readdir(dir));) {
		pid_t tid = proc_parse_pid(entry->d_name);

		if (!tid)
			continue;
		if (!array_reserve(tids, capacity, count + 1))
			break;
		(*tids)[count++] = tid;
	}
	closedir(dir);
	return count ? (ssize_t)count : -ESRCH;
}

/* The directory of the threads has two links besides one for each thread. */
static bool stat_tasks(const struct process *process, struct stat *st)
{
	char path[LIVE_PATH_MAX];

	if (process->tasks > 0)
		return fstat(process->tasks, st) == 0 && st->st_nlink > 2;
	live_path(process, "task", path);
	return stat(path, st) == 0 && st->st_nlink > 2;
}

int64_t process_thread_count(const struct process *process)
{
	struct stat st;

	return stat_tasks(process, &st) ? (int64_t)st.st_nlink - 2 : -1;
}

int64_t process_thread_count_of_user(const struct process *process, uid_t uid)
{
	struct stat st;

	return stat_tasks(process, &st) && st.st_uid == uid ? (int64_t)st.st_nlink - 2
							    : -1;
}

bool process_has_thread(const struct process *process, pid_t tid)
{
	char path[LIVE_PATH_MAX];
	int dir;

	if (tid <= 0)
		return false;
	dir = live_thread_at(process, tid, NULL, path);
	return faccessat(dir, path, F_OK, 0) == 0;
}

ssize_t process_thread_text(const struct process *process, pid_t tid,
			    enum process_thread_text which, char *out, size_t size)
{
	char path[LIVE_PATH_MAX];
	int dir = live_thread_at(process, tid, text_names[which], path), fd;
	ssize_t got;

	if (which == THREAD_CHILDREN)
		return fdio_read_small(dir, path, out, size);
	/* The kernel makes all others in one piece. */
	fd = openat(dir, path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	got = fdio_pread_small(fd, out, size);
	close(fd);
	return got;
}

int process_thread_text_open(const struct process *process, pid_t tid,
			     enum process_thread_text which)
{
	char path[LIVE_PATH_MAX];
	int dir = live_thread_at(process, tid, text_names[which], path);
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int process_thread_stat(const struct process *process, pid_t tid, struct proc_stat *out)
{
	char text[PROC_TEXT_MAX];
	ssize_t got = process_thread_text(process, tid, THREAD_STAT, text, sizeof(text));

	if (got < 0)
		return (int)got;
	return proc_parse_stat(text, (size_t)got, out) ? 0 : -EPROTO;
}

int process_thread_call(const struct process *process, pid_t tid, struct proc_call *out)
{
	char text[PROC_TEXT_MAX];
	ssize_t got = process_thread_text(process, tid, THREAD_CALL, text, sizeof(text));

	if (got < 0)
		return (int)got;
	return got > 0 && proc_parse_call(text, out) ? 0 : -EPROTO;
}

bool process_thread_leaves(const struct process *process, pid_t tid)
{
	struct proc_stat stat;

	return process_thread_stat(process, tid, &stat) != 0 || stat.state == 'Z' ||
	       stat.state == 'X' || (stat.kernel_flags & PROC_PF_EXITING);
}

int64_t process_thread_exec_start_ns(const struct process *process, pid_t tid)
{
	char path[LIVE_PATH_MAX], text[PROC_SCHED_MAX];
	int dir = live_thread_at(process, tid, "sched", path);

	return fdio_read_small(dir, path, text, sizeof(text)) > 0
		       ? proc_parse_exec_start_ns(text)
		       : 0;
}

int64_t process_own_exec_start_ns(void)
{
	char text[PROC_SCHED_MAX];

	return fdio_read_small(AT_FDCWD, "/proc/thread-self/sched", text, sizeof(text)) >
			       0
		       ? proc_parse_exec_start_ns(text)
		       : 0;
}

/* If it cannot be opened, the list is empty. */
bool process_list_open(struct process_list *list)
{
	list->dir = opendir("/proc");
	return list->dir != NULL;
}

bool process_list_next(struct process_list *list, struct process *process)
{
	const struct dirent *entry;

	while (list->dir && (entry = readdir(list->dir))) {
		pid_t pid = proc_parse_pid(entry->d_name);

		if (!pid)
			continue;
		*process = process_named(pid);
		return true;
	}
	return false;
}

void process_list_close(struct process_list *list)
{
	if (list->dir)
		closedir(list->dir);
	list->dir = NULL;
}
