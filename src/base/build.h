/* SPDX-License-Identifier: MIT */
/* What the build has left out, on request of `make WITH_HTTP=0 WITH_EXPORT=0`. Files that
 * need the library are not compiled then; code elsewhere asks these two. */
#ifndef BASE_BUILD_H
#define BASE_BUILD_H

/* Whether URLs can be queried, which takes libcurl. */
#ifndef GRMON_WITH_HTTP
#define GRMON_WITH_HTTP 1
#endif

/* Whether there is `grmon-c export`, which takes libmicrohttpd. */
#ifndef GRMON_WITH_EXPORT
#define GRMON_WITH_EXPORT 1
#endif

#endif
