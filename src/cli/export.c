/* SPDX-License-Identifier: MIT */
/* `grmon-c export`: an endpoint that Prometheus scrapes. What is served was seen at the last
 * look, so a scrape costs no more than writing it down. */
#include "cli/export.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/cli.h"

#define LISTEN_DEFAULT   "127.0.0.1:9847"
#define DISCOVER_MS      2000
#define CONNECTIONS_MAX  32u
#define CONNECTION_BYTES 16384u
#define CONNECTION_S     10u

static const char front_page[] =
	"<html><head><title>grmon-c export</title></head><body>"
	"<h1>grmon-c export</h1><p><a href=\"/metrics\">Metrics</a></p></body></html>\n";

/* "HOST:PORT", "[::1]:PORT", ":PORT" or "PORT"; loopback where no host is said. */
static int parse_listen(const char *text, struct addrinfo **address, struct err *e)
{
	struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
				 .ai_socktype = SOCK_STREAM};
	const char *colon = strrchr(text, ':'), *port = colon ? colon + 1 : text;
	size_t length = colon ? (size_t)(colon - text) : 0;
	char host[256];
	int rc;

	if (!*port || port[strspn(port, "0123456789")] || strlen(port) > 5 ||
	    atoi(port) > 65535 || length >= sizeof(host))
		return err_set(e, ERR_USAGE,
			       "--listen: '%.80s' is no ADDRESS:PORT, as in %s", text,
			       LISTEN_DEFAULT);
	memcpy(host, text, length);
	host[length] = '\0';
	if (length > 1 && host[0] == '[' && host[length - 1] == ']') {
		memmove(host, host + 1, length - 2);
		host[length - 2] = '\0';
	}
	rc = getaddrinfo(host[0] ? host : "127.0.0.1", port, &hints, address);
	if (rc != 0)
		return err_set(e, ERR_USAGE, "--listen: '%.80s': %s", text,
			       gai_strerror(rc));
	return 0;
}

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status,
			      struct MHD_Response *response, const char *type)
{
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result answer_text(struct MHD_Connection *connection, unsigned status,
				   const char *text, const char *type)
{
	return answer(connection, status,
		      MHD_create_response_from_buffer(strlen(text),
						      (void *)(uintptr_t)text,
						      MHD_RESPMEM_PERSISTENT),
		      type);
}

static enum MHD_Result answer_metrics(struct MHD_Connection *connection,
				      struct exports *exports)
{
	const char *accept = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
							 MHD_HTTP_HEADER_ACCEPT);
	enum metrics_format format =
		accept && strstr(accept, "application/openmetrics-text")
			? METRICS_OPENMETRICS
			: METRICS_TEXT;
	enum MHD_Result result;
	struct buf out;

	buf_init(&out, 0);
	exports_write(exports, format, &out);
	if (out.failed)
		result = answer_text(connection, MHD_HTTP_SERVICE_UNAVAILABLE,
				     "there is no memory for an answer\n", "text/plain");
	else
		result = answer(connection, MHD_HTTP_OK,
				MHD_create_response_from_buffer(out.length, out.bytes,
								MHD_RESPMEM_MUST_COPY),
				metrics_content_type(format));
	buf_release(&out);
	return result;
}

static enum MHD_Result on_request(void *exports, struct MHD_Connection *connection,
				  const char *url, const char *method,
				  const char *version, const char *upload,
				  size_t *upload_bytes, void **request)
{
	static int seen;

	(void)version;
	(void)upload;
	/* The first call has the headers only; a body is read to its end and dropped. */
	if (!*request) {
		*request = &seen;
		return MHD_YES;
	}
	if (*upload_bytes > 0) {
		*upload_bytes = 0;
		return MHD_YES;
	}
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 &&
	    strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return answer_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
				   "only GET and HEAD\n", "text/plain");
	if (strcmp(url, "/metrics") == 0)
		return answer_metrics(connection, exports);
	if (strcmp(url, "/") == 0)
		return answer_text(connection, MHD_HTTP_OK, front_page, "text/html");
	return answer_text(connection, MHD_HTTP_NOT_FOUND,
			   "there is nothing here; try /metrics\n", "text/plain");
}

