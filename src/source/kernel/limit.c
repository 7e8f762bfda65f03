/* SPDX-License-Identifier: MIT */
/* Explains waits with a timeout, and waits that were interrupted by a stop or a tracer
 * and continue as restart_syscall(). Any time that a target passes may be an arbitrary
 * number. */
#include <linux/futex.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "base/clock.h"
#include "source/kernel/call.h"

#define NS_PER_US     1000ll
#define SECONDS_MAX   4000000000ll /* values derived from it fit in 64 bits */
#define CALL_LOCK_PI2 13u
#define WAIT_FLAGS    (FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME)
#define POINTER_LEAST 4096u
#define POLL_MOST     (1u << 20)
#define CLOCKS_MOST   16u
/* How long a time of day is shown without its date, or with it, when that is no longer
 * right. */
#define CLOCK_TEXT_NS (60 * CLOCK_SECOND_NS)
/* The time of day is shown for waits that take longer than this. */
#define SHORT_NS      (10 * CLOCK_SECOND_NS)

/* Reads a struct timespec, or a struct timeval if unit_ns is a microsecond. */
static bool read_time(struct kernel *kernel, uint64_t address, int64_t unit_ns,
		      int64_t *ns)
{
	int64_t pair[2];

	if (!kernel_memory_exact(kernel, address, pair, sizeof(pair)) || pair[0] < 0 ||
	    pair[0] > SECONDS_MAX || pair[1] < 0 || pair[1] >= CLOCK_SECOND_NS / unit_ns)
		return false;
	*ns = pair[0] * CLOCK_SECOND_NS + pair[1] * unit_ns;
	return true;
}

static void append_text(struct kernel_wait *out, const char *text, const char *more)
{
	size_t used = strlen(out->text);

	snprintf(out->text + used, sizeof(out->text) - used, "%s%s%s", used ? ", " : "",
		 text, more);
}

static void set_duration(struct kernel_wait *out, int64_t ns)
{
	char duration[CLOCK_DURATION_MAX];

	out->ends = true;
	out->lasts_ns = ns;
	append_text(out, clock_format_duration(ns, duration),
		    out->sleeps ? "" : " at most");
}

/* Converts a time of another clock. A CPU time clock cannot be converted, as it would be
 * the caller's. */
static bool to_mono(uint64_t clock, int64_t at_ns, int64_t *mono_ns)
{
	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC &&
	    clock != CLOCK_BOOTTIME)
		return false;
	*mono_ns = at_ns - clock_read_ns((clockid_t)clock) + clock_mono_ns();
	return true;
}

static void set_end(uint64_t clock, int64_t at_ns, struct kernel_wait *out)
{
	char when[KERNEL_CLOCK_MAX];
	bool known = to_mono(clock, at_ns, &out->end_ns);

	out->ends = true;
	if (!out->sleeps)
		return;
	/* The time is exact and does not depend on when the wait began. */
	append_text(out, known ? "until " : "until a set time",
		    known ? kernel_clock_text(
				    out->end_ns - clock_mono_ns() + clock_real_ns(), when)
			  : "");
	out->end_ns = 0;
}

/* When a sleep is interrupted, the kernel stores the remaining time if the program gave
 * an address for it, which may be that of the requested time. */
static void set_sleep(struct kernel *kernel, uint64_t request, uint64_t rest,
		      struct kernel_wait *out)
{
	int64_t ns;

	if (out->restarted && rest && read_time(kernel, rest, 1, &ns)) {
		out->left_ns = ns;
		out->ends = true;
	}
	if ((out->left_ns && rest == request) || !read_time(kernel, request, 1, &ns))
		return;
	set_duration(out, ns);
}

