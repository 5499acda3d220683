/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hook library of Kea, built with Kea's own headers: a callout at every hook point that writes a line
 * into a file, the point and its arguments, and "context" where a context set at pkt4_receive or pkt6_receive is
 * there. With "parameters": { "file": PATH, "steps": { POINT: "skip" or "drop" } }.
 */
#include <config.h>

#include <cc/data.h>
#include <hooks/hooks.h>

#include <fstream>
#include <string>

using namespace isc::hooks;

static std::string path;
static isc::data::ConstElementPtr steps;

static int note(CalloutHandle &c, const std::string &name)
{
	std::ofstream out(path, std::ios::app);
	int noted = 0;

	if (name == "pkt4_receive" || name == "pkt6_receive")
		c.setContext("noted", 7);
	out << name;
	for (const std::string &argument : c.getArgumentNames())
		out << " " << argument;
	try {
		c.getContext("noted", noted);
		out << " context";
	} catch (const NoSuchCalloutContext &) {
	}
	out << "\n";
	if (steps && steps->contains(name))
		c.setStatus(steps->get(name)->stringValue() == "skip"
			? CalloutHandle::NEXT_STEP_SKIP : CalloutHandle::NEXT_STEP_DROP);
	return 0;
}

extern "C" {

int version()
{
	return KEA_HOOKS_VERSION;
}

int multi_threading_compatible()
{
	return 0;
}

int load(LibraryHandle &h)
{
	path = h.getParameter("file")->stringValue();
	steps = h.getParameter("steps");
	return 0;
}

int unload()
{
	return 0;
}

#define POINT(name) \
	int name(CalloutHandle &c) \
	{ \
		return note(c, #name); \
	}

POINT(buffer4_receive)
POINT(pkt4_receive)
POINT(subnet4_select)
POINT(host4_identifier)
POINT(lease4_select)
POINT(lease4_renew)
POINT(lease4_release)
POINT(lease4_decline)
POINT(ddns4_update)
POINT(leases4_committed)
POINT(pkt4_send)
POINT(buffer4_send)
POINT(lease4_expire)
POINT(lease4_recover)
POINT(buffer6_receive)
POINT(pkt6_receive)
POINT(subnet6_select)
POINT(host6_identifier)
POINT(lease6_select)
POINT(lease6_renew)
POINT(lease6_rebind)
POINT(lease6_release)
POINT(lease6_decline)
POINT(ddns6_update)
POINT(leases6_committed)
POINT(pkt6_send)
POINT(buffer6_send)
POINT(lease6_expire)
POINT(lease6_recover)
}
