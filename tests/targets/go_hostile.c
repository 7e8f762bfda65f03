/* SPDX-License-Identifier: MIT */
/*
 * Looks like a Go program in the way that its first argument names, and serves nonsense
 * from then on: "lengths" (slices of 2^60), "loop" (a list of goroutines that are one g
 * whose fields lead in circles), "random" (noise behind valid beginnings), "heap" N (a
 * heap with false sizes: 0 finalizers in a circle, 1 64 TB, 2 200 GB that do not exist, 3
 * a thousand million objects, 4 other spans all the time). Prints "ready".
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define WORDS   48
#define FUNCS   64
#define GS      5000
#define G_BYTES 512

/* One table for all: names, files, values, functions. */
static struct {
	uint8_t header[128];
	char names[4096];
	uint32_t units[64];
	char files[256];
	uint8_t values[4096];
	uint8_t funcs[FUNCS * 64];
	uint32_t index[FUNCS * 2 + 2];
} table __attribute__((section(".gopclntab"), aligned(64)));

static uint64_t moduledata[WORDS] = {1}; /* in writable data of the file */
uint64_t reasons[64] = {1};              /* only other processes read it */
uint64_t allgs[3];                       /* named by the code below */
static uint64_t list[GS];
static uint8_t gs[2][G_BYTES] __attribute__((aligned(64)));
static uint64_t stack[1 << 15];

/* mov allgs(%rip), %rax; cmp with its length: what allgadd refers to. */
extern const uint8_t code_allgadd[], code_main[], code_end[];
#if defined(__x86_64__)
__asm__(".text\n.globl code_allgadd, code_main, code_end\n"
	"code_allgadd: movq allgs(%rip), %rax\nmovq allgs+8(%rip), %rcx\nret\n"
	".p2align 4\ncode_main: ret\nnop\nnop\nnop\n.p2align 4\ncode_end: ret\n");
#else /* refused at once */
const uint8_t code_allgadd[16], code_main[16], code_end[16];
#endif

static void add_func(size_t i, const uint8_t *entry, const char *name, uint32_t *at_name)
{
	uint32_t words[11] = {0};

	strcpy(table.names + *at_name, name);
	words[0] = (uint32_t)(entry - code_allgadd);
	words[1] = *at_name;
	words[4] = words[5] = words[6] = 1; /* pcsp, pcfile, pcln */
	words[7] = 3;                       /* pcdata */
	words[10] = 4u << 24;               /* funcdata */
	memcpy(table.funcs + i * 64, words, sizeof(words));
	memset(table.funcs + i * 64 + 44, 1, 20);
	table.index[i * 2] = words[0];
	table.index[i * 2 + 1] = (uint32_t)(i * 64);
	*at_name += (uint32_t)strlen(name) + 1;
}

static void slice(size_t word, const void *at, uint64_t length)
{
	moduledata[word] = (uint64_t)(uintptr_t)at;
	moduledata[word + 1] = moduledata[word + 2] = length;
}

static void make_tables(void)
{
	static const uint8_t header[] = {0xf1, 0xff, 0xff, 0xff, 0, 0, 1, 8, 3};
	uint32_t name = 1;

	memcpy(table.header, header, sizeof(header));
	/* Value +8 for ever, in steps of the largest program counter. */
	for (size_t i = 1; i + 6 < sizeof(table.values); i += 6)
		memcpy(table.values + i, "\x10\xff\xff\xff\xff\x0f", 6);
	add_func(0, code_allgadd, "runtime.allgadd", &name);
	add_func(1, code_main, "runtime.main", &name);
	table.index[4] = (uint32_t)(code_end - code_allgadd);
	moduledata[0] = (uint64_t)(uintptr_t)&table;
	slice(1, table.names, sizeof(table.names));
	slice(4, table.units, 64);
	slice(7, table.files, sizeof(table.files));
	slice(10, table.values, sizeof(table.values));
	slice(13, table.funcs, sizeof(table.funcs));
	slice(16, table.index, 3);
	moduledata[20] = moduledata[22] = (uint64_t)(uintptr_t)code_allgadd;
	moduledata[21] = moduledata[23] = (uint64_t)(uintptr_t)code_end;
	for (size_t i = 24; i < 32; i += 2) {
		moduledata[i] = (uint64_t)(uintptr_t)moduledata & ~0xffffull;
		moduledata[i + 1] = moduledata[i] + 0x200000;
	}
	moduledata[40] = (uint64_t)(uintptr_t)table.values; /* gofunc */
}

static void put(uint8_t *g, size_t offset, uint64_t value)
{
	memcpy(g + offset, &value, 8);
}

/* A parked goroutine whose every pointer leads back to it. */
static void make_g(uint8_t *g, uint64_t goid)
{
	uint64_t pc = (uint64_t)(uintptr_t)code_main + 1;

	for (size_t i = 0; i < sizeof(stack) / sizeof(stack[0]); i++)
		stack[i] = i % 3 ? pc : (uint64_t)(uintptr_t)g;
	for (size_t i = 0; i < G_BYTES; i += 8)
		put(g, i, (uint64_t)(uintptr_t)g);
	put(g, 0, (uint64_t)(uintptr_t)stack);
	put(g, 8, (uint64_t)(uintptr_t)stack + sizeof(stack));
	put(g, 56, (uint64_t)(uintptr_t)stack);
	put(g, 64, pc);
	put(g, 96, (uint64_t)(uintptr_t)stack + 64);
	put(g, 144, 4);
	put(g, 152, goid);
	put(g, 168, UINT64_MAX);
	put(g, 176, 18); /* select */
	put(g, 280, 0);
	put(g, 288, pc);
	put(g, 304, (uint64_t)(uintptr_t)code_main);
}

