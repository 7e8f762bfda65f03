/* SPDX-License-Identifier: MIT */
/* One frame that only an idle worker of the library has on its stack is enough, or the name
 * that the library gives its thread: many programs come without symbols. */
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
	"testing.(*T).Run",   /* Go: a test that waits for those inside it */
	"testing.(*T).Parallel",
	"testing.tRunner.func1",
	"testing.(*M).startAlarm",
	"os/signal.",
	"database/sql.(*DB).connectionOpener",
	"go.opencensus.io/stats/view.(*worker).start",
	"github.com/golang/glog.",
	"k8s.io/klog",
};

/* Beginnings of the names of threads. */
static const char *const idle_names[] = {
	"bio_", /* redis */
	"io_thd_",      "jemalloc_bg_thd", "libuv-worker", "V8 Worker",
	"pool-spawner", /* GLib */
	"gmain",        "gdbus",           "dconf worker", "tokio-runtime-w",
	"iou-wrk-", /* of the kernel, for io_uring */
	"iou-sqp-",
};

static bool begins_with(const char *text, const char *const *beginnings, size_t count)
{
	for (size_t i = 0; text && i < count; i++)
		if (strncmp(text, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	return false;
}

bool known_pool(const struct task *task)
{
	const struct stack *stack = task->stack;

	if (task->kind == TASK_THREAD &&
	    begins_with(task->name, idle_names, sizeof(idle_names) / sizeof(char *)))
		return true;
	for (size_t i = 0; stack && i < stack->nr_frames; i++)
		if (begins_with(stack->frames[i].function, idle_workers,
				sizeof(idle_workers) / sizeof(char *)))
			return true;
	return false;
}
