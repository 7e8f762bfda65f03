/* SPDX-License-Identifier: MIT */
/* POSIX and System V message queues, System V semaphores. */
#include "agent/wrap.h"

#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <time.h>

#define WAIT_QUEUE WRAP_WAIT
#include "agent/wraps.def"
