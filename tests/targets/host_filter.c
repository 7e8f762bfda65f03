/* SPDX-License-Identifier: MIT */
/*
 * A sandboxed program: `host_filter WHEN` installs a seccomp filter on itself that kills
 * it for every call that this program does not make. WHEN: early, before its first
 * thread; late, after some; all, on all threads at once; child, in a forked child that
 * has not waited; exec, before it starts itself again; unseen, not through a function
 * that can be interposed, with a child that waits. Prints "inside" and its pid, and ends
 * with 0 after its standard input has ended.
 */
#include <dlfcn.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const int allowed[] = {
	SYS_read,
	SYS_write,
	SYS_futex,
	SYS_exit,
	SYS_exit_group,
	SYS_mmap,
	SYS_munmap,
	SYS_mprotect,
	SYS_brk,
	SYS_close,
	SYS_clone,
	SYS_clone3,
	SYS_set_robust_list,
	SYS_rseq,
	SYS_madvise,
	SYS_nanosleep,
	SYS_rt_sigreturn,
	SYS_rt_sigaction,
	SYS_clock_nanosleep,
	SYS_rt_sigprocmask,
	SYS_restart_syscall,
	SYS_wait4,
	/* the calls of a program before its main() */
	SYS_execve,
	SYS_openat,
	SYS_pread64,
	SYS_newfstatat,
	SYS_arch_prctl,
	SYS_set_tid_address,
	SYS_prlimit64,
	SYS_access,
	SYS_getrandom,
	SYS_fstat,
};
#define NR_ALLOWED (sizeof(allowed) / sizeof(allowed[0]))

static void enter(const char *when)
{
	struct sock_filter program[2 * NR_ALLOWED + 2];
	unsigned short n = 0;

	program[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						    offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < NR_ALLOWED; i++) {
		program[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
							    (unsigned)allowed[i], 0, 1);
		program[n++] =
			(struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	program[n++] =
		(struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	struct sock_fprog filter = {n, program};

	int (*set)(int, ...) = prctl;

	if (strcmp(when, "unseen") == 0)
		*(void **)&set = dlsym(dlopen("libc.so.6", RTLD_NOW), "prctl");
	set(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (strcmp(when, "all") == 0
		    ? syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			      SECCOMP_FILTER_FLAG_TSYNC, &filter)
		    : set(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter)) {
		perror("seccomp");
		_exit(77);
	}
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *waits_for_lock(void *argument)
{
	pthread_mutex_lock(&lock);
	pthread_mutex_unlock(&lock);
	return argument;
}

static void threads(pthread_t *list, int count)
{
	for (int i = 0; i < count; i++)
		pthread_create(&list[i], NULL, waits_for_lock, NULL);
}

static int child_is_killed(void)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		for (int i = 0; i < 10; i++)
			usleep(1);
		_exit(0);
	}
	waitpid(child, &status, 0);
	return status != 0;
}

/* known: the pid, if a filter forbids asking for it. */
static int run(const char *when, char *self, const char *known)
{
	char number[16];
	char *words[] = {self, "inside", number, NULL}, *no_words[] = {NULL};
	pthread_t list[6];
	char byte, line[40];
	int status, pid = known ? atoi(known) : getpid();

	if (strcmp(when, "child") == 0) {
		pid_t child = fork();

		if (child > 0) {
			waitpid(child, &status, 0);
			return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
		}
		pid = getpid();
	}
	pthread_mutex_lock(&lock);
	if (strcmp(when, "late") == 0 || strcmp(when, "all") == 0)
		threads(list, 3);
	snprintf(number, sizeof(number), "%d", pid);
	if (strcmp(when, "inside") != 0)
		enter(when);
	if (strcmp(when, "exec") == 0)
		execve("/proc/self/exe", words,
		       getenv("LD_PRELOAD") ? environ : no_words);
	if (strcmp(when, "late") == 0 || strcmp(when, "all") == 0)
		threads(list + 3, 3);
	else
		threads(list, 6);
	if (strcmp(when, "unseen") == 0 && child_is_killed())
		return 4;
	int bytes = snprintf(line, sizeof(line), "inside %d\n", pid);

	if (write(1, line, (size_t)bytes) != bytes)
		return 3;
	while (read(0, &byte, 1) == 1)
		;
	pthread_mutex_unlock(&lock);
	for (int i = 0; i < 6; i++)
		pthread_join(list[i], NULL);
	return 0;
}

int main(int count, char **words)
{
	_exit(run(count > 1 ? words[1] : "early", words[0], count > 2 ? words[2] : NULL));
}
