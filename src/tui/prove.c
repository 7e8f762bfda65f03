/* SPDX-License-Identifier: MIT */
/* Proofs of leaks in the view. A proof runs beside sampling, and its result is in the
 * rows. */
#include "tui/prove.h"

#include "base/clock.h"

void prove_toggle(struct tui *t)
{
	const struct proving *proving = t->snapshot ? &t->snapshot->proving : NULL;

	if (!proving || !t->feed.ops->prove || !proving->possible) {
		tui_say(t, ROLE_WARN,
			"leaks can be proved only in Go programs that run on this "
			"machine");
		return;
	}
	t->feed.ops->prove(t->feed.ctx, proving->state != PROVING_RUNNING);
	if (proving->state != PROVING_RUNNING)
		tui_say(t, ROLE_NORMAL,
			"proving which goroutines nothing alive can wake; L stops");
}

static void say_result(struct tui *t, const struct proving *proving)
{
	char took[CLOCK_DURATION_MAX], size[TEXT_SIZE_MAX];

	clock_format_duration(proving->took_ns, took);
	if (proving->judged == 0)
		tui_say(t, ROLE_GOOD, "proof: no goroutine waits for another");
	else
		tui_say(t, proving->proven > 0 ? ROLE_STUCK : ROLE_GOOD,
			"proof: nothing alive can wake %u of %u blocked goroutines (%u "
			"passes over %s, %s)%s",
			proving->proven, proving->judged, proving->passes,
			text_size((int64_t)proving->heap_bytes, size), took,
			proving->proven > 0 ? "; /state:proven shows them" : "");
}

void prove_update(struct tui *t, const struct proving *before)
{
	const struct proving *now = &t->snapshot->proving;

	if (before->state == now->state && before->took_ns == now->took_ns)
		return;
	if (now->state == PROVING_DONE)
		say_result(t, now);
	else if (now->state == PROVING_CANCELLED)
		tui_say(t, ROLE_WARN, "the proof was stopped");
	else if (now->state == PROVING_FAILED)
		tui_say(t, ROLE_ERROR, "%s", now->why ? now->why : "the proof failed");
}
