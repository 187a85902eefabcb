/* nft_message.c - see nft_message.h. Numbers of nf_tables are big-endian on the wire. */
#include "nft_message.h"

#include <assert.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <string.h>

#include "base/str.h"
#include "nft.h"

enum { TYPE_BITS = 6, WORD = 4, COMMENT_MAX = 120, LIST_FULL = 32 * 1024 /* a length has 16 bits */ };

static const char *const table = "coffer";

static void begin(struct netlink_batch *batch, unsigned type, unsigned flags, int family, const char *verb,
		  const char *what)
{
	const struct nfgenmsg header = { .nfgen_family = (uint8_t)family, .version = NFNETLINK_V0 };

	netlink_begin(batch, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags, &header, sizeof(header), "%s%s", verb,
		      what);
}

static void bracket(struct netlink_batch *batch, uint16_t type, const char *text)
{
	/* res_id is the subsystem, big-endian. */
	const uint8_t header[sizeof(struct nfgenmsg)] = { AF_UNSPEC, NFNETLINK_V0, 0, NFNL_SUBSYS_NFTABLES };

	netlink_begin(batch, type, 0, header, sizeof(header), "%s", text);
}

void nft_begin(struct netlink_batch *batch)
{
	batch->transaction = true;
	bracket(batch, NFNL_MSG_BATCH_BEGIN, "change the nftables rules");
}

void nft_end(struct netlink_batch *batch)
{
	bracket(batch, NFNL_MSG_BATCH_END, "");
}

void nft_message_table(struct netlink_batch *batch, uint16_t type, int family)
{
	begin(batch, type, type == NFT_MSG_NEWTABLE ? NLM_F_CREATE : 0, family, "nftables table ", table);
	netlink_put_string(batch, NFTA_TABLE_NAME, table);
}

void nft_message_chain(struct netlink_batch *batch, int family, const struct nft_chain *chain)
{
	size_t hook;

	begin(batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE, family, "add nftables chain ", chain->name);
	netlink_put_string(batch, NFTA_CHAIN_TABLE, table);
	netlink_put_string(batch, NFTA_CHAIN_NAME, chain->name);
	if (!chain->type)
		return;
	hook = netlink_nest(batch, NFTA_CHAIN_HOOK);
	netlink_put_be32(batch, NFTA_HOOK_HOOKNUM, chain->hook);
	netlink_put_be32(batch, NFTA_HOOK_PRIORITY, (uint32_t)chain->priority);
	netlink_nest_end(batch, hook);
	netlink_put_be32(batch, NFTA_CHAIN_POLICY, NF_ACCEPT);
	netlink_put_string(batch, NFTA_CHAIN_TYPE, chain->type);
}

static uint32_t type_size(enum nft_type type)
{
	switch (type) {
	case NFT_IPV6:
	case NFT_IFNAME:
		return 16;
	case NFT_ETHER: /* 6 bytes */
		return 8;
	case NFT_IPV4:
	case NFT_PROTOCOL: /* 1 byte, padded */
	case NFT_SERVICE:  /* 2 bytes */
		break;
	}
	return WORD;
}

/* The number that nft(8) knows a type of several parts by, and its size. A key of one part is not padded. */
static uint32_t whole_type(const enum nft_type *parts, uint32_t *ret_size)
{
	uint32_t type = 0;

	*ret_size = 0;
	for (size_t i = 0; parts[i]; i++) {
		type = type << TYPE_BITS | parts[i];
		*ret_size += type_size(parts[i]);
	}
	return type;
}

/* Names of interfaces are in host byte order; nft(8) takes other sets' keys for numbers, and reads that from here:
   type 0, length, a number. */
static void put_byte_order(struct netlink_batch *batch)
{
	const uint32_t host_order = 1;
	uint8_t data[2 + sizeof(host_order)] = { 0, sizeof(host_order) };

	memcpy(data + 2, &host_order, sizeof(host_order));
	netlink_put(batch, NFTA_SET_USERDATA, data, sizeof(data));
}

void nft_message_set(struct netlink_batch *batch, int family, const struct nft_set *set, uint32_t id)
{
	uint32_t size;
	uint32_t type = whole_type(set->key, &size);

	begin(batch, NFT_MSG_NEWSET, NLM_F_CREATE, family, "add nftables set ", set->name);
	netlink_put_string(batch, NFTA_SET_TABLE, table);
	netlink_put_string(batch, NFTA_SET_NAME, set->name);
	netlink_put_be32(batch, NFTA_SET_ID, id);
	netlink_put_be32(batch, NFTA_SET_KEY_TYPE, type);
	netlink_put_be32(batch, NFTA_SET_KEY_LEN, size);
	netlink_put_be32(batch, NFTA_SET_FLAGS, set->data[0] ? NFT_SET_MAP : 0);
	if (set->key[0] == NFT_IFNAME && !set->key[1])
		put_byte_order(batch);
	if (!set->data[0])
		return;
	type = whole_type(set->data, &size);
	netlink_put_be32(batch, NFTA_SET_DATA_TYPE, type);
	netlink_put_be32(batch, NFTA_SET_DATA_LEN, size);
}

