/* SPDX-License-Identifier: MIT */
/*
 * Names of code that a runtime has made in memory: V8 (--perf-basic-prof), HotSpot (jcmd PID
 * Compiler.perfmap), Python from 3.12 on (-X perf), LuaJIT, .NET and others write them to
 * /tmp/perf-PID.map, a line each: start and size in hexadecimal, then the name. The format is
 * that of the kernel's tools/perf/Documentation/jit-interface.txt.
 */
#ifndef SOURCE_SYMBOLS_PERF_MAP_H
#define SOURCE_SYMBOLS_PERF_MAP_H

#include "base/intern.h"
#include "core/snapshot.h"
#include "source/kernel/kernel.h"

struct perf_map;

/* Reads nothing yet. kernel outlives it. NULL: no memory. */
struct perf_map *perf_map_new(const struct kernel *kernel);
void perf_map_free(struct perf_map *map); /* NULL is accepted */
/*
 * Function, and file and line where the name has them, of the code that holds address; texts
 * are interned. The file is read when it has changed, at most once a second. False: it is not
 * there, is not the target's own, or has no such code.
 */
bool perf_map_find(struct perf_map *map, uint64_t address, struct intern *intern,
		   struct frame *out, uint64_t *start);

/* The content of a file instead of the target's; for tests. */
void perf_map_set(struct perf_map *map, const char *bytes, size_t length);
/* "JS:~serve /srv/app.js:10:20" and "py::serve:/srv/app.py" in parts; for tests. */
void perf_map_name(const char *text, size_t length, struct intern *intern,
		   struct frame *out);

#endif
