/* SPDX-License-Identifier: MIT */
/* The server thread: which clients it answers, what it must not hold, when it starts and
 * ends. */
#include "agent_region.h"

static char folder[64]; /* of the sockets; new for this test */

static const char *socket_of(pid_t pid)
{
	static char path[108];

	snprintf(path, sizeof(path), "%s/%d.sock", folder, (int)pid);
	return path;
}

static bool is_socket(const char *path)
{
	struct stat about;

	return lstat(path, &about) == 0 && S_ISSOCK(about.st_mode);
}

static bool answers(pid_t pid)
{
	struct region region = {0};
	char hello[600];
	bool found = region_by_socket(&region, socket_of(pid), hello, sizeof(hello)) &&
		     region_live(&region)->pid == pid;

	region_close(&region);
	return found;
}

/* Starts another process in `mode`, with a pipe on which it writes one byte when it is
 * ready. */
struct other {
	pid_t pid;
	int ready;
};

static struct other start_mode(const char *mode)
{
	struct other other;
	char number[16], byte;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	snprintf(number, sizeof(number), "%d", fds[1]);
	other.pid = spawn_mode(mode, number);
	assert_true(other.pid > 0);
	close(fds[1]);
	other.ready = fds[0];
	struct pollfd said = {.fd = other.ready, .events = POLLIN};

	assert_int_equal(poll(&said, 1, 20000), 1);
	assert_int_equal(read(other.ready, &byte, 1), 1);
	return other;
}

static int end_mode(struct other *other, int with)
{
	if (with)
		kill(other->pid, with);
	close(other->ready);
	return child_status(other->pid);
}

/* Runs in the other process. */
static int say_ready(const char *number)
{
	int fd = atoi(number);

	return write(fd, "r", 1) == 1 && close(fd) == 0 ? 0 : 1;
}

static void *forever(void *argument)
{
	for (;;)
		pause();
	return argument;
}

static int start_thread(void *(*routine)(void *), void *argument)
{
	pthread_t thread;

	return pthread_create(&thread, NULL, routine, argument);
}

static int mode_idle(const char *number)
{
	CHILD_CHECK(start_thread(forever, NULL) == 0);
	CHILD_CHECK(say_ready(number) == 0);
	forever(NULL);
	return 0;
}

static void test_hello_and_modes(void **state)
{
	struct other other = start_mode("idle");
	struct region region;
	struct stat about;
	char hello[600], wanted[80];

	(void)state;
	assert_true(UNTIL(answers(other.pid)));
	assert_true(
		region_by_socket(&region, socket_of(other.pid), hello, sizeof(hello)));
	snprintf(wanted, sizeof(wanted),
		 "{\"grmon\":1,\"protocol\":%u,\"pid\":%d,\"layout\":{", WIRE_VERSION,
		 (int)other.pid);
	assert_memory_equal(hello, wanted, strlen(wanted));
	assert_non_null(strstr(hello, "\"slots\":65536,\"slot_bytes\":256"));
	assert_string_equal(hello + strlen(hello) - 3, "}}\n");
	assert_int_equal(stat(folder, &about), 0);
	assert_int_equal(about.st_mode & 07777, 0700);
	assert_int_equal(stat(socket_of(other.pid), &about), 0);
	assert_int_equal(about.st_mode & 07777, 0600);
	/* Main and the one thread, and never the server itself. */
	assert_true(UNTIL(region_count(&region, WIRE_THREAD) == 2));
	region_close(&region);
	assert_int_equal(end_mode(&other, SIGKILL), 128 + SIGKILL);
	unlink(socket_of(other.pid));
}

static int connect_as_nobody(void *path)
{
	struct region region;
	char hello[600];

	CHILD_CHECK(setgid(65534) == 0 && setuid(65534) == 0);
	CHILD_CHECK(access(path, W_OK) == 0);
	CHILD_CHECK(!region_by_socket(&region, path, hello, sizeof(hello)));
	CHILD_CHECK(hello[0] == '\0');
	return 0;
}

/* Even if the folder lets another user in. */
static void test_another_user_is_refused(void **state)
{
	char path[108], parent[64];

	(void)state;
	if (geteuid() != 0)
		skip();
	struct other other = start_mode("idle");

	assert_true(UNTIL(answers(other.pid)));
	snprintf(path, sizeof(path), "%s", socket_of(other.pid));
	snprintf(parent, sizeof(parent), "%s", folder);
	*strrchr(parent, '/') = '\0';
	chmod(parent, 0755);
	chmod(folder, 0755);
	chmod(path, 0666);
	int refused = in_child(connect_as_nobody, path);

	chmod(folder, 0700);
	chmod(parent, 0700);
	assert_int_equal(refused, 0);
	assert_true(answers(other.pid));
	end_mode(&other, SIGKILL);
	unlink(path);
}

