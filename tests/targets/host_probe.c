/* SPDX-License-Identifier: MIT */
/*
 * Prints what a program can see of itself, one fact a line, to compare a run with the
 * agent with one without: descriptors, thread keys, threads, what a single-threaded
 * process may do, and the results of the programs that it starts. Usage: host_probe
 * [PROGRAM…]: each PROGRAM is started in every possible way.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void *nothing(void *argument)
{
	return argument;
}

/* Where Yama forbids reading the memory of other processes, the agent keeps a descriptor
 * beyond these. */
static int last_descriptor(void)
{
	FILE *file = fopen("/proc/sys/kernel/yama/ptrace_scope", "r");
	int scope = file ? fgetc(file) : '0';

	if (file)
		fclose(file);
	return scope == '0' ? 70000 : 1024;
}

static void count_descriptors(const char *when)
{
	int n = 0, last = last_descriptor();

	for (int i = 3; i < last; i++)
		n += fcntl(i, F_GETFD) != -1;
	printf("%s: %d descriptors\n", when, n);
}

static void count_keys(void)
{
	pthread_key_t keys[PTHREAD_KEYS_MAX];
	int n = 0;

	while (n < PTHREAD_KEYS_MAX && pthread_key_create(&keys[n], NULL) == 0)
		n++;
	printf("keys: %d\n", n);
	while (n > 0)
		pthread_key_delete(keys[--n]);
}

/* Refused to a process that has a second thread. */
static void leave_namespaces(void)
{
	int fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);

	errno = 0;
	printf("setns: %d %d\n", setns(fd, CLONE_NEWNS), errno);
	errno = 0;
	printf("unshare: %d %d\n", unshare(CLONE_NEWUSER), errno);
	close(fd);
}

static void say(const char *way, const char *program, pid_t pid)
{
	int status = -1;

	fflush(stdout);
	waitpid(pid, &status, 0);
	printf("%s %s: exit %d signal %d\n", way, program, WEXITSTATUS(status),
	       WTERMSIG(status));
	fflush(stdout);
}

/* In a child: never returns. */
static void become(int way, char *path)
{
	char *words[] = {path, NULL};
	int fd;

	switch (way) {
	case 0:
		execv(path, words);
		break;
	case 1:
		execve(path, words, environ);
		break;
	case 2:
		execvp(path, words);
		break;
	case 3:
		execvpe(path, words, environ);
		break;
	case 4:
		execl(path, path, (char *)NULL);
		break;
	case 5:
		execlp(path, path, (char *)NULL);
		break;
	case 6:
		execle(path, path, (char *)NULL, environ);
		break;
	default:
		fd = open(path, O_RDONLY | O_CLOEXEC);
		fexecve(fd, words, environ);
	}
	_exit(126);
}

static void start(char *path)
{
	static const char *const ways[] = {"execv", "execve", "execvp", "execvpe",
					   "execl", "execlp", "execle", "fexecve"};
	char *words[] = {path, NULL};
	pid_t pid;

	fflush(stdout);
	for (int way = 0; way < 8; way++) {
		pid = fork();
		if (pid == 0)
			become(way, path);
		say(ways[way], path, pid);
	}
	pid = vfork();
	if (pid == 0) {
		execv(path, words);
		_exit(126);
	}
	say("vfork", path, pid);
	if (posix_spawn(&pid, path, NULL, NULL, words, environ) == 0)
		say("posix_spawn", path, pid);
	if (posix_spawnp(&pid, path, NULL, NULL, words, environ) == 0)
		say("posix_spawnp", path, pid);
	printf("system: %d\n", system(path));
	fflush(stdout);
}

/* A program of this name cannot be executed, and is not waited for. */
static void execute_fifo(void)
{
	char path[] = "/tmp/host_probe.XXXXXX", fifo[sizeof(path) + 2];
	char *words[] = {fifo, NULL};

	if (!mkdtemp(path))
		return;
	snprintf(fifo, sizeof(fifo), "%s/f", path);
	mkfifo(fifo, 0700);
	execv(fifo, words);
	printf("a fifo: %d\n", errno);
	unlink(fifo);
	rmdir(path);
}

/* Starts a program with the smallest possible stack, most of which is in use. */
static void *start_on_small_stack(void *unused)
{
	volatile char used[6144];
	char *words[] = {"sh", "-c", "exit 3", NULL};
	int status = -1;
	pid_t pid;

	for (size_t i = 0; i < sizeof(used); i++)
		used[i] = 1;
	if (posix_spawnp(&pid, "sh", NULL, NULL, words, environ) == 0)
		waitpid(pid, &status, 0);
	printf("from a small stack: %#x\n", status);
	return unused;
}

static void use_small_stack(void)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, PTHREAD_STACK_MIN);
	if (pthread_create(&thread, &attributes, start_on_small_stack, NULL) == 0)
		pthread_join(thread, NULL);
	pthread_attr_destroy(&attributes);
}

int main(int count, char **words)
{
	struct rlimit files;
	pthread_t thread;

	count_descriptors("start");
	count_keys();
	getrlimit(RLIMIT_NOFILE, &files);
	printf("files: %lu %lu\n", (unsigned long)files.rlim_cur,
	       (unsigned long)files.rlim_max);
	pthread_create(&thread, NULL, nothing, NULL);
	pthread_join(thread, NULL);
	count_descriptors("after a thread");
	/* The kernel may still be ending the thread that was joined. */
	for (int i = 0; i < 1000; i++) {
		if (unshare(CLONE_VM) == 0)
			break;
		usleep(1000);
	}
	if (count == 1) {
		leave_namespaces();
		execute_fifo();
		use_small_stack();
	}
	for (int i = 1; i < count; i++)
		start(words[i]);
	return 0;
}
