/* SPDX-License-Identifier: MIT */
/* The speed of reading a dump of 100,000 goroutines into rows, with the text as it comes
 * from a socket. Prints the best of several runs. */
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "source/pprof/pprof.h"

#define GOROUTINES 100000u
#define PIECE      (256u * 1024)
#define RUNS       7

static void add_goroutine(struct buf *text, unsigned number)
{
	unsigned kind = number * 2654435761u >> 23;

	buf_printf(text, "goroutine %u [%s, %u minutes]:\n", number + 1,
		   kind % 3 ? "chan receive" : "select", kind % 90 + 1);
	for (unsigned i = 0; i < 8; i++)
		buf_printf(text,
			   "example.com/shop/internal/orders.(*Worker%u).stage%u("
			   "0xc%09x, {0xc%09x, 0x1a, 0x20}, 0x%x?)\n"
			   "\t/src/shop/internal/orders/worker_%u.go:%u +0x%x\n",
			   kind, i, number * 64, number * 8, i, kind % 40, 100 + i * 13,
			   16 + i);
	buf_printf(text,
		   "created by example.com/shop/internal/orders.(*Pool).Start in "
		   "goroutine 1\n\t/src/shop/internal/orders/pool.go:%u +0x9c\n\n",
		   40 + kind % 7);
}

/* Returns the number of rows, or 0. */
static size_t parse(const struct buf *text, const struct pprof_out *tables)
{
	struct pprof_out out = *tables;
	struct pprof_text *parser;
	struct pprof_found found = {0};

	out.snapshot = snapshot_new();
	if (!out.snapshot)
		return 0;
	out.snapshot->mono_ns = clock_mono_ns();
	parser = pprof_text_new(&out);
	for (size_t at = 0; parser && at < text->length; at += PIECE)
		pprof_text_feed(parser, text->bytes + at,
				text->length - at < PIECE ? text->length - at : PIECE);
	if (parser)
		pprof_text_end(parser, &found);
	pprof_text_free(parser);
	snapshot_unref(out.snapshot);
	return found.no_stack || found.cut ? 0 : found.goroutines;
}

int main(void)
{
	struct pprof_out tables = {intern_new(32u << 20), stack_table_new(16384), NULL,
				   0};
	int64_t best_ns = INT64_MAX;
	struct buf text;

	buf_init(&text, 0);
	for (unsigned i = 0; i < GOROUTINES; i++)
		add_goroutine(&text, i);
	for (int i = 0; i < RUNS && tables.intern && tables.stacks; i++) {
		int64_t begin_ns = clock_mono_ns(), took_ns;

		if (parse(&text, &tables) != GOROUTINES) {
			fprintf(stderr, "pprof: goroutines are missing\n");
			return 1;
		}
		took_ns = clock_mono_ns() - begin_ns;
		best_ns = took_ns < best_ns ? took_ns : best_ns;
	}
	printf("parsing debug=2 text, %u goroutines, %zu MB\t%.0f\tMB/s\t>=500\n",
	       GOROUTINES, text.length / 1000000,
	       (double)text.length * 1e3 / (double)best_ns);
	buf_release(&text);
	stack_table_free(tables.stacks);
	intern_free(tables.intern);
	return 0;
}
