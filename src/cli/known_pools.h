/* SPDX-License-Identifier: MIT */
/* Threads of well-known libraries that wait for work by design. */
#ifndef CLI_KNOWN_POOLS_H
#define CLI_KNOWN_POOLS_H

#include <stdbool.h>

#include "core/snapshot.h"

bool known_pool(const struct task *task);

#endif
