/* SPDX-License-Identifier: MIT */
/*
 * The folder src/source/java reads what HotSpot, the virtual machine of Java, has in
 * memory. It does not know how threads are found, kept or shown.
 *
 * Monitors of Java: which one a thread of HotSpot waits for and who holds it, by the tables
 * of layouts that libjvm exports. Reads memory only.
 */
#ifndef SOURCE_JAVA_HOTSPOT_H
#define SOURCE_JAVA_HOTSPOT_H

#include "source/symbols/symbols.h"

struct hotspot;

/* kernel and symbols outlive it. NULL: no memory. */
struct hotspot *hotspot_new(struct kernel *kernel, struct symbols *symbols);
void hotspot_free(struct hotspot *hotspot); /* NULL is accepted */
/* The monitor that the thread is about to enter, 0: none is known; *owner is who holds it as
 * our thread id, or 0. */
uint64_t hotspot_monitor(struct hotspot *hotspot, pid_t tid, pid_t *owner);

#endif
