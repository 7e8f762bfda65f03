/* SPDX-License-Identifier: MIT */
/*
 * See pass.h. First all goroutines are read and the marker learns which objects of the
 * heap are special. Then roots and stacks are followed. Afterwards everything that may
 * have changed is read again, so that an address that moved from an unread place to one
 * already read is not missed.
 */
#include "source/go/proof/pass.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/clock.h"
#include "source/go/proof/crowd.h"
#include "source/go/proof/root.h"

#define STACK_PIECE    (256u << 10)
#define SETTLE_ROUNDS  3
#define GOROUTINES_MAX SNAPSHOT_TASKS_MAX

int go_pass_init(struct go_pass *pass, struct go_prove *prove, struct err *e)
{
	memset(pass, 0, sizeof(*pass));
	pass->prove = prove;
	pass->mem = (struct memory){.process = prove->process};
	go_runners_init(&pass->runners, &prove->process, prove->ptrace, &prove->layout,
			prove->module);
	pass->alive = calloc(prove->nr_rows + 1, sizeof(*pass->alive));
	pass->changed = calloc(prove->nr_rows + 1, sizeof(*pass->changed));
	pass->crowd = go_crowd_new();
	pass->objects = malloc(sizeof(*pass->objects));
	pass->stack = malloc(STACK_PIECE);
	if (!pass->alive || !pass->changed || !pass->crowd || !pass->objects ||
	    !pass->stack)
		return err_set(e, ERR_NOMEM, "there is no memory for a proof of leaks");
	for (size_t i = 0; i < prove->nr_rows; i++)
		pass->alive[i] = prove->rows[i].kind == GO_WAIT_ALIVE;
	return go_heap_open(&pass->heap, prove->module, &pass->mem, &prove->cancel, e);
}

void go_pass_release(struct go_pass *pass)
{
	go_heap_release(&pass->heap);
	go_mark_release(&pass->mark);
	go_crowd_free(pass->crowd);
	free(pass->objects);
	go_runners_release(&pass->runners);
	free(pass->alive);
	free(pass->changed);
	free(pass->addresses);
	free(pass->hashes);
	free(pass->waiters);
	free(pass->conds);
	free(pass->stack);
}

static bool cancelled(const struct go_pass *pass)
{
	return __atomic_load_n(&pass->prove->cancel, __ATOMIC_RELAXED);
}

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "there is no memory for a proof of leaks");
}

/* Reads the addresses of all g's; the runtime adds new ones at the end. */
static int read_addresses(struct go_pass *pass, struct err *e)
{
	uint64_t first, count;

	if (!go_allgs_read(&pass->prove->layout.allgs, &pass->mem, &first, &count) ||
	    count > GOROUTINES_MAX)
		return err_set(e, ERR_FORMAT, "cannot read the list of goroutines");
	if (!array_reserve(&pass->addresses, &pass->cap_addresses, count) ||
	    !array_reserve(&pass->hashes, &pass->cap_hashes, count))
		return no_memory(e);
	if (!memory_read(&pass->mem, first, pass->addresses, count * sizeof(uint64_t)))
		return err_set(e, ERR_FORMAT, "cannot read the list of goroutines");
	for (size_t i = pass->nr; i < count; i++)
		pass->hashes[i] = 0;
	pass->nr = count;
	return 0;
}

static bool is_candidate(const struct go_pass *pass, size_t i)
{
	return i < pass->prove->nr_rows && !pass->alive[i] &&
	       pass->prove->rows[i].address == pass->addresses[i];
}

/* Tells the marker about an object that a row waits on. Returns false if it is not in the
 * heap; the row then counts as alive. */
static bool watch_object(struct go_pass *pass, uint64_t address, uint32_t row)
{
	uint64_t base = go_heap_object(&pass->heap, address);
	bool chan = pass->prove->rows[row].kind == GO_WAIT_CHAN;
	uint32_t before;

	if (base == GO_HEAP_NONE || (chan && base != address))
		return false;
	if (!array_reserve_most(&pass->waiters, &pass->cap_waiters, pass->nr_waiters + 1,
				GO_MARK_NONE)) {
		pass->mark.failed = true;
		return false;
	}
	if (!go_mark_special(&pass->mark, base, chan ? GO_SPECIAL_CHAN : GO_SPECIAL_WATCH,
			     (uint32_t)pass->nr_waiters, &before))
		return false;
	pass->waiters[pass->nr_waiters++] = (struct go_waiter){row, before};
	return true;
}

