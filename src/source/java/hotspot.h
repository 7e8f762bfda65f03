/* SPDX-License-Identifier: MIT */
/*
 * The folder src/source/java reads the memory of HotSpot, the Java virtual machine. It
 * must not know how threads are found, kept or shown.
 *
 * Finds the Java monitor that a HotSpot thread waits for and its owner, by the layout
 * tables that libjvm exports. Only reads memory.
 */
#ifndef SOURCE_JAVA_HOTSPOT_H
#define SOURCE_JAVA_HOTSPOT_H

#include "source/symbols/symbols.h"

struct hotspot;

/* kernel and symbols must outlive it. Returns NULL if out of memory. */
struct hotspot *hotspot_new(struct kernel *kernel, struct symbols *symbols);
void hotspot_free(struct hotspot *hotspot); /* NULL is accepted */
/* Returns the monitor that the thread is about to enter, or 0 if none is known. *owner is
 * set to its owner's thread id in our pid namespace, or 0. */
uint64_t hotspot_monitor(struct hotspot *hotspot, pid_t tid, pid_t *owner);

#endif