static int count_threads(pid_t pid)
{
	char path[64];
	int count = 0;
	struct dirent *entry;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	DIR *tasks = opendir(path);

	while (tasks && (entry = readdir(tasks)))
		count += entry->d_name[0] != '.';
	if (tasks)
		closedir(tasks);
	return count;
}

static int mode_single(const char *number)
{
	struct timespec moment = {0, 1000};

	nanosleep(&moment, NULL);
	CHILD_CHECK(count_threads(getpid()) == 1);
	CHILD_CHECK(!is_socket(socket_of(getpid())));
	/* grmon_start() asks for the socket now. */
	struct grmon_options older = {.size = sizeof(size_t), .socket_dir = "not read"};
	struct grmon_options broken = {.size = 1};

	CHILD_CHECK(grmon_start(&broken) == GRMON_EINVAL);
	CHILD_CHECK(grmon_start(&older) == GRMON_OK);
	CHILD_CHECK(grmon_start(NULL) == GRMON_OK);
	CHILD_CHECK(count_threads(getpid()) == 2);
	return say_ready(number) || (forever(NULL), 0);
}

static void test_no_thread_before_the_first(void **state)
{
	(void)state;
	if (SANITIZED_THREADS)
		skip();
	struct other other = start_mode("single");

	assert_true(UNTIL(answers(other.pid)));
	end_mode(&other, SIGKILL);
	unlink(socket_of(other.pid));
}

static bool holds(const char *path, const char *what)
{
	DIR *fds = opendir(path);
	struct dirent *entry;
	bool found = false;

	while (fds && (entry = readdir(fds))) {
		char name[600], link[128] = "";

		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		if (readlink(name, link, sizeof(link) - 1) > 0 && strstr(link, what))
			found = true;
	}
	if (fds)
		closedir(fds);
	return found;
}

static int mode_apart(const char *number)
{
	char byte;
	int fds[2];

	CHILD_CHECK(pipe(fds) == 0);
	CHILD_CHECK(start_thread(forever, NULL) == 0);
	CHILD_CHECK(UNTIL(answers(getpid())));
	/* The program's table has no descriptor of ours, and ours none of the
	 * program's. */
	CHILD_CHECK(!holds("/proc/self/fd", "memfd:" WIRE_MEMFD));
	CHILD_CHECK(close(fds[1]) == 0);
	CHILD_CHECK(read(fds[0], &byte, 1) == 0);
	for (int fd = 3; fd < 2000; fd++)
		if (fd != atoi(number))
			close(fd);
	CHILD_CHECK(answers(getpid()));
	/* The program is out of descriptors; the server has its own. */
	struct rlimit few = {4, 4};

	CHILD_CHECK(say_ready(number) == 0);
	CHILD_CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0);
	while (dup(0) >= 0)
		;
	forever(NULL);
	return 0;
}

static void test_a_table_of_its_own(void **state)
{
	struct other other = start_mode("apart");
	struct region region;

	(void)state;
	assert_true(UNTIL(answers(other.pid)));
	/* A stopped process answers no client; its region can still be read. */
	kill(other.pid, SIGSTOP);
	assert_true(region_by_proc(&region, other.pid));
	assert_int_equal(region_live(&region)->pid, other.pid);
	region_close(&region);
	kill(other.pid, SIGCONT);
	assert_true(UNTIL(answers(other.pid)));
	end_mode(&other, SIGKILL);
	unlink(socket_of(other.pid));
}

static int mode_closed(const char *number)
{
	struct region region;

	grmon_label("before", "kept");
	for (int fd = 3; fd < 2000; fd++)
		if (fd != atoi(number))
			close(fd);
	/* The number that was ours may be the program's now. */
	for (int i = 0; i < 3; i++)
		CHILD_CHECK(fcntl(0, F_DUPFD, 768) >= 768);
	CHILD_CHECK(start_thread(forever, NULL) == 0);
	CHILD_CHECK(fcntl(768, F_GETFD) == 0 && fcntl(769, F_GETFD) == 0);
	CHILD_CHECK(UNTIL(answers(getpid())));
	CHILD_CHECK(region_by_proc(&region, getpid()));
	CHILD_CHECK(UNTIL(region_count(&region, WIRE_THREAD) == 2));
	CHILD_CHECK(memcmp(region_labels(&region, 0)->text, "before\0kept", 12) == 0);
	/* It is still the region that is written. */
	struct wire_slot slot;

	grmon_label("after", "too");
	CHILD_CHECK(region_thread(&region, getpid(), &slot) == 0);
	CHILD_CHECK(region_labels(&region, 0)->used == 12 + 10);
	return say_ready(number) || (forever(NULL), 0);
}

