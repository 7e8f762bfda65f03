/* SPDX-License-Identifier: MIT */
/* base/fdio: limits, short reads, signals in between, a file that is replaced. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"

static char folder[] = "/tmp/grmon-fdio-XXXXXX";

static int make_folder(void **state)
{
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static const char *in_folder(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void replace_writes_anew(void **state)
{
	const char *path = in_folder("config");
	struct stat stat_first, stat_second;
	struct buf buf;
	struct err e;

	assert_int_equal(fdio_replace_file(path, "first text", 10, &e), 0);
	assert_int_equal(stat(path, &stat_first), 0);
	assert_int_equal(stat_first.st_mode & 0777, 0600);
	assert_int_equal(fdio_replace_file(path, "second", 6, &e), 0);
	assert_int_equal(stat(path, &stat_second), 0);
	/* Another inode, so no reader can have read half of it. */
	assert_int_not_equal(stat_first.st_ino, stat_second.st_ino);
	buf_init(&buf, 0);
	assert_int_equal(fdio_read_file(path, &buf, 100, &e), 0);
	assert_string_equal(buf.bytes, "second");
	buf_release(&buf);
}

static void replace_follows_a_link(void **state)
{
	char real[128];
	struct stat link_stat;
	struct buf buf;

	snprintf(real, sizeof(real), "%s", in_folder("real"));
	assert_int_equal(fdio_replace_file(real, "old", 3, NULL), 0);
	assert_int_equal(symlink("real", in_folder("link")), 0);
	assert_int_equal(fdio_replace_file(in_folder("link"), "new", 3, NULL), 0);
	assert_int_equal(lstat(in_folder("link"), &link_stat), 0);
	assert_true(S_ISLNK(link_stat.st_mode));
	buf_init(&buf, 0);
	assert_int_equal(fdio_read_file(real, &buf, 100, NULL), 0);
	assert_string_equal(buf.bytes, "new");
	buf_release(&buf);
}

static void replace_that_fails_leaves_nothing(void **state)
{
	struct err e;

	assert_int_equal(fdio_replace_file(in_folder("no/such/file"), "x", 1, &e),
			 ERR_SYS);
	assert_int_equal(e.sys, ENOENT);
	assert_contains(e.text, "no/such/file");
	/* A folder has the name of the file: the temporary file must be removed. */
	assert_int_equal(mkdir(in_folder("dir"), 0700), 0);
	assert_int_equal(mkdir(in_folder("dir/inside"), 0700), 0);
	assert_true(fdio_replace_file(in_folder("dir"), "x", 1, &e) < 0);
	{
		char command[96];

		snprintf(command, sizeof(command),
			 "test -z \"$(ls %s | grep '^dir\\.')\"", folder);
		assert_int_equal(system(command), 0);
	}
}

static void reading_stops_at_the_limit(void **state)
{
	struct buf buf;
	struct err e;

	assert_int_equal(fdio_replace_file(in_folder("ten"), "0123456789", 10, NULL), 0);
	buf_init(&buf, 0);
	assert_int_equal(fdio_read_file(in_folder("ten"), &buf, 10, &e), 0);
	assert_int_equal(buf.length, 10);
	assert_int_equal(fdio_read_file(in_folder("ten"), &buf, 9, &e), ERR_FORMAT);
	assert_contains(e.text, "ten");
	assert_contains(e.text, "9 bytes");
	assert_int_equal(fdio_read_file("/dev/zero", &buf, 9, &e), ERR_UNSUPPORTED);
	assert_contains(e.text, "a device");
	/* No process writes to the pipe, and opening it does not wait for one. */
	assert_int_equal(mkfifo(in_folder("pipe"), 0600), 0);
	assert_int_equal(fdio_read_file(in_folder("pipe"), &buf, 9, &e), ERR_UNSUPPORTED);
	assert_contains(e.text, "a pipe");
	assert_int_equal(fdio_read_file(in_folder("absent"), &buf, 9, &e), ERR_NOTFOUND);
	assert_contains(e.text, "absent");
	assert_true(fdio_read_file(folder, &buf, 9, &e) < 0);
	buf_release(&buf);
}

static void small_files(void **state)
{
	char out[8];
	int fd = open(in_folder("ten"), O_RDONLY | O_CLOEXEC);

	assert_int_equal(fdio_read_small(AT_FDCWD, in_folder("ten"), out, sizeof(out)),
			 7);
	assert_string_equal(out, "0123456");
	assert_int_equal(fdio_read_small(AT_FDCWD, in_folder("absent"), out, sizeof(out)),
			 -ENOENT);
	assert_int_equal(fdio_read_small(AT_FDCWD, folder, out, sizeof(out)), -EISDIR);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(fdio_pread_small(fd, out, 5), 4);
		assert_string_equal(out, "0123");
	}
	assert_int_equal(fdio_pread_small(fd, out, 1), 0);
	assert_string_equal(out, "");
	assert_int_equal(fdio_pread_small(fd, out, 0), -EINVAL);
	close(fd);
	assert_int_equal(fdio_pread_small(-1, out, 5), -EBADF);
	assert_int_equal(fdio_read_small(AT_FDCWD, "/proc/self/stat", out, sizeof(out)),
			 7);
}

#define PIPE_BYTES 1000000

static void on_signal(int number)
{
}

struct reader {
	int fd;
	struct buf buf;
	int rc;
};

static void *read_everything(void *arg)
{
	struct reader *reader = arg;

	reader->rc = fdio_read_all(reader->fd, &reader->buf, PIPE_BYTES, NULL);
	return NULL;
}

/* A pipe holds less than is written, and signals without SA_RESTART hit both sides. */
static void signals_do_not_matter(void **state)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct reader reader = {.rc = -1};
	char *bytes = malloc(PIPE_BYTES);
	pthread_t thread;
	int fds[2];

	for (int i = 0; i < PIPE_BYTES; i++)
		bytes[i] = (char)(i * 7);
	sigaction(SIGUSR1, &action, NULL);
	assert_int_equal(pipe(fds), 0);
	reader.fd = fds[0];
	buf_init(&reader.buf, 0);
	assert_int_equal(pthread_create(&thread, NULL, read_everything, &reader), 0);
	for (int i = 0; i < 20; i++) {
		pthread_kill(thread, SIGUSR1);
		assert_int_equal(fdio_write_all(fds[1], bytes + i * (PIPE_BYTES / 20),
						PIPE_BYTES / 20, NULL),
				 0);
	}
	close(fds[1]);
	pthread_join(thread, NULL);
	assert_int_equal(reader.rc, 0);
	assert_int_equal(reader.buf.length, PIPE_BYTES);
	assert_memory_equal(reader.buf.bytes, bytes, PIPE_BYTES);
	close(fds[0]);
	buf_release(&reader.buf);
	free(bytes);
}

static void writing_to_nobody_fails(void **state)
{
	struct err e;

	assert_int_equal(fdio_write_all(-1, "x", 1, &e), ERR_SYS);
	assert_int_equal(e.sys, EBADF);
	assert_int_equal(fdio_write_all(-1, "x", 0, &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replace_writes_anew),
		cmocka_unit_test(replace_follows_a_link),
		cmocka_unit_test(replace_that_fails_leaves_nothing),
		cmocka_unit_test(reading_stops_at_the_limit),
		cmocka_unit_test(small_files),
		cmocka_unit_test(signals_do_not_matter),
		cmocka_unit_test(writing_to_nobody_fails),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
