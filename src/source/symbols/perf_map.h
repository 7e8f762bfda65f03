/* SPDX-License-Identifier: MIT */
/*
 * Names of code that a runtime has generated in memory. V8 (--perf-basic-prof), HotSpot
 * (jcmd PID Compiler.perfmap), Python 3.12 and later (-X perf), LuaJIT, .NET and others
 * write them to /tmp/perf-PID.map. Each line has start and size in hexadecimal, then the
 * name, as described in the kernel's tools/perf/Documentation/jit-interface.txt.
 */
#ifndef SOURCE_SYMBOLS_PERF_MAP_H
#define SOURCE_SYMBOLS_PERF_MAP_H

#include "base/intern.h"
#include "core/snapshot.h"
#include "source/kernel/kernel.h"

struct perf_map;

/* Does not read the file yet. kernel must outlive it. Returns NULL if out of memory. */
struct perf_map *perf_map_new(const struct kernel *kernel);
void perf_map_free(struct perf_map *map); /* NULL is accepted */
/*
 * Finds the function of the code that contains address, and its file and line if the name
 * includes them; texts are interned. The file is read again when it has changed, at most
 * once a second. Returns false if the file does not exist, is not the target's own, or
 * does not contain the address.
 */
bool perf_map_find(struct perf_map *map, uint64_t address, struct intern *intern,
		   struct frame *out, uint64_t *start);

/* Uses this content instead of the target's file; for tests. */
void perf_map_set(struct perf_map *map, const char *bytes, size_t length);
/* Splits "JS:~serve /srv/app.js:10:20" and "py::serve:/srv/app.py"; for tests. */
void perf_map_name(const char *text, size_t length, struct intern *intern,
		   struct frame *out);

#endif
