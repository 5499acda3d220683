/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Libraries that are loaded when they are wanted: one that is there, and what may be wrong with
 * one.
 */
#include "registry/late.h"

#include <criterion/criterion.h>
#include <pcap/pcap.h>
#include <string.h>

#define CALLS(X) X(pcap_lib_version) X(pcap_datalink_name_to_val)
static struct { CALLS(LATE_CALL) } pcap;
static const char *const names[] = { CALLS(LATE_NAME) };

Test(late, what_is_loaded_can_be_called)
{
	const struct late l = LATE(SONAME_PCAP, names, pcap);
	char err[256] = "";

	cr_assert(late_load(&l, err, sizeof(err)), "%s", err);
	cr_expect_not_null(strstr(pcap.pcap_lib_version(), "libpcap"));
	cr_expect_eq(pcap.pcap_datalink_name_to_val("EN10MB"), DLT_EN10MB);
	cr_expect(late_load(&l, err, sizeof(err)), "a second time");
	cr_expect_str_empty(err);
}

Test(late, one_that_is_not_there)
{
	const struct late l = LATE("libnothing-of-the-kind.so.9", names, pcap);
	char err[256] = "";

	cr_expect_not(late_load(&l, err, sizeof(err)));
	cr_expect_not_null(strstr(err, "libnothing-of-the-kind.so.9"), "%s", err);
}

Test(late, one_that_lacks_a_call)
{
	static const char *const others[] = { "pcap_lib_version", "pcap_that_never_was" };
	const struct late l = LATE(SONAME_PCAP, others, pcap);
	char err[256] = "";

	cr_expect_not(late_load(&l, err, sizeof(err)));
	cr_expect_not_null(strstr(err, "pcap_that_never_was"), "%s", err);
}
