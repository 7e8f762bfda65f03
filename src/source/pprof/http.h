/* SPDX-License-Identifier: MIT */
/* One endpoint of net/http/pprof, asked again and again over one connection. */
#ifndef SOURCE_PPROF_HTTP_H
#define SOURCE_PPROF_HTTP_H

#include "source/source.h"

struct pprof_http;

/* Once, before there are threads. */
void pprof_http_prepare(void);
/* It is asked here, never by a proxy. */
bool pprof_http_is_local(const char *url);
/* NULL with e: the address makes no sense, or no memory. */
struct pprof_http *pprof_http_new(const struct source_target *t, struct err *e);
void pprof_http_free(struct pprof_http *http);

/* The address without user and password. */
const char *pprof_http_shown(const struct pprof_http *http);

/* Takes what arrives; false: no more is wanted, which is no error. */
typedef bool pprof_http_sink(void *ctx, const char *bytes, size_t length);

/* GET the goroutine profile at this level of debug. Bounded in time and bytes. */
int pprof_http_get(struct pprof_http *http, int debug, pprof_http_sink *sink, void *ctx,
		   struct err *e);

#endif
