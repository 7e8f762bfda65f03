/* SPDX-License-Identifier: MIT */
/* Wrappers for POSIX and System V message queues and System V semaphores. */
#include "agent/wrap.h"

#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <time.h>

#define WAIT_QUEUE WRAP_WAIT
#include "agent/wraps.def"
