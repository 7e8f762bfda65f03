/* SPDX-License-Identifier: MIT */
// build: -shared -fPIC -Wno-deprecated-declarations $(pkg-config --cflags --libs glib-2.0 libzmq apr-util-1 apr-1) -lnng
/*
 * A shared object that alone depends on the libraries of wrap_libraries.c, as a module of
 * a scripting language does. It also defines a chan_send() of its own: the agent must not
 * replace a function with so common a name.
 */
#define WRAP_PLUGIN
#include "wrap_libraries.c"

long chan_send(long a, long b, long c, long d, long e, long f);
long chan_send(long a, long b, long c, long d, long e, long f)
{
	return a + 10 * b + 100 * c + 1000 * d + 10000 * e + 100000 * f;
}

/* Through the dynamic linker. */
int plugin_check(void);
int plugin_check(void)
{
	return chan_send(1, 2, 3, 4, 5, 6) == 654321 ? 0 : 1;
}
