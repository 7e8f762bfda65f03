/* SPDX-License-Identifier: MIT */
/* One frame that only an idle worker of the library has on its stack is enough. */
#include "cli/known_pools.h"

#include <string.h>

/* Beginnings of function names. */
static const char *const idle_workers[] = {
	"g_thread_pool_wait_for_new_task", /* GLib */
	"g_main_loop_run",
	"uv__io_poll", /* libuv */
	"uv_cond_wait",
	"gomp_team_barrier_wait", /* libgomp: OpenMP */
	"gomp_barrier_wait",
	"gomp_simple_barrier_wait",
	"__kmp_fork_barrier", /* LLVM's OpenMP */
	"__kmp_suspend",
	"tokio::runtime::park",
	"tokio::runtime::scheduler",
	"tokio::runtime::blocking::pool",
	"rayon_core::sleep",
	"rayon_core::registry::WorkerThread::wait_until",
	"background_thread_entry",  /* jemalloc */
	"bioProcessBackgroundJobs", /* redis */
	"IOThreadMain",
	"node::(anonymous namespace)::PlatformWorkerThread",
	"v8::platform::",
	"tbb::detail::r1::rml::private_worker",
	"blas_thread_server", /* OpenBLAS */
	"MHD_polling_thread", /* libmicrohttpd */
};

bool known_pool(const struct task *task)
{
	const struct stack *stack = task->stack;

	for (size_t i = 0; stack && i < stack->nr_frames; i++) {
		const char *function = stack->frames[i].function;

		for (size_t n = 0; function && n < sizeof(idle_workers) / sizeof(char *);
		     n++)
			if (strncmp(function, idle_workers[n], strlen(idle_workers[n])) ==
			    0)
				return true;
	}
	return false;
}
