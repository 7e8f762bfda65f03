/* SPDX-License-Identifier: MIT */
/*
 * Where the agent cannot work as usual, it works with less or stays silent and says why;
 * the program does what it does without the agent.
 */
#include "agent_region.h"

#include <dlfcn.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <semaphore.h>

static void wait_a_little(void)
{
	struct timespec pause = {0, 1000};

	nanosleep(&pause, NULL);
}

static void *short_thread(void *argument)
{
	wait_a_little();
	return argument;
}

/* The program works, whatever the agent does. */
static int program_works(void)
{
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	pthread_t thread;
	struct grmon_wait mark;
	void *result = NULL;

	errno = 3;
	CHILD_CHECK(pthread_create(&thread, NULL, short_thread, &lock) == 0);
	CHILD_CHECK(pthread_join(thread, &result) == 0 && result == &lock);
	CHILD_CHECK(pthread_mutex_lock(&lock) == 0 && pthread_mutex_unlock(&lock) == 0);
	grmon_wait_begin(&mark, GRMON_COND, NULL, "x");
	grmon_wait_end(&mark);
	grmon_label("a", "b");
	grmon_task_switch(grmon_task_begin("c"));
	grmon_task_switch(NULL);
	wait_a_little();
	CHILD_CHECK(errno == 3);
	return 0;
}

/* MODE "status SENTENCE": the program works, and grmon_status() says this. */
static int mode_status(const char *sentence)
{
	struct region region;

	if (program_works() != 0)
		return 1;
	if (!strstr(grmon_status(), sentence)) {
		fprintf(stderr, "# status is \"%s\"\n", grmon_status());
		return 1;
	}
	if (strcmp(sentence, "publishing") != 0)
		CHILD_CHECK(!region_by_proc(&region, getpid()));
	return 0;
}

static int mode_smaller(const char *bytes)
{
	struct region region;
	struct wire_slot slot;

	CHILD_CHECK(region_by_proc(&region, getpid()));
	CHILD_CHECK(region.bytes <= strtoull(bytes, NULL, 10));
	CHILD_CHECK(region_live(&region)->nr_slots >= 16);
	CHILD_CHECK(region_thread(&region, getpid(), &slot) == 0);
	return mode_status("publishing");
}

/* Executes `mode argument` under a limit. */
static int limited(int which, rlim_t limit, const char *mode, const char *argument)
{
	pid_t pid = fork();

	if (pid == 0) {
		char self[] = "/proc/self/exe";
		struct rlimit both = {limit, limit};

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setrlimit(which, &both);
		execl(self, self, mode, argument, (char *)NULL);
		_exit(127);
	}
	return child_status(pid);
}

static void test_disabled(void **state)
{
	(void)state;
	setenv("GRMON_DISABLE", "1", 1);
	pid_t pid = spawn_mode("status", "disabled by GRMON_DISABLE");

	unsetenv("GRMON_DISABLE");
	assert_int_equal(child_status(pid), 0);
	assert_int_equal(child_status(spawn_mode("status", "publishing")), 0);
}

static void test_file_size(void **state)
{
	(void)state;
	assert_int_equal(limited(RLIMIT_FSIZE, 4 << 20, "smaller", "4194304"), 0);
	/* ThreadSanitizer itself writes a file of 64 KiB when it starts. */
	if (!SANITIZED_THREADS)
		assert_int_equal(limited(RLIMIT_FSIZE, 4096, "status", "RLIMIT_FSIZE"),
				 0);
}

static void test_address_space(void **state)
{
	(void)state;
	if (SANITIZED)
		skip(); /* shadow memory */
	/* At most a thirty-second of the limit. */
	assert_int_equal(limited(RLIMIT_AS, 512 << 20, "smaller", "16777216"), 0);
	assert_int_equal(limited(RLIMIT_AS, 64 << 20, "smaller", "2097152"), 0);
}

