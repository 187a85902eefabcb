/* nft_rules.h - the static part of our tables, as data. Private to nft*.c. */
#pragma once

#include <stddef.h>

#include "nft_message.h"

struct nft_table {
	int family; /* NFPROTO_INET, NFPROTO_BRIDGE */
	const struct nft_set *sets;
	const struct nft_chain *chains;
	const struct nft_rule *rules;
	size_t n_sets, n_chains, n_rules;
};

enum { NFT_TABLES = 2 };

extern const struct nft_table nft_tables[NFT_TABLES];
