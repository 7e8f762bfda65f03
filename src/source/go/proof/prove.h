/* SPDX-License-Identifier: MIT */
/*
 * The folder src/source/go/proof finds goroutines that no live goroutine or thread can
 * wake. It does not know who asks for it or how its result is shown.
 *
 * Proves leaks: finds goroutines whose channel, lock, wait group or condition cannot be
 * reached from anything alive, so that nothing will ever wake them. Works in a thread of
 * its own on memory of its own. It reads the target as sampling does, and never stops it.
 */
#ifndef SOURCE_GO_PROOF_PROVE_H
#define SOURCE_GO_PROOF_PROVE_H

#include <pthread.h>

#include "core/snapshot.h"
#include "source/go/proof/frame.h"
#include "source/go/sample.h"
#include "source/source.h"

#define GO_PROVE_SECONDS 60 /* upper limit for one proof */

/* What a goroutine waits for, as far as a proof distinguishes it. */
enum go_wait_kind {
	GO_WAIT_ALIVE, /* it runs, or its wait ends by something outside */
	GO_WAIT_NEVER, /* a nil channel or a select without cases */
	GO_WAIT_CHAN,  /* channels, found by the list of its sudogs */
	GO_WAIT_LOCK,  /* a semaphore: mutex, RWMutex or WaitGroup */
	GO_WAIT_COND,
};

/* One element of allgs as of the last sample. */
struct go_wait_row {
	uint64_t address;
	uint64_t goid;
	uint64_t hash;
	int64_t first_ns; /* distinguishes this wait from the goroutine's next one */
	uint8_t kind;
	bool leaked; /* the runtime itself says so */
};

struct go_prove {
	/* Owned by the source; the thread only reads them. */
	struct process process;
	const struct go_module *module;
	struct go_layout layout;
	struct go_frames frames; /* owned by the thread once it has started */
	bool ptrace;             /* registers of a stopped target may be read */
	bool cgo;                /* the program contains C code */
	struct go_wait_row *rows;
	size_t nr_rows;

	pthread_t thread;
	bool started; /* to be joined */
	int cancel;   /* atomic */
	int done;     /* atomic; until it is set, the thread owns what follows */
	int percent;  /* atomic */
	bool *proven; /* by row */
	struct proving result;
	char why[ERR_TEXT_MAX];
};

void go_prove_release(struct go_prove *prove);
/*
 * Begins a proof for what the sampler knows.
 *
 * If the target is running, the proof may wait for it to make progress, for a few seconds
 * at most. If all its threads have stopped (in PTRACE_EVENT_EXIT, in a group stop, or
 * frozen), the proof runs at once. Then each thread must be in a system call, such as
 * exit_group(), or its registers must be readable, which requires target->ptrace and a
 * group stop. Otherwise the result is PROVING_FAILED with a reason.
 */
void go_prove_start(struct go_prove *prove, const struct source_target *target,
		    const struct go_module *module, const struct go_sampler *sampler);
void go_prove_cancel(struct go_prove *prove);
/* Returns true while the proof runs. */
bool go_prove_runs(const struct go_prove *prove, unsigned *percent);
/* Stores the progress in out->proving; joins the thread once it has finished. */
void go_prove_poll(struct go_prove *prove, struct snapshot *out);
/* Returns true if the goroutine was proved to be leaked in the wait that it is still
 * in. */
static inline bool go_prove_has(const struct go_prove *prove,
				const struct go_sampler *sampler,
				const struct go_entry *entry)
{
	size_t row = (size_t)(entry - sampler->entries);

	return prove->proven && !prove->started && row < prove->nr_rows &&
	       prove->proven[row] && prove->rows[row].goid == entry->goid &&
	       prove->rows[row].address == sampler->addresses[row] &&
	       prove->rows[row].first_ns == entry->first_ns;
}

#endif
