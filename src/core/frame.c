/* SPDX-License-Identifier: MIT */
/* Which frame of a stack a user cares for: the innermost one of the program's own code. The
 * tables are in frame.def. */
#include "core/snapshot.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What stands for a text in the column that says when a name counts. */
#define ALWAYS       NULL
#define BARE         bare_name

static const char bare_name[] = "";

static const struct {
	const char *pattern;
	const char *when;
	enum frame_role role;
} names[] = {
#define NAME(pattern, when, role) {pattern, when, FRAME_##role},
#define FILE(text, role)
#define FOLDER(text, role)
#include "core/frame.def"
#undef NAME
#undef FILE
#undef FOLDER
};

static const struct place {
	const char *text;
	enum frame_role role;
} files[] =
	{
#define NAME(pattern, when, role)
#define FILE(text, role) {text, FRAME_##role},
#define FOLDER(text, role)
#include "core/frame.def"
#undef FILE
#undef FOLDER
},
  folders[] = {
#define FILE(text, role)
#define FOLDER(text, role) {text, FRAME_##role},
#include "core/frame.def"
#undef NAME
#undef FILE
#undef FOLDER
};

/* Beginnings of the import paths of Go's own packages. */
static const char *const go_packages[] = {
	"archive",  "bufio",    "bytes",   "cmp",     "compress", "container", "context",
	"crypto",   "database", "debug",   "embed",   "encoding", "errors",    "expvar",
	"flag",     "fmt",      "go",      "hash",    "html",     "image",     "index",
	"internal", "io",       "iter",    "log",     "maps",     "math",      "mime",
	"net",      "os",       "path",    "plugin",  "reflect",  "regexp",    "runtime",
	"slices",   "sort",     "strconv", "strings", "sync",     "syscall",   "testing",
	"text",     "time",     "unicode", "unique",  "vendor",   "weak",
};

/* '*' stands for any text. Only the last star is gone back to: no more than the product of
 * both lengths, whatever they hold. */