/* ---- expressions ---- */

static uint32_t reg32(uint32_t reg)
{
	return NFT_REG32_00 + reg;
}

static void put_data(struct netlink_batch *batch, uint16_t type, const void *data, size_t size)
{
	size_t nest = netlink_nest(batch, type);

	netlink_put(batch, NFTA_DATA_VALUE, data, size);
	netlink_nest_end(batch, nest);
}

static void put_meta(struct netlink_batch *batch, const struct nft_op *op)
{
	netlink_put_be32(batch, NFTA_META_KEY, op->key);
	netlink_put_be32(batch, NFTA_META_DREG, reg32(op->reg));
}

static void put_ct(struct netlink_batch *batch, const struct nft_op *op)
{
	netlink_put_be32(batch, NFTA_CT_KEY, op->key);
	netlink_put_be32(batch, NFTA_CT_DREG, reg32(op->reg));
}

static void put_payload(struct netlink_batch *batch, const struct nft_op *op)
{
	netlink_put_be32(batch, NFTA_PAYLOAD_DREG, reg32(op->reg));
	netlink_put_be32(batch, NFTA_PAYLOAD_BASE, op->key);
	netlink_put_be32(batch, NFTA_PAYLOAD_OFFSET, op->offset);
	netlink_put_be32(batch, NFTA_PAYLOAD_LEN, op->size);
}

