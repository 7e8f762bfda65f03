/* SPDX-License-Identifier: MIT */
/* Where the fields of a goroutine are: derived from samples in the layout of each
 * version, refused if they contradict themselves; and what counts as having moved. */
#include "unit.h"

#include "go_tables.h"
#include "source/go/layout.h"
#include "source/go/sample.h"

static const struct step flat[] = {{0, TABLES_FUNC}};

enum func { MAIN, PARK, WORK, FUNCS };

static const struct version {
	unsigned minor, bp, syscallsp, goid, parent, startpc;
} versions[] = {
	{16, 104, 112, 152, 0, 296},   {17, 104, 112, 152, 0, 312},
	{20, 104, 112, 152, 0, 312},   {21, 104, 112, 152, 272, 296},
	{22, 104, 112, 152, 272, 296}, {23, 104, 112, 160, 280, 304},
	{24, 104, 112, 160, 280, 304}, {25, 96, 104, 152, 272, 296},
	{26, 96, 104, 152, 280, 304},  {27, 96, 104, 152, 280, 304},
};
#define VERSIONS (sizeof(versions) / sizeof(versions[0]))

static struct tables tables;
static struct go_g_sample sample;

static uint64_t pc_of(enum func func, unsigned offset)
{
	return TABLES_TEXT + (uint64_t)func * TABLES_FUNC + offset;
}

static int setup(void **state)
{
	static const struct func_spec specs[FUNCS] = {
		[MAIN] = {"runtime.main", "proc.go", 0, 0, flat, flat, NULL},
		[PARK] = {"runtime.gopark", "proc.go", 0, 0, flat, flat, NULL},
		[WORK] = {"main.work", "main.go", 0, 0, flat, flat, NULL},
	};

	tables_begin(&tables, GO_ERA_120);
	for (size_t i = 0; i < FUNCS; i++)
		tables_func(&tables, i, &specs[i]);
	tables_end(&tables, FUNCS);
	return 0;
}

static void put(uint8_t *g, unsigned offset, uint64_t value)
{
	memcpy(g + offset, &value, 8);
}

static void make_sample(const struct version *version, size_t nr)
{
	memset(&sample, 0, sizeof(sample));
	sample.nr = nr;
	for (size_t i = 0; i < nr; i++) {
		uint8_t *g = sample.bytes[i];
		uint64_t low = 0xc000100000 + i * 0x2000;

		put(g, GO_G_STACK_LO, low);
		put(g, GO_G_STACK_HI, low + 0x2000);
		put(g, GO_G_SP, low + 0x1e00);
		put(g, GO_G_PC, pc_of(PARK, 0x50));
		put(g, version->bp, low + 0x1e40);
		put(g, version->goid - 8, GO_STATUS_WAITING);
		put(g, version->goid, i + 1);
		put(g, version->startpc - 16, pc_of(i ? WORK : MAIN, 0x20));
		put(g, version->startpc, pc_of(i ? WORK : MAIN, 0));
		if (version->parent && i > 0)
			put(g, version->parent, 1);
	}
}

static const char *derive(struct go_g_layout *g, unsigned minor)
{
	return go_layout_derive(g, &sample, &tables.table, pc_of(MAIN, 0), minor);
}

static void assert_layout(const struct go_g_layout *g, const struct version *version)
{
	assert_int_equal(g->goid, version->goid);
	assert_int_equal(g->status, version->goid - 8);
	assert_int_equal(g->syscallsp, version->syscallsp);
	assert_int_equal(g->parent, version->parent);
	assert_int_equal(g->gopc, version->startpc - 16);
	assert_int_equal(g->startpc, version->startpc);
	assert_int_equal(g->waiting, version->startpc + 16);
	assert_int_equal(g->labels, version->startpc + 48);
	assert_int_equal(g->waitsince, version->goid + 16);
	assert_int_equal(g->waitreason, version->goid + 24);
}

static void test_versions(void **state)
{
	for (size_t i = 0; i < VERSIONS; i++) {
		struct go_g_layout g;

		make_sample(&versions[i], 40);
		assert_null(derive(&g, versions[i].minor));
		assert_layout(&g, &versions[i]);
	}
}

/* The goroutines are right although the version is unknown or says something
 * different. */
static void test_live_wins(void **state)
{
	for (size_t i = 0; i < VERSIONS; i++) {
		struct go_g_layout g;
		const char *wrong;

		make_sample(&versions[i], 40);
		assert_null(derive(&g, 0));
		assert_layout(&g, &versions[i]);
		wrong = derive(&g, versions[i].minor == 27 ? 24 : 28);
		assert_null(wrong);
		assert_int_equal(g.goid, versions[i].goid);
		assert_int_equal(g.startpc, versions[i].startpc);
		assert_int_equal(g.syscallsp, versions[i].syscallsp);
	}
}

