/* SPDX-License-Identifier: MIT */
/* The interface through which a target is read, asked about this process and its children. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../../sanitized.h"
#include "base/fdio.h"
#include "source/proc/descriptors.h"
#include "source/proc/memory.h"
#include "source/proc/process.h"

/* A child that waits until it is killed, in pause(). */
static pid_t start_child(void)
{
	int ready[2];
	char byte = 0;
	pid_t pid;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void test_open(void **state)
{
	struct process self = process_self(), named = process_named(getpid()), open;
	struct proc_stat stats[3];
	struct err e = {0};

	(void)state;
	assert_int_equal(process_open(&open, getpid(), &e), 0);
	assert_int_equal(process_stat(&self, &stats[0]), 0);
	assert_int_equal(process_stat(&named, &stats[1]), 0);
	assert_int_equal(process_stat(&open, &stats[2]), 0);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(stats[i].pid, getpid());
		assert_int_equal(stats[i].start_ticks, stats[0].start_ticks);
	}
	process_close(&open);
	process_close(&open); /* once more does nothing */
}

static void *use_cpu(void *arg)
{
	clock_t until = clock() + CLOCKS_PER_SEC / 4;

	while (clock() < until)
		;
	return arg;
}

/* The CPU time is that of all threads, and also of those that have ended. */
static void test_stat_many(void **state)
{
	struct process self = process_self(), named = process_named(getpid());
	struct proc_stat before, stat, after;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, use_cpu, NULL), 0);
	pthread_join(thread, NULL);
	for (int i = 0; i < 2; i++) {
		const struct process *process = i ? &named : &self;

		assert_int_equal(process_stat(process, &before), 0);
		assert_int_equal(process_stat_many(process, &stat), 0);
		assert_int_equal(process_stat(process, &after), 0);
		assert_true(stat.cpu_ticks * 10 >= (uint64_t)sysconf(_SC_CLK_TCK));
		/* The kernel rounds user and system time down. */
		assert_in_range(stat.cpu_ticks, before.cpu_ticks, after.cpu_ticks + 2);
		assert_int_equal(stat.pid, getpid());
		assert_int_equal(stat.start_ticks, before.start_ticks);
		assert_int_equal(stat.start_stack, before.start_stack);
		assert_int_equal(stat.threads, before.threads);
	}
}

/* An open process never turns into another one. */
static void test_ended(void **state)
{
	pid_t pid = start_child();
	struct process process, named = process_named(pid);
	struct process_maps maps;
	struct proc_facts facts;
	struct proc_stat stat;
	pid_t *tids = NULL;
	size_t capacity = 0;
	struct err e = {0};
	char text[64];

	(void)state;
	assert_int_equal(process_open(&process, pid, &e), 0);
	assert_int_equal(process_facts(&process, &facts, &e), 0);
	assert_int_equal(facts.uid, geteuid());
	assert_false(facts.foreign);
	kill(pid, SIGKILL);
	/* Until it is waited for, it is a zombie, which has no memory. */
	do
		assert_int_equal(process_stat(&process, &stat), 0);
	while (stat.state != 'Z');
	assert_int_equal(stat.exit_status, SIGKILL);
	assert_int_equal(process_maps_read(&maps, &process, 1u << 20, &e), ERR_GONE);
	process_maps_release(&maps);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(process_stat(&process, &stat), -ESRCH);
	assert_int_equal(process_stat(&named, &stat), -ENOENT);
	assert_true(process_stat_many(&process, &stat) < 0);
	assert_true(process_stat_many(&named, &stat) < 0);
	assert_int_equal(process_threads(&process, &tids, &capacity), -ESRCH);
	assert_int_equal(process_text(&process, PROCESS_LIMITS, text, sizeof(text)),
			 -ESRCH);
	assert_true(process_fd_link(&process, 0, text, sizeof(text)) < 0);
	assert_int_equal(process_network(&named), NETWORK_GONE);
	assert_false(process_move(&process));
	assert_int_equal(process_facts(&named, &facts, &e), ERR_NOTFOUND);
	assert_non_null(strstr(e.text, "there is no process"));
	assert_int_equal(process_open(&process, pid, &e), ERR_NOTFOUND);
	free(tids);
}

