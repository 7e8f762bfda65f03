/* SPDX-License-Identifier: MIT */
/* Wrappers for reads, writes, connections, polling, file locks, flushes and name
 * resolution. */
#include "agent/wrap.h"

#include <aio.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* The real functions also read the timeout, and pass the kernel a copy that it may
 * change. */
#define NO_TIME(limit, fraction)                                                         \
	((limit) && (limit)->tv_sec == 0 && (limit)->fraction == 0)

/* Without descriptors it is a sleep, such as Python's up to 3.10. */
#define GRMON_POLL_OR_SLEEP(n, limit) ((n) == 0 && (limit) ? GRMON_SLEEP : GRMON_POLL)

#define WAIT_IO                       WRAP_WAIT
#define WAIT_API                      WRAP_API
#include "agent/wraps.def"
