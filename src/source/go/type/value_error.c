/* SPDX-License-Identifier: MIT */
/* Errors by the texts that their methods return, of which this is a table by type. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "source/go/type/print.h"

#define FIELD_MAX 32u /* bytes of a field's name */
#define ERRNO_MAX 133u
#define JOINED    8u /* errors that are shown of one that joins them */

/* {Field} is a string, or an error by its own text. What is in brackets is left out if a
 * field in it is empty; what follows a '|' there is then tried instead. */
static const struct row {
	const char *name, *package, *text;
} rows[] = {
	{"errors.errorString", "errors", "{s}"},
	{"fmt.wrapError", "fmt", "{msg}"},
	{"fmt.wrapErrors", "fmt", "{msg}"},
	{"errors.joinError", "errors", "{errs}"},
	{"fs.PathError", "io/fs", "{Op} {Path}: {Err}"},
	{"os.SyscallError", "os", "{Syscall}: {Err}"},
	{"os.LinkError", "os", "{Op} {Old} {New}: {Err}"},
	{"exec.Error", "os/exec", "exec: \"{Name}\": {Err}"},
	{"url.Error", "net/url", "{Op} \"{URL}\": {Err}"},
	{"net.DNSError", "net", "lookup {Name}[ on {Server}]: {Err}"},
	{"net.AddrError", "net", "[address {Addr}: ]{Err}"},
	{"net.ParseError", "net", "invalid {Type}: {Text}"},
	{"net.OpError", "net",
	 "{Op}[ {Net}][ {Source}->{Addr}| {Addr}| {Source}]: {Err}"},
	{"strconv.NumError", "strconv", "strconv.{Func}: parsing \"{Num}\": {Err}"},
	{"json.SyntaxError", "encoding/json", "{msg}"},
	{"context.deadlineExceededError", "context", "context deadline exceeded"},
	{"poll.DeadlineExceededError", "internal/poll", "i/o timeout"},
	{"poll.errNetClosing", "internal/poll", "use of closed network connection"},
	{"net.timeoutError", "net", "i/o timeout"},
	{"net.canceledError", "net", "operation was canceled"},
	{"http.httpError", "net/http", "{err}"},
	{"http.timeoutError", "net/http", "{err}"},
	{"http.nothingWrittenError", "net/http", "{error}"},
	{"http.transportReadFromServerError", "net/http",
	 "net/http: Transport failed to read from server: {err}"},
	{"http.tlsHandshakeTimeoutError", "net/http", "net/http: TLS handshake timeout"},
	{"errors.fundamental", "github.com/pkg/errors", "{msg}"},
	{"errors.withMessage", "github.com/pkg/errors", "{msg}: {cause}"},
	{"errors.withStack", "github.com/pkg/errors", "{error}"},
};

static const struct row *row_of(const struct go_type *type)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(type->name, rows[i].name) == 0 &&
		    strcmp(type->package, rows[i].package) == 0)
			return &rows[i];
	return NULL;
}

/* An interface value whose type has words, or the name of its type. */
static bool print_dynamic(struct go_print *print, const struct go_type *type,
			  const struct go_place *place)
{
	const struct go_known *known;
	const struct go_type *inner;
	struct go_dynamic dynamic;
	struct go_place target;
	uint64_t word, words[2];
	uint8_t copy[GO_PLACE_BYTES];

	if (print->text->full ||
	    !go_value_dynamic(print->values, type, place, &dynamic) || !dynamic.type ||
	    !go_place_read(print->values, place, 0, words, sizeof(words)))
		return false;
	inner = dynamic.type;
	target = dynamic.place;
	if (inner->kind == GO_KIND_POINTER && !inner->named) {
		if (!go_place_read(print->values, &dynamic.place, 0, &word, sizeof(word)))
			return false;
		target = (struct go_place){.address = word};
		inner = go_type_element(inner);
	}
	known = inner ? print->known(inner) : NULL;
	if (known)
		go_place_load(print->values, inner, &target, copy);
	if (!known || !known->print(print, inner, &target)) {
		oneline_put(print->text, dynamic.type->name);
		return true;
	}
	go_print_confirm(print->values, place, words, sizeof(words));
	return true;
}