static bool find_map(const struct process *process, const void *address,
		     struct process_maps *maps, struct proc_map *out)
{
	struct err e = {0};
	size_t at = 0;

	assert_int_equal(process_maps_read(maps, process, 16u << 20, &e), 0);
	while (process_maps_next(maps, &at, out))
		if (out->start <= (uintptr_t)address && (uintptr_t)address < out->end)
			return true;
	return false;
}

static void test_maps(void **state)
{
	static int variable;
	struct process self = process_self();
	struct process_maps maps;
	struct proc_map map;
	struct err e = {0};
	char exe[4096];
	void *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_true(shared != MAP_FAILED);
	assert_true(find_map(&self, &variable, &maps, &map));
	assert_true(map.readable && map.writable && map.private && !map.executable);
	process_maps_release(&maps);
	assert_true(find_map(&self, (void *)(uintptr_t)test_maps, &maps, &map));
	assert_true(map.readable && !map.writable && map.executable && map.inode);
	assert_true(process_exe(&self, exe, sizeof(exe)) > 0);
	assert_int_equal(map.path_bytes, strlen(exe));
	assert_memory_equal(map.path, exe, map.path_bytes);
	assert_non_null(strchr(map.device, ':'));
	process_maps_release(&maps);
	assert_true(find_map(&self, shared, &maps, &map));
	assert_true(map.writable && !map.private && map.inode);
	process_maps_release(&maps);
	/* Of a list that is too long there is the beginning. */
	assert_int_equal(process_maps_read(&maps, &self, 100, &e), ERR_FORMAT);
	process_maps_release(&maps);
	munmap(shared, 4096);
}

static void test_threads(void **state)
{
	pid_t pid = start_child();
	struct process process;
	struct proc_call call = {.running = true};
	struct proc_facts facts;
	struct proc_stat stat;
	pid_t *tids = NULL;
	size_t capacity = 0;
	struct err e = {0};
	char text[256];
	ssize_t nr;
	int fd;

	(void)state;
	assert_int_equal(process_open(&process, pid, &e), 0);
	nr = process_threads(&process, &tids, &capacity);
	assert_true(nr >= 1);
	assert_int_equal(tids[0], pid);
	/* ThreadSanitizer starts a thread in the child, sooner or later. */
	if (!SANITIZED_THREADS) {
		assert_int_equal(nr, 1);
		assert_int_equal(process_thread_count(&process), 1);
		assert_int_equal(process_thread_count_of_user(&process, geteuid()), 1);
	}
	assert_int_equal(process_thread_count_of_user(&process, geteuid() + 1), -1);
	assert_true(process_has_thread(&process, pid));
	assert_false(process_has_thread(&process, getpid()));
	assert_false(process_has_thread(&process, 0));
	while (call.running)
		assert_int_equal(process_thread_call(&process, pid, &call), 0);
#ifdef SYS_pause
	assert_int_equal(call.nr, SYS_pause);
#else
	assert_int_equal(call.nr, SYS_ppoll);
#endif
	assert_int_equal(process_thread_stat(&process, pid, &stat), 0);
	assert_int_equal(stat.ppid, getpid());
	assert_false(process_thread_leaves(&process, pid));
	assert_true(process_thread_leaves(&process, getpid()));
	assert_true(process_thread_text(&process, pid, THREAD_NAME, text, sizeof(text)) >
		    0);
	assert_string_equal(text, "test_process.t\n");
	/* The same text again through a descriptor that is kept. */
	fd = process_thread_text_open(&process, pid, THREAD_STAT);
	assert_true(fd >= 0);
	for (int i = 0; i < 2; i++) {
		ssize_t got = fdio_pread_small(fd, text, sizeof(text));

		assert_true(got > 0 && proc_parse_stat(text, (size_t)got, &stat));
		assert_int_equal(stat.pid, pid);
	}
	close(fd);
	assert_int_equal(process_thread_text_open(&process, getpid(), THREAD_STAT),
			 -ENOENT);
	free(tids);
	process_close(&process);
	end_child(pid);

	/* A thread is not a process. */
	pid_t tid = (pid_t)syscall(SYS_gettid);

	process = process_named(tid);
	assert_int_equal(process_facts(&process, &facts, &e), 0);
	assert_int_equal(facts.inner_pid, tid);
}

