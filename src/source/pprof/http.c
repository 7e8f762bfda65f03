/* SPDX-License-Identifier: MIT */
/* HTTP through libcurl, with limits on time and size. The text of a server's error page
 * is never shown. */
#include "source/pprof/http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

#define CONNECT_SECONDS 5L
#define SILENT_SECONDS  6L /* without a byte; the server hangs */
#define ANSWER_SECONDS  30L
#define ANSWER_MAX      (256u << 20)
#define URL_MAX         2048u
#define PROFILE_PATH    "/debug/pprof/goroutine"

struct pprof_http {
	CURL *curl;
	struct curl_slist *headers;
	const struct source_target *target;
	char url[URL_MAX];  /* as the user wrote it, with its scheme */
	char base[URL_MAX]; /* without a query */
	char shown[256];    /* for messages; without user and password */

	pprof_http_sink *sink;
	void *ctx;
	size_t length;
	bool enough, too_large;
};

void pprof_http_prepare(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* Accepts every notation of the address that connect() would use, including 127.1 and
 * 0x7f000001, and 0, which the kernel treats as the host itself. */
static bool is_loopback_host(const char *host)
{
	size_t length = strlen(host);
	char six[INET6_ADDRSTRLEN];
	struct in6_addr six_address;
	struct in_addr address;

	if (length > 0 && host[length - 1] == '.')
		length--;
	if ((length == 9 && strncasecmp(host, "localhost", 9) == 0) ||
	    (length > 10 && strncasecmp(host + length - 10, ".localhost", 10) == 0))
		return true;
	if (inet_aton(host, &address))
		return ntohl(address.s_addr) >> 24 == 127 || address.s_addr == 0;
	snprintf(six, sizeof(six), "%.*s", (int)strcspn(host + 1, "]%"), host + 1);
	if (host[0] != '[' || inet_pton(AF_INET6, six, &six_address) != 1)
		return false;
	if (IN6_IS_ADDR_V4MAPPED(&six_address))
		return six_address.s6_addr[12] == 127;
	return IN6_IS_ADDR_LOOPBACK(&six_address) ||
	       IN6_IS_ADDR_UNSPECIFIED(&six_address);
}

bool pprof_http_is_local(const char *url)
{
	CURLU *parts = curl_url();
	char *host = NULL;
	bool local = text_starts_with(url, "unix:");

	if (!local && parts && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    curl_url_get(parts, CURLUPART_HOST, &host, CURLU_URLDECODE) == CURLUE_OK)
		local = is_loopback_host(host);
	curl_free(host);
	curl_url_cleanup(parts);
	return local;
}

static bool ends_with(const char *text, const char *tail)
{
	size_t length = strlen(text), bytes = strlen(tail);

	return length >= bytes && strcmp(text + length - bytes, tail) == 0;
}

/* Accepts http://host:6060, …/debug/pprof, …/debug/pprof/goroutine?debug=2, or any other
 * path that serves the profiles. */
static int set_base(struct pprof_http *http, const char *text, struct err *e)
{
	bool is_unix = text_starts_with(text, "unix:");
	int length = snprintf(http->base, sizeof(http->base), "%s",
			      is_unix ? "http://localhost" : text);
	char *path;

	if (length < 0 || (size_t)length + sizeof(PROFILE_PATH) >= sizeof(http->base))
		return err_set(e, ERR_USAGE, "the address is too long");
	http->base[strcspn(http->base, "?#")] = '\0';
	while (http->base[0] && ends_with(http->base, "/"))
		http->base[strlen(http->base) - 1] = '\0';
	path = strstr(http->base, "://");
	if (!path || path[3] == '\0')
		return err_set(e, ERR_USAGE,
			       "'%.60s' has no host; an example is "
			       "http://localhost:6060",
			       text);
	path = strchr(path + 3, '/');
	if (!path)
		strcat(http->base, PROFILE_PATH);
	else if (!ends_with(path, "/goroutine") && !ends_with(path, "/goroutineleak"))
		strcat(http->base, "/goroutine");
	return 0;
}

/* Copies the address without user and password. */
static void set_shown(struct pprof_http *http, const char *text)
{
	const char *host = strstr(text, "://"), *at;
	size_t scheme;

	host = host ? host + 3 : text;
	scheme = (size_t)(host - text);
	at = memrchr(host, '@', strcspn(host, "/?#"));
	snprintf(http->shown, sizeof(http->shown), "%.*s%.240s", (int)scheme, text,
		 at ? at + 1 : host);
}

static size_t on_bytes(char *bytes, size_t size, size_t nr, void *ctx)
{
	struct pprof_http *http = ctx;
	size_t length = size * nr;
	long status = 0;

	curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200)
		return length;
	http->length += length;
	http->too_large = http->length > ANSWER_MAX;
	if (!http->too_large)
		http->enough = !http->sink(http->ctx, bytes, length);
	return http->enough || http->too_large ? 0 : length;
}

