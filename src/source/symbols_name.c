/* SPDX-License-Identifier: MIT */
/* Function, file and line of an address, with the functions that were inlined there, and
 * what function names say about a wait. */
#include <dlfcn.h>
#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "source/symbols_private.h"

#define MANGLED_MAX 1024u

/* The C++ runtime demangles; it is used where it is installed and otherwise missed. */
static const char *demangled(struct symbols *symbols, const char *name)
{
	if (strncmp(name, "_Z", 2) != 0 || strnlen(name, MANGLED_MAX) == MANGLED_MAX)
		return intern_text(symbols->intern, name, strnlen(name, MANGLED_MAX));
	if (!symbols->demangle_looked) {
		void *library = dlopen("libstdc++.so.6", RTLD_LAZY | RTLD_LOCAL);

		symbols->demangle_looked = true;
		if (library)
			*(void **)&symbols->demangle = dlsym(library, "__cxa_demangle");
	}
	int status = -1;
	char *text =
		symbols->demangle ? symbols->demangle(name, NULL, NULL, &status) : NULL;
	const char *kept = text && status == 0 ? text : name;
	const char *result =
		intern_text(symbols->intern, kept, strnlen(kept, MANGLED_MAX));

	free(text);
	return result;
}

static const char *keep(struct symbols *symbols, const char *text)
{
	return text && text[0] ? intern_text(symbols->intern, text, strnlen(text, 4096))
			       : NULL;
}

static const char *die_name(struct symbols *symbols, Dwarf_Die *die)
{
	Dwarf_Attribute memory;
	Dwarf_Attribute *attr = dwarf_attr_integrate(die, DW_AT_linkage_name, &memory);
	const char *name = attr ? dwarf_formstring(attr) : NULL;

	if (name && symbols->demangle_looked && !symbols->demangle)
		name = NULL;
	if (!name)
		name = dwarf_diename(die);
	return name ? demangled(symbols, name) : NULL;
}

/* Where an inlined function was called: file and line in the function around it. */
static void inline_call_site(struct symbols *symbols, Dwarf_Die *die, Dwarf_Die *cu,
			     struct frame *outer)
{
	Dwarf_Attribute memory;
	Dwarf_Files *files;
	Dwarf_Word value;
	size_t nr_files;

	outer->file = NULL;
	outer->line = 0;
	if (dwarf_formudata(dwarf_attr(die, DW_AT_call_file, &memory), &value) == 0 &&
	    dwarf_getsrcfiles(cu, &files, &nr_files) == 0 && value < nr_files)
		outer->file = keep(symbols, dwarf_filesrc(files, value, NULL, NULL));
	if (dwarf_formudata(dwarf_attr(die, DW_AT_call_line, &memory), &value) == 0 &&
	    value < 10000000)
		outer->line = (int)value;
}

/* Adds the frames that were inlined at address before the one that frames[0] is. */
static size_t add_inlined(struct symbols *symbols, Dwfl_Module *mod, uint64_t address,
			  struct frame *frames, size_t max)
{
	Dwarf_Addr bias;
	Dwarf_Die *cu = dwfl_module_addrdie(mod, address, &bias);
	Dwarf_Die *scopes = NULL;
	size_t count = 1;

	if (!cu)
		return 1;
	int nr_scopes = dwarf_getscopes(cu, address - bias, &scopes);
	struct frame outer = frames[0];

	for (int i = 0; i < nr_scopes && count < max; i++) {
		int tag = dwarf_tag(&scopes[i]);
		const char *name;

		if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_subprogram)
			continue;
		name = die_name(symbols, &scopes[i]);
		if (tag == DW_TAG_subprogram) {
			if (!frames[count - 1].function || count > 1)
				frames[count - 1].function =
					outer.function ? outer.function : name;
			break;
		}
		frames[count - 1].function = name;
		frames[count - 1].inlined = true;
		frames[count] = outer;
		inline_call_site(symbols, &scopes[i], cu, &frames[count]);
		count++;
	}
	free(scopes);
	return count;
}

