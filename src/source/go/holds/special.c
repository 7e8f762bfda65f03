/* SPDX-License-Identifier: MIT */
/* Types whose values are told in words of their own. */
#include <stdio.h>

#include "source/go/holds/typed.h"

static const struct {
	const char *name, *package;
	go_typed_special tell;
} list[] = {
	{"net.netFD", "net", go_special_connection},
	{"net.conn", "net", go_special_holder},
	{"net.TCPConn", "net", go_special_holder},
	{"net.UDPConn", "net", go_special_holder},
	{"net.UnixConn", "net", go_special_holder},
	{"net.IPConn", "net", go_special_holder},
	{"net.TCPListener", "net", go_special_holder},
	{"net.UnixListener", "net", go_special_holder},
	{"os.file", "os", go_special_file},
	{"os.File", "os", go_special_file},
	{"context.cancelCtx", "context", go_special_context},
	{"context.timerCtx", "context", go_special_context},
	{"context.valueCtx", "context", go_special_context},
	{"context.withoutCancelCtx", "context", go_special_context},
	{"context.afterFuncCtx", "context", go_special_context},
	{"context.stopCtx", "context", go_special_context},
	{"time.Timer", "time", go_special_timer},
	{"time.Ticker", "time", go_special_timer},
	{"url.URL", "net/url", go_special_url},
	{"http.Request", "net/http", go_special_url},
	{"sync.Mutex", "sync", go_special_lock},
	{"sync.RWMutex", "sync", go_special_lock},
	{"sync.WaitGroup", "sync", go_special_lock},
};

go_typed_special go_special_of(const struct go_type *type)
{
	if (!type->named)
		return NULL;
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (strcmp(type->name, list[i].name) == 0 &&
		    strcmp(type->package, list[i].package) == 0)
			return list[i].tell;
	return NULL;
}

static void put_name(const struct go_type *type, char *name, size_t bytes)
{
	snprintf(name, bytes, "*%s", type->name);
}

bool go_special_url(struct go_reach *reach, const struct go_reached *object,
		    const struct go_type *type, const struct go_place *place)
{
	struct go_values values = go_typed_values(reach);
	char name[GO_TYPE_NAME_MAX + 2], text[HOLDS_TEXT_MAX];
	struct oneline line;
	const struct go_reached *parent = go_reach_parent(reach, object);
	struct held *held;

	/* It has been told with the request. */
	if (parent && go_type_is(parent->type, "http.Request", "net/http"))
		return true;
	oneline_init(&line, text, sizeof(text));
	if (!go_value_print_known(&values, type, place, &line) || line.used == 0)
		return false;
	put_name(type, name, sizeof(name));
	held = go_reach_add(reach, HELD_TEXT, object, place->address, NULL, name, text);
	if (held)
		held->reads = HELD_TEXT_URL;
	return true;
}

/* Those that nobody holds or waits for are not told. */
bool go_special_lock(struct go_reach *reach, const struct go_reached *object,
		     const struct go_type *type, const struct go_place *place)
{
	struct go_values values = go_typed_values(reach);
	char text[HOLDS_TEXT_MAX];
	struct oneline line;

	oneline_init(&line, text, sizeof(text));
	if (go_value_print_known(&values, type, place, &line) &&
	    strcmp(text, "unlocked") != 0 && strcmp(text, "0 to go") != 0)
		go_reach_add(reach, HELD_LOCK, object, place->address, NULL, type->name,
			     text);
	return true;
}
