/* SPDX-License-Identifier: MIT */
/* source/proc/target_file: a file that a target names is opened only if it is a regular
 * file inside its root, and it is known who may change it. The target is a child process
 * with a root of its own. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "source/proc/target_file.h"

static char folder[] = "/tmp/grmon-target-XXXXXX";

static const struct process *named(pid_t pid)
{
	static struct process process;

	process = process_named(pid);
	return &process;
}

static const char *in_folder(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void put(const char *name, const char *text)
{
	FILE *file = fopen(in_folder(name), "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int make_folder(void **state)
{
	if (!mkdtemp(folder) || mkdir(in_folder("root"), 0755) != 0 ||
	    mkdir(in_folder("root/sub"), 0755) != 0 ||
	    mkdir(in_folder("root/tmp"), 0755) != 0)
		return -1;
	put("outside", "outside");
	put("root/file", "inside");
	put("root/sub/file", "below");
	put("root/everybody", "x");
	chmod(in_folder("root/everybody"), 0666);
	return symlink("../outside", in_folder("root/up")) ||
	       symlink("/file", in_folder("root/absolute")) ||
	       symlink("../../../../file", in_folder("root/sub/above")) ||
	       symlink("sub", in_folder("root/folder")) ||
	       symlink("loop", in_folder("root/loop")) ||
	       mkfifo(in_folder("root/fifo"), 0644);
}

static int remove_folder(void **state)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

/* A process whose root is the folder's; -1: that is not allowed here. */
static pid_t start_target(bool own_mounts)
{
	int ready[2];
	char byte = 0;

	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();

	if (pid == 0) {
		if ((geteuid() != 0 && unshare(CLONE_NEWUSER) != 0) ||
		    (own_mounts && unshare(CLONE_NEWNS) != 0) ||
		    chdir(in_folder("root/sub")) != 0 || chroot(in_folder("root")) != 0)
			_exit(1);
		if (write(ready[1], "r", 1) == 1)
			for (;;)
				pause();
		_exit(1);
	}
	close(ready[1]);
	if (pid > 0 && read(ready[0], &byte, 1) != 1) {
		waitpid(pid, NULL, 0);
		pid = -1;
	}
	close(ready[0]);
	return pid;
}