/* A daemon that closes all descriptors before its first thread. */
static void test_closed_before_the_start(void **state)
{
	struct other other = start_mode("closed");

	(void)state;
	assert_true(answers(other.pid));
	end_mode(&other, SIGKILL);
	unlink(socket_of(other.pid));
}

static int mode_stale(const char *number)
{
	/* A dead process with our pid has left its socket. */
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", socket_of(getpid()));
	mkdir(folder, 0700);
	CHILD_CHECK(bind(fd, (void *)&address, sizeof(address)) == 0);
	close(fd);
	return mode_idle(number);
}

static void test_stale_socket_is_replaced(void **state)
{
	struct other other = start_mode("stale");

	(void)state;
	assert_true(UNTIL(answers(other.pid)));
	end_mode(&other, SIGKILL);
	unlink(socket_of(other.pid));
}

static int mode_no_folder(const char *number)
{
	CHILD_CHECK(start_thread(forever, NULL) == 0);
	CHILD_CHECK(UNTIL(strstr(grmon_status(), "no private directory")));
	/* Everything else works. */
	struct region region;

	CHILD_CHECK(say_ready(number) == 0);
	while (!region_by_proc(&region, getpid()) ||
	       region_count(&region, WIRE_THREAD) != 2)
		usleep(1000);
	forever(NULL);
	return 0;
}

static void refused_folder(const char *path)
{
	setenv("GRMON_SOCKET_DIR", path, 1);
	struct other other = start_mode("no-folder");

	setenv("GRMON_SOCKET_DIR", folder, 1);
	end_mode(&other, SIGKILL);
}

static void test_folders_that_others_could_use(void **state)
{
	char open_folder[100], link[100], file[100];

	(void)state;
	snprintf(open_folder, sizeof(open_folder), "%s.open", folder);
	snprintf(link, sizeof(link), "%s.link", folder);
	snprintf(file, sizeof(file), "%s.file", folder);
	mkdir(open_folder, 0700);
	chmod(open_folder, 0770);
	refused_folder(open_folder);
	assert_int_equal(symlink(folder, link), 0);
	refused_folder(link);
	close(open(file, O_CREAT | O_WRONLY, 0600));
	refused_folder(file);
	if (geteuid() == 0) {
		chmod(open_folder, 0700);
		assert_int_equal(chown(open_folder, 65534, 65534), 0);
		refused_folder(open_folder);
	}
	rmdir(open_folder);
	unlink(link);
	unlink(file);
}

