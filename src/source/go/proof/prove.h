/* SPDX-License-Identifier: MIT */
/*
 * The folder src/source/go/proof finds goroutines that nothing alive can wake. It does
 * not know who asks for it, nor how its result is shown.
 *
 * Proof of a leak: goroutines whose channel, lock, wait group or condition nothing alive can
 * reach, so that nobody will ever wake them. Works in a thread of its own, on memory of its
 * own; it reads the target as a look does, and never stops it.
 */
#ifndef SOURCE_GO_PROOF_PROVE_H
#define SOURCE_GO_PROOF_PROVE_H

#include <pthread.h>

#include "core/snapshot.h"
#include "source/go/proof/frame.h"
#include "source/go/sample.h"
#include "source/source.h"

#define GO_PROVE_SECONDS 60 /* the most that it may take */

/* What a goroutine waits for, as far as a proof goes. */
enum go_wait_kind {
	GO_WAIT_ALIVE, /* it runs, or what it waits for comes from outside */
	GO_WAIT_NEVER, /* a nil channel, a select without cases */
	GO_WAIT_CHAN,  /* channels, by the list of its sudogs */
	GO_WAIT_LOCK,  /* a semaphore: mutex, RWMutex, WaitGroup */
	GO_WAIT_COND,
};

/* One element of allgs, as the last look saw it. */
struct go_wait_row {
	uint64_t address;
	uint64_t goid;
	uint64_t hash;
	int64_t first_ns; /* tells this wait from the goroutine's next one */
	uint8_t kind;
	bool leaked; /* the runtime itself says so */
};

struct go_prove {
	/* The source's; the thread only reads them. */
	pid_t pid;
	const struct go_module *module;
	struct go_layout layout;
	struct go_frames frames; /* the thread's from its start on */
	bool ptrace;             /* registers of a stopped target may be read */
	bool cgo;                /* there is C code in the program */
	struct go_wait_row *rows;
	size_t nr_rows;

	pthread_t thread;
	bool started; /* to be joined */
	int cancel;   /* atomic */
	int done;     /* atomic; what follows is the thread's until it is set */
	int percent;  /* atomic */
	bool *proven; /* by row */
	struct proving result;
	char why[ERR_TEXT_MAX];
};

void go_prove_release(struct go_prove *prove);
/*
 * Begin a proof on what the sampler knows.
 *
 * A target that runs is waited for where it has to get on, a few seconds at most. One whose
 * threads have all stopped is proved at once: in PTRACE_EVENT_EXIT, in a group stop, frozen.
 * There each thread must be in a system call (exit_group is one) or its registers be read:
 * target->ptrace, of a group stop. Else the result is PROVING_FAILED, and says why.
 */
void go_prove_start(struct go_prove *prove, const struct source_target *target,
		    const struct go_module *module, const struct go_sampler *sampler);
void go_prove_cancel(struct go_prove *prove);
/* How far it is, into out->proving; joins the thread when it is through. */
void go_prove_poll(struct go_prove *prove, struct snapshot *out);
/* Whether the goroutine was proved to be leaked in the wait that it is still in. */
static inline bool go_prove_has(const struct go_prove *prove, size_t row,
				const struct go_entry *entry)
{
	return prove->proven && !prove->started && row < prove->nr_rows &&
	       prove->proven[row] && prove->rows[row].goid == entry->goid &&
	       prove->rows[row].address == entry->address &&
	       prove->rows[row].first_ns == entry->first_ns;
}

#endif
