/* SPDX-License-Identifier: MIT */
/*
 * See prove.h. A heap that changes while it is read can hide an address from one pass, so
 * there are always two passes, and more if a live goroutine ran in between. A goroutine
 * counts as leaked only if no pass reached it and it has not run from the first pass
 * until after the last.
 */
#include "source/go/proof/prove.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/threads.h"
#include "source/go/proof/pass.h"

#define PASSES_QUIET 2u
#define PASSES_BUSY  4u
#define TRIES        4 /* of a pass that failed because something was being modified */
#define BETWEEN_NS   (60 * CLOCK_MS_NS) /* see pass_stack.c */
#define STEP_NS      (10 * CLOCK_MS_NS)
#define STOPPING_NS  (5 * CLOCK_SECOND_NS) /* for runners to stop, all passes together */

static bool cancelled(const struct go_prove *prove)
{
	return __atomic_load_n(&prove->cancel, __ATOMIC_RELAXED);
}

static void wait_until(const struct go_prove *prove, int64_t due_ns)
{
	while (!cancelled(prove) && clock_mono_ns() < due_ns)
		clock_sleep_ns(STEP_NS);
}

static size_t count_candidates(const struct go_pass *pass)
{
	size_t count = 0;

	for (size_t i = 0; i < pass->prove->nr_rows; i++)
		count += !pass->alive[i];
	return count;
}

static int run_pass(struct go_pass *pass, struct err *e)
{
	int rc = 0;

	for (int try = 0; try < TRIES; try++) {
		err_clear(e);
		rc = go_pass_run(pass, e);
		if (rc != ERR_FORMAT || cancelled(pass->prove))
			break;
		wait_until(pass->prove, clock_mono_ns() + BETWEEN_NS);
	}
	return rc;
}

/* Waits until all that ran have written their registers to memory; see runner.h. */
static int wait_for_runners(struct go_pass *pass, int64_t *left_ns, struct err *e)
{
	int64_t begin_ns = clock_mono_ns(), waited_ns = 0;

	while (!go_runners_settled(&pass->runners, &pass->mark)) {
		waited_ns = clock_mono_ns() - begin_ns;
		if (cancelled(pass->prove))
			return err_set(e, ERR_GONE, "cancelled");
		if (waited_ns > *left_ns || go_runners_hopeless(&pass->runners))
			return go_runners_explain(&pass->runners, waited_ns, e);
		wait_until(pass->prove, clock_mono_ns() + STEP_NS);
	}
	*left_ns -= waited_ns;
	return 0;
}

static int run_passes(struct go_pass *pass, struct proving *result, struct err *e)
{
	int64_t left_ns = STOPPING_NS;
	unsigned wanted = PASSES_QUIET;

	pass->deadline_ns = clock_mono_ns() + GO_PROVE_SECONDS * CLOCK_SECOND_NS;
	for (unsigned i = 0; i < wanted && count_candidates(pass) > 0; i++) {
		int64_t begin_ns = clock_mono_ns();
		int rc;

		pass->number = i;
		pass->of = wanted;
		rc = run_pass(pass, e);
		if (rc)
			return rc;
		result->passes++;
		result->heap_bytes = pass->heap.scan_bytes;
		if (pass->busy)
			wanted = PASSES_BUSY;
		if (i + 1 >= wanted)
			break;
		/* Vary the interval to stay out of step with periodic work of the
		 * target. */
		wait_until(pass->prove,
			   begin_ns + BETWEEN_NS + begin_ns % (BETWEEN_NS / 2));
		rc = wait_for_runners(pass, &left_ns, e);
		if (rc)
			return rc;
	}
	go_pass_drop_changed(pass);
	return cancelled(pass->prove) ? err_set(e, ERR_GONE, "cancelled") : 0;
}

static void publish_result(struct go_prove *prove, const struct go_pass *pass)
{
	for (size_t i = 0; i < prove->nr_rows; i++) {
		prove->result.judged +=
			prove->rows[i].kind != GO_WAIT_ALIVE || prove->rows[i].leaked;
		prove->result.changed += pass->changed[i];
		prove->proven[i] =
			!pass->alive[i] || (prove->rows[i].leaked && !pass->changed[i]);
		prove->result.proven += prove->proven[i];
	}
	prove->result.state = PROVING_DONE;
}

static void *prove_thread(void *arg)
{
	struct go_prove *prove = arg;
	int64_t begin_ns = clock_mono_ns();
	struct go_pass pass;
	struct err e = {0};
	int rc = go_pass_init(&pass, prove, &e);

	if (rc == 0)
		rc = run_passes(&pass, &prove->result, &e);
	if (rc == 0) {
		publish_result(prove, &pass);
	} else {
		prove->result.state =
			cancelled(prove) ? PROVING_CANCELLED : PROVING_FAILED;
		memcpy(prove->why, e.text, sizeof(prove->why));
	}
	prove->result.took_ns = clock_mono_ns() - begin_ns;
	go_pass_release(&pass);
	__atomic_store_n(&prove->done, 1, __ATOMIC_RELEASE);
	return NULL;
}

