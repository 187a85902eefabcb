/*
 * nft_message.h - tables, chains, sets, rules and elements as messages of nf_tables. Private to nft*.c.
 *
 * A rule is an array of nft_op, as `nft --debug=netlink` shows it. Registers are the 4-byte ones, 0 to 15: what is
 * loaded side by side is the key of a set with several parts, each padded to 4 bytes.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "netlink_message.h"

enum nft_op_kind {
	NFT_OP_END,
	NFT_OP_META,    /* .key -> reg */
	NFT_OP_CT,      /* .key -> reg */
	NFT_OP_PAYLOAD, /* .size bytes at .offset of header .key -> reg */
	NFT_OP_FIB,     /* type of the destination address -> reg */
	NFT_OP_MASK,    /* reg &= .value */
	NFT_OP_IS,      /* reg == .value, of .size bytes (4: a number; 1, 2, 16: as on the wire, zeros before it) */
	NFT_OP_IS_NOT,  /* the same, != */
	NFT_OP_NAMED,   /* reg == .name, an interface's */
	NFT_OP_NOT_NAMED,
	NFT_OP_IN,      /* reg... is in set .name */
	NFT_OP_NOT_IN,  /* reg... is not in set .name */
	NFT_OP_MAP,     /* the value for reg... in map .name -> register .value */
	NFT_OP_VERDICT, /* .value: NF_ACCEPT, NF_DROP, NFT_JUMP to chain .name */
	NFT_OP_DNAT,    /* of family .key: address in reg, port in register .value */
	NFT_OP_MASQUERADE,
	NFT_OP_KIND_MAX,
};

struct nft_op {
	enum nft_op_kind kind;
	uint32_t reg, key, offset, size, value;
	const char *name;
};

/* The types of nft(8) that listings show; the numbers are nftables' own. */
enum nft_type { NFT_IPV4 = 7, NFT_IPV6 = 8, NFT_ETHER = 9, NFT_PROTOCOL = 12, NFT_SERVICE = 13, NFT_IFNAME = 41 };

enum { NFT_PARTS_MAX = 3, NFT_NO_HOOK = -1 };

struct nft_set {
	const char *name;
	enum nft_type key[NFT_PARTS_MAX + 1];  /* ended with 0 */
	enum nft_type data[NFT_PARTS_MAX + 1]; /* of a map; empty: a set */
};

struct nft_chain {
	const char *name;
	const char *type; /* "filter", "nat"; NULL: only jumped to */
	uint32_t hook;
	int32_t priority;
};

struct nft_rule {
	const char *chain;
	const struct nft_op *ops; /* ended with NFT_OP_END */
};

void nft_message_table(struct netlink_batch *batch, uint16_t type, int family);
void nft_message_chain(struct netlink_batch *batch, int family, const struct nft_chain *chain);
void nft_message_set(struct netlink_batch *batch, int family, const struct nft_set *set, uint32_t id);
void nft_message_rule(struct netlink_batch *batch, int family, const struct nft_rule *rule);

/* A key or value of several parts. */
struct nft_key {
	uint8_t bytes[64];
	size_t used;
};
void nft_key_add(struct nft_key *key, const void *data, size_t size); /* padded */
void nft_key_name(struct nft_key *key, const char *interface);

/* Elements that are put one after another; those of one set share a message as long as it has room. */
struct nft_elements {
	struct netlink_batch *batch;
	uint16_t type;     /* NFT_MSG_NEWSETELEM or _DELSETELEM */
	const char *owner; /* their comment; NULL: none */
	const char *what;  /* for errors: of a message it is its first element's */
	/* The message that is being filled; nobody else may put anything into the batch meanwhile. */
	const char *set; /* NULL: none yet */
	int family;
	size_t list;
	struct nftnl_set_elem *element; /* told anew each time */
};
void nft_elements_done(struct nft_elements *elements);
#define auto_nft_elements auto_cleanup(nft_elements_done)

/* The element of this key, or (NULL) all: for netlink_send(), netlink_list(). */
void nft_message_ask(struct netlink_batch *batch, int family, const char *set, const struct nft_key *key);

/* `data` may be NULL. flags: NLM_F_CREATE ...; the same for all of a set. */
void nft_message_element(struct nft_elements *to, int family, const char *set, unsigned flags,
			 const struct nft_key *key, const struct nft_key *data);