static int on_progress(void *ctx, curl_off_t all, curl_off_t now, curl_off_t up_all,
		       curl_off_t up)
{
	const struct pprof_http *http = ctx;

	return http->target->cancel &&
	       __atomic_load_n(http->target->cancel, __ATOMIC_RELAXED);
}

static void configure(struct pprof_http *http)
{
	const struct source_target *t = http->target;
	CURL *curl = http->curl;

	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "grmon-c");
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, ANSWER_SECONDS);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, SILENT_SECONDS);
	curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, 256L * 1024);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, http);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, http);
	/* A proxy has a different loopback, and would see the user's password. */
	if (pprof_http_is_local(http->url))
		curl_easy_setopt(curl, CURLOPT_PROXY, "");
	if (text_starts_with(t->text, "unix:"))
		curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, t->text + 5);
	if (t->user) {
		curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		curl_easy_setopt(curl, CURLOPT_USERPWD, t->user);
	}
	if (t->header)
		http->headers = curl_slist_append(NULL, t->header);
	if (http->headers)
		curl_easy_setopt(curl, CURLOPT_HTTPHEADER, http->headers);
}

struct pprof_http *pprof_http_new(const struct source_target *t, struct err *e)
{
	struct pprof_http *http = calloc(1, sizeof(*http));

	if (http)
		http->curl = curl_easy_init();
	if (!http || !http->curl) {
		err_set(e, ERR_NOMEM, "no memory to query %.60s", t->text);
		pprof_http_free(http);
		return NULL;
	}
	http->target = t;
	/* A longer one is refused below. */
	snprintf(http->url, sizeof(http->url), "%s%s",
		 strstr(t->text, "://") || text_starts_with(t->text, "unix:") ? ""
									      : "http://",
		 t->text);
	set_shown(http, http->url);
	if (set_base(http, http->url, e) != 0) {
		pprof_http_free(http);
		return NULL;
	}
	configure(http);
	return http;
}

void pprof_http_free(struct pprof_http *http)
{
	if (!http)
		return;
	curl_easy_cleanup(http->curl);
	curl_slist_free_all(http->headers);
	free(http);
}

const char *pprof_http_shown(const struct pprof_http *http)
{
	return http->shown;
}

static int explain_status(const struct pprof_http *http, long status, struct err *e)
{
	switch (status) {
	case 200:
		return 0;
	case 401:
	case 403:
		return err_set(e, ERR_PERM,
			       "%s denies access without a password (%ld); use --user "
			       "NAME:PASSWORD or --header",
			       http->shown, status);
	case 404:
		return err_set(
			e, ERR_NOTFOUND,
			"%s has no goroutine profile (404); the program must import "
			"net/http/pprof; if its profiles are elsewhere, give their "
			"path",
			http->shown);
	default:
		return err_set(e, ERR_FORMAT,
			       "%s answered with status %ld instead of a profile",
			       http->shown, status);
	}
}

static int explain_failure(const struct pprof_http *http, CURLcode code, struct err *e)
{
	switch (code) {
	case CURLE_COULDNT_CONNECT:
	case CURLE_COULDNT_RESOLVE_HOST:
		return err_set(e, ERR_NOTFOUND,
			       "cannot connect to %s; is the program running, and is "
			       "the address right?",
			       http->shown);
	case CURLE_OPERATION_TIMEDOUT:
		return err_set(e, ERR_TIMEOUT,
			       "%s did not answer in time; use a longer interval (-i) to "
			       "query it less often",
			       http->shown);
	case CURLE_PARTIAL_FILE:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
		return err_set(e, ERR_FORMAT,
			       "%s closed the connection in the middle "
			       "of its answer",
			       http->shown);
	case CURLE_ABORTED_BY_CALLBACK:
		return err_set(e, ERR_TIMEOUT, "cancelled");
	default:
		return err_set(e, ERR_UNSUPPORTED, "cannot query %s: %s", http->shown,
			       curl_easy_strerror(code));
	}
}

int pprof_http_get(struct pprof_http *http, int debug, pprof_http_sink *sink, void *ctx,
		   struct err *e)
{
	char url[URL_MAX + 16];
	CURLcode code;
	long status = 0;
	int rc;

	snprintf(url, sizeof(url), "%s?debug=%d", http->base, debug);
	http->sink = sink;
	http->ctx = ctx;
	http->length = 0;
	http->enough = http->too_large = false;
	curl_easy_setopt(http->curl, CURLOPT_URL, url);
	code = curl_easy_perform(http->curl);
	curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &status);
	if (http->too_large)
		return err_set(e, ERR_FORMAT,
			       "%s sent more than %u MB; the transfer "
			       "was cancelled",
			       http->shown, ANSWER_MAX >> 20);
	rc = status ? explain_status(http, status, e) : 0;
	if (rc != 0 || (code == CURLE_WRITE_ERROR && http->enough))
		return rc;
	return code == CURLE_OK ? 0 : explain_failure(http, code, e);
}