static void test_descriptors(void **state)
{
	struct process self = process_self();
	struct process_fds fds;
	struct stat st, own;
	char link[64], text[512];
	int pipes[2], event = eventfd(3, EFD_CLOEXEC);
	int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int64_t count = process_fd_count(&self), seen = 0;
	bool found = false;
	long middle = 0;
	int after = -1;

	(void)state;
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	assert_int_equal(process_fd_count(&self), count + 2);
	assert_true(process_fd_link(&self, pipes[0], link, sizeof(link)) > 0);
	assert_int_equal(strncmp(link, "pipe:[", 6), 0);
	assert_int_equal(process_fd_link(&self, pipes[0], link, 6), 5);
	assert_string_equal(link, "pipe:");
	assert_true(process_fd_info(&self, event, text, sizeof(text)) > 0);
	assert_non_null(strstr(text, "eventfd-count:"));
	assert_true(process_fd_stat(&self, pipes[1], &st));
	assert_int_equal(fstat(pipes[1], &own), 0);
	assert_int_equal(st.st_ino, own.st_ino);
	assert_true(process_fd_protocol(&self, server, text, sizeof(text)));
	assert_string_equal(text, "TCP");
	assert_false(process_fd_protocol(&self, event, text, sizeof(text)));

	assert_int_equal(process_fds_open(&fds, &self, 0), 0);
	while (process_fds_next(&fds)) {
		assert_true(process_fds_link(&fds, text, sizeof(text)) > 0);
		if (middle && after < 0)
			after = fds.fd;
		if (fds.fd == pipes[0]) {
			found = true;
			assert_int_equal(process_fds_modes(&fds), S_IRUSR);
			middle = process_fds_tell(&fds);
		} else if (fds.fd == pipes[1]) {
			assert_int_equal(process_fds_modes(&fds), S_IWUSR);
		}
		seen++;
	}
	process_fds_close(&fds);
	assert_true(found && after >= 0);
	assert_int_equal(seen, count + 3); /* with that of the list */
	/* Another list continues where one stopped. */
	assert_int_equal(process_fds_open(&fds, &self, getpid()), 0);
	process_fds_seek(&fds, middle);
	assert_true(process_fds_next(&fds));
	assert_int_equal(fds.fd, after);
	process_fds_close(&fds);
	close(pipes[0]);
	close(pipes[1]);
	close(event);
	close(server);
}

/* A descriptor of a child that this process does not have. */
static void test_borrow(void **state)
{
	int held[2], own;
	struct timeval wait = {7, 0};
	socklen_t size = sizeof(wait);
	struct process process;
	pid_t pid;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, held), 0);
	setsockopt(held[0], SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	pid = start_child();
	close(held[0]);
	process = process_named(pid);
	own = process_fd_borrow(&process, held[0]);
	if (own < 0 && (errno == ENOSYS || errno == EPERM)) {
		end_child(pid);
		skip(); /* this kernel or a filter does not let us */
	}
	assert_true(own >= 0);
	wait.tv_sec = 0;
	assert_int_equal(getsockopt(own, SOL_SOCKET, SO_RCVTIMEO, &wait, &size), 0);
	assert_int_equal(wait.tv_sec, 7);
	assert_int_equal(process_fd_borrow(&process, 100000), -1);
	close(own);
	close(held[1]);
	end_child(pid);
}

