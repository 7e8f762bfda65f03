/* SPDX-License-Identifier: MIT */
/* One net/http/pprof endpoint, queried repeatedly over one connection. */
#ifndef SOURCE_PPROF_HTTP_H
#define SOURCE_PPROF_HTTP_H

#include "source/source.h"

struct pprof_http;

/* Call once, before any thread is created. */
void pprof_http_prepare(void);
/* Returns true if the URL names this host; such a URL is never requested through a proxy.
 * */
bool pprof_http_is_local(const char *url);
/* Returns NULL and sets e if the address is invalid or memory runs out. */
struct pprof_http *pprof_http_new(const struct source_target *t, struct err *e);
void pprof_http_free(struct pprof_http *http);

/* The address without user and password. */
const char *pprof_http_shown(const struct pprof_http *http);

/* Receives data as it arrives. Returning false ends the transfer, which is not an error.
 * */
typedef bool pprof_http_sink(void *ctx, const char *bytes, size_t length);

/* Requests the goroutine profile at this debug level. Bounded in time and bytes. */
int pprof_http_get(struct pprof_http *http, int debug, pprof_http_sink *sink, void *ctx,
		   struct err *e);

#endif
