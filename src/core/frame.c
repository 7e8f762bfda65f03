/* SPDX-License-Identifier: MIT */
/* Selects the frame of a stack that is relevant to a user: the innermost one of the
 * program's own code. The tables are in frame.def. */
#include "core/snapshot.h"

#include <string.h>

#include "base/array.h"
#include "base/text.h"

/* Used instead of a text in the column that says when a name applies. */
#define ALWAYS NULL
#define BARE   bare_name

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

/* Prefixes of the import paths of Go's own packages. */
static const char *const go_packages[] = {
	"archive",  "bufio",    "bytes",   "cmp",     "compress", "container", "context",
	"crypto",   "database", "debug",   "embed",   "encoding", "errors",    "expvar",
	"flag",     "fmt",      "go",      "hash",    "html",     "image",     "index",
	"internal", "io",       "iter",    "log",     "maps",     "math",      "mime",
	"net",      "os",       "path",    "plugin",  "reflect",  "regexp",    "runtime",
	"slices",   "sort",     "strconv", "strings", "sync",     "syscall",   "testing",
	"text",     "time",     "unicode", "unique",  "vendor",   "weak",
};

static enum frame_role role_by_file(const char *file)
{
	const char *slash = strrchr(file, '/');
	const char *base = slash ? slash + 1 : file;

	for (size_t i = 0; i < ARRAY_COUNT(files); i++)
		if (text_starts_with(base, files[i].text))
			return files[i].role;
	for (size_t i = 0; i < ARRAY_COUNT(folders); i++)
		if (strstr(file, folders[i].text))
			return folders[i].role;
	return FRAME_OWN;
}

/* by_file is the role according to the file. Only a file of the program's own overrides a
 * name. */
static enum frame_role role_by_name(const struct frame *frame, enum frame_role by_file)
{
	const char *function = frame->function;
	bool own_file = frame->file && by_file == FRAME_OWN && !frame->library;
	/* Rust encloses the type of a method in angle brackets:
	 * "<std::sync::Mutex<i32>>::lock". */
	const char *type = function[0] == '<' ? function + 1 : function;

	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		const char *pattern = names[i].pattern;
		const char *name = pattern[0] == '<' ? function : type;

		/* Most names differ in their first byte; checking it first avoids the
		 * call. */
		if ((pattern[0] != name[0] && pattern[0] != '*') ||
		    (names[i].when == BARE && own_file) ||
		    (names[i].when && frame->file &&
		     !strstr(frame->file, names[i].when)) ||
		    !text_matches(name, pattern, ""))
			continue;
		return names[i].role;
	}
	return FRAME_OWN;
}

/* Returns whether, for example, "net/http.(*conn).serve" in ".../src/net/http/server.go"
 * is in a package of Go. The directory in which a program was built may have any name,
 * but its packages cannot have names of Go's packages. */
static bool is_go_package(const struct frame *frame)
{
	const char *slash = strrchr(frame->function, '/');
	const char *dot = strchr(slash ? slash : frame->function, '.');
	size_t first = strcspn(frame->function, "/.");
	size_t length = dot ? (size_t)(dot - frame->function) : 0;
	const char *end = frame->file ? strrchr(frame->file, '/') : NULL;
	size_t before = end ? (size_t)(end - frame->file) : 0;
	bool known = false;

	/* The argument in "net/url.Parse(...)" may contain slashes; then it is not a
	 * package. */
	if (!dot || length == 0 || before < length ||
	    memcmp(end - length, frame->function, length) != 0 ||
	    (before > length && end[-(ptrdiff_t)length - 1] != '/'))
		return false;
	for (size_t i = 0; i < ARRAY_COUNT(go_packages) && !known; i++)
		known = strlen(go_packages[i]) == first &&
			memcmp(go_packages[i], frame->function, first) == 0;
	return known && strcmp(end + strlen(end) - 3, ".go") == 0;
}

/* Returns false if all that is known is like "libfoo.so.1+0x1234". */
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

/* Matches "main.f" and "x.org/y.(*T).f", but not "f", "ns::f", "f.isra.0" or
 * "libx.so.1+0x12". */
static bool is_go_name(const char *function)
{
	static const char *const suffixes[] = {"isra", "part",     "constprop",
					       "cold", "lto_priv", "llvm"};
	const char *slash = strrchr(function, '/');
	const char *start = slash ? slash + 1 : function;
	const char *dot = strchr(start, '.');

	if (!dot || dot == start || strstr(function, "::") || strchr(function, '+') ||
	    byte_is_digit(dot[1]))
		return false;
	for (size_t i = 0; i < ARRAY_COUNT(suffixes); i++)
		if (text_starts_with(dot + 1, suffixes[i]))
			return false;
	return true;
}

/* Matches "main.f.func1" called by main.f on the same line. cgo wraps calls with pointer
 * arguments in this way. */
static bool is_cgo_closure(const struct frame *inner, const struct frame *outer)
{
	const char *rest;
	size_t bytes;

	if (!inner->function || !outer->function || inner->line != outer->line)
		return false;
	bytes = strlen(outer->function);
	if (strncmp(inner->function, outer->function, bytes) != 0 ||
	    !text_starts_with(inner->function + bytes, ".func"))
		return false;
	rest = inner->function + bytes + 5;
	return *rest && rest[strspn(rest, "0123456789")] == '\0';
}

/* For a goroutine in C code, returns the index of the frame that called it, skipping
 * frames that cgo generates. Otherwise returns 0. */
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

/* If all frames are libc's: finds the function that was called, not the ones beneath it
 * nor the ones that begin a thread. The program's own function may have ended in a tail
 * call to it. */
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
			     text_starts_with(function, "__");

		for (size_t j = 0; j < ARRAY_COUNT(others) && !other; j++)
			other = strcmp(function, others[j]) == 0;
		if (!other)
			return i;
	}
	return 0;
}

/*
 * The first choice is a named frame of the program. If there is none, the innermost named
 * frame of a library is used, as for an idle worker of a library's pool. In a stripped
 * program the functions that main calls have no names, so an unnamed one is used. If all are
 * plumbing, the innermost with a useful name is used.
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