/* The C library's lines are of little use, and its debug information takes 14 MB here. */
static bool names_only(Dwfl_Module *mod)
{
	static const char *const libraries[] = {"libc.so", "libc-2", "libpthread",
						"ld-linux"};
	const char *path =
		dwfl_module_info(mod, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
	const char *slash = path ? strrchr(path, '/') : NULL;

	for (size_t i = 0; slash && i < sizeof(libraries) / sizeof(libraries[0]); i++)
		if (strncmp(slash + 1, libraries[i], strlen(libraries[i])) == 0)
			return true;
	return false;
}

size_t symbols_name(struct symbols *symbols, uint64_t address, bool after_call,
		    struct frame *out, size_t max)
{
	uint64_t lookup = address - (after_call ? 1 : 0);
	Dwfl_Module *mod = symbols_module(symbols, lookup);
	GElf_Off offset;
	GElf_Sym sym;
	Dwfl_Line *line;

	if (max == 0)
		return 0;
	memset(out, 0, sizeof(*out));
	out->address = address;
	if (!mod)
		return 1;
	const char *name =
		dwfl_module_addrinfo(mod, lookup, &offset, &sym, NULL, NULL, NULL);

	if (name && name[0])
		out->function = demangled(symbols, name);
	if (names_only(mod))
		return 1;
	line = dwfl_module_getsrc(mod, lookup);
	if (line) {
		int number = 0;
		const char *file = dwfl_lineinfo(line, NULL, &number, NULL, NULL, NULL);

		out->file = keep(symbols, file);
		out->line = number > 0 ? number : 0;
	}
	return line ? add_inlined(symbols, mod, lookup, out, max) : 1;
}

/* A function near the innermost end of the stack that tells what the futex or poll below
 * it is for. */
static const struct {
	const char *function;
	bool prefix;
	enum task_state state;
} stack_rules[] = {
	{"pthread_cond_", true, STATE_COND},
	{"__pthread_cond_", true, STATE_COND},
	{"cnd_", true, STATE_COND},
	{"sem_", true, STATE_SEMAPHORE},
	{"__new_sem_", true, STATE_SEMAPHORE},
	{"pthread_barrier_wait", false, STATE_BARRIER},
	{"__pthread_barrier_wait", false, STATE_BARRIER},
	{"pthread_rwlock_rdlock", false, STATE_RWLOCK_READ},
	{"__pthread_rwlock_rdlock", true, STATE_RWLOCK_READ},
	{"pthread_rwlock_wrlock", false, STATE_RWLOCK_WRITE},
	{"__pthread_rwlock_wrlock", true, STATE_RWLOCK_WRITE},
	{"pthread_mutex_", true, STATE_MUTEX},
	{"__pthread_mutex_", true, STATE_MUTEX},
	{"pthread_join", false, STATE_JOIN},
	{"__pthread_clockjoin_ex", false, STATE_JOIN},
	{"chan_send", false, STATE_CHAN_SEND},
	{"chan_recv", false, STATE_CHAN_RECV},
	{"chan_select", false, STATE_SELECT},
	{"g_async_queue_pop", true, STATE_CHAN_RECV},
	{"apr_queue_pop", true, STATE_CHAN_RECV},
	{"apr_queue_push", true, STATE_CHAN_SEND},
	{"zmq_recv", false, STATE_CHAN_RECV},
	{"zmq_send", false, STATE_CHAN_SEND},
	{"nng_recv", true, STATE_CHAN_RECV},
	{"nng_send", true, STATE_CHAN_SEND},
	{"getaddrinfo", false, STATE_DNS},
	{"gethostbyname", true, STATE_DNS},
};

#define RULE_FRAMES_MAX 12u

enum task_state symbols_stack_state(const struct stack *stack, enum task_state from_call)
{
	enum task_state found = STATE_UNKNOWN;
	bool futex = from_call == STATE_FUTEX;

	if (!stack || (!futex && from_call != STATE_POLL && from_call != STATE_IO_READ))
		return STATE_UNKNOWN;
	for (size_t i = 0; i < stack->nr_frames && i < RULE_FRAMES_MAX; i++) {
		const char *function = stack->frames[i].function;

		if (!function)
			continue;
		for (size_t r = 0; r < sizeof(stack_rules) / sizeof(stack_rules[0]);
		     r++) {
			size_t bytes = strlen(stack_rules[r].function);
			enum task_state state = stack_rules[r].state;

			if (strncmp(function, stack_rules[r].function, bytes) != 0 ||
			    (!stack_rules[r].prefix && function[bytes] != '\0' &&
			     function[bytes] != '@'))
				continue;
			/* Below a lock only channels say more; poll and read mean a lock never. */
			bool channel = state <= STATE_SELECT;

			if ((futex && found == STATE_UNKNOWN && state != STATE_DNS) ||
			    channel || (!futex && state == STATE_DNS))
				found = state;
		}
	}
	return found;
}