static void explain_futex_limit(struct kernel *kernel, const struct proc_call *call,
				uint64_t at, struct kernel_wait *out)
{
	uint32_t op = (uint32_t)call->args[1];
	uint32_t command = op & (uint32_t)FUTEX_CMD_MASK;
	bool real = (op & FUTEX_CLOCK_REALTIME) || command == FUTEX_LOCK_PI;
	int64_t ns;

	if (!read_time(kernel, at, 1, &ns))
		return;
	if (command == FUTEX_WAIT)
		set_duration(out, ns);
	else if (command == FUTEX_WAIT_BITSET || command == FUTEX_LOCK_PI ||
		 command == CALL_LOCK_PI2 || command == FUTEX_WAIT_REQUEUE_PI)
		set_end(real ? CLOCK_REALTIME : CLOCK_MONOTONIC, ns, out);
}

void kernel_explain_limit(struct kernel *kernel, const struct proc_call *call,
			  enum call_time time, int at, bool sleeps,
			  struct kernel_wait *out)
{
	uint64_t arg = call->args[at];
	int64_t ns;

	out->sleeps = sleeps;
	if (time == TIME_NONE || (time == TIME_MS ? (int32_t)arg < 0 : arg == 0))
		return;
	out->limited = true;
	switch (time) {
	case TIME_MS:
		set_duration(out, (int64_t)(int32_t)arg * CLOCK_MS_NS);
		break;
	case TIME_SPEC:
	case TIME_CLOCK:
		if (time == TIME_CLOCK && (call->args[1] & TIMER_ABSTIME)) {
			if (read_time(kernel, arg, 1, &ns))
				set_end(call->args[0], ns, out);
		} else if (sleeps) {
			set_sleep(kernel, arg, call->args[at + 1], out);
		} else if (read_time(kernel, arg, 1, &ns)) {
			set_duration(out, ns);
		}
		break;
	case TIME_VAL:
		if (read_time(kernel, arg, NS_PER_US, &ns))
			set_duration(out, ns);
		break;
	case TIME_REAL:
		if (read_time(kernel, arg, 1, &ns))
			set_end(CLOCK_REALTIME, ns, out);
		break;
	case TIME_FUTEX:
		explain_futex_limit(kernel, call, arg, out);
		break;
	case TIME_WAITV:
		if (read_time(kernel, arg, 1, &ns))
			set_end(call->args[at + 1], ns, out);
		break;
	default:
		break;
	}
}

/* Rounds to the precision that is shown, because timeouts are usually round numbers. */
static int64_t round_duration(int64_t ns)
{
	int64_t unit_ns = ns >= CLOCK_MINUTE_NS - CLOCK_SECOND_NS / 2 ? CLOCK_SECOND_NS
			  : ns >= CLOCK_SECOND_NS - CLOCK_SECOND_NS / 20
				  ? CLOCK_SECOND_NS / 10
				  : CLOCK_MS_NS;

	return (ns + unit_ns / 2) / unit_ns * unit_ns;
}

int64_t kernel_wait_valid_until_ns(const struct kernel_wait *wait, int64_t now_ns)
{
	int64_t until_ns = now_ns + CLOCK_TEXT_NS;

	if (!wait->sleeps && !wait->left_ns && !wait->end_ns)
		return INT64_MAX;
	/* Close to its end it is not shown any more. */
	if (wait->end_ns - SHORT_NS > now_ns && wait->end_ns - SHORT_NS < until_ns)
		until_ns = wait->end_ns - SHORT_NS;
	return until_ns;
}

