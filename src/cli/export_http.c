/* SPDX-License-Identifier: MIT */
/* The HTTP endpoint of an exporter: libmicrohttpd with one thread. It serves the values
 * of the last sample, so a scrape only costs the formatting. */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/export.h"
#include "cli/export_client.h"

#define CONNECTION_BYTES 16384u
#define CONNECTION_S     10u
#define URL_BYTES        1024u
#define HOST_BYTES       256u

struct export_http {
	struct MHD_Daemon *daemon;
	struct exports *exports;
	const char *listen; /* the argument of --listen */
	bool loopback;
	struct clients clients;
	pthread_t thread;
	int stop; /* an eventfd */
};

static const char front_page[] =
	"<!DOCTYPE html><html lang=\"en\"><head><title>grmon-c "
	"export</title></head><body>"
	"<h1>grmon-c export</h1><p><a href=\"/metrics\">Metrics</a></p></body></html>\n";

/* Parses "1" or "0.5" into thousandths, independent of the locale. */
static int thousandths(const char *text, const char *end)
{
	int value = text < end && *text == '1' ? 1000 : 0, unit = 100;

	for (text += 2; value < 1000 && text < end && byte_is_digit(*text);
	     text++, unit /= 10)
		value += (*text - '0') * unit;
	return value;
}

/* Returns the q of an element of an Accept header in thousandths, or 0 for another
 * type. */
static int weight_of(const char *element, size_t length, const char *type)
{
	size_t type_length = strlen(type);
	const char *end = element + length, *q;

	if (length < type_length || strncasecmp(element, type, type_length) != 0)
		return 0;
	for (q = element + type_length; q < end; q++) {
		if (*q == ';') {
			do
				q++;
			while (q < end && (*q == ' ' || *q == '\t'));
			if (end - q > 2 && (*q == 'q' || *q == 'Q') && q[1] == '=')
				return thousandths(q + 2, end);
			q--;
		}
	}
	return 1000;
}

enum metrics_format export_http_format(const char *accept)
{
	int open = 0, text = 0;

	while (accept && *accept) {
		size_t length;
		int weight;

		accept += strspn(accept, ", \t");
		length = strcspn(accept, ",");
		weight = weight_of(accept, length, "application/openmetrics-text");
		open = weight > open ? weight : open;
		weight = weight_of(accept, length, "text/plain");
		text = weight > text ? weight : text;
		accept += length;
	}
	return open > 0 && open >= text ? METRICS_OPENMETRICS : METRICS_TEXT;
}

/* Extracts the host from "NAME:PORT" or "[::1]:PORT", without a trailing dot. */
static bool host_of(const char *text, char *host, size_t size)
{
	size_t length = *text == '[' ? strcspn(text, "]") : strcspn(text, ":");

	if (*text == '[') {
		text++;
		length--;
	}
	if (length > 0 && text[length - 1] == '.')
		length--;
	if (length == 0 || length >= size)
		return false;
	memcpy(host, text, length);
	host[length] = '\0';
	return true;
}

bool export_http_knows(const char *header, const char *listen)
{
	char host[HOST_BYTES], own[HOST_BYTES];
	struct in6_addr six;
	struct in_addr four;

	if (!host_of(header, host, sizeof(host)))
		return false;
	if (strcasecmp(host, "localhost") == 0)
		return true;
	if (inet_pton(AF_INET, host, &four) == 1)
		return ntohl(four.s_addr) >> 24 == 127;
	if (inet_pton(AF_INET6, host, &six) == 1)
		return IN6_IS_ADDR_LOOPBACK(&six);
	return strchr(listen, ':') && host_of(listen, own, sizeof(own)) &&
	       strcasecmp(host, own) == 0;
}

static struct client *client_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
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
				      struct export_http *http)
{
	enum metrics_format format = export_http_format(MHD_lookup_connection_value(
		connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT));
	struct client *client = client_of(connection);
	enum MHD_Result result;
	struct buf out;

	buf_init(&out, 0);
	exports_write(http->exports, format, &out);
	if (client)
		client_turn(&http->clients, client, out.length + 1, clock_mono_ns());
	if (out.failed)
		result = answer_text(connection, MHD_HTTP_SERVICE_UNAVAILABLE,
				     "out of memory for the answer\n", "text/plain");
	else
		result = answer(connection, MHD_HTTP_OK,
				MHD_create_response_from_buffer(out.length, out.bytes,
								MHD_RESPMEM_MUST_COPY),
				metrics_content_type(format));
	buf_release(&out);
	return result;
}

static enum MHD_Result check_host(void *ctx, enum MHD_ValueKind kind, const char *key,
				  const char *value)
{
	struct export_http **http = ctx;

	(void)kind;
	if (strcasecmp(key, MHD_HTTP_HEADER_HOST) == 0 &&
	    !export_http_knows(value ? value : "", (*http)->listen))
		*http = NULL;
	return *http ? MHD_YES : MHD_NO;
}

/* Detects DNS rebinding: a web page whose name resolves to this host could read the
 * metrics. */
static bool is_rebound(struct export_http *http, struct MHD_Connection *connection)
{
	if (!http->loopback)
		return false;
	MHD_get_connection_values(connection, MHD_HEADER_KIND, check_host, &http);
	return !http;
}

