/* tc.c - see tc.h. */
#include "tc.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/netlink.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_mirred.h>

enum { PRIORITY = 1, FIRST_ACTION = 1, PRIORITY_SHIFT = 16 };

#define INGRESS_HANDLE TC_H_MAKE(TC_H_INGRESS, 0)

void tc_put_bucket(struct netlink_batch *batch, unsigned index, const struct tc_bucket *bucket)
{
	const struct tcmsg header = { .tcm_ifindex = (int)index, .tcm_parent = TC_H_ROOT };
	const bool wide = bucket->rate > UINT32_MAX;
	const struct tc_tbf_qopt qopt = {
		/* A known link layer: else the kernel asks for a table of times, which it then does not read. */
		.rate = { .linklayer = TC_LINKLAYER_ETHERNET, .rate = wide ? UINT32_MAX : (uint32_t)bucket->rate },
		.limit = bucket->queue,
	};
	size_t options;

	netlink_begin_interface(batch, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, &header, sizeof(header),
				"limit the rate of ", index);
	netlink_put_string(batch, TCA_KIND, "tbf");
	options = netlink_nest(batch, TCA_OPTIONS);
	netlink_put(batch, TCA_TBF_PARMS, &qopt, sizeof(qopt));
	netlink_put_u32(batch, TCA_TBF_BURST, bucket->burst);
	if (wide)
		netlink_put(batch, TCA_TBF_RATE64, &bucket->rate, sizeof(bucket->rate));
	netlink_nest_end(batch, options);
}

void tc_put_ingress(struct netlink_batch *batch, unsigned index)
{
	const struct tcmsg header = {
		.tcm_ifindex = (int)index,
		.tcm_parent = TC_H_INGRESS,
		.tcm_handle = INGRESS_HANDLE,
	};

	netlink_begin_interface(batch, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header),
				"see what comes in by ", index);
	netlink_put_string(batch, TCA_KIND, "ingress");
}

static struct tcmsg filter_header(unsigned index)
{
	return (struct tcmsg){
		.tcm_ifindex = (int)index,
		.tcm_parent = INGRESS_HANDLE,
		.tcm_info = TC_H_MAKE(PRIORITY << PRIORITY_SHIFT, htons(ETH_P_ALL)),
	};
}

static void put_mirred(struct netlink_batch *batch, unsigned to)
{
	const struct tc_mirred mirred = { .action = TC_ACT_STOLEN, .eaction = TCA_EGRESS_REDIR, .ifindex = to };
	size_t action = netlink_nest(batch, FIRST_ACTION);
	size_t options;

	netlink_put_string(batch, TCA_ACT_KIND, "mirred");
	options = netlink_nest(batch, TCA_ACT_OPTIONS);
	netlink_put(batch, TCA_MIRRED_PARMS, &mirred, sizeof(mirred));
	netlink_nest_end(batch, options);
	netlink_nest_end(batch, action);
}

/* u32 without a key takes every frame, also one that is too short for any: it is in more kernels than matchall. */
void tc_put_redirect(struct netlink_batch *batch, unsigned from, unsigned to)
{
	const struct tcmsg header = filter_header(from);
	const struct tc_u32_sel all = { .flags = TC_U32_TERMINAL };
	size_t options;
	size_t actions;

	netlink_begin_interface(batch, RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header),
				"lead through a queue what comes in by ", from);
	netlink_put_string(batch, TCA_KIND, "u32");
	options = netlink_nest(batch, TCA_OPTIONS);
	netlink_put(batch, TCA_U32_SEL, &all, sizeof(all));
	actions = netlink_nest(batch, TCA_U32_ACT);
	put_mirred(batch, to);
	netlink_nest_end(batch, actions);
	netlink_nest_end(batch, options);
}

void tc_remove_redirect(struct netlink_batch *batch, unsigned from)
{
	const struct tcmsg header = filter_header(from);

	netlink_begin_interface(batch, RTM_DELTFILTER, 0, &header, sizeof(header), "lead nowhere what comes in by ",
				from);
}