static void join_thread(struct go_prove *prove)
{
	if (prove->started)
		pthread_join(prove->thread, NULL);
	prove->started = false;
	/* The result stays for as long as it is shown; the descriptors need not. */
	process_close(&prove->process);
}

void go_prove_cancel(struct go_prove *prove)
{
	__atomic_store_n(&prove->cancel, 1, __ATOMIC_RELAXED);
}

void go_prove_release(struct go_prove *prove)
{
	go_prove_cancel(prove);
	join_thread(prove);
	go_frames_release(&prove->frames);
	free(prove->rows);
	free(prove->proven);
	memset(prove, 0, sizeof(*prove));
}

static enum go_wait_kind kind_of(const struct go_sampler *sampler,
				 const struct go_entry *entry)
{
	if (!entry->live || entry->system || entry->suspect || !entry->reason ||
	    !go_sampler_hash(sampler, entry) || entry->state == STATE_GC ||
	    strstr(entry->reason->text, "(durable)"))
		return GO_WAIT_ALIVE;
	if (strstr(entry->reason->text, "(nil chan)") ||
	    strstr(entry->reason->text, "(no cases)"))
		return GO_WAIT_NEVER;
	if (entry->reason->object == GO_OBJECT_CHAN ||
	    entry->reason->object == GO_OBJECT_SELECT)
		return GO_WAIT_CHAN;
	if (entry->reason->object != GO_OBJECT_LOCK)
		return GO_WAIT_ALIVE;
	switch (entry->state) {
	case STATE_MUTEX:
	case STATE_RWLOCK_READ:
	case STATE_RWLOCK_WRITE:
	case STATE_WAITGROUP:
		return GO_WAIT_LOCK;
	case STATE_COND:
		return GO_WAIT_COND;
	default: /* a semaphore of the runtime itself */
		return GO_WAIT_ALIVE;
	}
}

static bool copy_rows(struct go_prove *prove, const struct go_sampler *sampler)
{
	size_t nr = sampler->nr_entries;

	prove->rows = calloc(nr + 1, sizeof(*prove->rows));
	prove->proven = calloc(nr + 1, sizeof(*prove->proven));
	if (!prove->rows || !prove->proven)
		return false;
	for (size_t i = 0; i < nr; i++) {
		const struct go_entry *entry = &sampler->entries[i];

		prove->rows[i] = (struct go_wait_row){
			.address = sampler->addresses[i],
			.goid = entry->goid,
			.hash = go_sampler_hash(sampler, entry),
			.first_ns = entry->first_ns,
			.kind = (uint8_t)kind_of(sampler, entry),
			.leaked = entry->status == GO_STATUS_LEAKED,
		};
	}
	prove->nr_rows = nr;
	return true;
}

static int start_thread(struct go_prove *prove, struct err *e)
{
	int rc = threads_start(&prove->thread, prove_thread, prove);

	prove->started = rc == 0;
	return rc ? err_sys(e, rc, "cannot start the thread that proves leaks") : 0;
}

void go_prove_start(struct go_prove *prove, const struct source_target *target,
		    const struct go_module *module, const struct go_sampler *sampler)
{
	struct go_func ignored;
	struct err e = {0};
	int rc = 0;

	go_prove_release(prove);
	rc = process_open(&prove->process, target->pid, &e);
	prove->ptrace = target->ptrace;
	prove->module = module;
	prove->layout = *sampler->layout;
	/* C calls Go through this function; every program with cgo has it. */
	prove->cgo = go_func_by_name(&module->table, "crosscall2", &ignored);
	if (rc == 0 &&
	    (!copy_rows(prove, sampler) || !go_frames_init(&prove->frames, module)))
		rc = err_set(&e, ERR_NOMEM, "there is no memory for a proof of leaks");
	if (rc == 0)
		rc = start_thread(prove, &e);
	if (rc) {
		prove->result.state = PROVING_FAILED;
		memcpy(prove->why, e.text, sizeof(prove->why));
	}
}

bool go_prove_runs(const struct go_prove *prove, unsigned *percent)
{
	*percent = (unsigned)__atomic_load_n(&prove->percent, __ATOMIC_RELAXED);
	return prove->started && !__atomic_load_n(&prove->done, __ATOMIC_ACQUIRE);
}

void go_prove_poll(struct go_prove *prove, struct snapshot *out)
{
	if (prove->started && __atomic_load_n(&prove->done, __ATOMIC_ACQUIRE))
		join_thread(prove);
	if (prove->started) {
		out->proving.possible = true;
		out->proving.state = PROVING_RUNNING;
		go_prove_runs(prove, &out->proving.percent);
		return;
	}
	out->proving = prove->result;
	out->proving.possible = true;
	if (prove->result.state == PROVING_FAILED)
		out->proving.why =
			arena_strndup(&out->arena, prove->why, sizeof(prove->why));
}