static void test_refused(void **state)
{
	const struct version *version = &versions[VERSIONS - 1];
	struct go_g_layout g;

	make_sample(version, 40);
	sample.nr = 0;
	assert_non_null(derive(&g, 27));
	make_sample(version, 40);
	put(sample.bytes[7], version->goid, 3); /* twice */
	assert_non_null(derive(&g, 27));
	make_sample(version, 40);
	put(sample.bytes[7], version->goid - 8, 77); /* not a valid status */
	assert_non_null(derive(&g, 27));
	make_sample(version, 40);
	put(sample.bytes[0], version->startpc, pc_of(WORK, 0)); /* not runtime.main */
	assert_non_null(derive(&g, 27));
	make_sample(version, 40);
	for (size_t i = 0; i < 40; i++)
		put(sample.bytes[i], GO_G_SP, 0x1000); /* not on the stack */
	assert_non_null(derive(&g, 27));
	make_sample(version, 40);
	for (size_t i = 0; i < 40; i++)
		put(sample.bytes[i], version->startpc - 16, 0); /* without a creator */
	assert_non_null(derive(&g, 27));
}

/* Dead goroutines keep their old id, or have none yet. */
static void test_dead(void **state)
{
	const struct version *version = &versions[VERSIONS - 1];
	struct go_g_layout g;

	make_sample(version, 40);
	put(sample.bytes[7], version->goid - 8, GO_STATUS_DEAD);
	put(sample.bytes[7], version->goid, 3);
	put(sample.bytes[8], version->goid - 8, GO_STATUS_DEAD);
	put(sample.bytes[8], version->goid, 0);
	put(sample.bytes[9], version->goid - 8, GO_STATUS_WAITING | GO_STATUS_SCAN);
	assert_null(derive(&g, 27));
}

static void test_hash(void **state)
{
	struct go_g_layout g;
	uint8_t bytes[GO_G_BYTES_MAX];
	uint64_t before;

	make_sample(&versions[VERSIONS - 1], 40);
	assert_null(derive(&g, 27));
	memcpy(bytes, sample.bytes[5], sizeof(bytes));
	before = go_g_hash(bytes, &g);
	/* Fields that the collector and the scheduler write while it is parked. */
	put(bytes, g.status, GO_STATUS_WAITING | GO_STATUS_SCAN | 1ull << 32);
	put(bytes, g.waitsince, 12345);
	bytes[g.waitreason + 6] = 1;
	put(bytes, 16, 0xfffffffffffffade);
	assert_int_equal(go_g_hash(bytes, &g), before);
	/* Every other word tells that it has run. */
	for (unsigned offset = 0; offset < g.bytes; offset += 8) {
		uint8_t changed[GO_G_BYTES_MAX];

		if (offset == 16 || offset == 24 || offset == g.waitsince)
			continue;
		memcpy(changed, bytes, sizeof(changed));
		changed[offset] ^= 1;
		assert_int_not_equal(go_g_hash(changed, &g), before);
	}
}

static void test_refs(void **state)
{
	static const uint8_t code[] = {
		0x48, 0x8b, 0x05, 0x10, 0x00, 0x00, 0x00, /* mov 16(%rip), %rax */
		0x48, 0x89, 0x0d, 0xf0, 0xff, 0xff, 0xff, /* mov %rcx, -16(%rip) */
		0x83, 0x3d, 0x20, 0x00, 0x00, 0x00, 0x00, /* cmpl $0, 32(%rip) */
		0x48, 0x8b, 0x45, 0x10,                   /* mov 16(%rbp), %rax */
		0x48, 0x8b, 0x05, 0x30, 0x00, 0x00,       /* cut off */
	};
	uint64_t refs[8];

	assert_int_equal(go_layout_refs(code, sizeof(code), 0x1000, refs, 8), 3);
	assert_int_equal(refs[0], 0x1007 + 16);
	assert_int_equal(refs[1], 0x100e - 16);
	assert_int_equal(refs[2], 0x1015 + 32);
	assert_int_equal(go_layout_refs(code, sizeof(code), 0x1000, refs, 1), 1);
	assert_int_equal(go_layout_refs(code, 0, 0x1000, refs, 8), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions), cmocka_unit_test(test_live_wins),
		cmocka_unit_test(test_refused),  cmocka_unit_test(test_dead),
		cmocka_unit_test(test_hash),     cmocka_unit_test(test_refs),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