/* All descriptors are in use when the program starts. */
static void test_descriptors_at_the_start(void **state)
{
	(void)state;
	pid_t pid = fork();

	if (pid == 0) {
		char self[] = "/proc/self/exe";
		struct rlimit few = {32, 32};

		setrlimit(RLIMIT_NOFILE, &few);
		/* The loader needs one, and closes it before any constructor runs. */
		while (dup(0) >= 0)
			;
		close(31);
		execl(self, self, "one-descriptor", "", (char *)NULL);
		_exit(127);
	}
	assert_int_equal(child_status(pid), 0);
}

static int mode_one_descriptor(const char *unused)
{
	(void)unused;
	/* One was left, and it is the program's. */
	int fd = open("/dev/null", O_RDONLY);

	CHILD_CHECK(fd == 31);
	CHILD_CHECK(strcmp(grmon_status(), "publishing") == 0);
	CHILD_CHECK(program_works() == 0);
	return close(fd);
}

/* Installs a filter on the calling process: `action` for each of these calls. */
static bool put_filter(const int *numbers, int count, unsigned action, bool by_prctl)
{
	struct sock_filter program[64] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	};
	unsigned short n = 1;

	for (int i = 0; i < count; i++) {
		program[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
							    (unsigned)numbers[i], 0, 1);
		program[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action);
	}
	program[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog filter = {n, program};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       (by_prctl ? prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter)
			 : syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
				   SECCOMP_FILTER_FLAG_TSYNC, &filter)) == 0;
}

/* Executes `mode argument` under the filter. */
static int filtered(const int *numbers, int count, unsigned action, const char *mode,
		    const char *argument)
{
	pid_t pid = fork();

	if (pid == 0) {
		char self[] = "/proc/self/exe";

		if (!put_filter(numbers, count, action, true))
			_exit(77);
		execl(self, self, mode, argument, (char *)NULL);
		_exit(127);
	}
	return child_status(pid);
}

static void *short_wait(void *argument)
{
	struct timespec moment = {0, 1000};

	nanosleep(&moment, NULL);
	return argument;
}

static int forked_wait(void *unused)
{
	(void)unused;
	short_wait(NULL);
	return 0;
}

/* Threads, waits and a fork all work, and are published as long as there is a region. */
static int mode_waits(const char *unused)
{
	struct region region;
	struct wire_slot slot;
	pthread_t threads[4];

	(void)unused;
	for (int i = 0; i < 4; i++)
		CHILD_CHECK(pthread_create(&threads[i], NULL, short_wait, NULL) == 0);
	for (int i = 0; i < 4; i++)
		CHILD_CHECK(pthread_join(threads[i], NULL) == 0);
	short_wait(NULL);
	CHILD_CHECK(in_child(forked_wait, NULL) == 0);
	CHILD_CHECK(region_by_anchor(&region));
	CHILD_CHECK(region_live(&region)->tasks_begun >= 5);
	CHILD_CHECK(region_thread(&region, getpid(), &slot) >= 0 && slot.waits > 0);
	return 0;
}

/* The calls that the agent makes without a filter, apart from those that a program of
 * these tests makes by itself. */
static const int forbidden[] = {
	SYS_memfd_create, SYS_ftruncate, SYS_close_range, SYS_unshare, SYS_signalfd4,
	SYS_socket,       SYS_bind,      SYS_tgkill,      SYS_mkdirat, SYS_accept4,
	SYS_sigaltstack,  SYS_mremap,    SYS_getsockopt,  SYS_fcntl,   SYS_unlinkat,
};
#define NR_FORBIDDEN ((int)(sizeof(forbidden) / sizeof(forbidden[0])))

