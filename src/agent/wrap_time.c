/* SPDX-License-Identifier: MIT */
/* Wrappers for sleeps. */
#include "agent/wrap.h"

#include <sys/types.h>
#include <time.h>

#define WAIT_TIME WRAP_WAIT
#include "agent/wraps.def"