static bool is_waiting(const struct go_pass *pass, const uint8_t *g)
{
	uint32_t status = go_g_status(g, &pass->prove->layout.g);

	return status == GO_STATUS_WAITING || status == GO_STATUS_LEAKED;
}

static bool same_wait(const struct go_pass *pass, uint32_t row, const uint8_t *g)
{
	return g && is_waiting(pass, g) &&
	       go_g_hash(g, &pass->prove->layout.g) == pass->prove->rows[row].hash;
}

/* Registers what a row waits on that may be leaked. */
static void take_candidate(struct go_pass *pass, uint32_t row,
			   const struct go_copies *copies)
{
	const struct go_wait_objects *objects = pass->objects;
	uint32_t ignored;

	if (!same_wait(pass, row, copies->g)) {
		pass->alive[row] = pass->changed[row] = true;
		return;
	}
	if (!go_pass_find(pass, &pass->prove->rows[row], copies->g, copies->sudog)) {
		pass->alive[row] = true;
		return;
	}
	for (size_t i = 0; i < objects->nr; i++)
		if (!go_mark_special(&pass->mark, objects->sudogs[i], GO_SPECIAL_SUDOG,
				     row, &ignored) ||
		    !watch_object(pass, objects->objects[i], row))
			pass->alive[row] = true;
}

/* Makes all g's opaque to the marker: it must not get from one goroutine to the memory of
 * another. */
static void hide_gs(struct go_pass *pass)
{
	pass->in_heap = 0;
	for (size_t i = 0; i < pass->nr; i++) {
		uint64_t base = go_heap_object(&pass->heap, pass->addresses[i]);

		if (base != pass->addresses[i] || !go_mark_hide(&pass->mark, base))
			continue;
		if (pass->in_heap++ == 0)
			pass->mark.g_bytes = go_heap_span_of(&pass->heap, base)->size;
	}
}

static bool classify_g(struct go_pass *pass, uint32_t i, const struct go_copies *copies)
{
	if (is_candidate(pass, i) && copies->g)
		take_candidate(pass, i, copies);
	else if (i < pass->prove->nr_rows)
		pass->alive[i] = true;
	return false;
}

/* Makes a row live that was thought to be leaked, and what it waits through. */
static bool revive_row(struct go_pass *pass, uint32_t row, const struct go_copies *copies)
{
	const struct go_wait_objects *objects = pass->objects;

	if (copies->g &&
	    go_pass_find(pass, &pass->prove->rows[row], copies->g, copies->sudog))
		for (size_t i = 0; i < objects->nr; i++)
			go_mark_wake(&pass->mark, objects->sudogs[i]);
	return true;
}

/* Revives all that wait for objects that were reached. Returns whether there were any. */
static bool revive_reached(struct go_pass *pass)
{
	uint32_t rows[GO_CROWD], at = GO_MARK_NONE;
	bool any = false;
	size_t nr;

	do {
		for (nr = 0; nr < GO_CROWD;) {
			uint32_t row;

			if (at == GO_MARK_NONE && pass->mark.nr_reached == 0)
				break;
			if (at == GO_MARK_NONE)
				at = pass->mark.reached[--pass->mark.nr_reached];
			row = pass->waiters[at].row;
			at = pass->waiters[at].next;
			if (!pass->alive[row])
				rows[nr++] = row;
			pass->alive[row] = true;
		}
		go_crowd_visit(pass, rows, nr, true, revive_row);
		any |= nr > 0;
	} while (nr > 0 && !cancelled(pass));
	return any;
}