/* A process that starts under a filter publishes, and makes none of these calls. */
static void test_forbidden_calls(void **state)
{
	(void)state;
	if (SANITIZED)
		skip();
	int rc = filtered(forbidden, NR_FORBIDDEN, SECCOMP_RET_KILL_PROCESS, "status",
			  "publishing");

	if (rc == 77)
		skip();
	assert_int_equal(rc, 0);
	assert_int_equal(filtered(forbidden, NR_FORBIDDEN, SECCOMP_RET_ERRNO | EPERM,
				  "status", "publishing"),
			 0);
	assert_int_equal(
		filtered(forbidden, NR_FORBIDDEN, SECCOMP_RET_KILL_PROCESS, "waits", ""),
		0);
}

/* The same for a process that installs the filter on itself, with and without a server by
 * then; and in a forked child, which has its region before. */
static int filters_itself(void *how)
{
	int way = *(int *)how;

	if (way & 1)
		CHILD_CHECK(mode_waits("") == 0);
	if (!put_filter(forbidden, NR_FORBIDDEN, SECCOMP_RET_KILL_PROCESS, way & 2))
		return 77;
	return mode_waits("");
}

static void test_filter_of_its_own(void **state)
{
	(void)state;
	if (SANITIZED)
		skip();
	for (int way = 0; way < 4; way++) {
		int rc = in_child(filters_itself, &way);

		if (rc == 77)
			skip();
		assert_int_equal(rc, 0);
	}
}

/* A child of vfork() installs a filter on itself and executes a program, whose file the
 * agent must not open then. The filter is not its parent's, whose memory it had. */
static int filters_in_vfork(void *unused)
{
	static const int calls[] = {SYS_faccessat, SYS_memfd_create, SYS_tgkill};
	Dl_info ours;

	(void)unused;
	CHILD_CHECK(grmon_label("parent", "has a region") == GRMON_OK);
	CHILD_CHECK(dladdr((void *)grmon_status, &ours) != 0);
	CHILD_CHECK(setenv("LD_PRELOAD", ours.dli_fname, 1) == 0);
	pid_t pid = vfork();

	if (pid == 0) {
		if (!put_filter(calls, 3, SECCOMP_RET_KILL_PROCESS, true))
			_exit(77);
		execl("/bin/true", "true", (char *)NULL);
		_exit(127);
	}
	int rc = child_status(pid);

	if (rc != 0)
		return rc;
	CHILD_CHECK(grmon_start(NULL) == GRMON_OK);
	CHILD_CHECK(strcmp(grmon_status(), "publishing") == 0);
	return 0;
}

static void test_filter_of_a_vfork_child(void **state)
{
	(void)state;
	if (SANITIZED)
		skip();
	int rc = in_child(filters_in_vfork, NULL);

	if (rc == 77)
		skip();
	assert_int_equal(rc, 0);
}

static sem_t release;

static void *held_thread(void *argument)
{
	sem_wait(&release);
	return argument;
}

static int own_threads(void)
{
	DIR *folder = opendir("/proc/self/task");
	int count = 0;

	while (folder && readdir(folder))
		count++;
	if (folder)
		closedir(folder);
	return count - 2;
}

static void *gone_thread(void *argument)
{
	(void)argument;
	syscall(SYS_exit, 0); /* no reply to any client */
	return NULL;
}

/* With few slots, threads that get none are counted, and the slots of dead threads are
 * found again. */
