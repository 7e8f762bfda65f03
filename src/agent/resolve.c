/* SPDX-License-Identifier: MIT */
/*
 * Real functions by dlsym(RTLD_NEXT). An optional library may be known only to a plugin
 * that was opened with RTLD_LOCAL: its calls reach us because we are in the global scope,
 * and the real function is then looked up from the plugin, and remembered by call site
 * for as long as nothing has been unloaded.
 */
#include "agent/resolve.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum real_kind {
	KIND_ERRNO,
	KIND_CODE,
	KIND_GLIB,
	KIND_APR,
	KIND_ZMQ,
	KIND_NNG,
	KIND_DILL
};

struct real_row {
	const char *name;
	enum real_kind kind;
};

static const struct real_row rows[REAL_COUNT] = {
#define REAL_ERRNO(name)             {#name, KIND_ERRNO},
#define REAL_CODE(name)              {#name, KIND_CODE},
#define REAL_OPTIONAL(library, name) {#name, KIND_##library},
#include "agent/wraps.def"
};

/* A program that starts with one of these on board is resolved once and for all. */
static const char *const library_names[] = {
	[KIND_GLIB] = "libglib-2.0", [KIND_APR] = "libaprutil", [KIND_ZMQ] = "libzmq",
	[KIND_NNG] = "libnng",       [KIND_DILL] = "libdill",
};
#define LIBRARY_NAMES (sizeof(library_names) / sizeof(library_names[0]))

void *real_table[REAL_COUNT];
uint32_t real_tid_offset;

static long missing_errno(void)
{
	errno = ENOSYS;
	return -1;
}

static long missing_code(void)
{
	return ENOSYS;
}

static void *missing_null(void)
{
	errno = ENOSYS;
	return NULL;
}

static void *real_missing(enum real_kind kind)
{
	switch (kind) {
	case KIND_CODE:
	case KIND_APR:
		return (void *)missing_code;
	case KIND_GLIB:
		return (void *)missing_null;
	default:
		return (void *)missing_errno;
	}
}

/* dlsym that leaves no message behind for the program's own dlerror(). */
static void *quiet_dlsym(void *handle, const char *name)
{
	int saved = errno;
	void *real = dlsym(handle, name);

	if (!real)
		dlerror();
	errno = saved;
	return real;
}

static bool same_object(const void *a, const void *b)
{
	Dl_info one, other;

	return dladdr(a, &one) && dladdr(b, &other) && one.dli_fbase == other.dli_fbase;
}

/* The next one, also where that is a sanitizer's, which would miss the call else. */
static void *real_next(const char *name)
{
	void *next = quiet_dlsym(RTLD_NEXT, name);

#if defined(__GLIBC__) && defined(__x86_64__)
	/* Before glibc 2.36 RTLD_NEXT could give the conditions of glibc 2.2. */
	if (strcmp(name, "pthread_cond_wait") == 0 ||
	    strcmp(name, "pthread_cond_timedwait") == 0) {
		void *real = dlvsym(RTLD_NEXT, name, "GLIBC_2.3.2");

		if (real && (!next || same_object(next, real)))
			return real;
	}
#endif
	return next;
}

void *real_resolve(enum real_id id)
{
	void *real = real_next(rows[id].name);

	/* A missing one is not remembered: the library that has it may come later. */
	if (!real)
		return real_missing(rows[id].kind);
	__atomic_store_n(&real_table[id], real, __ATOMIC_RELAXED);
	return real;
}

static int find_libraries(struct dl_phdr_info *info, size_t bytes, void *found)
{
	bool *has = found;

	for (size_t i = 0; i < LIBRARY_NAMES; i++)
		if (library_names[i] && strstr(info->dlpi_name, library_names[i]))
			has[i] = true;
	return 0;
}

/* Before the constructors of programs and of libraries with none of their own. */
__attribute__((constructor(101))) static void real_start(void)
{
	bool has[LIBRARY_NAMES] = {false};
	const uint32_t *tid;

	dl_iterate_phdr(find_libraries, has);
	for (int id = 0; id < REAL_COUNT; id++) {
		enum real_kind kind = rows[id].kind;

		if (real_table[id] || (kind > KIND_CODE && !has[kind]))
			continue;
		real_resolve((enum real_id)id);
	}
	/* What libthread_db reads: bits, elements, offset of struct pthread's tid. */
	tid = quiet_dlsym(RTLD_NEXT, "_thread_db_pthread_tid");
	if (tid && tid[0] == 32 && tid[1] == 1)
		real_tid_offset = tid[2];
}

/* What a call site of a plugin was bound to. seq is odd while the rest is written. */
struct site {
	uint32_t seq;
	uint32_t id;
	const void *call_site;
	unsigned long long unloaded;
	void *real;
};
#define SITES 256
static struct site sites[SITES];

