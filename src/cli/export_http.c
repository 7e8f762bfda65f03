/* SPDX-License-Identifier: MIT */
/* The endpoint of an exporter, by libmicrohttpd with one thread. What is served was seen at
 * the last look, so a scrape costs no more than writing it down. */
#include <microhttpd.h>
#include <string.h>
#include <strings.h>

#include "cli/export.h"

#define CONNECTIONS_MAX  32u
#define CONNECTION_BYTES 16384u
#define CONNECTION_S     10u

static const char front_page[] =
	"<!DOCTYPE html><html lang=\"en\"><head><title>grmon-c "
	"export</title></head><body>"
	"<h1>grmon-c export</h1><p><a href=\"/metrics\">Metrics</a></p></body></html>\n";

/* "1", "0.5"; whatever the locale says about points. */
static int thousandths(const char *text, const char *end)
{
	int value = text < end && *text == '1' ? 1000 : 0, unit = 100;

	for (text += 2; value < 1000 && text < end && *text >= '0' && *text <= '9';
	     text++, unit /= 10)
		value += (*text - '0') * unit;
	return value;
}

/* The q of one element of an Accept header, in thousandths; 0 if it is another type. */
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
	enum metrics_format format = export_http_format(MHD_lookup_connection_value(
		connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT));
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
	/* Before a body has been sent: it is never read. */
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 &&
	    strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return answer_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
				   "only GET and HEAD\n", "text/plain");
	/* The first call has the headers only. */
	if (!*request) {
		*request = &seen;
		return MHD_YES;
	}
	if (*upload_bytes > 0) {
		*upload_bytes = 0;
		return MHD_YES;
	}
	if (strcmp(url, "/metrics") == 0)
		return answer_metrics(connection, exports);
	if (strcmp(url, "/") == 0)
		return answer_text(connection, MHD_HTTP_OK, front_page,
				   "text/html; charset=utf-8");
	return answer_text(connection, MHD_HTTP_NOT_FOUND,
			   "there is nothing here; try /metrics\n", "text/plain");
}

struct MHD_Daemon *export_http_start(int listener, struct exports *exports)
{
	return MHD_start_daemon(MHD_USE_AUTO_INTERNAL_THREAD, 0, NULL, NULL, on_request,
				exports, MHD_OPTION_LISTEN_SOCKET, listener,
				MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
				MHD_OPTION_CONNECTION_MEMORY_LIMIT,
				(size_t)CONNECTION_BYTES, MHD_OPTION_CONNECTION_TIMEOUT,
				CONNECTION_S, MHD_OPTION_END);
}

void export_http_stop(struct MHD_Daemon *daemon)
{
	MHD_stop_daemon(daemon);
}