static void make_list(void)
{
	make_g(gs[0], 1);
	make_g(gs[1], 2);
	for (size_t i = 0; i < GS; i++)
		list[i] = (uint64_t)(uintptr_t)gs[i > 0];
	allgs[0] = (uint64_t)(uintptr_t)list;
	allgs[1] = allgs[2] = 2;
	for (size_t i = 0; i < 20; i++) {
		reasons[i * 2] = (uint64_t)(uintptr_t) "GC assist marking";
		reasons[i * 2 + 1] = 17;
	}
	reasons[1] = 0;
	reasons[4] = (uint64_t)(uintptr_t) "IO wait";
	reasons[5] = 7;
	reasons[36] = (uint64_t)(uintptr_t) "select";
	reasons[37] = 6;
}

#define HEAP   0xc000000000ull
#define SPANS  8
#define RECORD 160
uint64_t allspans[3] = {1};
static uint64_t span_list[SPANS];
static uint8_t records[SPANS][RECORD] __attribute__((aligned(64)));
uint64_t into_heap[64]; /* roots */

static void make_span(size_t i, uint64_t start, uint64_t pages, uint64_t size,
		      uint16_t objects)
{
	uint8_t *record = records[i];

	put(record, 24, start);
	put(record, 32, pages);
	memcpy(record + 50, &objects, 2);
	record[98] = 10; /* may hold pointers */
	record[99] = 1;  /* in use */
	put(record, 104, size);
	put(record, 112, start + size * objects);
	span_list[i] = (uint64_t)(uintptr_t)record;
}

/* Goroutines, a sudog that follows itself, objects that point to each other. */
static void make_heap(int how)
{
	uint8_t *heap = mmap((void *)HEAP, 1 << 20, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	uint64_t large[] = {1, 1ull << 33, 200ull << 17, 1ull << 17, 1};

	if (heap == MAP_FAILED)
		return;
	make_span(0, HEAP, 2, 512, 32);
	make_span(1, HEAP + 0x10000, 1, 112, 73);
	make_span(2, HEAP + 0x20000, 1, 64, 128);
	make_span(3, HEAP + (64 << 20), large[how], large[how] << 13, 1);
	if (how == 0) /* finalizers in a circle */
		put(records[0], 128, (uint64_t)(uintptr_t)into_heap);
	if (how == 3)
		make_span(3, HEAP + (64 << 20), large[how], 8, 65535);
	for (uint64_t i = 0; i < 2; i++) {
		memcpy(heap + 512 * i, gs[i], G_BYTES);
		put(heap, 512 * i + 320, HEAP + 0x10000 + 112 * i); /* waiting */
		put(heap, 0x10000 + 112 * i, HEAP + 512 * i);
		put(heap, 0x10000 + 112 * i + 72, HEAP + 0x10000 + 112 * i);
		put(heap, 0x10000 + 112 * i + 96, HEAP + 0x20000 + 64 * i);
		list[i] = HEAP + 512 * i;
	}
	for (uint64_t i = 0; i < 128 * 8; i++)
		put(heap, 0x20000 + i * 8, HEAP + 0x20000 + i * 6 % 8192);
	for (uint64_t i = 0; i < 64; i++)
		into_heap[i] = i ? HEAP + (i << 21) : (uint64_t)(uintptr_t)into_heap;
	into_heap[2] = 0x0000000200000000;
	allspans[0] = (uint64_t)(uintptr_t)span_list;
	allspans[1] = allspans[2] = 4;
	if (how != 4)
		return;
	for (uint64_t i = 0;; i++) {
		if (i == 1) {
			puts("ready");
			fflush(stdout);
		}
		allspans[1] = 3 + (i & 1);
		make_span(3, HEAP + (i % 7 << 13), 1 + i % 900, 8 << i % 11, 1 + i % 64);
	}
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";

	make_tables();
	make_list();
	if (strcmp(how, "lengths") == 0) {
		for (size_t i = 1; i < 19; i += 3)
			moduledata[i + 1] = moduledata[i + 2] = 1ull << 28;
	} else if (strcmp(how, "goroutines") == 0) {
		allgs[1] = allgs[2] = 1ull << 60;
	} else if (strcmp(how, "random") == 0) {
		srandom(argc > 2 ? (unsigned)atoi(argv[2]) : 1);
		for (size_t i = 0; i < sizeof(table.funcs); i++)
			if (random() % 8 == 0)
				table.funcs[i] = (uint8_t)random();
		for (size_t i = 72; i < G_BYTES; i++)
			if (random() % 16 == 0)
				gs[1][i] = (uint8_t)random();
	}
	if (strcmp(how, "heap") == 0)
		make_heap(argc > 2 ? atoi(argv[2]) % 5 : 1);
	puts("ready");
	fflush(stdout);
	if (strcmp(how, "loop") == 0) {
		/* The first sample accepts it; then the list grows and everything changes
		 * all the time. */
		for (uint64_t i = 0;; i++) {
			allgs[1] = allgs[2] = i & 1 ? GS : 2;
			put(gs[1], 56, (uint64_t)(uintptr_t)stack + (i & 0xfff8));
			if ((i & 0xffff) == 0)
				usleep(100);
		}
	}
	for (;;)
		pause();
}