static struct site *site_of(enum real_id id, const void *call_site)
{
	uint64_t hash = ((uint64_t)(uintptr_t)call_site ^ (uint64_t)id << 48) *
			0x9e3779b97f4a7c15ull;

	return &sites[hash >> 56];
}

/* The fields are read and written in order by themselves; thread sanitizer knows no fence. */
static void *site_get(enum real_id id, const void *call_site, unsigned long long unloaded)
{
	struct site *site = site_of(id, call_site);
	uint32_t seq = __atomic_load_n(&site->seq, __ATOMIC_ACQUIRE);
	bool same = __atomic_load_n(&site->id, __ATOMIC_ACQUIRE) == (uint32_t)id &&
		    __atomic_load_n(&site->call_site, __ATOMIC_ACQUIRE) == call_site &&
		    __atomic_load_n(&site->unloaded, __ATOMIC_ACQUIRE) == unloaded;
	void *real = __atomic_load_n(&site->real, __ATOMIC_ACQUIRE);

	if (!same || (seq & 1) || __atomic_load_n(&site->seq, __ATOMIC_RELAXED) != seq)
		return NULL;
	return real;
}

static void site_put(enum real_id id, const void *call_site, unsigned long long unloaded,
		     void *real)
{
	struct site *site = site_of(id, call_site);
	uint32_t seq = __atomic_load_n(&site->seq, __ATOMIC_RELAXED);

	/* Somebody else writes here: they are remembered and we are not. */
	if ((seq & 1) || !__atomic_compare_exchange_n(&site->seq, &seq, seq + 1, false,
						      __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	__atomic_store_n(&site->id, (uint32_t)id, __ATOMIC_RELEASE);
	__atomic_store_n(&site->call_site, call_site, __ATOMIC_RELEASE);
	__atomic_store_n(&site->unloaded, unloaded, __ATOMIC_RELEASE);
	__atomic_store_n(&site->real, real, __ATOMIC_RELEASE);
	__atomic_store_n(&site->seq, seq + 2, __ATOMIC_RELEASE);
}

static int count_unloaded(struct dl_phdr_info *info, size_t bytes, void *count)
{
	*(unsigned long long *)count = info->dlpi_subs;
	return 1;
}

static bool is_ours(const void *address)
{
	Dl_info mine, theirs;

	return dladdr((void *)real_table, &mine) && dladdr(address, &theirs) &&
	       mine.dli_fbase == theirs.dli_fbase;
}

/* As seen from one loaded object and what it depends on. */
static void *real_from(const char *object, const char *name)
{
	void *handle = dlopen(object, RTLD_NOLOAD | RTLD_LAZY);
	void *real;

	if (!handle) {
		dlerror();
		return NULL;
	}
	real = quiet_dlsym(handle, name);
	dlclose(handle);
	return real && !is_ours(real) ? real : NULL;
}

#define OBJECT_PATH_MAX 4096
struct object_wanted {
	unsigned index;
	unsigned seen;
	char path[OBJECT_PATH_MAX];
};

static int find_object(struct dl_phdr_info *info, size_t bytes, void *context)
{
	struct object_wanted *wanted = context;

	if (wanted->seen++ != wanted->index)
		return 0;
	/* Too long a path is passed over: it stays empty. */
	if (strlen(info->dlpi_name) < sizeof(wanted->path))
		memcpy(wanted->path, info->dlpi_name, strlen(info->dlpi_name) + 1);
	return 1;
}

/* Names are copied out first: dlopen() under dl_iterate_phdr()'s lock could deadlock. */
static void *real_anywhere(const char *name)
{
	struct object_wanted wanted = {.index = 0};

	for (;; wanted.index++) {
		wanted.seen = 0;
		wanted.path[0] = '\0';
		if (dl_iterate_phdr(find_object, &wanted) == 0)
			return NULL;
		void *real = wanted.path[0] ? real_from(wanted.path, name) : NULL;
		if (real)
			return real;
	}
}

void *real_resolve_for(enum real_id id, const void *call_site)
{
	unsigned long long unloaded = 0;
	const char *name = rows[id].name;
	int saved = errno;
	Dl_info caller;
	void *real;

	dl_iterate_phdr(count_unloaded, &unloaded);
	real = site_get(id, call_site, unloaded);
	if (real)
		return real;
	real = quiet_dlsym(RTLD_NEXT, name);
	if (!real && dladdr(call_site, &caller) && caller.dli_fname)
		real = real_from(caller.dli_fname, name);
	if (!real)
		real = real_anywhere(name);
	errno = saved;
	if (!real)
		return real_missing(rows[id].kind);
	site_put(id, call_site, unloaded, real);
	return real;
}
