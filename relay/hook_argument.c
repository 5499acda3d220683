/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The arguments of a callout: nothing is put together for a call, each is found when it is asked
 * for, by its name in the hook point's row.
 */
#include "relay/hook_parts.h"

#include <string.h>

const char *usher_strerror(int error)
{
	static const char *const texts[] = {
		[USHER_OK] = "success",
		[USHER_E_NO_ARGUMENT] = "no argument of that name at this hook point",
		[USHER_E_TYPE] = "the argument is of another type",
		[USHER_E_NOT_FOUND] = "not found",
		[USHER_E_READ_ONLY] = "not to be changed at this hook point",
		[USHER_E_FORBIDDEN] = "not to be changed by a library",
		[USHER_E_NO_SPACE] = "does not fit",
		[USHER_E_VALUE] = "not a value of that type, or out of range",
		[USHER_E_SIZE] = "a struct of another version's size",
		[USHER_E_PLACE] = "not to be called from here",
		[USHER_E_GONE] = "no longer parked",
		[USHER_E_MALFORMED] = "the message would not be one that may leave",
	};

	if (error < 0 || (size_t)error >= sizeof(texts) / sizeof(texts[0]))
		return "unknown error";
	return texts[error];
}

enum usher_step usher_get_step(const struct usher_callout *c)
{
	return c->step;
}

void usher_set_step(struct usher_callout *c, enum usher_step step)
{
	if ((unsigned)step <= USHER_PARK)
		c->step = step;
}

struct usher_library *usher_library_of(const struct usher_callout *c)
{
	return c->library;
}

const char *usher_point(const struct usher_callout *c)
{
	return hook_point(c->kind)->name[c->v6];
}

/*
 * Whether the argument is there for this very packet: leases4_committed of a RELEASE has no
 * response4, and an answer has query4 if its query is still known.
 */
static bool is_there(const struct usher_callout *c, unsigned arg)
{
	const struct packet *p = c->memory->p;

	if (arg == HOOK_QUERY)
		return p != NULL && (!p->response || hook_exchange_find(c->memory));
	return arg != HOOK_RESPONSE || (p != NULL && p->response);
}

const char *usher_argument(const struct usher_callout *c, size_t index)
{
	const char *name;
	unsigned arg;

	for (size_t i = 0; (arg = hook_point_arg(c->kind, c->v6, i, &name)) != 0; i++)
		if (is_there(c, arg) && index-- == 0)
			return name;
	return NULL;
}

/* 0: no such argument here. */
static unsigned arg_of(const struct usher_callout *c, const char *wanted)
{
	const char *name;
	unsigned arg;

	for (size_t i = 0; (arg = hook_point_arg(c->kind, c->v6, i, &name)) != 0; i++)
		if (strcmp(name, wanted) == 0)
			return is_there(c, arg) ? arg : 0;
	return 0;
}

struct usher_packet *usher_get_packet(struct usher_callout *c, const char *name)
{
	struct hook_memory *m = c->memory;
	unsigned arg = arg_of(c, name);

	if ((arg & (HOOK_QUERY | HOOK_RESPONSE)) == 0)
		return NULL;
	return arg == HOOK_QUERY && m->p->response ? &m->query_packet : &m->packet;
}

static const char *subnet_name(const struct packet *p)
{
	const struct subnet *s = p->decision.subnet;

	if (p->response && p->found != NULL)
		s = p->found;
	return s != NULL ? s->name : "";
}

int usher_get_text(struct usher_callout *c, const char *name, size_t index, const char **ret)
{
	unsigned arg = arg_of(c, name);
	const struct packet *p = c->memory->p;

	if (arg == 0)
		return USHER_E_NO_ARGUMENT;
	if ((arg & (HOOK_SUBNET | HOOK_SUBNETS)) == 0)
		return USHER_E_TYPE;
	if (index >= (arg == HOOK_SUBNET ? 1 : p->policy->subnets.count))
		return USHER_E_NOT_FOUND;
	*ret = arg == HOOK_SUBNET ? subnet_name(p) : p->policy->subnets.all[index].name;
	return USHER_OK;
}

int usher_set_text(struct usher_callout *c, const char *name, const char *value)
{
	unsigned arg = arg_of(c, name);

	if (arg == 0)
		return USHER_E_NO_ARGUMENT;
	if (arg != HOOK_SUBNET)
		return (arg & HOOK_SUBNETS) != 0 ? USHER_E_READ_ONLY : USHER_E_TYPE;
	/* Before usher's own choice there is nothing to change. */
	if ((hook_point(c->kind)->rights & HOOK_CHOOSE) == 0 || c->before)
		return USHER_E_READ_ONLY;
	return hook_choose(c->memory, value);
}

int usher_get_bool(struct usher_callout *c, const char *name, bool *ret)
{
	unsigned arg = arg_of(c, name);
	const struct packet *p = c->memory->p;

	if (arg == 0)
		return USHER_E_NO_ARGUMENT;
	if ((arg & (HOOK_FAKE | HOOK_REMOVE)) == 0)
		return USHER_E_TYPE;
	*ret = arg == HOOK_FAKE && p->type == (p->v6 ? (int)DHCPV6_ADVERTISE : (int)DHCPOFFER);
	return USHER_OK;
}

/* The index-th of the leases that the message grants. */
static bool granted(const struct packet *p, size_t index, struct usher_lease *ret)
{
	for (size_t i = 0; hook_lease_at(p, i, ret); i++)
		if (ret->valid > 0 && index-- == 0)
			return true;
	return false;
}

static bool find_lease(const struct usher_callout *c, unsigned arg, size_t index,
	struct usher_lease *ret)
{
	const struct packet *p = c->memory->p;

	if (arg == HOOK_LEASE && c->gone != NULL) {
		*ret = *c->gone;
		return index == 0;
	}
	if (arg == HOOK_LEASE)
		return index == 0 && hook_lease_at(p, c->lease, ret);
	if (arg == HOOK_LEASES)
		return p->response && granted(p, index, ret);
	return !p->response && hook_lease_at(p, index, ret);
}

int usher_get_lease(struct usher_callout *c, const char *name, size_t index,
	struct usher_lease *ret)
{
	unsigned arg = arg_of(c, name);
	struct usher_lease l;

	if (arg == 0)
		return USHER_E_NO_ARGUMENT;
	if ((arg & (HOOK_LEASE | HOOK_LEASES | HOOK_DELETED)) == 0)
		return USHER_E_TYPE;
	return find_lease(c, arg, index, &l) ? hook_lease_copy(ret, &l) : USHER_E_NOT_FOUND;
}

int usher_limit_lease(struct usher_callout *c, uint32_t seconds)
{
	if ((hook_point(c->kind)->rights & HOOK_LIMIT) == 0 || c->memory->p->auth)
		return USHER_E_READ_ONLY;
	return seconds > 0 ? hook_limit(c->memory, seconds) : USHER_E_VALUE;
}

const void *usher_answer(const struct usher_callout *c, size_t *ret_len)
{
	*ret_len = c->answer_len;
	return c->answer;
}