static void test_peers_that_do_not_read(void **state)
{
	struct other other = start_mode("idle");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int peers[100];

	(void)state;
	assert_true(UNTIL(answers(other.pid)));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", socket_of(other.pid));
	for (int i = 0; i < 100; i++) {
		peers[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(peers[i], (void *)&address, sizeof(address));
		if (i % 2)
			close(peers[i]);
	}
	assert_true(UNTIL(answers(other.pid)));
	for (int i = 0; i < 100; i += 2)
		close(peers[i]);
	end_mode(&other, SIGKILL);
	unlink(socket_of(other.pid));
}

/* The signal that ends the server, sent by another process that does not want to end it,
 * must not make it spin. */
static void test_signals_of_others(void **state)
{
	struct other other = start_mode("idle");

	(void)state;
	assert_true(UNTIL(answers(other.pid)));
	int tid = server_tid(other.pid);

	assert_true(tid > 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(syscall(SYS_tgkill, other.pid, tid, 32), 0);
	assert_true(UNTIL(nothing_pending(other.pid, tid)));
	assert_true(UNTIL(answers(other.pid)));
	end_mode(&other, SIGKILL);
	unlink(socket_of(other.pid));
}

static pthread_mutex_t locks[2] = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER};

static void *lock_second(void *argument)
{
	pthread_mutex_lock(&locks[1]);
	pthread_mutex_lock(&locks[0]);
	return argument;
}

static int mode_deadlock(const char *number)
{
	pthread_mutex_lock(&locks[0]);
	CHILD_CHECK(start_thread(lock_second, NULL) == 0);
	while (pthread_mutex_trylock(&locks[1]) == 0)
		pthread_mutex_unlock(&locks[1]);
	CHILD_CHECK(say_ready(number) == 0);
	pthread_mutex_lock(&locks[1]);
	return 0;
}

static void test_answers_while_all_threads_are_deadlocked(void **state)
{
	struct other other = start_mode("deadlock");
	struct region region;
	char hello[600];

	(void)state;
	assert_true(UNTIL(answers(other.pid)));
	assert_true(
		region_by_socket(&region, socket_of(other.pid), hello, sizeof(hello)));
	assert_true(UNTIL(region_state(&region, other.pid) == GRMON_MUTEX));
	region_close(&region);
	end_mode(&other, SIGKILL);
	unlink(socket_of(other.pid));
}

static void *short_thread(void *argument)
{
	usleep(1000);
	return argument;
}

static int mode_stop(const char *number)
{
	struct grmon_wait mark;
	struct region region;
	pthread_t thread;

	CHILD_CHECK(start_thread(forever, NULL) == 0);
	CHILD_CHECK(UNTIL(answers(getpid())));
	CHILD_CHECK(region_by_proc(&region, getpid()));
	int threads = count_threads(getpid());

	errno = 44;
	CHILD_CHECK(grmon_wait_begin(&mark, GRMON_COND, NULL, NULL) == GRMON_OK);
	grmon_stop();
	grmon_stop();
	grmon_wait_end(&mark);
	CHILD_CHECK(errno == 44);
	CHILD_CHECK(strcmp(grmon_status(), "stopped by grmon_stop()") == 0);
	/* The kernel forgets a joined thread a moment later. */
	CHILD_CHECK(UNTIL(count_threads(getpid()) == threads - 1));
	CHILD_CHECK(!is_socket(socket_of(getpid())));
	CHILD_CHECK(region_live(&region)->flags & WIRE_STOPPED);
	CHILD_CHECK(grmon_wait_begin(&mark, GRMON_COND, NULL, NULL) == GRMON_ENOSLOT);
	CHILD_CHECK(grmon_label("a", "b") == GRMON_ENOSLOT);
	CHILD_CHECK(!grmon_task_begin("x"));
	CHILD_CHECK(grmon_start(NULL) == GRMON_ENOSLOT);
	uint64_t begun = region_live(&region)->tasks_begun;

	CHILD_CHECK(pthread_create(&thread, NULL, short_thread, NULL) == 0);
	CHILD_CHECK(pthread_join(thread, NULL) == 0);
	CHILD_CHECK(region_live(&region)->tasks_begun == begun);
	CHILD_CHECK(!is_socket(socket_of(getpid())));
	return say_ready(number);
}

static void test_stop(void **state)
{
	struct other other = start_mode("stop");

	(void)state;
	assert_int_equal(end_mode(&other, 0), 0);
}

/* The main thread stays a zombie until the last thread ends. */
static bool main_has_left(void)
{
	char text[256] = "";
	int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
	const char *after = got > 0 ? strrchr(text, ')') : NULL;

	if (fd >= 0)
		close(fd);
	return after && strncmp(after, ") Z", 3) == 0;
}

static void *last_thread(void *number)
{
	if (!UNTIL(main_has_left()))
		return number;
	/* The text is buffered: it appears only if exit() runs in a thread that has the
	 * descriptors. */
	printf("last words\n");
	return say_ready(number) == 0 ? NULL : number;
}

static int mode_leave(const char *number)
{
	int fd = open(socket_of(0), O_CREAT | O_WRONLY | O_TRUNC, 0600);

	CHILD_CHECK(fd >= 0 && dup2(fd, 1) == 1);
	CHILD_CHECK(start_thread(last_thread, (void *)(uintptr_t)number) == 0);
	CHILD_CHECK(UNTIL(answers(getpid())));
	pthread_exit(NULL);
}

/* A process ends with its last thread, and in the same way as without the server. */
static void test_main_leaves_first(void **state)
{
	(void)state;
	if (SANITIZED_THREADS)
		skip(); /* its own thread keeps the process alive */
	struct other other = start_mode("leave");
	char words[32] = "";
	int fd = open(socket_of(0), O_RDONLY);

	assert_int_equal(end_mode(&other, 0), 0);
	assert_true(read(fd, words, sizeof(words) - 1) > 0);
	assert_string_equal(words, "last words\n");
	close(fd);
	unlink(socket_of(0));
	assert_false(is_socket(socket_of(other.pid)));
}

static int exit_normally(void *unused)
{
	(void)unused;
	exit(0);
}

static int mode_exit(const char *number)
{
	CHILD_CHECK(start_thread(forever, NULL) == 0);
	CHILD_CHECK(UNTIL(answers(getpid())));
	/* The end of a child must not end ours. */
	CHILD_CHECK(in_child(exit_normally, NULL) == 0);
	CHILD_CHECK(answers(getpid()));
	return say_ready(number);
}

static void test_exit_removes_the_socket(void **state)
{
	struct other other;

	(void)state;
	/* AddressSanitizer's search for leaks in a forked child can wait for a lock that
	 * another thread of its parent held. */
	setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
	other = start_mode("exit");
	unsetenv("ASAN_OPTIONS");
	assert_int_equal(end_mode(&other, 0), 0);
	assert_false(is_socket(socket_of(other.pid)));
}

static bool all_threads_are(unsigned uid)
{
	struct dirent *entry;
	DIR *tasks = opendir("/proc/self/task");
	bool all = tasks != NULL;

	while (tasks && (entry = readdir(tasks))) {
		char path[300];

		snprintf(path, sizeof(path), "/proc/self/task/%s/status", entry->d_name);
		if (entry->d_name[0] == '.')
			continue;
		FILE *file = fopen(path, "r");
		char line[200];
		unsigned is = ~0u;

		while (file && fgets(line, sizeof(line), file))
			sscanf(line, "Uid: %u", &is);
		if (file)
			fclose(file);
		all = all && is == uid;
	}
	if (tasks)
		closedir(tasks);
	return all;
}

static int mode_setuid(const char *number)
{
	CHILD_CHECK(start_thread(forever, NULL) == 0);
	CHILD_CHECK(UNTIL(answers(getpid())));
	/* libc makes every thread do it, the server as well, or it would hang here. */
	CHILD_CHECK(setgid(65534) == 0 && setuid(65534) == 0);
	CHILD_CHECK(prctl(PR_SET_DUMPABLE, 1) == 0);
	CHILD_CHECK(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0); /* setuid() has cleared it */
	CHILD_CHECK(all_threads_are(65534));
	return say_ready(number) || (forever(NULL), 0);
}

static void test_setuid(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	struct other other = start_mode("setuid");

	assert_true(UNTIL(answers(other.pid))); /* we are root */
	end_mode(&other, SIGKILL);
	unlink(socket_of(other.pid));
}

static int setup(void **state)
{
	static char template[] = "/tmp/grmon-server-XXXXXX";

	(void)state;
	if (!mkdtemp(template))
		return -1;
	/* The agent makes the last folder itself. */
	snprintf(folder, sizeof(folder), "%s/run", template);
	return setenv("GRMON_SOCKET_DIR", folder, 1);
}

static int teardown(void **state)
{
	(void)state;
	rmdir(folder);
	*strrchr(folder, '/') = '\0';
	return rmdir(folder);
}

static const struct {
	const char *name;
	int (*run)(const char *number);
} modes[] = {
	{"idle", mode_idle},         {"single", mode_single},
	{"apart", mode_apart},       {"closed", mode_closed},
	{"stale", mode_stale},       {"no-folder", mode_no_folder},
	{"deadlock", mode_deadlock}, {"stop", mode_stop},
	{"leave", mode_leave},       {"exit", mode_exit},
	{"setuid", mode_setuid},
};

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hello_and_modes),
		cmocka_unit_test(test_another_user_is_refused),
		cmocka_unit_test(test_no_thread_before_the_first),
		cmocka_unit_test(test_a_table_of_its_own),
		cmocka_unit_test(test_closed_before_the_start),
		cmocka_unit_test(test_stale_socket_is_replaced),
		cmocka_unit_test(test_folders_that_others_could_use),
		cmocka_unit_test(test_peers_that_do_not_read),
		cmocka_unit_test(test_signals_of_others),
		cmocka_unit_test(test_answers_while_all_threads_are_deadlocked),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_main_leaves_first),
		cmocka_unit_test(test_exit_removes_the_socket),
		cmocka_unit_test(test_setuid),
	};

	if (argc > 2) {
		snprintf(folder, sizeof(folder), "%s", getenv("GRMON_SOCKET_DIR"));
		for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
			if (strcmp(argv[1], modes[i].name) == 0)
				return modes[i].run(argv[2]);
	}
	return cmocka_run_group_tests(tests, setup, teardown);
}
