/* SPDX-License-Identifier: MIT */
/* Formats names as in the source: demangled C++ and Rust, without the suffixes of
 * compiler clones; and source files with the directory they were compiled in. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/text.h"
#include "source/symbols/demangle.h"
#include "source/symbols/private.h"

#define PATH_TEXT_MAX 4096u

/* Returns true if the text consists of ".17" and the like, or is empty. */
static bool only_numbers(const char *text)
{
	while (*text == '.') {
		if (!isdigit((unsigned char)*++text))
			return false;
		text += strspn(text, "0123456789");
	}
	return *text == '\0';
}

/* Returns the length of the name without ".isra.0", ".part.3.cold" and the like. */
static size_t unsuffixed(const char *name, size_t length)
{
	static const char *const clones[] = {
		".isra.",     ".constprop.", ".part.", ".cold",
		".lto_priv.", ".localalias", ".llvm.", ".clone.",
	};

	for (bool found = true; found;) {
		found = false;
		for (size_t i = 0; i < ARRAY_COUNT(clones); i++) {
			size_t bytes = strlen(clones[i]);
			const char *at = memmem(name, length, clones[i], bytes);
			char rest[32];

			/* Names in Go and other languages contain dots, too. */
			if (!at || at == name)
				continue;
			size_t left = length - (size_t)(at - name) - bytes;

			snprintf(rest, sizeof(rest), "%s%.*s",
				 clones[i][bytes - 1] == '.' ? "." : "",
				 (int)(left < 28 ? left : 28), at + bytes);
			/* Other suffixes may follow; those are removed first. */
			if (!only_numbers(rest))
				continue;
			length = (size_t)(at - name);
			found = true;
		}
	}
	return length;
}

/* Removes "@@GLIBC_2.34", which linkers append in the symbol table; "@plt" is not a
 * version. */
static size_t unversioned(const char *name, size_t length)
{
	const char *at = memchr(name, '@', length);
	size_t ats = at && at + 1 < name + length && at[1] == '@' ? 2 : 1;

	if (!at || at == name || at + ats >= name + length || at[ats] < 'A' ||
	    at[ats] > 'Z')
		return length;
	return (size_t)(at - name);
}

const char *symbols_readable(struct symbols *symbols, const char *name)
{
	char plain[DEMANGLE_NAME_MAX + 1];
	char text[DEMANGLE_TEXT_MAX];
	size_t length = strnlen(name, DEMANGLE_NAME_MAX);

	if (length < DEMANGLE_NAME_MAX)
		length = unsuffixed(name, unversioned(name, length));
	memcpy(plain, name, length);
	plain[length] = '\0';
	if (demangle(plain, text))
		return intern_text(symbols->intern, text, strlen(text));
	return intern_text(symbols->intern, plain, length);
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
	while (text_starts_with(file, "./"))
		file += 2;
	int length = snprintf(path, sizeof(path), "%s/%s", folder, file);

	return intern_text(symbols->intern, path, (size_t)length);
}
