/* SPDX-License-Identifier: MIT */
/* Which sockets are connected, by the kernel's lists, which have odd entries. */
#include "unit.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "source/proc/sockets.h"

#define PAIRS     20
#define PENDING   800
#define LISTENERS 8 /* a queue may be as short as 128 */

static uint64_t inode_of(int fd)
{
	struct stat about;

	assert_int_equal(fstat(fd, &about), 0);
	return about.st_ino;
}

static uint64_t peer_in(const struct socket_pair *pairs, size_t count, uint64_t inode)
{
	for (size_t i = 0; i < count; i++)
		if (pairs[i].inode == inode)
			return pairs[i].peer;
	return 0;
}

/* Connects as often as the queue of a new listener has room; returns the listener. */
static int fill_queue(int *pending, size_t *nr_pending)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t bytes = sizeof(address);

	/* The kernel chooses an abstract name. */
	assert_int_equal(
		bind(listening, (struct sockaddr *)&address, sizeof(sa_family_t)), 0);
	assert_int_equal(getsockname(listening, (struct sockaddr *)&address, &bytes), 0);
	assert_int_equal(listen(listening, PENDING), 0);
	while (*nr_pending < PENDING) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

		if (connect(fd, (struct sockaddr *)&address, bytes) != 0) {
			close(fd);
			break;
		}
		pending[(*nr_pending)++] = fd;
	}
	return listening;
}

/* The end of a connection that has not been accepted yet has no number. A program can put
 * hundreds of those between the others; one that comes when there is no room for another
 * pair must not lose or free what is stored. */
static void test_pending(void **state)
{
	int pairs[PAIRS][2], pending[PENDING], listening[LISTENERS];
	struct process self = process_named(getpid());
	struct socket_pair *found = NULL;
	size_t count, nr_pending = 0;

	(void)state;
	for (size_t i = 0; i < PAIRS; i++)
		assert_int_equal(
			socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pairs[i]), 0);
	if (socket_pairs_read(&self, &found) == 0)
		skip(); /* this kernel does not list them */
	free(found);
	for (size_t i = 0; i < LISTENERS; i++)
		listening[i] = fill_queue(pending, &nr_pending);
	assert_true(nr_pending > 100);
	count = socket_pairs_read(&self, &found);
	for (size_t i = 0; i < PAIRS; i++) {
		uint64_t one = inode_of(pairs[i][0]), other = inode_of(pairs[i][1]);

		assert_int_equal(peer_in(found, count, one), other);
		assert_int_equal(peer_in(found, count, other), one);
		close(pairs[i][0]);
		close(pairs[i][1]);
	}
	free(found);
	while (nr_pending > 0)
		close(pending[--nr_pending]);
	for (size_t i = 0; i < LISTENERS; i++)
		close(listening[i]);
}

struct seen {
	uint64_t inode;
	size_t count;
	unsigned state;
};

static void see(void *ctx, uint32_t inode, unsigned state)
{
	struct seen *seen = ctx;

	if (inode != seen->inode)
		return;
	seen->count++;
	seen->state = state;
}

static void see_line(void *ctx, char *line)
{
	struct seen *seen = ctx;
	unsigned state;
	uint64_t inode;

	assert_null(strchr(line, '\n'));
	assert_null(strstr(line, "local_address"));
	if (sscanf(line, " %*d: %*s %*s %x %*s %*s %*s %*s %*s %" SCNu64, &state,
		   &inode) == 2 &&
	    inode == seen->inode) {
		seen->count++;
		seen->state = state;
	}
}

/* By the kernel's diagnosis, and by its table. */
static void test_states(void **state)
{
	struct process self = process_self(), none = process_named(0x3fffffff);
	struct sockaddr_in address = {.sin_family = AF_INET};
	int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct seen seen = {.inode = inode_of(listening)}, listed = seen;

	(void)state;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(listening, (struct sockaddr *)&address, sizeof(address)),
			 0);
	assert_int_equal(listen(listening, 1), 0);
	sockets_tcp_each(&self, see, &seen);
	assert_true(seen.count >= 1);
	assert_int_equal(seen.state, 10); /* TCP_LISTEN */
	sockets_table_each(&self, "tcp", 4u << 20, see_line, &listed);
	assert_int_equal(listed.count, 1);
	assert_int_equal(listed.state, 10);
	/* The cut line at the end of a table that is too long is left out. */
	listed.count = 0;
	sockets_table_each(&self, "tcp", 160, see_line, &listed);
	assert_int_equal(listed.count, 0);
	seen.count = 0;
	sockets_tcp_each(&none, see, &seen);
	sockets_table_each(&self, "no such table", 4096, see_line, &seen);
	assert_int_equal(seen.count, 0);
	close(listening);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pending),
		cmocka_unit_test(test_states),
	};

	return cmocka_run_group_tests_name("sockets", tests, NULL, NULL);
}
