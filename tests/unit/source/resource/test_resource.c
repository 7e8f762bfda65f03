/* SPDX-License-Identifier: MIT */
/* Limits and descriptors from the kernel's texts, also from texts that it never writes;
 * and the cost of the reader: what cannot have changed is not read again. */
#include "unit.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "source/proc/descriptors.h"
#include "source/resource/resource.h"
#include "source/thread/thread.h"

static void names(void **state)
{
	for (int i = 0; i < FD_KIND_COUNT; i++)
		assert_non_null(fd_kind_name(i));
	for (int i = 0; i < SOCKET_STATE_COUNT; i++)
		assert_non_null(socket_state_name(i));
	for (int i = 0; i < LIMIT_COUNT; i++)
		assert_non_null(limit_info(i)->key);
}

static void nothing_known(void **state)
{
	struct resources r;

	resources_init(&r);
	assert_true(r.rss_bytes == -1 && r.cpu_percent == -1 && r.posix_timers == -1);
	assert_true(r.by_kind[FD_OTHER] == -1 && r.by_socket[SOCKET_LISTEN] == -1);
	assert_true(r.limits[LIMIT_MEMORY].most == -1);
	assert_true(limit_share(&r.limits[LIMIT_FDS]) == -1);
	assert_int_equal(resources_timers(&r), -1);
	r.posix_timers = 2;
	assert_int_equal(resources_timers(&r), 2);
	r.by_kind[FD_TIMERFD] = 3;
	assert_int_equal(resources_timers(&r), 5);
}

static void kinds_of_links(void **state)
{
	static const struct {
		const char *link;
		enum fd_kind kind;
	} cases[] = {
		{"socket:[4711]", FD_SOCKET},
		{"pipe:[4711]", FD_PIPE},
		{"anon_inode:[eventfd]", FD_EVENTFD},
		{"anon_inode:[eventpoll]", FD_EPOLL},
		{"anon_inode:[timerfd]", FD_TIMERFD},
		{"anon_inode:[signalfd]", FD_SIGNALFD},
		{"anon_inode:[pidfd]", FD_PIDFD},
		{"pidfd:[7]", FD_PIDFD},
		{"anon_inode:inotify", FD_INOTIFY},
		{"anon_inode:[io_uring]", FD_ANON},
		{"anon_inode:", FD_ANON},
		{"/memfd:x (deleted)", FD_MEMFD},
		{"/dev/null", FD_DEVICE},
		{"/dev/pts/0", FD_DEVICE},
		{"/dev/shm/sem.x", FD_FILE},
		{"/", FD_FILE},
		{"/home/socket:[1]", FD_FILE},
		{"/deviant", FD_FILE},
		{"", FD_OTHER},
		{"net:[4026531840]", FD_OTHER},
		{"socket", FD_OTHER},
		{"\xff\xfe", FD_OTHER},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		if (fd_kind_of_link(cases[i].link) != cases[i].kind)
			fail_msg("'%s' is taken for %s", cases[i].link,
				 fd_kind_name(fd_kind_of_link(cases[i].link)));
}

static const char limits_text[] =
	"Limit                     Soft Limit           Hard Limit           Units     \n"
	"Max cpu time              unlimited            unlimited            seconds   \n"
	"Max processes             96365                96365                processes \n"
	"Max open files            1024                 1048576              files     \n"
	"Max open filesystems      7                    7                    files     "
	"\n";

static void limits(void **state)
{
	assert_int_equal(limit_parse(limits_text, "Max open files"), 1024);
	assert_int_equal(limit_parse(limits_text, "Max processes"), 96365);
	assert_int_equal(limit_parse(limits_text, "Max cpu time"), -1);
	assert_int_equal(limit_parse(limits_text, "Max nothing"), -1);
	assert_int_equal(limit_parse("", "Max open files"), -1);
	assert_int_equal(limit_parse("Max open files", "Max open files"), -1);
	assert_int_equal(limit_parse("Max open files ", "Max open files"), -1);
	assert_int_equal(limit_parse("Max open files -5 7", "Max open files"), -1);
	assert_int_equal(limit_parse("Max open files 12x 7", "Max open files"), -1);
	assert_int_equal(limit_parse("Max open files 99999999999999999999999999999 1",
				     "Max open files"),
			 -1);
	assert_int_equal(limit_parse("\n\n\nMax open files 5\n", "Max open files"), 5);
}

static void cgroup_numbers(void **state)
{
	assert_int_equal(limit_parse_cgroup("max\n"), -1);
	assert_int_equal(limit_parse_cgroup("4096\n"), 4096);
	assert_int_equal(limit_parse_cgroup("0"), 0);
	assert_int_equal(limit_parse_cgroup("9223372036854771712\n"), -1);
	assert_int_equal(limit_parse_cgroup("99999999999999999999999999\n"), -1);
	assert_int_equal(limit_parse_cgroup("-1"), -1);
	assert_int_equal(limit_parse_cgroup(""), -1);
	assert_int_equal(limit_parse_cgroup(" 1"), -1);
	assert_int_equal(limit_parse_cgroup("1 2"), -1);
}

static void cgroup_paths(void **state)
{
	static const char text[] =
		"12:cpu,cpuacct:/a\n8:pids:/one/two\n"
		"4:memory,other:/m\n1:name=systemd:/s\n0::/unified/x\n";
	char path[32];

	assert_true(limit_cgroup_path(text, "pids", path, sizeof(path)));
	assert_string_equal(path, "/one/two");
	assert_true(limit_cgroup_path(text, "memory", path, sizeof(path)));
	assert_string_equal(path, "/m");
	assert_true(limit_cgroup_path(text, "cpuacct", path, sizeof(path)));
	assert_string_equal(path, "/a");
	assert_true(limit_cgroup_path(text, "", path, sizeof(path)));
	assert_string_equal(path, "/unified/x");
	assert_false(limit_cgroup_path(text, "cpuset", path, sizeof(path)));
	assert_false(limit_cgroup_path(text, "pid", path, sizeof(path)));
	assert_false(limit_cgroup_path("0::/../../etc\n", "", path, sizeof(path)));
	assert_false(limit_cgroup_path("0::relative\n", "", path, sizeof(path)));
	assert_false(limit_cgroup_path("0::", "", path, sizeof(path)));
	assert_false(limit_cgroup_path("0:", "", path, sizeof(path)));
	assert_false(limit_cgroup_path("", "", path, sizeof(path)));
	assert_false(limit_cgroup_path(":::::\n\n\n:", "pids", path, sizeof(path)));
	assert_false(limit_cgroup_path("0::/0123456789012345678901234567890123456789", "",
				       path, sizeof(path)));
}

/* This process, sample by sample; the test sets the time. */
static void looks(void **state)
{
	struct resource_details *details = calloc(1, sizeof(*details));
	struct resources r;
	struct kernel kernel;
	struct rlimit soft;
	struct err e;
	int64_t eventfds;
	int fd;

	assert_non_null(details);
	assert_int_equal(kernel_open(&kernel, getpid(), &e), 0);
	kernel.now_ns = clock_mono_ns();
	resource_details_init(details);
	resources_init(&r);
	r.fds = process_fd_count(&kernel.process);
	resource_details_read(details, &kernel, &r);
	eventfds = r.by_kind[FD_EVENTFD];
	assert_true(eventfds >= 0 && r.by_kind[FD_FILE] >= 2);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &soft), 0);
	if (soft.rlim_cur != RLIM_INFINITY)
		assert_int_equal(r.limits[LIMIT_FDS].most, soft.rlim_cur);
	assert_int_equal(r.limits[LIMIT_FDS].used, r.fds);

	/* Too early for another pass, whatever the number says. */
	fd = eventfd(0, 0);
	kernel.now_ns += CLOCK_SECOND_NS;
	r.fds++;
	resource_details_read(details, &kernel, &r);
	assert_int_equal(r.by_kind[FD_EVENTFD], eventfds);
	kernel.now_ns += 2 * CLOCK_SECOND_NS;
	resource_details_read(details, &kernel, &r);
	assert_int_equal(r.by_kind[FD_EVENTFD], eventfds + 1);

	/* The number did not change, so the list is not read until much later. */
	close(fd);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	kernel.now_ns += 4 * CLOCK_SECOND_NS;
	resource_details_read(details, &kernel, &r);
	assert_int_equal(r.by_kind[FD_EVENTFD], eventfds + 1);
	kernel.now_ns += 60 * CLOCK_SECOND_NS;
	resource_details_read(details, &kernel, &r);
	assert_int_equal(r.by_kind[FD_EVENTFD], eventfds);
	assert_true(r.by_socket[SOCKET_UNIX] >= 1);
	close(fd);
	kernel_close(&kernel);
	free(details);
}

