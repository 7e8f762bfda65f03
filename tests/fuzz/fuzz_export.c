/* SPDX-License-Identifier: MIT */
/*
 * What clients send to an exporter: arbitrary bytes over a connection to the real server,
 * and the headers that it parses itself. The first byte chooses between a request, names
 * of --listen with a Host header, and an Accept header.
 */
// sources: src/cli/export_http.c src/cli/export_client.c
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/export.h"

#define ANSWER_MS 10

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(int holds)
{
	if (!holds)
		abort();
}

void exports_write(struct exports *exports, enum metrics_format format, struct buf *out)
{
	(void)exports;
	buf_puts(out, format == METRICS_TEXT ? "# text\n" : "# EOF\n");
}

/* Unix sockets, because ports would run out. */
static void start_server(struct sockaddr_un *address, socklen_t *length)
{
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	*length = sizeof(*address);
	/* The kernel chooses an abstract name. */
	require(listener >= 0 &&
		bind(listener, (struct sockaddr *)address, sizeof(sa_family_t)) == 0 &&
		getsockname(listener, (struct sockaddr *)address, length) == 0 &&
		listen(listener, 64) == 0);
	require(export_http_start(listener, NULL, "127.0.0.1:9847", true) != NULL);
}

static void ask(const uint8_t *bytes, size_t size)
{
	static struct sockaddr_un address;
	static socklen_t length;
	char answer[4096];
	ssize_t got;
	int fd;

	if (!length)
		start_server(&address, &length);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	require(fd >= 0 && connect(fd, (struct sockaddr *)&address, length) == 0);
	/* The server may close the connection before it has read everything. */
	while (size > 0 && (got = send(fd, bytes, size, MSG_NOSIGNAL)) > 0) {
		bytes += got;
		size -= (size_t)got;
	}
	send(fd, "\r\n\r\n", 4, MSG_NOSIGNAL);
	struct pollfd ready = {.fd = fd, .events = POLLIN};

	/* A request that is not complete, or not one at all, gets no answer. */
	if (poll(&ready, 1, ANSWER_MS) == 1) {
		got = recv(fd, answer, sizeof(answer), 0);
		require(got < 5 || memcmp(answer, "HTTP/", 5) == 0);
	}
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char *text, *host;

	if (size < 1 || !memchr("qha", bytes[0], 3))
		return -1;
	if (bytes[0] == 'q') {
		ask(bytes + 1, size - 1);
		return 0;
	}
	text = strndup((const char *)bytes + 1, size - 1);
	if (bytes[0] == 'a') {
		enum metrics_format format = export_http_format(text);

		require(format == METRICS_TEXT || format == METRICS_OPENMETRICS);
	} else {
		host = strchr(text, '\n');
		host = host ? host : text + strlen(text);
		if (*host)
			*host++ = '\0';
		export_http_knows(host, text);
	}
	free(text);
	return 0;
}
