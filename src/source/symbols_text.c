/* SPDX-License-Identifier: MIT */
/* Names as people write them: C++ and Rust demangled, without the suffixes of a compiler's
 * clones; source files with the folder that they were compiled in. */
#include <ctype.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source/symbols_private.h"

#define MANGLED_MAX   1024u
#define PATH_TEXT_MAX 4096u

/* Whether text is ".17" and so on up to its end, or the end itself. */
static bool only_numbers(const char *text)
{
	while (*text == '.') {
		if (!isdigit((unsigned char)*++text))
			return false;
		text += strspn(text, "0123456789");
	}
	return *text == '\0';
}

/* How long the name is without ".isra.0", ".part.3.cold" and the like. */
static size_t unsuffixed(const char *name, size_t length)
{
	static const char *const clones[] = {
		".isra.",     ".constprop.", ".part.", ".cold",
		".lto_priv.", ".localalias", ".llvm.", ".clone.",
	};

	for (bool found = true; found;) {
		found = false;
		for (size_t i = 0; i < sizeof(clones) / sizeof(clones[0]); i++) {
			size_t bytes = strlen(clones[i]);
			const char *at = memmem(name, length, clones[i], bytes);
			char rest[32];

			/* Names in Go and elsewhere hold dots as well. */
			if (!at || at == name)
				continue;
			size_t left = length - (size_t)(at - name) - bytes;

			snprintf(rest, sizeof(rest), "%s%.*s",
				 clones[i][bytes - 1] == '.' ? "." : "",
				 (int)(left < 28 ? left : 28), at + bytes);
			/* Other suffixes may follow: those go first. */
			if (!only_numbers(rest))
				continue;
			length = (size_t)(at - name);
			found = true;
		}
	}
	return length;
}

/* "::h0123456789abcdef" at the end: the hash that Rust adds. */
static size_t unhashed(const char *text, size_t length)
{
	if (length <= 19 || strncmp(text + length - 19, "::h", 3) != 0 ||
	    strspn(text + length - 16, "0123456789abcdef") != 16)
		return length;
	return length - 19;
}

/* Rust's way to write what a C++ name cannot hold: "$LT$" for '<', ".." for "::". */
static void unescape_rust(char *text)
{
	static const struct {
		const char *escape;
		char is;
	} escapes[] = {
		{"$LT$", '<'},  {"$GT$", '>'},   {"$RF$", '&'},  {"$BP$", '*'},
		{"$C$", ','},   {"$LP$", '('},   {"$RP$", ')'},  {"$SP$", '@'},
		{"$u20$", ' '}, {"$u27$", '\''}, {"$u5b$", '['}, {"$u5d$", ']'},
		{"$u7b$", '{'}, {"$u7d$", '}'},  {"$u7e$", '~'}, {"$u3b$", ';'},
		{"$u2b$", '+'}, {"$u22$", '"'},  {"$u3d$", '='},
	};
	char *out = text;

	while (*text) {
		size_t bytes = 1;
		char is = *text;

		for (size_t i = 0;
		     *text == '$' && i < sizeof(escapes) / sizeof(escapes[0]); i++) {
			size_t length = strlen(escapes[i].escape);

			if (strncmp(text, escapes[i].escape, length) != 0)
				continue;
			bytes = length;
			is = escapes[i].is;
			break;
		}
		/* A part that begins with an escape has '_' before it. */
		if (*text == '_' && text[1] == '$' &&
		    (out == text || out[-1] == ':' || text[-1] == ':')) {
			text++;
			continue;
		}
		if (text[0] == '.' && text[1] == '.') {
			*out++ = ':';
			is = ':';
			bytes = 2;
		}
		*out++ = is;
		text += bytes;
	}
	*out = '\0';
}

/* The C++ runtime demangles; it is used where it is installed and otherwise missed. */
static char *demangle(struct symbols *symbols, const char *name)
{
	int status = -1;

	if (!symbols->demangle_looked) {
		void *library = dlopen("libstdc++.so.6", RTLD_LAZY | RTLD_LOCAL);

		symbols->demangle_looked = true;
		if (library)
			*(void **)&symbols->demangle = dlsym(library, "__cxa_demangle");
	}
	char *text =
		symbols->demangle ? symbols->demangle(name, NULL, NULL, &status) : NULL;

	if (text && status == 0)
		return text;
	free(text);
	return NULL;
}

const char *symbols_readable(struct symbols *symbols, const char *name)
{
	char plain[MANGLED_MAX + 1];
	size_t length = strnlen(name, MANGLED_MAX);

	if (length < MANGLED_MAX)
		length = unsuffixed(name, length);
	if (strncmp(name, "_Z", 2) != 0 || length == MANGLED_MAX)
		return intern_text(symbols->intern, name, length);
	memcpy(plain, name, length);
	plain[length] = '\0';
	char *text = demangle(symbols, plain);

	if (!text)
		return intern_text(symbols->intern, plain, length);
	length = strlen(text);
	if (unhashed(text, length) != length) {
		text[unhashed(text, length)] = '\0';
		unescape_rust(text);
	}
	const char *result =
		intern_text(symbols->intern, text, strnlen(text, MANGLED_MAX));

	free(text);
	return result;
}

const char *symbols_source_file(struct symbols *symbols, const char *file,
				const char *folder)
{
	char path[PATH_TEXT_MAX];

	if (!file || !file[0])
		return NULL;
	if (file[0] == '/' || !folder || !folder[0] ||
	    strnlen(folder, PATH_TEXT_MAX) + strnlen(file, PATH_TEXT_MAX) + 2 >
		    PATH_TEXT_MAX)
		return intern_text(symbols->intern, file, strnlen(file, PATH_TEXT_MAX));
	while (strncmp(file, "./", 2) == 0)
		file += 2;
	int length = snprintf(path, sizeof(path), "%s/%s", folder, file);

	return intern_text(symbols->intern, path, (size_t)length);
}
