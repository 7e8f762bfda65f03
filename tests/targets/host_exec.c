/* SPDX-License-Identifier: MIT */
/*
 * Starts programs in ways that hide their files from a look at them beforehand: by names
 * that mean other files here, without a spare descriptor, from a stack with little room,
 * after Landlock has forbidden most files. Prints the result of each. Usage: host_exec
 * FOLDER NAME [filtered]: starts FOLDER/NAME; FOLDER is writable. filtered: under a
 * seccomp filter, which allows everything, from the start.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ENTRIES 5000

extern char **environ;
static const char *name;

static void say(const char *way, pid_t pid)
{
	int status = -1;

	waitpid(pid, &status, 0);
	printf("%s: exit %d signal %d\n", way, WEXITSTATUS(status), WTERMSIG(status));
	fflush(stdout);
}

/* The folder is the current one. */
static void by_descriptor(char **words)
{
	execveat(open(name, O_PATH | O_CLOEXEC), "", words, environ, AT_EMPTY_PATH);
}

static void by_path_with_folder(char **words)
{
	mkdir("decoy", 0755);
	mkdir("decoy/here", 0755);
	if ((symlink("..", "decoy/real") != 0 && errno != EEXIST) ||
	    chdir("decoy/here") != 0)
		_exit(1);
	mkdir(name, 0755);
	setenv("PATH", ".:../real", 1);
	execvp(name, words);
}

static void by_long_path(char **words)
{
	char path[2048] = "";

	while (strlen(path) < 1000)
		strcat(path, "./");
	setenv("PATH", path, 1);
	execvp(name, words);
}

static void without_descriptors(char **words)
{
	struct rlimit limit;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = (rlim_t)fd + 1;
	setrlimit(RLIMIT_NOFILE, &limit);
	execv(name, words);
}

static void without_environment(char **words)
{
	clearenv();
	execv(name, words);
}

static void plainly(char **words)
{
	execv(name, words);
}

static void twice_in_environment(char **words)
{
	char *preload = getenv("LD_PRELOAD"), *text = NULL;

	if (preload && asprintf(&text, "LD_PRELOAD=%s", preload) < 0)
		_exit(99);
	execve(name, words, (char *[]){text ? text : "A=1", "B=2", text, NULL});
}

/* struct landlock_path_beneath_attr, which is packed, and Landlock's three calls. */
struct beneath {
	uint64_t access;
	int32_t fd;
} __attribute__((packed));

/* Files of the system and of the current folder can be read and executed, others
 * cannot. */
static void fenced(char **words)
{
	static const char *const folders[] = {"/usr", "/lib", "/lib64",
					      "/bin", "/etc", "."};
	uint64_t handled = 1 | 4; /* EXECUTE, READ_FILE */
	int rules = (int)syscall(444, &handled, sizeof(handled), 0);

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		struct beneath rule = {handled, open(folders[i], O_PATH | O_CLOEXEC)};

		syscall(445, rules, 1, &rule, 0);
	}
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (syscall(446, rules, 0) != 0)
		_exit(0);
	(void)words;
	execl("/bin/sh", "sh", "-c", "exit 3", (char *)NULL);
}

static void in_child(const char *way, void (*become)(char **words))
{
	char *words[] = {"program", NULL};
	pid_t pid = fork();

	if (pid == 0) {
		become(words);
		_exit(126);
	}
	say(way, pid);
}

static void spawn(const char *way, posix_spawn_file_actions_t *actions, const char *path,
		  char **environment)
{
	char *words[] = {"program", NULL};
	pid_t pid;
	int rc = posix_spawn(&pid, path, actions, NULL, words, environment);

	if (rc == 0)
		say(way, pid);
	else
		printf("%s: %s\n", way, strerror(rc));
	posix_spawn_file_actions_destroy(actions);
	posix_spawn_file_actions_init(actions);
}

static void spawn_elsewhere(void)
{
	posix_spawn_file_actions_t actions;
	char path[256];
	int fd = open(".", O_PATH | O_CLOEXEC);

	snprintf(path, sizeof(path), "./%s", name);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addchdir_np(&actions, "decoy/real");
	spawn("another folder", &actions, path, environ);
	posix_spawn_file_actions_addopen(&actions, 9, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addfchdir_np(&actions, fd);
	spawn("a folder's descriptor", &actions, path, environ);
	/* The preload stays if the file is the one that was checked. */
	posix_spawn_file_actions_addopen(&actions, 9, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, 1, 8);
	spawn("no other folder", &actions, "./keeps", environ);
	close(fd);
}

static char **large_environment(void)
{
	static char texts[ENTRIES][16], *all[ENTRIES + 2];
	char *preload = getenv("LD_PRELOAD");

	for (int i = 0; i < ENTRIES; i++) {
		snprintf(texts[i], sizeof(texts[i]), "V%d=x", i);
		all[i] = texts[i];
	}
	if (preload && asprintf(&all[ENTRIES], "LD_PRELOAD=%s", preload) < 0)
		abort();
	return all;
}

static void *on_small_stack(void *environment)
{
	posix_spawn_file_actions_t actions;
	char *words[] = {"program", NULL};
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	spawn("small stack, spawned", &actions, name, environment);
	pid = vfork();
	if (pid == 0) {
		execve(name, words, environment);
		_exit(126);
	}
	say("small stack, vfork", pid);
	return NULL;
}

static void again_under_filter(char **words)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = {1, &allow};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0)
		execl("/proc/self/exe", words[0], words[1], words[2], (char *)NULL);
	perror("filter");
}

int main(int count, char **words)
{
	pthread_attr_t attributes;
	pthread_t thread;

	if (count == 4)
		again_under_filter(words);
	if (count != 3 || chdir(words[1]) != 0)
		return 2;
	name = words[2];
	in_child("O_PATH", by_descriptor);
	in_child("a folder of that name in PATH", by_path_with_folder);
	in_child("a long PATH", by_long_path);
	in_child("no descriptor", without_descriptors);
	in_child("no environment", without_environment);
	in_child("LD_PRELOAD twice", twice_in_environment);
	in_child("Landlock", fenced);
	spawn_elsewhere();
	/* Root can read it nevertheless; other users can only execute it. */
	chmod(name, 0111);
	in_child("not readable", plainly);
	chmod(name, 0755);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 16384);
	pthread_create(&thread, &attributes, on_small_stack, large_environment());
	pthread_join(thread, NULL);
	return 0;
}
