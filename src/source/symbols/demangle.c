/* SPDX-License-Identifier: MIT */
/* Uses libiberty, which knows both C++ and Rust. A short hostile name can expand to an
 * endless text, so demangling stops after DEMANGLE_TEXT_MAX bytes. */
#include "source/symbols/demangle.h"

#if __has_include(<libiberty/demangle.h>)
#include <libiberty/demangle.h>
#else
#include <demangle.h>
#endif
#include <setjmp.h>
#include <string.h>

struct text {
	char *out;
	size_t length;
	jmp_buf full;
};

/* The library holds allocated memory only while it prints a non-ASCII name. */
static bool is_ascii(const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)bytes[i] >= 0x80)
			return false;
	return true;
}

static void append_text(const char *bytes, size_t length, void *arg)
{
	struct text *text = arg;
	size_t room = DEMANGLE_TEXT_MAX - 1 - text->length;
	size_t kept = length < room ? length : room;

	memcpy(text->out + text->length, bytes, kept);
	text->length += kept;
	if (text->length == DEMANGLE_TEXT_MAX - 1 && is_ascii(bytes, length))
		longjmp(text->full, 1);
}

/* Everything that must survive setjmp() is behind the pointer. */
__attribute__((noinline)) static bool demangle_text(const char *mangled,
						    struct text *text)
{
	if (setjmp(text->full) != 0)
		return true;
	if (rust_demangle_callback(mangled, DMGL_NO_OPTS, append_text, text))
		return true;
	text->length = 0;
	return cplus_demangle_v3_callback(
		mangled, DMGL_PARAMS | DMGL_ANSI | DMGL_RET_DROP, append_text, text);
}

bool demangle(const char *mangled, char out[DEMANGLE_TEXT_MAX])
{
	struct text text = {.out = out};

	out[0] = '\0';
	if (mangled[0] != '_' || (mangled[1] != 'Z' && mangled[1] != 'R') ||
	    strnlen(mangled, DEMANGLE_NAME_MAX + 1) > DEMANGLE_NAME_MAX)
		return false;
	if (!demangle_text(mangled, &text))
		text.length = 0;
	/* The text was truncated: do not end in the middle of a character. */
	if (text.length == DEMANGLE_TEXT_MAX - 1)
		while (text.length && ((unsigned char)out[text.length - 1] & 0x80))
			text.length--;
	out[text.length] = '\0';
	return text.length > 0;
}