static struct MHD_Daemon *listen_on(const char *text, struct exports *exports,
				    struct err *e)
{
	struct addrinfo *address = NULL;
	struct MHD_Daemon *daemon;
	unsigned flags = MHD_USE_AUTO_INTERNAL_THREAD;

	if (parse_listen(text, &address, e) != 0)
		return NULL;
	if (address->ai_family == AF_INET6)
		flags |= MHD_USE_IPv6;
	errno = 0;
	daemon = MHD_start_daemon(
		flags, 0, NULL, NULL, on_request, exports, MHD_OPTION_SOCK_ADDR,
		address->ai_addr, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
		MHD_OPTION_CONNECTION_TIMEOUT, CONNECTION_S, MHD_OPTION_END);
	if (!daemon)
		err_set(e, ERR_USAGE,
			"cannot listen on %.80s: %s; another address is set by --listen",
			text, errno ? strerror(errno) : "the server does not start");
	freeaddrinfo(address);
	return daemon;
}

/* Until SIGINT or SIGTERM; targets that come are found, those that went forgotten. */
static void serve(struct exports *exports, int signals)
{
	struct pollfd wait = {.fd = signals, .events = POLLIN};

	while (poll(&wait, 1, DISCOVER_MS) == 0)
		exports_discover(exports);
}

static int parse_groups(const char *text, size_t *nr_groups, struct err *e)
{
	*nr_groups = 0;
	if (!text)
		return 0;
	if (!*text || text[strspn(text, "0123456789")] || strlen(text) > 3 ||
	    atoi(text) > METRICS_GROUPS_MAX)
		return err_set(e, ERR_USAGE,
			       "--top-groups: '%.20s' is no number up to %d", text,
			       METRICS_GROUPS_MAX);
	*nr_groups = (size_t)atoi(text);
	return 0;
}

static void say_where(const char *listen, struct exports *exports)
{
	size_t count = exports_count(exports);
	bool port_only = listen[0] == ':' || !strchr(listen, ':');

	fprintf(stderr, "grmon-c: %zu %s, served on http://%s%s/metrics\n", count,
		count == 1 ? "target" : "targets", port_only ? "127.0.0.1:" : "",
		listen + (listen[0] == ':'));
}

static int export_to(const char *listen, struct exports *exports, int signals)
{
	struct err e = {0};
	struct MHD_Daemon *daemon = listen_on(listen, exports, &e);

	if (!daemon) {
		cli_complain("%s", e.text);
		return CLI_USAGE;
	}
	say_where(listen, exports);
	serve(exports, signals);
	MHD_stop_daemon(daemon);
	return CLI_FINE;
}

int command_export(struct options *options)
{
	const char *listen = options->value[OPTION_LISTEN];
	struct exports *exports;
	struct err e = {0};
	size_t nr_groups;
	sigset_t ends;
	int rc, signals;

	if (options->pid == 0 && options->nr_words == 0) {
		cli_complain("'grmon-c export' needs targets: pids, names of processes, "
			     "cgroup:PATH or URLs");
		return CLI_USAGE;
	}
	if (parse_groups(options->value[OPTION_TOP_GROUPS], &nr_groups, &e) != 0) {
		cli_complain("%s", e.text);
		return CLI_USAGE;
	}
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	signals = signalfd(-1, &ends, SFD_CLOEXEC);
	exports = exports_start(options, nr_groups, &rc);
	if (!exports)
		return rc;
	rc = export_to(listen ? listen : LISTEN_DEFAULT, exports, signals);
	exports_stop(exports);
	close(signals);
	return rc;
}