static void test_memory(void **state)
{
	static char words[64] = "what the child has";
	pid_t pid = start_child();
	struct memory mem = {.process = process_named(pid)};
	char copy[64];

	(void)state;
	strcpy(words, "changed here");
	assert_true(memory_read(&mem, (uintptr_t)words, copy, sizeof(copy)));
	assert_string_equal(copy, "what the child has");
	end_child(pid);
	assert_false(memory_read(&mem, (uintptr_t)words, copy, sizeof(copy)));
	assert_int_equal(mem.failed, ESRCH);
}

static void test_around(void **state)
{
	struct process self = process_self(), parent = process_named(getppid()), one;
	struct process_list list;
	uint64_t auxv[2] = {0};
	char path[128], ours[64], theirs[64];
	bool found = false;
	int fd;

	(void)state;
	assert_true(process_list_open(&list));
	while (process_list_next(&list, &one))
		found |= one.pid == getpid();
	process_list_close(&list);
	assert_true(found);
	assert_int_equal(process_auxv(&self, auxv, sizeof(auxv)), sizeof(auxv));
	assert_true(auxv[0] != 0);
	assert_int_equal(process_network(&self), NETWORK_OURS);
	assert_true(process_namespace(&self, "pid", ours, sizeof(ours)));
	assert_int_equal(strncmp(ours, "pid:[", 5), 0);
	if (process_namespace(&parent, "pid", theirs, sizeof(theirs)))
		assert_int_equal(strncmp(theirs, "pid:[", 5), 0);
	fd = process_namespace_open(&self, "net");
	assert_true(fd >= 0);
	close(fd);
	process_path_inside(&parent, "/tmp/x", path, sizeof(path));
	snprintf(ours, sizeof(ours), "/proc/%d/root/tmp/x", (int)getppid());
	assert_string_equal(path, ours);
}

/* A pid that no process has, and a structure of zeros, do not mean this process. */
static void test_no_pid(void **state)
{
	const struct process none[] = {process_named(0), process_named(-1), {0}};
	struct process_fds fds;
	struct proc_stat stat;
	struct statx id;
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		assert_int_equal(process_stat(&none[i], &stat), -ENOENT);
		assert_int_equal(process_exe(&none[i], text, sizeof(text)), -ENOENT);
		assert_int_equal(process_fds_open(&fds, &none[i], 0), -ENOENT);
		assert_false(process_exe_id(&none[i], &id));
		assert_int_equal(process_thread_count(&none[i]), -1);
		assert_int_equal(process_network(&none[i]), NETWORK_GONE);
	}
}

/* Runs in a pid namespace of its own, while /proc is of the one above. */
static int read_as_self(void *unused)
{
	struct process self = process_self();
	pid_t *tids = NULL;
	size_t capacity = 0;
	struct proc_stat stat;

	(void)unused;
	if (process_threads(&self, &tids, &capacity) != 1)
		return 2;
	return process_has_thread(&self, tids[0]) &&
			       process_thread_stat(&self, tids[0], &stat) == 0 &&
			       stat.pid == tids[0]
		       ? 0
		       : 3;
}

static void test_self_elsewhere(void **state)
{
	static _Alignas(16) char stack[65536];
	int status;
	pid_t pid =
		clone(read_as_self, stack + sizeof(stack), CLONE_NEWPID | SIGCHLD, NULL);

	(void)state;
	if (pid < 0) /* not permitted here */
		skip();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),           cmocka_unit_test(test_stat_many),
		cmocka_unit_test(test_ended),          cmocka_unit_test(test_maps),
		cmocka_unit_test(test_threads),        cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_borrow),         cmocka_unit_test(test_memory),
		cmocka_unit_test(test_around),         cmocka_unit_test(test_no_pid),
		cmocka_unit_test(test_self_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
