/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Libraries that few of our processes ever call, while to load them takes longer than all the rest of a
 * start: each is loaded when it is first wanted. Its calls are listed once, and made into a struct:
 *
 *	#define CALLS(X) X(pcap_close) X(pcap_geterr)
 *	static struct { CALLS(LATE_CALL) } pcap;
 *	static const char *const names[] = { CALLS(LATE_NAME) };
 *	static const struct late library = LATE(SONAME_PCAP, names, pcap);
 *
 * so that pcap.pcap_close(p) is checked by the compiler as pcap_close(p) would be.
 */
#ifndef USHER_REGISTRY_LATE_H
#define USHER_REGISTRY_LATE_H

#include <stdbool.h>
#include <stddef.h>

struct late {
	const char *file;            /* as the dynamic linker knows it: "libpcap.so.0.8" */
	const char *const *names;
	size_t count;
	void *calls;                 /* so many pointers to functions, one after the other */
};

#define LATE_CALL(name) __typeof__(name) *name;
#define LATE_NAME(name) #name,
#define LATE(file, names, calls) { (file), (names), sizeof(names) / sizeof((names)[0]), &(calls) }

/*
 * Loads it, if it is not yet, for good. False: it is not there or not what it should be, and
 * err[cap] says so. Any thread.
 */
bool late_load(const struct late *l, char *err, size_t cap);

#endif
