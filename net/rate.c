/* rate.c - see rate.h. */
#include "rate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "link.h"
#include "tc.h"

enum { RATE_MIN = 8000, PREFIX = 2, BITS = 8, NUMBER_SIZE = 24 };
/* Parts of a second that the bucket holds and the queue takes; and what both have room for at the least. */
enum { BURST_PART = 50, QUEUE_PART = 10, FRAME_HEADERS = 64, QUEUE_MIN = 32 * 1024 };

static const uint64_t rate_max = 100000000000;

static const struct {
	const char *name;
	uint64_t bits;
} units[] = { { "bit", 1 }, { "kbit", 1000 }, { "mbit", 1000000 }, { "gbit", 1000000000 } };

bool rate_is_set(const struct net_rate *rate)
{
	return rate->in || rate->out;
}

static int parse_number(const char *text, uint64_t *ret, struct error *err)
{
	const size_t digits = strspn(text, "0123456789");
	char number[NUMBER_SIZE] = "";
	uint64_t value;

	if (digits < sizeof(number))
		memcpy(number, text, digits);
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (!str_eq(text + digits, units[i].name))
			continue;
		if (str_to_u64(number, rate_max / units[i].bits, &value) < 0 || value * units[i].bits < RATE_MIN)
			return refuse(err, "a rate is between 8kbit and 100gbit");
		*ret = value * units[i].bits;
		return 0;
	}
	return refuse(err, "a rate is a number with kbit, mbit or gbit: 10mbit");
}

static int parse_part(const char *part, struct net_rate *rate, struct error *err)
{
	uint64_t *way = str_starts(part, "in=") ? &rate->in : str_starts(part, "out=") ? &rate->out : NULL;

	if (!way)
		return refuse(err, "a rate is written as 10mbit, or as in=10mbit,out=2mbit");
	if (*way)
		return refuse(err, "two rates for one way");
	return parse_number(strchr(part, '=') + 1, way, err);
}

int rate_parse(const char *text, struct net_rate *ret, struct error *err)
{
	auto_free char *copy = xstrdup(text);
	struct net_rate rate = { 0 };
	char *rest = copy;
	const char *part;

	if (!strchr(text, '=')) {
		if (parse_number(text, &rate.in, err) < 0)
			return -err->code;
		rate.out = rate.in;
		rest = NULL;
	}
	while ((part = strsep(&rest, ",")) != NULL)
		if (parse_part(part, &rate, err) < 0)
			return -err->code;
	*ret = rate;
	return 0;
}

const char *rate_text(const struct net_rate *rate, char *buffer)
{
	int used = 0;

	buffer[0] = '\0';
	if (rate->in)
		used = snprintf(buffer, RATE_TEXT_SIZE, "in=%llubit", (unsigned long long)rate->in);
	if (rate->out)
		(void)snprintf(buffer + used, RATE_TEXT_SIZE - (size_t)used, "%sout=%llubit", used ? "," : "",
			       (unsigned long long)rate->out);
	return buffer;
}

const char *rate_interface(const char *host, char *buffer)
{
	(void)snprintf(buffer, IFNAMSIZ, "cr%s", strlen(host) > PREFIX ? host + PREFIX : "");
	return buffer;
}

/* A burst makes up for a timer that is late; a packet of several segments that is longer is cut by the kernel. */
static struct tc_bucket bucket_of(uint64_t bits, unsigned mtu)
{
	const uint64_t rate = bits / BITS;
	const uint64_t burst = rate / BURST_PART;
	const uint64_t queue = rate / QUEUE_PART;

	return (struct tc_bucket){
		.rate = rate,
		.burst = burst < mtu + FRAME_HEADERS ? mtu + FRAME_HEADERS : (uint32_t)burst,
		.queue = (queue < QUEUE_MIN ? QUEUE_MIN : (uint32_t)queue) + mtu,
	};
}

/* What may be there already, of one that was killed here, or is limited again. */
static int prepare(int route, const char *through, unsigned host, struct error *err)
{
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;

	link_add_ifb(&batch, through);
	tc_put_ingress(&batch, host);
	tc_remove_redirect(&batch, host);
	batch.optional = true;
	return netlink_send(route, &batch, NULL, NULL, err);
}

static int lead_through(int route, struct netlink_batch *batch, const char *host, const struct link_info *link,
			uint64_t rate, struct error *err)
{
	const struct tc_bucket bucket = bucket_of(rate, link->mtu);
	struct link_info through = { 0 };
	char name[IFNAMSIZ];
	int r = prepare(route, rate_interface(host, name), link->index, err);

	if (r == 0)
		r = link_get(route, name, &through, err);
	if (r < 0)
		return r;
	tc_put_bucket(batch, through.index, &bucket);
	link_up(batch, through.index);
	tc_put_redirect(batch, link->index, through.index);
	return 0;
}

static int apply(int route, const char *host, const struct net_rate *rate, struct error *err)
{
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
	struct link_info link = { 0 };
	int r = link_get(route, host, &link, err);

	if (r == 0 && rate->out)
		r = lead_through(route, &batch, host, &link, rate->out, err);
	if (r < 0)
		return r;
	if (rate->in) {
		const struct tc_bucket bucket = bucket_of(rate->in, link.mtu);

		tc_put_bucket(&batch, link.index, &bucket);
	}
	return netlink_send(route, &batch, NULL, NULL, err);
}

int rate_apply(int route, const char *host, const struct net_rate *rate, struct error *err)
{
	const int r = apply(route, host, rate, err);

	if (r == 0 || r == -ENODEV)
		return r;
	/* One code for all: which part the kernel lacks it says by EOPNOTSUPP, ENOENT or EINVAL. */
	(void)context(err,
		      "limit the rate, which takes the kernel's sch_tbf, sch_ingress, cls_u32, act_mirred and ifb");
	err->code = EINVAL;
	return -EINVAL;
}
