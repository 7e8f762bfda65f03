/* SPDX-License-Identifier: MIT */
/*
 * Answers of the kernel's socket diagnosis, which are lists of messages with their own
 * lengths: both ends of connections, and the states of TCP sockets. Input: a byte that
 * chooses, then answers, each preceded by its length (two bytes).
 */
// link: -Wl,--wrap=socket,--wrap=send,--wrap=recv,--wrap=setsockopt,--wrap=fdio_read_all
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "source/proc/sockets.h"
#include "source/resource/resource.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int __wrap_socket(int domain, int type, int protocol);
ssize_t __wrap_send(int fd, const void *bytes, size_t size, int flags);
ssize_t __wrap_recv(int fd, void *out, size_t size, int flags);
int __wrap_setsockopt(int fd, int level, int option, const void *value, socklen_t size);
int __wrap_fdio_read_all(int fd, struct buf *out, size_t max_bytes, struct err *e);

static const uint8_t *answers;
static size_t left;

static void require(int holds)
{
	if (!holds)
		abort();
}

int __wrap_socket(int domain, int type, int protocol)
{
	(void)domain, (void)type, (void)protocol;
	return open("/dev/null", O_RDWR | O_CLOEXEC);
}

ssize_t __wrap_send(int fd, const void *bytes, size_t size, int flags)
{
	(void)fd, (void)bytes, (void)flags;
	return (ssize_t)size;
}

int __wrap_setsockopt(int fd, int level, int option, const void *value, socklen_t size)
{
	(void)fd, (void)level, (void)option, (void)value, (void)size;
	return 0;
}

/* The tables of /proc would take the kernel milliseconds. */
int __wrap_fdio_read_all(int fd, struct buf *out, size_t max_bytes, struct err *e)
{
	(void)fd, (void)out, (void)max_bytes, (void)e;
	return 0;
}

/* A datagram that does not fit is cut. */
ssize_t __wrap_recv(int fd, void *out, size_t size, int flags)
{
	size_t length;

	(void)fd, (void)flags;
	if (left < 2) {
		errno = EAGAIN;
		return -1;
	}
	length = answers[0] | (size_t)answers[1] << 8;
	answers += 2;
	left -= 2;
	length = length < left ? length : left;
	memcpy(out, answers, length < size ? length : size);
	answers += length;
	left -= length;
	return (ssize_t)(length < size ? length : size);
}

static void read_pairs(void)
{
	struct socket_pair *pairs;
	size_t count = socket_pairs_read(NULL, &pairs);

	for (size_t i = 0; i < count; i++) {
		require(pairs[i].inode && pairs[i].peer);
		require(i == 0 || pairs[i - 1].inode <= pairs[i].inode);
	}
	free(pairs);
}

static void read_states(void)
{
	static struct fd_pass pass;
	struct kernel kernel = {.process = process_self()};
	int64_t total = 0;

	fd_pass_begin(&pass);
	for (uint32_t i = 0; i < 40; i++)
		pass.tcp[pass.nr_tcp++] = 4700 + i / 2;
	pass.by_socket[SOCKET_TCP] = 40;
	fd_pass_tcp_states(&pass, &kernel);
	for (int i = 0; i < SOCKET_STATE_COUNT; i++) {
		require(pass.by_socket[i] >= 0);
		total += pass.by_socket[i];
	}
	require(total == 40);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	if (size < 1)
		return 0;
	answers = bytes + 1;
	left = size - 1;
	if (bytes[0] & 1)
		read_pairs();
	else
		read_states();
	return 0;
}
