/* SPDX-License-Identifier: MIT */
/* Stands in for http.c in a build without libcurl (make WITH_HTTP=0). It refuses every
 * URL. */
#include "source/pprof/http.h"

void pprof_http_prepare(void)
{
}

bool pprof_http_is_local(const char *url)
{
	return false;
}

struct pprof_http *pprof_http_new(const struct source_target *t, struct err *e)
{
	err_set(e, ERR_USAGE,
		"this grmon-c was built without libcurl, which the URL %.60s needs; save "
		"the answer to a file, and open that",
		t->text);
	return NULL;
}

void pprof_http_free(struct pprof_http *http)
{
}

const char *pprof_http_shown(const struct pprof_http *http)
{
	return "";
}

int pprof_http_get(struct pprof_http *http, int debug, pprof_http_sink *sink, void *ctx,
		   struct err *e)
{
	return err_set(e, ERR_USAGE, "this grmon-c was built without libcurl");
}