static bool print_joined(struct go_print *print, const struct go_type *element,
			 const struct go_place *place)
{
	uint64_t words[3];

	if (!element || element->kind != GO_KIND_INTERFACE ||
	    !go_place_read(print->values, place, 0, words, sizeof(words)))
		return false;
	for (uint64_t i = 0; i < words[1] && i < JOINED; i++) {
		struct go_place one = {.address = words[0] + i * element->bytes};

		if (i > 0)
			oneline_put(print->text, "\n");
		if (!print_dynamic(print, element, &one))
			return false;
	}
	return words[1] > 0;
}

/* Returns false if the field is empty or cannot be read. */
static bool print_part(struct go_print *print, const struct go_type *type,
		       const struct go_place *place, const char *name)
{
	size_t before = print->text->used;
	const struct go_type *inner;
	struct go_place part;

	inner = go_place_field(type, place, name, GO_KIND_INTERFACE, &part);
	if (inner)
		return print_dynamic(print, inner, &part);
	inner = go_place_field(type, place, name, GO_KIND_SLICE, &part);
	if (inner)
		return print_joined(print, go_type_element(inner), &part);
	return go_print_string(print, type, place, name) && print->text->used > before;
}

static void drop_after(struct oneline *text, size_t used)
{
	if (text->used > used) {
		text->used = used;
		text->out[used] = 0;
		text->full = false;
	}
}

/* Where the text is that is printed, and what of it may be left out again. */
struct template
{
	const char *at;
	size_t group; /* bytes of text before what is in brackets */
	bool in_group, empty;
};

/* Handles brackets and '|'. Returns false for other characters. */
static bool take_group(struct template *template, struct oneline *text)
{
	char letter = *template->at;

	if (letter != '[' && (!template->in_group || (letter != ']' && letter != '|')))
		return false;
	if (letter == '|' && !template->empty)
		template->at += strcspn(template->at, "]");
	else if (letter != '[' && template->empty)
		drop_after(text, template->group);
	template->in_group = *template->at != ']';
	template->group = text->used;
	template->empty = false;
	return true;
}

static bool print_row(struct go_print *print, const struct go_type *type,
		      const struct go_place *place)
{
	struct template template = {.at = row_of(type)->text};

	for (; *template.at; template.at++) {
		char name[FIELD_MAX] = "", letter[2] = {*template.at, 0};
		size_t length = strcspn(template.at, "}");

		if (take_group(&template, print->text))
			continue;
		if (*template.at != '{' || length >= sizeof(name)) {
			oneline_put(print->text, letter);
			continue;
		}
		memcpy(name, template.at + 1, length - 1);
		template.at += length;
		if (template.empty || print_part(print, type, place, name))
			continue;
		if (!template.in_group)
			return false;
		template.empty = true;
	}
	return true;
}

static const struct go_known error = {"", "", print_row, true};

const struct go_known *go_known_error(const struct go_type *type)
{
	return row_of(type) ? &error : NULL;
}

/* Package syscall has a table of texts: those of the C library in lower case. */
bool go_print_errno(struct go_print *print, const struct go_type *type,
		    const struct go_place *place)
{
	uint64_t number;
	char words[64];

	if (type->kind != GO_KIND_UINTPTR ||
	    !go_place_read(print->values, place, 0, &number, sizeof(number)) ||
	    number == 0 || number > ERRNO_MAX)
		return false;
	snprintf(words, sizeof(words), "%s", strerror((int)number));
	if (byte_is_upper(words[0]))
		words[0] = (char)(words[0] - 'A' + 'a');
	oneline_put(print->text, words);
	return true;
}
