/* SPDX-License-Identifier: MIT */
/* Answers of the kernel's socket diagnosis that end in the middle of a message: nothing
 * behind the answer counts. And a memory size that no machine has. */
// build: -Wl,--wrap=send,--wrap=recv,--wrap=fdio_read_small
#include "unit.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/snapshot.h"
#include "source/proc/sockets.h"
#include "source/resource/resource.h"

#define INODE 4711u
#define GHOST 4712u

ssize_t __wrap_send(int fd, const void *bytes, size_t size, int flags);
ssize_t __wrap_recv(int fd, void *out, size_t size, int flags);
ssize_t __real_fdio_read_small(int dirfd, const char *path, char *out, size_t size);
ssize_t __wrap_fdio_read_small(int dirfd, const char *path, char *out, size_t size);

struct message {
	struct nlmsghdr header;
	struct inet_diag_msg body;
};

static unsigned answers;
static const char *statm;

ssize_t __wrap_send(int fd, const void *bytes, size_t size, int flags)
{
	return (ssize_t)size;
}

/* One byte longer than a message, as its header says too; a whole one follows behind that. */
ssize_t __wrap_recv(int fd, void *out, size_t size, int flags)
{
	struct message message = {.header.nlmsg_len = sizeof(message) + 1,
				  .body.idiag_family = AF_INET,
				  .body.idiag_state = 1,
				  .body.idiag_inode = INODE};

	assert_true(size > 3 * sizeof(message));
	if (answers++ % 2)
		return 0;
	memcpy(out, &message, sizeof(message));
	message.header.nlmsg_len = sizeof(message);
	message.body.idiag_inode = GHOST;
	memcpy((char *)out + NLMSG_ALIGN(sizeof(message) + 1), &message, sizeof(message));
	return sizeof(message) + 1;
}

ssize_t __wrap_fdio_read_small(int dirfd, const char *path, char *out, size_t size)
{
	if (statm && strcmp(path, "statm") == 0)
		return snprintf(out, size, "%s", statm);
	return __real_fdio_read_small(dirfd, path, out, size);
}

static void states_of_tcp(void **state)
{
	struct fd_pass *pass = calloc(1, sizeof(*pass));
	struct kernel kernel;
	struct err e;

	assert_non_null(pass);
	assert_int_equal(kernel_open(&kernel, getpid(), &e), 0);
	fd_pass_begin(pass);
	pass->tcp[pass->nr_tcp++] = INODE;
	pass->tcp[pass->nr_tcp++] = GHOST;
	pass->by_socket[SOCKET_TCP] = 2;
	fd_pass_tcp_states(pass, &kernel);
	assert_int_equal(pass->by_socket[SOCKET_ESTABLISHED], 1);
	assert_int_equal(pass->by_socket[SOCKET_TCP], 1);
	kernel_close(&kernel);
	free(pass);
}

static void pairs(void **state)
{
	struct socket_pair *found;
	size_t count = socket_pairs_read(NULL, &found);

	for (size_t i = 0; i < count; i++)
		assert_true(found[i].inode != GHOST && found[i].peer != GHOST);
	free(found);
}

static void memory_of_no_machine(void **state)
{
	static const char *const texts[] = {"1 9223372036854775807 0", "1 -1 0", "1"};
	struct snapshot *snapshot = snapshot_new();
	struct resource_reader reader;
	struct kernel kernel;
	struct err e;

	assert_non_null(snapshot);
	assert_int_equal(kernel_open(&kernel, getpid(), &e), 0);
	resource_init(&reader, &kernel);
	for (size_t i = 0; i < COUNT(texts); i++) {
		statm = texts[i];
		assert_int_equal(resource_read(&reader, NULL, 0, snapshot, &e), 0);
		assert_int_equal(snapshot->resources.rss_bytes, -1);
	}
	statm = "9 5 0";
	assert_int_equal(resource_read(&reader, NULL, 0, snapshot, &e), 0);
	assert_int_equal(snapshot->resources.rss_bytes, 5 * sysconf(_SC_PAGESIZE));
	statm = NULL;
	kernel_close(&kernel);
	snapshot_unref(snapshot);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states_of_tcp),
		cmocka_unit_test(pairs),
		cmocka_unit_test(memory_of_no_machine),
	};

	return cmocka_run_group_tests_name("answers", tests, NULL, NULL);
}