static void show_progress(struct go_pass *pass)
{
	uint64_t all = pass->heap.scan_bytes + 1, done = pass->mark.read_bytes;
	uint64_t part = done < all ? done * 100 / all : 100;

	__atomic_store_n(&pass->prove->percent,
			 (int)((pass->number * 100 + part) / pass->of), __ATOMIC_RELAXED);
}

/* Follows everything to its end. Sets *revived if a goroutine became live. */
static int follow_all(struct go_pass *pass, bool *revived, struct err *e)
{
	bool through = false;

	while (!(through && pass->mark.nr_reached == 0)) {
		*revived |= revive_reached(pass);
		through = go_mark_follow(&pass->mark);
		show_progress(pass);
		if (cancelled(pass) || pass->mark.failed ||
		    clock_mono_ns() > pass->deadline_ns)
			break;
	}
	if (pass->mark.failed)
		return no_memory(e);
	if (cancelled(pass))
		return err_set(e, ERR_GONE, "cancelled");
	if (!through || pass->mark.nr_reached > 0)
		return err_set(e, ERR_UNSUPPORTED,
			       "cannot prove leaks: following the whole heap takes "
			       "longer than %d s",
			       GO_PROVE_SECONDS);
	return 0;
}

/* The list of goroutines must match the heap that was found. */
static int check_heap(const struct go_pass *pass, struct err *e)
{
	if (pass->in_heap * 10 >= pass->nr * 9)
		return 0;
	return err_set(e, ERR_UNSUPPORTED,
		       "cannot prove leaks: only %zu of %zu goroutines are in the heap "
		       "that was found",
		       pass->in_heap, pass->nr);
}

/* A goroutine that may be leaked counts as alive once it has run. */
static void drop_if_changed(struct go_pass *pass, uint32_t i, const uint8_t *g)
{
	if (is_candidate(pass, i) && !same_wait(pass, i, g))
		pass->alive[i] = pass->changed[i] = true;
}

/* Returns true if a goroutine has run since its stack was read, or if its stack was not
 * read. */
static bool has_run(const struct go_pass *pass, uint32_t i, const uint8_t *g)
{
	const struct go_g_layout *layout = &pass->prove->layout.g;

	return go_g_status(g, layout) == GO_STATUS_RUNNING ||
	       go_g_hash(g, layout) != pass->hashes[i];
}

/* Returns true if it may have run even though it looks the same: if it makes one system
 * call after the other, and always in Go 1.16. */
static bool may_have_run(const struct go_pass *pass, const uint8_t *g)
{
	const struct go_layout *layout = &pass->prove->layout;

	return go_g_status(g, &layout->g) == GO_STATUS_SYSCALL || !layout->turns;
}

/* Marks from a live goroutine that has run since its stack was read. */
static bool mark_changed(struct go_pass *pass, uint32_t i, const struct go_copies *copies)
{
	bool changed;

	if (is_candidate(pass, i) || !copies->g)
		return false;
	changed = has_run(pass, i, copies->g);
	pass->busy |= changed;
	return changed || may_have_run(pass, copies->g);
}

static bool drop_or_mark(struct go_pass *pass, uint32_t i, const struct go_copies *copies)
{
	drop_if_changed(pass, i, copies->g);
	return mark_changed(pass, i, copies);
}

/* For the first pass. Those that were revived in it have been read already. */
static bool mark_living_g(struct go_pass *pass, uint32_t i,
			  const struct go_copies *copies)
{
	return !is_candidate(pass, i) && (!copies->g || has_run(pass, i, copies->g) ||
					  may_have_run(pass, copies->g));
}

static int mark_roots(struct go_pass *pass, bool modules_only, struct err *e)
{
	if (!modules_only)
		go_runners_mark(&pass->runners, &pass->mark);
	return go_roots_mark(&pass->mark, &pass->prove->process, pass->prove->module,
			     pass->prove->cgo, modules_only, e);
}

/* Marks from all live goroutines. In later passes, the stack of a goroutine that has not
 * run since is unchanged and skipped, and those that may be leaked but have run since are
 * dropped. */