static bool name_matches(const char *pattern, const char *name)
{
	const char *star = NULL;
	const char *again = NULL;

	while (*name) {
		if (*pattern == '*') {
			star = ++pattern;
			again = name;
			if (*pattern == '\0')
				return true;
		} else if (*pattern == *name) {
			pattern++;
			name++;
		} else if (star) {
			pattern = star;
			name = ++again;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

static enum frame_role role_by_file(const char *file)
{
	const char *slash = strrchr(file, '/');
	const char *base = slash ? slash + 1 : file;

	for (size_t i = 0; i < COUNT(files); i++)
		if (strncmp(base, files[i].text, strlen(files[i].text)) == 0)
			return files[i].role;
	for (size_t i = 0; i < COUNT(folders); i++)
		if (strstr(file, folders[i].text))
			return folders[i].role;
	return FRAME_OWN;
}

/* by_file: what the file says; only a file of the program's own speaks against a name. */
static enum frame_role role_by_name(const struct frame *frame, enum frame_role by_file)
{
	const char *function = frame->function;
	bool own_file = frame->file && by_file == FRAME_OWN && !frame->library;
	/* Rust writes the type of a method in brackets: "<std::sync::Mutex<i32>>::lock". */
	const char *type = function[0] == '<' ? function + 1 : function;

	for (size_t i = 0; i < COUNT(names); i++) {
		const char *pattern = names[i].pattern;
		const char *name = pattern[0] == '<' ? function : type;

		/* Most names differ in their first byte: the answer without a call. */
		if ((pattern[0] != name[0] && pattern[0] != '*') ||
		    (names[i].when == BARE && own_file) ||
		    (names[i].when && frame->file &&
		     !strstr(frame->file, names[i].when)) ||
		    !name_matches(pattern, name))
			continue;
		return names[i].role;
	}
	return FRAME_OWN;
}

/* "net/http.(*conn).serve" in ".../src/net/http/server.go": the folder that a program was
 * built in may bear any name, but its packages none of Go's. */
static bool is_go_package(const struct frame *frame)
{
	const char *slash = strrchr(frame->function, '/');
	const char *dot = strchr(slash ? slash : frame->function, '.');
	size_t first = strcspn(frame->function, "/.");
	size_t length = dot ? (size_t)(dot - frame->function) : 0;
	const char *end = frame->file ? strrchr(frame->file, '/') : NULL;
	size_t before = end ? (size_t)(end - frame->file) : 0;
	bool known = false;

	/* "net/url.Parse(...)" of an argument may hold slashes: no package then. */
	if (!dot || length == 0 || before < length ||
	    memcmp(end - length, frame->function, length) != 0 ||
	    (before > length && end[-(ptrdiff_t)length - 1] != '/'))
		return false;
	for (size_t i = 0; i < COUNT(go_packages) && !known; i++)
		known = strlen(go_packages[i]) == first &&
			memcmp(go_packages[i], frame->function, first) == 0;
	return known && strcmp(end + strlen(end) - 3, ".go") == 0;
}

/* Not if all that is known is "libfoo.so.1+0x1234". */
static bool frame_is_named(const struct frame *frame)
{
	return frame->function && (frame->file || !strstr(frame->function, "+0x"));
}

enum frame_role frame_role(const struct frame *frame)
{
	bool named = frame_is_named(frame);
	enum frame_role by_file = frame->file ? role_by_file(frame->file) : FRAME_OWN;
	enum frame_role role = FRAME_OWN;

	if (frame->function)
		role = named ? role_by_name(frame, by_file)
			     : role_by_file(frame->function);
	if (role == FRAME_OWN)
		role = by_file;
	if (role == FRAME_OWN &&
	    (frame->library || (frame->function && is_go_package(frame))))
		role = FRAME_LIBRARY;
	return role;
}

bool frame_is_plumbing(const struct frame *frame)
{
	return frame_role(frame) == FRAME_PLUMBING;
}

/* "main.f" and "x.org/y.(*T).f", not "f", "ns::f", "f.isra.0", "libx.so.1+0x12". */
static bool is_go_name(const char *function)
{
	static const char *const suffixes[] = {"isra", "part",     "constprop",
					       "cold", "lto_priv", "llvm"};
	const char *slash = strrchr(function, '/');
	const char *start = slash ? slash + 1 : function;
	const char *dot = strchr(start, '.');

	if (!dot || dot == start || strstr(function, "::") || strchr(function, '+') ||
	    (dot[1] >= '0' && dot[1] <= '9'))
		return false;
	for (size_t i = 0; i < COUNT(suffixes); i++)
		if (strncmp(dot + 1, suffixes[i], strlen(suffixes[i])) == 0)
			return false;
	return true;
}

/* "main.f.func1" that main.f calls on the same line: cgo wraps calls with pointers so. */
static bool is_cgo_closure(const struct frame *inner, const struct frame *outer)
{
	const char *rest;
	size_t bytes;

	if (!inner->function || !outer->function || inner->line != outer->line)
		return false;
	bytes = strlen(outer->function);
	if (strncmp(inner->function, outer->function, bytes) != 0 ||
	    strncmp(inner->function + bytes, ".func", 5) != 0)
		return false;
	rest = inner->function + bytes + 5;
	return *rest && rest[strspn(rest, "0123456789")] == '\0';
}

/* Of a goroutine that is in C: what called it, beyond what cgo generates. Else 0. */
static size_t cgo_caller(const struct frame *frames, size_t nr_frames)
{
	for (size_t i = 0; i + 1 < nr_frames; i++) {
		const char *function = frames[i].function;

		if (!function || !strchr(function, '.'))
			continue;
		if (strstr(function, "._Cfunc_"))
			return i + 1 +
			       (i + 2 < nr_frames &&
				is_cgo_closure(&frames[i + 1], &frames[i + 2]));
		if (is_go_name(function))
			break;
	}
	return 0;
}

/* Where all is libc's: the function that somebody called, not what is beneath, nor what
 * begins a thread. The program's own may have ended in a jump to it. */
static size_t find_called(const struct frame *frames, size_t nr_frames)
{
	static const char *const others[] = {
		"syscall",   "start_thread", "start",
		"start_c11", "clone",        "clone3",
		"_start",    "_start_c",     "libc_start_main_stage2",
		"sccp",
	};

	for (size_t i = 0; i < nr_frames; i++) {
		const char *function = frames[i].function;
		bool other = !frame_is_named(&frames[i]) || !function ||
			     strncmp(function, "__", 2) == 0;

		for (size_t j = 0; j < COUNT(others) && !other; j++)
			other = strcmp(function, others[j]) == 0;
		if (!other)
			return i;
	}
	return 0;
}

/*
 * First choice: a named frame of the program. Where it has none, the innermost named one of
 * a library: a worker of its pool at rest. In a stripped program there is none before main's
 * callers, so an unnamed one is taken; and where all is plumbing, the innermost that has a
 * name of use.
 */
size_t stack_find_top(const struct frame *frames, size_t nr_frames)
{
	size_t library = nr_frames, unnamed = nr_frames;

	for (size_t i = cgo_caller(frames, nr_frames); i < nr_frames; i++) {
		enum frame_role role = frame_role(&frames[i]);

		if (role == FRAME_PLUMBING)
			continue;
		if (!frame_is_named(&frames[i])) {
			if (unnamed == nr_frames)
				unnamed = i;
		} else if (role == FRAME_OWN) {
			return i;
		} else if (library == nr_frames) {
			library = i;
		}
	}
	if (library < nr_frames)
		return library;
	return unnamed < nr_frames ? unnamed : find_called(frames, nr_frames);
}

const struct frame *stack_top_frame(const struct stack *stack)
{
	size_t top;

	if (!stack || stack->nr_frames == 0)
		return NULL;
	top = stack->top > 0 ? stack->top - 1
			     : stack_find_top(stack->frames, stack->nr_frames);
	return &stack->frames[top < stack->nr_frames ? top : 0];
}