const char *kernel_limit_text(const struct kernel_wait *wait, char out[KERNEL_TEXT_MAX])
{
	if (!wait->sleeps && !wait->left_ns && !wait->end_ns) {
		out[0] = '\0';
		return out;
	}
	char duration[CLOCK_DURATION_MAX], when[KERNEL_CLOCK_MAX];
	int64_t now_ns = clock_mono_ns(), real_ns = clock_real_ns() - now_ns;

	out[0] = '\0';
	if (wait->sleeps && wait->lasts_ns && wait->began_ns)
		snprintf(out, KERNEL_TEXT_MAX, "until about %s",
			 kernel_clock_text(wait->began_ns + wait->lasts_ns + real_ns,
					   when));
	else if (wait->left_ns && wait->ran_ns)
		snprintf(out, KERNEL_TEXT_MAX, "until %s at the latest",
			 kernel_clock_text(wait->ran_ns + wait->left_ns + real_ns, when));
	else if (wait->left_ns && !wait->lasts_ns)
		snprintf(out, KERNEL_TEXT_MAX, "%s at most",
			 clock_format_duration(wait->left_ns, duration));
	else if (wait->end_ns && wait->began_ns && wait->began_ns < wait->end_ns)
		snprintf(
			out, KERNEL_TEXT_MAX, "%s at most",
			clock_format_duration(
				round_duration(wait->end_ns - wait->began_ns), duration));
	else if (wait->end_ns && wait->end_ns - now_ns >= SHORT_NS)
		snprintf(out, KERNEL_TEXT_MAX, "until %s at the latest",
			 kernel_clock_text(wait->end_ns + real_ns, when));
	return out;
}

static bool is_time(struct kernel *kernel, uint64_t address)
{
	int64_t ns;

	return address >= POINTER_LEAST && read_time(kernel, address, 1, &ns);
}

static bool looks_like_futex(struct kernel *kernel, const uint64_t *args)
{
	uint32_t command = (uint32_t)args[1] & (uint32_t)FUTEX_CMD_MASK;
	uint32_t word;

	return args[1] <= UINT32_MAX &&
	       (args[1] & ~(uint64_t)(WAIT_FLAGS | command)) == 0 &&
	       (command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET) &&
	       args[0] % sizeof(word) == 0 &&
	       kernel_memory_exact(kernel, args[0], &word, sizeof(word)) &&
	       is_time(kernel, args[3]);
}

/* Excludes CPU clocks, whose numbers are negative, and absolute times: such sleeps are
 * restarted unchanged. */
static bool looks_like_clock_sleep(struct kernel *kernel, const uint64_t *args)
{
	return (uint32_t)args[0] < CLOCKS_MOST && args[0] < CLOCKS_MOST && args[1] == 0 &&
	       is_time(kernel, args[2]);
}

static bool looks_like_sleep(struct kernel *kernel, const uint64_t *args)
{
	return is_time(kernel, args[0]) && (args[1] == 0 || args[1] >= POINTER_LEAST);
}

/* Reads where in the kernel the thread sleeps; "" if the kernel does not tell. */
static void read_place(const struct kernel *kernel, pid_t tid, char *out, size_t size)
{
	if (process_thread_text(&kernel->process, tid, THREAD_PLACE, out, size) <= 0)
		out[0] = '\0';
}

/* The kernel restarts these four calls after an interruption, and no others. */
bool kernel_restarted_call(struct kernel *kernel, pid_t tid, const struct proc_call *call,
			   struct proc_call *original)
{
	const uint64_t *args = call->args;
	char place[64];
	bool other;

	if (call->nr != SYS_restart_syscall)
		return false;
	*original = *call;
	read_place(kernel, tid, place, sizeof(place));
	other = strstr(place, "poll") || strstr(place, "futex");
	if (strstr(place, "futex") || (!other && looks_like_futex(kernel, args)))
		original->nr = SYS_futex;
	else if (!other && looks_like_clock_sleep(kernel, args))
		original->nr = SYS_clock_nanosleep;
	else if (!other && looks_like_sleep(kernel, args))
		original->nr = SYS_nanosleep;
#ifdef SYS_poll
	else if (strstr(place, "poll") ||
		 (args[1] <= POLL_MOST && (int32_t)args[2] > 0 && args[2] <= INT32_MAX))
		original->nr = SYS_poll;
#else
		/* Here poll() is implemented by ppoll(), which is restarted unchanged. */
#endif
	else
		return false;
	return true;
}