static int mark_living(struct go_pass *pass, bool *revived, struct err *e)
{
	int rc = 0;

	go_runners_clear(&pass->runners);
	go_runners_read(&pass->runners);
	if (pass->number == 0) {
		rc = mark_roots(pass, true, e);
		if (rc == 0)
			rc = follow_all(pass, revived, e);
	}
	if (rc == 0)
		rc = mark_roots(pass, false, e);
	if (rc == 0)
		rc = go_crowd_visit_all(
			pass, false, pass->number > 0 ? drop_or_mark : mark_living_g, e);
	return rc ? rc : follow_all(pass, revived, e);
}

/* Adds objects and goroutines created in the meantime. */
static int read_again(struct go_pass *pass, struct err *e)
{
	int rc = go_heap_read(&pass->heap, e);

	if (rc == 0 && !go_mark_grow(&pass->mark))
		rc = no_memory(e);
	if (rc == 0)
		rc = read_addresses(pass, e);
	if (rc == 0)
		hide_gs(pass);
	return rc;
}

/* Rereads what may have changed until no more goroutines become live. */
static int settle_changes(struct go_pass *pass, struct err *e)
{
	bool revived = true;
	int rc = 0;

	for (int round = 0; round < SETTLE_ROUNDS && revived && rc == 0; round++) {
		revived = false;
		go_runners_clear(&pass->runners);
		go_runners_read(&pass->runners);
		rc = read_again(pass, e);
		if (rc == 0)
			rc = go_crowd_visit_all(pass, false, mark_changed, e);
		if (rc == 0)
			rc = mark_roots(pass, false, e);
		if (rc == 0)
			rc = follow_all(pass, &revived, e);
	}
	return rc;
}

/* Returns the range from the first to the last variable of the module. */
static struct go_range span_of_data(const struct go_module *module)
{
	struct go_range all = module->data[0];

	for (size_t i = 1; i < 3; i++) {
		if (module->data[i].start < all.start)
			all.start = module->data[i].start;
		if (module->data[i].end > all.end)
			all.end = module->data[i].end;
	}
	return all;
}

static int begin_first(struct go_pass *pass, struct err *e)
{
	int rc;

	pass->nr = pass->nr_waiters = pass->nr_conds = 0;
	pass->cond_steps = 0;
	if (pass->conds)
		memset(pass->conds, 0, pass->cap_conds * sizeof(*pass->conds));
	rc = go_heap_read(&pass->heap, e);
	if (rc == 0 && !go_mark_begin(&pass->mark, &pass->heap, pass->alive))
		rc = no_memory(e);
	pass->mark.gsignal = pass->prove->layout.procid + 8;
	pass->mark.data = span_of_data(pass->prove->module);
	if (rc == 0)
		rc = read_addresses(pass, e);
	if (rc == 0) {
		hide_gs(pass);
		rc = check_heap(pass, e);
	}
	return rc ? rc : go_crowd_visit_all(pass, true, classify_g, e);
}

static int begin_next(struct go_pass *pass, struct err *e)
{
	int rc = read_again(pass, e);

	return rc == 0 && !go_mark_again(&pass->mark) ? no_memory(e) : rc;
}

int go_pass_run(struct go_pass *pass, struct err *e)
{
	bool revived = false;
	int rc;

	pass->busy = false;
	pass->heap.holes = 0;
	rc = pass->number == 0 ? begin_first(pass, e) : begin_next(pass, e);
	if (rc == 0)
		rc = mark_living(pass, &revived, e);
	if (rc == 0)
		rc = settle_changes(pass, e);
	pass->busy |= pass->runners.nr > 0;
	if (rc == 0 && pass->heap.holes > 0)
		rc = err_set(e, ERR_FORMAT,
			     "cannot prove leaks: parts of the heap cannot be read");
	return rc;
}

static bool drop_g(struct go_pass *pass, uint32_t i, const struct go_copies *copies)
{
	drop_if_changed(pass, i, copies->g);
	return false;
}

void go_pass_drop_changed(struct go_pass *pass)
{
	struct err ignored;

	if (go_crowd_visit_all(pass, false, drop_g, &ignored))
		for (size_t i = 0; i < pass->prove->nr_rows; i++)
			pass->alive[i] = true;
}