static void put_fib(struct netlink_batch *batch, const struct nft_op *op)
{
	netlink_put_be32(batch, NFTA_FIB_DREG, reg32(op->reg));
	netlink_put_be32(batch, NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
	netlink_put_be32(batch, NFTA_FIB_FLAGS, NFTA_FIB_F_DADDR);
}

static void put_mask(struct netlink_batch *batch, const struct nft_op *op)
{
	const uint32_t none = 0;

	netlink_put_be32(batch, NFTA_BITWISE_SREG, reg32(op->reg));
	netlink_put_be32(batch, NFTA_BITWISE_DREG, reg32(op->reg));
	netlink_put_be32(batch, NFTA_BITWISE_LEN, WORD);
	put_data(batch, NFTA_BITWISE_MASK, &op->value, WORD);
	put_data(batch, NFTA_BITWISE_XOR, &none, WORD);
}

static void put_cmp(struct netlink_batch *batch, const struct nft_op *op)
{
	const uint8_t wire[2] = { op->size == 1 ? (uint8_t)op->value : (uint8_t)(op->value >> 8), (uint8_t)op->value };
	const bool is_not = op->kind == NFT_OP_IS_NOT || op->kind == NFT_OP_NOT_NAMED;
	char name[IFNAMSIZ] = "";

	netlink_put_be32(batch, NFTA_CMP_SREG, reg32(op->reg));
	netlink_put_be32(batch, NFTA_CMP_OP, is_not ? NFT_CMP_NEQ : NFT_CMP_EQ);
	if (op->name) {
		memcpy(name, op->name, strnlen(op->name, sizeof(name) - 1));
		put_data(batch, NFTA_CMP_DATA, name, sizeof(name));
	} else {
		put_data(batch, NFTA_CMP_DATA, op->size == WORD ? (const void *)&op->value : wire, op->size);
	}
}

static void put_lookup(struct netlink_batch *batch, const struct nft_op *op)
{
	netlink_put_string(batch, NFTA_LOOKUP_SET, op->name);
	netlink_put_be32(batch, NFTA_LOOKUP_SREG, reg32(op->reg));
	if (op->kind == NFT_OP_MAP)
		netlink_put_be32(batch, NFTA_LOOKUP_DREG, reg32(op->value));
	else
		netlink_put_be32(batch, NFTA_LOOKUP_FLAGS, op->kind == NFT_OP_NOT_IN ? NFT_LOOKUP_F_INV : 0);
}

static void put_verdict(struct netlink_batch *batch, const struct nft_op *op)
{
	size_t data;
	size_t verdict;

	netlink_put_be32(batch, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = netlink_nest(batch, NFTA_IMMEDIATE_DATA);
	verdict = netlink_nest(batch, NFTA_DATA_VERDICT);
	netlink_put_be32(batch, NFTA_VERDICT_CODE, op->value);
	if (op->name)
		netlink_put_string(batch, NFTA_VERDICT_CHAIN, op->name);
	netlink_nest_end(batch, verdict);
	netlink_nest_end(batch, data);
}

static void put_dnat(struct netlink_batch *batch, const struct nft_op *op)
{
	netlink_put_be32(batch, NFTA_NAT_TYPE, NFT_NAT_DNAT);
	netlink_put_be32(batch, NFTA_NAT_FAMILY, op->key);
	netlink_put_be32(batch, NFTA_NAT_REG_ADDR_MIN, reg32(op->reg));
	netlink_put_be32(batch, NFTA_NAT_REG_PROTO_MIN, reg32(op->value));
}

static void put_nothing(struct netlink_batch *batch, const struct nft_op *op)
{
	(void)batch;
	(void)op;
}

static const struct {
	const char *name; /* of the kernel's expression */
	void (*put)(struct netlink_batch *batch, const struct nft_op *op);
} expressions[] = {
	[NFT_OP_END] = { "", put_nothing },      [NFT_OP_META] = { "meta", put_meta },
	[NFT_OP_CT] = { "ct", put_ct },          [NFT_OP_PAYLOAD] = { "payload", put_payload },
	[NFT_OP_FIB] = { "fib", put_fib },       [NFT_OP_MASK] = { "bitwise", put_mask },
	[NFT_OP_IS] = { "cmp", put_cmp },        [NFT_OP_IS_NOT] = { "cmp", put_cmp },
	[NFT_OP_NAMED] = { "cmp", put_cmp },     [NFT_OP_NOT_NAMED] = { "cmp", put_cmp },
	[NFT_OP_IN] = { "lookup", put_lookup },  [NFT_OP_NOT_IN] = { "lookup", put_lookup },
	[NFT_OP_MAP] = { "lookup", put_lookup }, [NFT_OP_VERDICT] = { "immediate", put_verdict },
	[NFT_OP_DNAT] = { "nat", put_dnat },     [NFT_OP_MASQUERADE] = { "masq", put_nothing },
};
static_assert(ARRAY_SIZE(expressions) == NFT_OP_KIND_MAX, "an expression for each kind");

void nft_message_rule(struct netlink_batch *batch, int family, const struct nft_rule *rule)
{
	size_t list;

	begin(batch, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, family, "add an nftables rule to ", rule->chain);
	netlink_put_string(batch, NFTA_RULE_TABLE, table);
	netlink_put_string(batch, NFTA_RULE_CHAIN, rule->chain);
	list = netlink_nest(batch, NFTA_RULE_EXPRESSIONS);
	for (const struct nft_op *op = rule->ops; op->kind != NFT_OP_END; op++) {
		size_t element = netlink_nest(batch, NFTA_LIST_ELEM);
		size_t data;

		netlink_put_string(batch, NFTA_EXPR_NAME, expressions[op->kind].name);
		data = netlink_nest(batch, NFTA_EXPR_DATA);
		expressions[op->kind].put(batch, op);
		netlink_nest_end(batch, data);
		netlink_nest_end(batch, element);
	}
	netlink_nest_end(batch, list);
}

/* ---- elements ---- */

void nft_key_add(struct nft_key *key, const void *data, size_t size)
{
	memcpy(key->bytes + key->used, data, size);
	key->used += (size + WORD - 1) & ~(size_t)(WORD - 1);
}

void nft_key_name(struct nft_key *key, const char *interface)
{
	memcpy(key->bytes + key->used, interface, strnlen(interface, IFNAMSIZ - 1));
	key->used += IFNAMSIZ;
}

/* As nft(8) keeps a comment: type 0, length, text with its NUL. */
static void put_comment(struct netlink_batch *batch, const char *text)
{
	uint8_t comment[2 + COMMENT_MAX + 1] = { 0 };
	const size_t length = strnlen(text, COMMENT_MAX);

	comment[1] = (uint8_t)(length + 1);
	memcpy(comment + 2, text, length);
	netlink_put(batch, NFTA_SET_ELEM_USERDATA, comment, 2 + length + 1);
}

static bool has_room(const struct nft_elements *to, int family, const char *set)
{
	return to->set && to->family == family && str_eq(to->set, set) && to->batch->used - to->list < LIST_FULL;
}

void nft_message_element(struct nft_elements *to, int family, const char *set, unsigned flags,
			 const struct nft_key *key, const struct nft_key *data)
{
	size_t nest;

	if (!has_room(to, family, set)) {
		begin(to->batch, to->type, flags, family, to->type == NFT_MSG_NEWSETELEM ? "add " : "remove ",
		      to->what);
		netlink_put_string(to->batch, NFTA_SET_ELEM_LIST_TABLE, table);
		netlink_put_string(to->batch, NFTA_SET_ELEM_LIST_SET, set);
		to->list = netlink_nest(to->batch, NFTA_SET_ELEM_LIST_ELEMENTS);
		to->set = set;
		to->family = family;
	}
	nest = netlink_nest(to->batch, NFTA_LIST_ELEM);
	put_data(to->batch, NFTA_SET_ELEM_KEY, key->bytes, key->used);
	if (data)
		put_data(to->batch, NFTA_SET_ELEM_DATA, data->bytes, data->used);
	if (to->owner)
		put_comment(to->batch, to->owner);
	netlink_nest_end(to->batch, nest);
	netlink_nest_end(to->batch, to->list);
}