static int mode_few_slots(const char *unused)
{
	struct region region;
	pthread_t threads[300];
	struct grmon_wait mark;

	(void)unused;
	CHILD_CHECK(region_by_proc(&region, getpid()));
	struct wire_header *live = region_live(&region);
	int slots = (int)live->nr_slots;

	CHILD_CHECK(slots <= 128);
	sem_init(&release, 0, 0);
	int more = slots + 40;

	for (int i = 0; i < more; i++)
		CHILD_CHECK(pthread_create(&threads[i], NULL, held_thread, NULL) == 0);
	CHILD_CHECK(UNTIL(live->dropped_tasks == 41));
	CHILD_CHECK(UNTIL(region_count(&region, WIRE_THREAD) == (uint32_t)slots));
	CHILD_CHECK(!grmon_task_begin("none left"));
	CHILD_CHECK(live->dropped_tasks == 42);
	/* A child that shares the memory sees none of the threads, and leaves their slots
	 * alone. */
	pid_t child = vfork();

	if (child == 0) {
		for (int i = 0; i < slots; i++)
			grmon_task_begin("none in here");
		_exit(0);
	}
	CHILD_CHECK(child > 0 && waitpid(child, NULL, 0) == child);
	CHILD_CHECK(region_count(&region, WIRE_THREAD) == (uint32_t)slots);
	CHILD_CHECK(grmon_wait_begin(&mark, GRMON_COND, NULL, NULL) == GRMON_OK);
	grmon_wait_end(&mark);
	for (int i = 0; i < more; i++)
		sem_post(&release);
	for (int i = 0; i < more; i++)
		pthread_join(threads[i], NULL);
	CHILD_CHECK(UNTIL(region_count(&region, WIRE_THREAD) == 1));

	pthread_attr_t detached;

	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	for (int i = 1; i < slots; i++)
		CHILD_CHECK(pthread_create(&threads[i], &detached, gone_thread, NULL) ==
			    0);
	uint64_t dropped = live->dropped_tasks;

	/* The agent can only be sure of threads that have ended: this thread and the
	 * server are left. */
	CHILD_CHECK(UNTIL(own_threads() <= 2));

	/* All slots belong to dead threads; the next threads get them. */
	for (int i = 0; i < 20; i++) {
		CHILD_CHECK(pthread_create(&threads[0], NULL, short_thread, NULL) == 0);
		CHILD_CHECK(pthread_join(threads[0], NULL) == 0);
	}
	CHILD_CHECK(live->dropped_tasks <= dropped + 1);
	CHILD_CHECK(UNTIL(region_count(&region, WIRE_THREAD) < 80));
	return 0;
}

static void test_slots_run_out(void **state)
{
	(void)state;
	if (SANITIZED)
		skip(); /* raw exit */
	assert_int_equal(limited(RLIMIT_FSIZE, 700 << 10, "few-slots", ""), 0);
}

#define FEW   1100
#define MANY  30000
/* Ids that are left for others, whose tests could not fork without. */
#define SPARE 4000

/* As many threads as others can spare. */
static int many(void)
{
	FILE *limit = fopen("/proc/sys/kernel/pid_max", "re"),
	     *load = fopen("/proc/loadavg", "re");
	int most = MANY + SPARE, used = 0;

	CHILD_CHECK(limit && fscanf(limit, "%d", &most) == 1);
	CHILD_CHECK(load && fscanf(load, "%*s %*s %*s %*d/%d", &used) == 1);
	fclose(limit);
	fclose(load);
	most -= used + SPARE;
	return most < FEW ? FEW : most < MANY ? most : MANY;
}

static int mode_many(const char *unused)
{
	static pthread_t threads[MANY];
	struct region region;
	pthread_attr_t small;
	int most = many(), count = 0;

	(void)unused;
	sem_init(&release, 0, 0);
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 16384);
	pthread_attr_setguardsize(&small, 0);
	while (count < most &&
	       pthread_create(&threads[count], &small, held_thread, NULL) == 0)
		count++;
	if (count < MANY)
		fprintf(stderr, "# only %d threads are to be had here\n", count);
	CHILD_CHECK(count >= FEW);
	CHILD_CHECK(region_by_proc(&region, getpid()));
	CHILD_CHECK(UNTIL(region_count(&region, WIRE_THREAD) == (uint32_t)count + 1));
	CHILD_CHECK(region_live(&region)->dropped_tasks == 0);
	uint32_t creators = region_live(&region)->nr_creators;

#if defined(__x86_64__)
	/* Main's slot has an index too, and no creator; a creation that failed is
	 * counted. */
	uint64_t dropped = region_live(&region)->dropped_creators;
	uint32_t over =
		(uint32_t)count + 1 > creators ? (uint32_t)count + 1 - creators : 0;

	CHILD_CHECK(dropped >= over && dropped <= over + 1);