/* In pieces: the same sum as at once. */
static void pieces(void **state)
{
	struct fd_pass *pass = calloc(1, sizeof(*pass));
	struct kernel kernel;
	struct err e;
	int64_t sum = 0;
	int fds[50], steps = 1;

	assert_non_null(pass);
	assert_int_equal(kernel_open(&kernel, getpid(), &e), 0);
	for (size_t i = 0; i < COUNT(fds); i++)
		fds[i] = eventfd(0, 0);
	fd_pass_begin(pass);
	while (!fd_pass_step(pass, &kernel, 7))
		assert_true(++steps < 1000);
	assert_true(steps >= 8);
	for (int kind = 0; kind < FD_KIND_COUNT; kind++)
		sum += pass->by_kind[kind];
	assert_true(pass->by_kind[FD_EVENTFD] >= 50);
	/* The directory that is read is one of our own descriptors in each step. */
	assert_in_range(sum, process_fd_count(&kernel.process),
			process_fd_count(&kernel.process) + 1);
	for (size_t i = 0; i < COUNT(fds); i++)
		close(fds[i]);
	kernel_close(&kernel);
	free(pass);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),          cmocka_unit_test(nothing_known),
		cmocka_unit_test(kinds_of_links), cmocka_unit_test(limits),
		cmocka_unit_test(cgroup_numbers), cmocka_unit_test(cgroup_paths),
		cmocka_unit_test(looks),          cmocka_unit_test(pieces),
	};

	return cmocka_run_group_tests_name("resource", tests, NULL, NULL);
}
