/* SPDX-License-Identifier: MIT */
/* Waits for children and for signals. */
#include "agent/wrap.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>

#define WAIT_PROCESS WRAP_WAIT
#include "agent/wraps.def"
