/*
 * nft_message.c - see nft_message.h. libnftnl writes what is in a message; it is told what by objects of its own, which
 * live as long as that takes. What goes wrong there is memory that is out, which ends the program as everywhere.
 */
#include "nft_message.h"

#include <assert.h>
#include <limits.h>
#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <net/if.h>
#include <string.h>

#include "base/str.h"
#include "nft.h"

enum {
	TYPE_BITS = 6,
	WORD = 4,
	CMP_MAX = 16,
	COMMENT_MAX = 120,
	LIST_FULL = 32 * 1024, /* a length has 16 bits */
	ROOM = 4096,           /* for what is in a message: at most a fourth of that */
	ELEMENT_ROOM = 512,    /* and in an element, with two keys, a comment and their headers */
};

static const char *const table = "coffer";

static void begin(struct netlink_batch *batch, unsigned type, unsigned flags, int family, const char *what,
		  const char *whom)
{
	const struct nfgenmsg header = { .nfgen_family = (uint8_t)family, .version = NFNETLINK_V0 };

	netlink_begin(batch, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags, &header, sizeof(header), what, whom);
}

static void bracket(struct netlink_batch *batch, uint16_t type, const char *text)
{
	/* res_id is the subsystem, big-endian. */
	const uint8_t header[sizeof(struct nfgenmsg)] = { AF_UNSPEC, NFNETLINK_V0, 0, NFNL_SUBSYS_NFTABLES };

	netlink_begin(batch, type, 0, header, sizeof(header), text, "");
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

static_assert(2 * sizeof(((struct nft_key *)NULL)->bytes) + COMMENT_MAX <= ELEMENT_ROOM / 2, "an element has no room");

static void *allocated(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

static void copied(int r)
{
	if (r < 0)
		abort();
}

DEFINE_AUTO(table, struct nftnl_table, nftnl_table_free)
DEFINE_AUTO(chain, struct nftnl_chain, nftnl_chain_free)
DEFINE_AUTO(set, struct nftnl_set, nftnl_set_free)
DEFINE_AUTO(rule, struct nftnl_rule, nftnl_rule_free)

void nft_message_table(struct netlink_batch *batch, uint16_t type, int family)
{
	auto_cleanup(cleanup_table) struct nftnl_table *to = allocated(nftnl_table_alloc());

	begin(batch, type, type == NFT_MSG_NEWTABLE ? NLM_F_CREATE : 0, family, "nftables table ", table);
	copied(nftnl_table_set_str(to, NFTNL_TABLE_NAME, table));
	nftnl_table_nlmsg_build_payload(netlink_message_room(batch, ROOM), to);
	netlink_message_grown(batch);
}

void nft_message_chain(struct netlink_batch *batch, int family, const struct nft_chain *chain)
{
	auto_cleanup(cleanup_chain) struct nftnl_chain *to = allocated(nftnl_chain_alloc());

	begin(batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE, family, "add nftables chain ", chain->name);
	copied(nftnl_chain_set_str(to, NFTNL_CHAIN_TABLE, table));
	copied(nftnl_chain_set_str(to, NFTNL_CHAIN_NAME, chain->name));
	if (chain->type) {
		copied(nftnl_chain_set_str(to, NFTNL_CHAIN_TYPE, chain->type));
		nftnl_chain_set_u32(to, NFTNL_CHAIN_HOOKNUM, chain->hook);
		nftnl_chain_set_s32(to, NFTNL_CHAIN_PRIO, chain->priority);
		nftnl_chain_set_u32(to, NFTNL_CHAIN_POLICY, NF_ACCEPT);
	}
	nftnl_chain_nlmsg_build_payload(netlink_message_room(batch, ROOM), to);
	netlink_message_grown(batch);
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
static void set_byte_order(struct nftnl_set *to)
{
	const uint32_t host_order = 1;
	uint8_t data[2 + sizeof(host_order)] = { 0, sizeof(host_order) };

	memcpy(data + 2, &host_order, sizeof(host_order));
	copied(nftnl_set_set_data(to, NFTNL_SET_USERDATA, data, sizeof(data)));
}

void nft_message_set(struct netlink_batch *batch, int family, const struct nft_set *set, uint32_t id)
{
	auto_cleanup(cleanup_set) struct nftnl_set *to = allocated(nftnl_set_alloc());
	uint32_t size;

	begin(batch, NFT_MSG_NEWSET, NLM_F_CREATE, family, "add nftables set ", set->name);
	copied(nftnl_set_set_str(to, NFTNL_SET_TABLE, table));
	copied(nftnl_set_set_str(to, NFTNL_SET_NAME, set->name));
	nftnl_set_set_u32(to, NFTNL_SET_ID, id);
	nftnl_set_set_u32(to, NFTNL_SET_KEY_TYPE, whole_type(set->key, &size));
	nftnl_set_set_u32(to, NFTNL_SET_KEY_LEN, size);
	nftnl_set_set_u32(to, NFTNL_SET_FLAGS, set->data[0] ? NFT_SET_MAP : 0);
	if (set->key[0] == NFT_IFNAME && !set->key[1])
		set_byte_order(to);
	if (set->data[0]) {
		nftnl_set_set_u32(to, NFTNL_SET_DATA_TYPE, whole_type(set->data, &size));
		nftnl_set_set_u32(to, NFTNL_SET_DATA_LEN, size);
	}
	nftnl_set_nlmsg_build_payload(netlink_message_room(batch, ROOM), to);
	netlink_message_grown(batch);
}

/* ---- expressions ---- */

static uint32_t reg32(uint32_t reg)
{
	return NFT_REG32_00 + reg;
}

static void set_meta(struct nftnl_expr *to, const struct nft_op *op)
{
	nftnl_expr_set_u32(to, NFTNL_EXPR_META_KEY, op->key);
	nftnl_expr_set_u32(to, NFTNL_EXPR_META_DREG, reg32(op->reg));
}

static void set_ct(struct nftnl_expr *to, const struct nft_op *op)
{
	nftnl_expr_set_u32(to, NFTNL_EXPR_CT_KEY, op->key);
	nftnl_expr_set_u32(to, NFTNL_EXPR_CT_DREG, reg32(op->reg));
}

static void set_payload(struct nftnl_expr *to, const struct nft_op *op)
{
	nftnl_expr_set_u32(to, NFTNL_EXPR_PAYLOAD_DREG, reg32(op->reg));
	nftnl_expr_set_u32(to, NFTNL_EXPR_PAYLOAD_BASE, op->key);
	nftnl_expr_set_u32(to, NFTNL_EXPR_PAYLOAD_OFFSET, op->offset);
	nftnl_expr_set_u32(to, NFTNL_EXPR_PAYLOAD_LEN, op->size);
}

static void set_fib(struct nftnl_expr *to, const struct nft_op *op)
{
	nftnl_expr_set_u32(to, NFTNL_EXPR_FIB_DREG, reg32(op->reg));
	nftnl_expr_set_u32(to, NFTNL_EXPR_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
	nftnl_expr_set_u32(to, NFTNL_EXPR_FIB_FLAGS, NFTA_FIB_F_DADDR);
}

static void set_mask(struct nftnl_expr *to, const struct nft_op *op)
{
	const uint32_t none = 0;

	nftnl_expr_set_u32(to, NFTNL_EXPR_BITWISE_SREG, reg32(op->reg));
	nftnl_expr_set_u32(to, NFTNL_EXPR_BITWISE_DREG, reg32(op->reg));
	nftnl_expr_set_u32(to, NFTNL_EXPR_BITWISE_LEN, WORD);
	copied(nftnl_expr_set(to, NFTNL_EXPR_BITWISE_MASK, &op->value, WORD));
	copied(nftnl_expr_set(to, NFTNL_EXPR_BITWISE_XOR, &none, WORD));
}

static void set_cmp(struct nftnl_expr *to, const struct nft_op *op)
{
	uint8_t wire[CMP_MAX] = { 0 };
	const bool is_not = op->kind == NFT_OP_IS_NOT || op->kind == NFT_OP_NOT_NAMED;
	char name[IFNAMSIZ] = "";

	nftnl_expr_set_u32(to, NFTNL_EXPR_CMP_SREG, reg32(op->reg));
	nftnl_expr_set_u32(to, NFTNL_EXPR_CMP_OP, is_not ? NFT_CMP_NEQ : NFT_CMP_EQ);
	if (op->name) {
		memcpy(name, op->name, strnlen(op->name, sizeof(name) - 1));
		copied(nftnl_expr_set(to, NFTNL_EXPR_CMP_DATA, name, sizeof(name)));
	} else if (op->size == WORD) {
		copied(nftnl_expr_set(to, NFTNL_EXPR_CMP_DATA, &op->value, WORD));
	} else {
		for (size_t i = 0; i < op->size && i < sizeof(op->value); i++)
			wire[op->size - 1 - i] = (uint8_t)(op->value >> (i * CHAR_BIT));
		copied(nftnl_expr_set(to, NFTNL_EXPR_CMP_DATA, wire, op->size));
	}
}

static void set_lookup(struct nftnl_expr *to, const struct nft_op *op)
{
	copied(nftnl_expr_set_str(to, NFTNL_EXPR_LOOKUP_SET, op->name));
	nftnl_expr_set_u32(to, NFTNL_EXPR_LOOKUP_SREG, reg32(op->reg));
	if (op->kind == NFT_OP_MAP)
		nftnl_expr_set_u32(to, NFTNL_EXPR_LOOKUP_DREG, reg32(op->value));
	else
		nftnl_expr_set_u32(to, NFTNL_EXPR_LOOKUP_FLAGS, op->kind == NFT_OP_NOT_IN ? NFT_LOOKUP_F_INV : 0);
}

static void set_verdict(struct nftnl_expr *to, const struct nft_op *op)
{
	nftnl_expr_set_u32(to, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(to, NFTNL_EXPR_IMM_VERDICT, op->value);
	if (op->name)
		copied(nftnl_expr_set_str(to, NFTNL_EXPR_IMM_CHAIN, op->name));
}

static void set_dnat(struct nftnl_expr *to, const struct nft_op *op)
{
	nftnl_expr_set_u32(to, NFTNL_EXPR_NAT_TYPE, NFT_NAT_DNAT);
	nftnl_expr_set_u32(to, NFTNL_EXPR_NAT_FAMILY, op->key);
	nftnl_expr_set_u32(to, NFTNL_EXPR_NAT_REG_ADDR_MIN, reg32(op->reg));
	nftnl_expr_set_u32(to, NFTNL_EXPR_NAT_REG_PROTO_MIN, reg32(op->value));
}

static void set_nothing(struct nftnl_expr *to, const struct nft_op *op)
{
	(void)to;
	(void)op;
}

static const struct {
	const char *name; /* of the kernel's expression */
	void (*set)(struct nftnl_expr *to, const struct nft_op *op);
} expressions[] = {
	[NFT_OP_END] = { "", set_nothing },      [NFT_OP_META] = { "meta", set_meta },
	[NFT_OP_CT] = { "ct", set_ct },          [NFT_OP_PAYLOAD] = { "payload", set_payload },
	[NFT_OP_FIB] = { "fib", set_fib },       [NFT_OP_MASK] = { "bitwise", set_mask },
	[NFT_OP_IS] = { "cmp", set_cmp },        [NFT_OP_IS_NOT] = { "cmp", set_cmp },
	[NFT_OP_NAMED] = { "cmp", set_cmp },     [NFT_OP_NOT_NAMED] = { "cmp", set_cmp },
	[NFT_OP_IN] = { "lookup", set_lookup },  [NFT_OP_NOT_IN] = { "lookup", set_lookup },
	[NFT_OP_MAP] = { "lookup", set_lookup }, [NFT_OP_VERDICT] = { "immediate", set_verdict },
	[NFT_OP_DNAT] = { "nat", set_dnat },     [NFT_OP_MASQUERADE] = { "masq", set_nothing },
};
static_assert(ARRAY_SIZE(expressions) == NFT_OP_KIND_MAX, "an expression for each kind");

void nft_message_rule(struct netlink_batch *batch, int family, const struct nft_rule *rule)
{
	auto_cleanup(cleanup_rule) struct nftnl_rule *to = allocated(nftnl_rule_alloc());

	begin(batch, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, family, "add an nftables rule to ", rule->chain);
	copied(nftnl_rule_set_str(to, NFTNL_RULE_TABLE, table));
	copied(nftnl_rule_set_str(to, NFTNL_RULE_CHAIN, rule->chain));
	for (const struct nft_op *op = rule->ops; op->kind != NFT_OP_END; op++) {
		struct nftnl_expr *expression = allocated(nftnl_expr_alloc(expressions[op->kind].name));

		expressions[op->kind].set(expression, op);
		nftnl_rule_add_expr(to, expression);
	}
	nftnl_rule_nlmsg_build_payload(netlink_message_room(batch, ROOM), to);
	netlink_message_grown(batch);
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

void nft_elements_done(struct nft_elements *elements)
{
	if (elements->element)
		nftnl_set_elem_free(elements->element);
}

/* As nft(8) keeps a comment: type 0, length, text with its NUL. */
static void set_comment(struct nftnl_set_elem *to, const char *text)
{
	uint8_t comment[2 + COMMENT_MAX + 1] = { 0 };
	const size_t length = strnlen(text, COMMENT_MAX);

	comment[1] = (uint8_t)(length + 1);
	memcpy(comment + 2, text, length);
	copied(nftnl_set_elem_set(to, NFTNL_SET_ELEM_USERDATA, comment, (uint32_t)(2 + length + 1)));
}

/* One for all of them: its memory takes system calls each time. */
static struct nftnl_set_elem *element_of(struct nft_elements *to, const struct nft_key *key, const struct nft_key *data)
{
	if (!to->element) {
		to->element = allocated(nftnl_set_elem_alloc());
		if (to->owner)
			set_comment(to->element, to->owner);
	}
	copied(nftnl_set_elem_set(to->element, NFTNL_SET_ELEM_KEY, key->bytes, (uint32_t)key->used));
	if (data)
		copied(nftnl_set_elem_set(to->element, NFTNL_SET_ELEM_DATA, data->bytes, (uint32_t)data->used));
	else
		nftnl_set_elem_unset(to->element, NFTNL_SET_ELEM_DATA);
	return to->element;
}

static void begin_elements(struct nft_elements *to, int family, const char *set, unsigned flags)
{
	begin(to->batch, to->type, flags, family, to->type == NFT_MSG_NEWSETELEM ? "add " : "remove ", to->what);
	netlink_put_string(to->batch, NFTA_SET_ELEM_LIST_TABLE, table);
	netlink_put_string(to->batch, NFTA_SET_ELEM_LIST_SET, set);
	to->list = netlink_nest(to->batch, NFTA_SET_ELEM_LIST_ELEMENTS);
	to->set = set;
	to->family = family;
}

static bool has_room(const struct nft_elements *to, int family, const char *set)
{
	return to->set && to->family == family && str_eq(to->set, set) && to->batch->used - to->list < LIST_FULL;
}

void nft_message_element(struct nft_elements *to, int family, const char *set, unsigned flags,
			 const struct nft_key *key, const struct nft_key *data)
{
	if (!has_room(to, family, set))
		begin_elements(to, family, set, flags);
	(void)nftnl_set_elem_nlmsg_build(netlink_message_room(to->batch, ELEMENT_ROOM), element_of(to, key, data),
					 NFTA_LIST_ELEM);
	netlink_message_grown(to->batch);
	netlink_nest_end(to->batch, to->list);
}

void nft_message_ask(struct netlink_batch *batch, int family, const char *set, const struct nft_key *key)
{
	size_t list;
	size_t element;
	size_t part;

	begin(batch, NFT_MSG_GETSETELEM, 0, family, "look into nftables map ", set);
	netlink_put_string(batch, NFTA_SET_ELEM_LIST_TABLE, table);
	netlink_put_string(batch, NFTA_SET_ELEM_LIST_SET, set);
	if (!key)
		return;
	list = netlink_nest(batch, NFTA_SET_ELEM_LIST_ELEMENTS);
	element = netlink_nest(batch, NFTA_LIST_ELEM);
	part = netlink_nest(batch, NFTA_SET_ELEM_KEY);
	netlink_put(batch, NFTA_DATA_VALUE, key->bytes, key->used);
	netlink_nest_end(batch, part);
	netlink_nest_end(batch, element);
	netlink_nest_end(batch, list);
}