#endif
	for (int i = 0; i < count; i++)
		sem_post(&release);
	for (int i = 0; i < count; i++)
		CHILD_CHECK(pthread_join(threads[i], NULL) == 0);
	CHILD_CHECK(UNTIL(region_count(&region, WIRE_THREAD) == 1));
	return 0;
}

static void test_many_threads(void **state)
{
	(void)state;
	if (SANITIZED)
		skip();
	assert_int_equal(child_status(spawn_mode("many", "")), 0);
}

static void *keep_loading(void *path)
{
	for (int i = 0; i < 20; i++) {
		void *library = dlopen(path, RTLD_NOW);

		if (!library)
			return dlerror();
		dlclose(library);
	}
	return NULL;
}

/* Loaded late, by a thread, and unloaded while others have slots: the library stays
 * (nodelete). */
static int mode_loaded_again(const char *unused)
{
	Dl_info about;
	pthread_t thread;
	void *problem = NULL;

	(void)unused;
	CHILD_CHECK(dladdr((void *)grmon_status, &about) != 0);
	CHILD_CHECK(pthread_create(&thread, NULL, keep_loading,
				   (void *)(uintptr_t)about.dli_fname) == 0);
	CHILD_CHECK(pthread_join(thread, &problem) == 0);
	if (problem)
		fprintf(stderr, "# %s\n", (char *)problem);
	CHILD_CHECK(!problem);
	return program_works();
}

static void test_dlopen_and_dlclose(void **state)
{
	(void)state;
	assert_int_equal(child_status(spawn_mode("loaded-again", "")), 0);
}

static int mode_chroot(const char *folder)
{
	char socket_folder[300];
	pthread_t thread;
	struct stat about;

	CHILD_CHECK(chroot(folder) == 0 && chdir("/") == 0);
	CHILD_CHECK(pthread_create(&thread, NULL, short_thread, NULL) == 0);
	CHILD_CHECK(pthread_join(thread, NULL) == 0);
	/* There is no /tmp here: no socket, and no harm. */
	snprintf(socket_folder, sizeof(socket_folder), "/tmp/grmon-%u",
		 (unsigned)geteuid());
	CHILD_CHECK(UNTIL(strstr(grmon_status(), "no private directory")));
	CHILD_CHECK(stat(socket_folder, &about) != 0);
	return program_works();
}

static void test_chroot(void **state)
{
	char template[] = "/tmp/grmon-limits-XXXXXX";

	(void)state;
	if (geteuid() != 0 || SANITIZED)
		skip();
	assert_non_null(mkdtemp(template));
	unsetenv("GRMON_SOCKET_DIR");
	unsetenv("XDG_RUNTIME_DIR");
	assert_int_equal(child_status(spawn_mode("chroot", template)), 0);
	rmdir(template);
}

static const struct {
	const char *name;
	int (*run)(const char *argument);
} modes[] = {
	{"status", mode_status},
	{"waits", mode_waits},
	{"smaller", mode_smaller},
	{"one-descriptor", mode_one_descriptor},
	{"few-slots", mode_few_slots},
	{"many", mode_many},
	{"loaded-again", mode_loaded_again},
	{"chroot", mode_chroot},
};

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_disabled),
		cmocka_unit_test(test_file_size),
		cmocka_unit_test(test_address_space),
		cmocka_unit_test(test_descriptors_at_the_start),
		cmocka_unit_test(test_forbidden_calls),
		cmocka_unit_test(test_filter_of_its_own),
		cmocka_unit_test(test_filter_of_a_vfork_child),
		cmocka_unit_test(test_slots_run_out),
		cmocka_unit_test(test_dlopen_and_dlclose),
		cmocka_unit_test(test_chroot),
		cmocka_unit_test(test_many_threads),
	};

	if (argc > 2)
		for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
			if (strcmp(argv[1], modes[i].name) == 0)
				return modes[i].run(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