static bool has_body(struct MHD_Connection *connection)
{
	const char *length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
							 MHD_HTTP_HEADER_CONTENT_LENGTH);

	return (length && length[strspn(length, "0")] != '\0') ||
	       MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
					   MHD_HTTP_HEADER_TRANSFER_ENCODING);
}

/* Returns 0 if the request is accepted, or an HTTP status. */
static unsigned refusal(struct export_http *http, struct MHD_Connection *connection,
			const char *url, const char *method, const char **why)
{
	if (is_rebound(http, connection)) {
		*why = "this exporter answers only on this host, as localhost, 127.0.0.1 "
		       "or [::1]; to use another name, start it with --listen "
		       "NAME:PORT\n";
		return MHD_HTTP_FORBIDDEN;
	}
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 &&
	    strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
		*why = "only GET and HEAD are supported\n";
		return MHD_HTTP_METHOD_NOT_ALLOWED;
	}
	if (has_body(connection)) {
		*why = "a request must not have a body\n";
		return MHD_HTTP_BAD_REQUEST;
	}
	if (strlen(url) > URL_BYTES) {
		*why = "the path is too long; try /metrics\n";
		return MHD_HTTP_URI_TOO_LONG;
	}
	return 0;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection,
				  const char *url, const char *method,
				  const char *version, const char *upload,
				  size_t *upload_bytes, void **request)
{
	static int seen;
	const char *why = NULL;
	unsigned status;

	(void)version;
	(void)upload;
	(void)upload_bytes;
	/* The first call has only the headers, so a refused body is never read. */
	if (!*request) {
		*request = &seen;
		status = refusal(ctx, connection, url, method, &why);
		return status ? answer_text(connection, status, why, "text/plain")
			      : MHD_YES;
	}
	if (strcmp(url, "/metrics") == 0)
		return answer_metrics(connection, ctx);
	if (strcmp(url, "/") == 0)
		return answer_text(connection, MHD_HTTP_OK, front_page,
				   "text/html; charset=utf-8");
	return answer_text(connection, MHD_HTTP_NOT_FOUND,
			   "there is no such page; try /metrics\n", "text/plain");
}

static enum MHD_Result on_accept(void *ctx, const struct sockaddr *from, socklen_t length)
{
	const struct export_http *http = ctx;

	(void)length;
	return clients_accept(&http->clients, from) ? MHD_YES : MHD_NO;
}

static void on_connection(void *ctx, struct MHD_Connection *connection, void **client,
			  enum MHD_ConnectionNotificationCode what)
{
	struct export_http *http = ctx;
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	if (what == MHD_CONNECTION_NOTIFY_STARTED && info)
		*client = client_add(&http->clients, info->connect_fd, clock_mono_ns());
	else if (what == MHD_CONNECTION_NOTIFY_CLOSED && *client)
		client_remove(&http->clients, *client);
}

static void on_answered(void *ctx, struct MHD_Connection *connection, void **request,
			enum MHD_RequestTerminationCode code)
{
	struct export_http *http = ctx;
	struct client *client = client_of(connection);

	(void)request;
	(void)code;
	if (client)
		client_turn(&http->clients, client, 0, clock_mono_ns());
}

/* Returns the shorter of two waiting times; -1 means no limit. */
static int sooner(int ms, unsigned long long other_ms)
{
	return ms >= 0 && (unsigned long long)ms < other_ms ? ms
	       : other_ms > 60000                           ? 60000
							    : (int)other_ms;
}

static void *serve_requests(void *ctx)
{
	struct export_http *http = ctx;
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	struct pollfd ready[2] = {{.fd = http->stop, .events = POLLIN},
				  {.fd = info ? info->epoll_fd : -1, .events = POLLIN}};

	while (ready[0].revents == 0) {
		int ms = clients_make_room(&http->clients, clock_mono_ns());
		MHD_UNSIGNED_LONG_LONG other_ms;

		if (MHD_get_timeout(http->daemon, &other_ms) == MHD_YES)
			ms = sooner(ms, other_ms);
		poll(ready, 2, ms);
		MHD_run(http->daemon);
	}
	return NULL;
}

struct export_http *export_http_start(int listener, struct exports *exports,
				      const char *listen, bool loopback)
{
	struct export_http *http = calloc(1, sizeof(*http));

	if (!http)
		return NULL;
	http->exports = exports;
	http->listen = listen;
	http->loopback = loopback;
	http->stop = eventfd(0, EFD_CLOEXEC);
	http->daemon = MHD_start_daemon(
		MHD_USE_EPOLL, 0, on_accept, http, on_request, http,
		MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_CONNECTION_LIMIT,
		CLIENTS_MOST, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)CONNECTION_BYTES, MHD_OPTION_CONNECTION_TIMEOUT, CONNECTION_S,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, http,
		MHD_OPTION_NOTIFY_COMPLETED, on_answered, http, MHD_OPTION_END);
	if (http->stop >= 0 && http->daemon &&
	    pthread_create(&http->thread, NULL, serve_requests, http) == 0)
		return http;
	if (http->daemon)
		MHD_stop_daemon(http->daemon);
	else
		close(listener);
	if (http->stop >= 0)
		close(http->stop);
	free(http);
	return NULL;
}

void export_http_stop(struct export_http *http)
{
	eventfd_write(http->stop, 1);
	pthread_join(http->thread, NULL);
	MHD_stop_daemon(http->daemon);
	close(http->stop);
	free(http);
}
