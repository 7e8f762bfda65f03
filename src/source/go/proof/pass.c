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
#include "source/go/proof/root.h"

#define G_AT_ONCE      512u
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
	pass->copies = malloc((size_t)G_AT_ONCE * GO_G_BYTES_MAX);
	pass->items = malloc(G_AT_ONCE * sizeof(*pass->items));
	pass->stack = malloc(STACK_PIECE);
	if (!pass->alive || !pass->changed || !pass->copies || !pass->items ||
	    !pass->stack || !memory_gather_init(&pass->gather))
		return err_set(e, ERR_NOMEM, "there is no memory for a proof of leaks");
	for (size_t i = 0; i < prove->nr_rows; i++)
		pass->alive[i] = prove->rows[i].kind == GO_WAIT_ALIVE;
	return go_heap_open(&pass->heap, prove->module, &pass->mem, &prove->cancel, e);
}

void go_pass_release(struct go_pass *pass)
{
	go_heap_release(&pass->heap);
	go_mark_release(&pass->mark);
	memory_gather_release(&pass->gather);
	go_runners_release(&pass->runners);
	free(pass->alive);
	free(pass->changed);
	free(pass->addresses);
	free(pass->hashes);
	free(pass->waiters);
	free(pass->conds);
	free(pass->copies);
	free(pass->items);
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
	if (!array_reserve(&pass->waiters, &pass->cap_waiters, pass->nr_waiters + 1)) {
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

/* Registers what a row waits on that may be leaked. */
static void take_candidate(struct go_pass *pass, uint32_t row, const uint8_t *g,
			   struct go_wait_objects *objects)
{
	const struct go_wait_row *wait = &pass->prove->rows[row];
	uint32_t ignored;

	if (!is_waiting(pass, g) || go_g_hash(g, &pass->prove->layout.g) != wait->hash) {
		pass->alive[row] = pass->changed[row] = true;
		return;
	}
	if (!go_pass_find(pass, wait, g, objects)) {
		pass->alive[row] = true;
		return;
	}
	for (size_t i = 0; i < objects->nr; i++)
		if (!go_mark_special(&pass->mark, objects->sudogs[i], GO_SPECIAL_SUDOG,
				     row, &ignored) ||
		    !watch_object(pass, objects->objects[i], row))
			pass->alive[row] = true;
}

typedef void (*g_visit)(struct go_pass *pass, uint32_t i, const uint8_t *g,
			struct go_wait_objects *objects);

/* Calls visit for all g's, reading them in chunks. */
static int visit_gs(struct go_pass *pass, g_visit visit, struct err *e)
{
	struct go_wait_objects *objects = malloc(sizeof(*objects));
	const size_t stride = pass->prove->layout.g.bytes;

	if (!objects)
		return no_memory(e);
	for (size_t at = 0; at < pass->nr && !cancelled(pass); at += G_AT_ONCE) {
		size_t nr = pass->nr - at < G_AT_ONCE ? pass->nr - at : G_AT_ONCE;

		for (size_t i = 0; i < nr; i++)
			pass->items[i] = (struct memory_item){pass->addresses[at + i],
							      (uint32_t)i, false};
		memory_gather_read(&pass->mem, &pass->gather, pass->items, nr,
				   pass->copies, stride);
		for (size_t i = 0; i < nr; i++) {
			size_t index = pass->items[i].index;

			visit(pass, (uint32_t)(at + index),
			      pass->items[i].ok ? pass->copies + index * stride : NULL,
			      objects);
		}
	}
	free(objects);
	return cancelled(pass) ? err_set(e, ERR_GONE, "cancelled") : 0;
}

/* Makes the g opaque to the marker: it must not get from one goroutine to the memory of
 * another. */
static void hide_g(struct go_pass *pass, uint32_t i, const uint8_t *g,
		   struct go_wait_objects *objects)
{
	uint64_t base = go_heap_object(&pass->heap, pass->addresses[i]);
	uint32_t ignored;

	(void)objects;
	if (!g || base != pass->addresses[i] ||
	    !go_mark_special(&pass->mark, base, GO_SPECIAL_G, 0, &ignored))
		return;
	pass->in_heap++;
	pass->mark.g_bytes = go_heap_span_of(&pass->heap, base)->size;
}

static void classify_g(struct go_pass *pass, uint32_t i, const uint8_t *g,
		       struct go_wait_objects *objects)
{
	if (is_candidate(pass, i) && g)
		take_candidate(pass, i, g, objects);
	else if (i < pass->prove->nr_rows)
		pass->alive[i] = true;
}

static void mark_g(struct go_pass *pass, size_t i)
{
	uint64_t hash = 0;

	/* An unreadable goroutine is ending or growing its stack; the next round tries
	 * again. */
	if (!go_pass_mark_g(pass, pass->addresses[i], &hash))
		hash = 0;
	pass->hashes[i] = hash;
}

/* Makes a row live that was thought to be leaked, and everything it holds. */
static void revive_row(struct go_pass *pass, uint32_t row,
		       struct go_wait_objects *objects)
{
	const struct go_wait_row *wait = &pass->prove->rows[row];
	uint8_t g[GO_G_BYTES_MAX];

	pass->alive[row] = true;
	mark_g(pass, row);
	if (memory_read(&pass->mem, wait->address, g, pass->prove->layout.g.bytes) &&
	    go_pass_find(pass, wait, g, objects))
		for (size_t i = 0; i < objects->nr; i++)
			go_mark_contents(&pass->mark, objects->sudogs[i]);
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
	struct go_wait_objects *objects = malloc(sizeof(*objects));
	bool through = false;

	while (objects && !(through && pass->mark.nr_reached == 0)) {
		while (pass->mark.nr_reached > 0) {
			uint32_t at = pass->mark.reached[--pass->mark.nr_reached];

			for (; at != GO_MARK_NONE; at = pass->waiters[at].next) {
				if (pass->alive[pass->waiters[at].row])
					continue;
				revive_row(pass, pass->waiters[at].row, objects);
				*revived = true;
			}
		}
		through = go_mark_follow(&pass->mark);
		show_progress(pass);
		if (cancelled(pass) || pass->mark.failed ||
		    clock_mono_ns() > pass->deadline_ns)
			break;
	}
	free(objects);
	if (!objects || pass->mark.failed)
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

/* Marks from a goroutine that has run since its stack was read, or whose stack could not
 * be read. */
static void mark_changed(struct go_pass *pass, uint32_t i, const uint8_t *g,
			 struct go_wait_objects *objects)
{
	const struct go_layout *layout = &pass->prove->layout;
	uint32_t status = g ? go_g_status(g, &layout->g) : GO_STATUS_DEAD;
	bool changed = g && (status == GO_STATUS_RUNNING ||
			     go_g_hash(g, &layout->g) != pass->hashes[i]);

	(void)objects;
	if (is_candidate(pass, i) || !g)
		return;
	pass->busy |= changed;
	/* A goroutine that makes one system call after the other looks the same, as do
	 * all in Go 1.16. */
	if (changed || status == GO_STATUS_SYSCALL || !layout->turns)
		mark_g(pass, i);
}

static int mark_roots(struct go_pass *pass, bool modules_only, struct err *e)
{
	if (!modules_only)
		go_runners_mark(&pass->runners, &pass->mark);
	return go_roots_mark(&pass->mark, &pass->prove->process, pass->prove->module,
			     pass->prove->cgo, modules_only, e);
}

/* Marks from all live goroutines. In later passes, the stack of a goroutine that has not
 * run since is unchanged and skipped. */
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
	if (rc == 0 && pass->number > 0)
		rc = visit_gs(pass, mark_changed, e);
	for (size_t i = 0; i < pass->nr && pass->number == 0 && !cancelled(pass); i++)
		if (!is_candidate(pass, i))
			mark_g(pass, i);
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
	return rc ? rc : visit_gs(pass, hide_g, e);
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
			rc = visit_gs(pass, mark_changed, e);
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
	pass->cond_steps = pass->in_heap = 0;
	if (pass->conds)
		memset(pass->conds, 0, pass->cap_conds * sizeof(*pass->conds));
	rc = go_heap_read(&pass->heap, e);
	if (rc == 0 && !go_mark_begin(&pass->mark, &pass->heap, pass->alive))
		rc = no_memory(e);
	pass->mark.gsignal = pass->prove->layout.procid + 8;
	pass->mark.data = span_of_data(pass->prove->module);
	if (rc == 0)
		rc = read_addresses(pass, e);
	if (rc == 0)
		rc = visit_gs(pass, hide_g, e);
	if (rc == 0)
		rc = check_heap(pass, e);
	if (rc == 0)
		rc = visit_gs(pass, classify_g, e);
	return rc;
}

static void drop_changed_g(struct go_pass *pass, uint32_t i, const uint8_t *g,
			   struct go_wait_objects *objects)
{
	(void)objects;
	if (is_candidate(pass, i) &&
	    (!g || !is_waiting(pass, g) ||
	     go_g_hash(g, &pass->prove->layout.g) != pass->prove->rows[i].hash))
		pass->alive[i] = pass->changed[i] = true;
}

static int begin_next(struct go_pass *pass, struct err *e)
{
	int rc = read_again(pass, e);

	if (rc == 0 && !go_mark_again(&pass->mark))
		rc = no_memory(e);
	if (rc == 0)
		rc = visit_gs(pass, drop_changed_g, e);
	return rc;
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

void go_pass_drop_changed(struct go_pass *pass)
{
	struct err ignored;

	if (visit_gs(pass, drop_changed_g, &ignored))
		for (size_t i = 0; i < pass->prove->nr_rows; i++)
			pass->alive[i] = true;
}