static void end_target(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void assert_text(int fd, const char *wanted)
{
	char text[16] = "";

	assert_true(fd >= 0);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	assert_string_equal(text, wanted);
	close(fd);
}

static void names_stay_inside_the_root(void **state)
{
	static const struct {
		const char *name, *text; /* NULL if there is none */
	} cases[] = {
		{"/file", "inside"},
		{"/absolute", "inside"},
		{"/sub/above", "inside"},
		{"/folder/file", "below"},
		{"/folder/../sub/./file", "below"},
		{"/../../../file", "inside"},
		{"//sub//file", "below"},
		{"/up", NULL},
		{"/../outside", NULL},
		{"/loop", NULL},
		{"/none", NULL},
		{"/file/..", NULL},
		{"/sub", NULL},
		{"/", NULL},
		{"/fifo", NULL},
	};
	pid_t pid = start_target(false);
	int root = open(in_folder("root"), O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct target_file file;
	struct stat st;

	if (pid < 0)
		skip();
	for (size_t i = 0; i < COUNT(cases); i++) {
		/* Both ways say the same. */
		int fd = target_file_walk(root, cases[i].name, true);
		bool regular = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);

		if (target_file_open(&file, named(pid), cases[i].name) !=
			    !!cases[i].text ||
		    regular != !!cases[i].text)
			fail_msg("%s: %s", cases[i].name, strerror(errno));
		if (cases[i].text) {
			assert_int_equal(st.st_ino, file.st.st_ino);
			assert_text(file.fd, cases[i].text);
		}
		if (fd >= 0)
			close(fd);
	}
	assert_false(target_file_open_nofollow(&file, named(pid), "/absolute"));
	assert_true(target_file_open_nofollow(&file, named(pid), "/folder/file"));
	close(file.fd);
	assert_true(target_file_open_exe(&file, named(pid)));
	close(file.fd);
	close(root);
	end_target(pid);
}

static void nothing_but_regular_files(void **state)
{
	static const char *const names[] = {
		"/dev/zero",
		"/dev/tty",
		"/proc/self/environ",
		"/proc/self/mem",
		"/proc",
		"/proc/self/exe",
		"/proc/self/fd/0",
		"/proc/self/root/etc/passwd",
		"/sys/kernel/uevent_seqnum",
	};
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct target_file file;
	struct stat st;

	for (size_t i = 0; i < COUNT(names); i++) {
		if (target_file_open_here(&file, names[i]))
			fail_msg("%s was opened", names[i]);
		assert_int_equal(file.fd, -1);
		assert_false(target_file_open(&file, named(getpid()), names[i]));
	}
	/* Without the kernel's help a link of procfs leads nowhere either. */
	assert_int_equal(target_file_walk(root, "/proc/self/exe", true), -1);
	assert_int_equal(target_file_walk(root, "/proc/self/cwd/x", true), -1);
	int fd = target_file_walk(root, "/dev/zero", true);

	assert_true(fd >= 0 && fstat(fd, &st) == 0 && S_ISCHR(st.st_mode));
	close(fd);
	close(root);
}

/* A fifo without another end must not be waited for, and a writer must not be woken. */
static void fifo_is_not_touched(void **state)
{
	struct target_file file;
	int writer;

	assert_false(target_file_open_here(&file, in_folder("root/fifo")));
	assert_int_equal(errno, EINVAL);
	writer = open(in_folder("root/fifo"), O_WRONLY | O_NONBLOCK);
	assert_int_equal(writer, -1);
	assert_int_equal(errno, ENXIO);
}

static void paths_end_somewhere(void **state)
{
	struct target_file file;
	char path[8192];

	memset(path, 'a', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = 0;
	assert_false(target_file_open_here(&file, path));
	assert_int_equal(target_file_walk(AT_FDCWD, path, true), -1);
	path[1000] = 0;
	assert_false(target_file_open_here(&file, path));
	assert_int_equal(target_file_walk(open("/", O_PATH), path, true), -1);
	for (size_t i = 0; i + 2 < sizeof(path); i += 2)
		memcpy(path + i, "./", 3);
	path[4000] = 0;
	assert_false(target_file_open_here(&file, path));
}

static void tells_who_may_change_it(void **state)
{
	struct target_file file;
	char path[256];

	assert_true(target_file_open_here(&file, in_folder("outside")));
	assert_false(file.foreign);
	close(file.fd);
	assert_true(target_file_open_here(&file, in_folder("root/everybody")));
	assert_true(file.foreign);
	close(file.fd);
	assert_true(target_file_open(&file, named(getpid()), in_folder("outside")));
	assert_false(file.foreign);
	close(file.fd);
	assert_false(target_file_is_elsewhere(named(getpid())));
	snprintf(path, sizeof(path), "%s", in_folder("outside"));
	if (geteuid() == 0) {
		assert_int_equal(chown(path, 65534, 65534), 0);
		assert_true(target_file_open_here(&file, path));
		assert_true(file.foreign);
		close(file.fd);
		assert_int_equal(chown(path, 0, 0), 0);
	}
}

/* A root of its own in a mount namespace of its own, whichever user owns the file
 * there. */
static void another_mount_namespace_is_foreign(void **state)
{
	pid_t pid = start_target(true);
	struct target_file file;

	if (pid < 0)
		skip();
	assert_true(target_file_is_elsewhere(named(pid)));
	assert_true(target_file_open(&file, named(pid), "/file"));
	assert_true(file.foreign);
	assert_text(file.fd, "inside");
	/* The program is a file of ours, but was started by another user. */
	assert_true(target_file_open_exe(&file, named(pid)));
	assert_true(file.foreign);
	close(file.fd);
	end_target(pid);
}

/* In a mount namespace of its own, but with our files: a service that has a /tmp to itself. */
static void same_file_is_ours(void **state)
{
	struct target_file file;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		pid_t parent = getppid();

		/* The child reads its parent, which has another root. */
		if (unshare(CLONE_NEWNS) != 0)
			_exit(77);
		if (!target_file_is_elsewhere(named(parent)))
			_exit(1);
		if (!target_file_open(&file, named(parent), in_folder("outside")))
			_exit(2);
		_exit(file.foreign ? 3 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void relative_names(void **state)
{
	pid_t pid = start_target(false);
	struct target_file file;

	if (pid < 0)
		skip();
	if (target_file_open_cwd(&file, named(getpid()), "README.md"))
		close(file.fd);
	assert_false(target_file_open_cwd(&file, named(pid), "../../outside"));
	end_target(pid);
	assert_false(target_file_open_cwd(&file, named(pid), "file"));
	assert_false(target_file_open(&file, named(pid), "/file"));
}

static void descriptors_leak_nowhere(void **state)
{
	struct target_file file;
	int before = dup(0);

	close(before);
	for (int i = 0; i < 50; i++) {
		target_file_open_here(&file, "/proc/self/environ");
		target_file_open_here(&file, "/none/at/all");
		target_file_open(&file, named(getpid()), "/dev/zero");
		target_file_open_cwd(&file, named(getpid()), "../../x");
		int root = open(in_folder("root"), O_PATH | O_CLOEXEC);
		int fd = target_file_walk(root, "/folder/../sub/file", true);

		assert_true(fd >= 0);
		close(fd);
		assert_int_equal(target_file_walk(root, "/folder/../sub/loop/x", true),
				 -1);
		assert_int_equal(target_file_walk(root, "/loop", true), -1);
		close(root);
	}
	int after = dup(0);

	close(after);
	assert_int_equal(after, before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_stay_inside_the_root),
		cmocka_unit_test(nothing_but_regular_files),
		cmocka_unit_test(fifo_is_not_touched),
		cmocka_unit_test(paths_end_somewhere),
		cmocka_unit_test(tells_who_may_change_it),
		cmocka_unit_test(another_mount_namespace_is_foreign),
		cmocka_unit_test(same_file_is_ours),
		cmocka_unit_test(relative_names),
		cmocka_unit_test(descriptors_leak_nowhere),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
