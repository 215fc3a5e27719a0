/*
 * identity - everything one node is: its organisation's log, its keys, its names.
 *
 * Key files: root (the root seed, which may be taken offline later), wrap, sign, transport. The
 * rest stands in META rows and in the organisation's log. Another node of an organisation has no
 * root and no wrap file, but the organisation's wrap keys in table SEALED; while it waits for the
 * answer that makes it one, it has a handover file.
 */
#ifndef ALLMENDE_IDENTITY_H
#define ALLMENDE_IDENTITY_H

#include "proto/charter/charter.h"
#include "proto/wire/envelope.h"
#include "proto/charter/node_offer.h"
#include "proto/charter/orglog.h"
#include "store/keyfile.h"

#define IDENTITY_OPERATOR_LEN_MAX 128

struct identity_options {
	const char *name;     /* of the organisation */
	const char *slug;     /* short name, of one member at a time */
	const char *ags;      /* official municipality key, 5 or 8 digits */
	const char *operator; /* "self" or "hosted:NAME" */
	int64_t now_ms;
};

struct identity {
	char name[LIMIT_NAME_LEN_MAX + 1];
	char slug[CHARTER_SLUG_LEN_MAX + 1];
	char ags[9];
	char operator[IDENTITY_OPERATOR_LEN_MAX + 1];
	struct org_id org;
	uint8_t node_index;
	struct sign_pk sign_pk;
	struct dh_pk transport_pk;
	struct dh_pk wrap_pk;
	struct digest next_root;  /* hash of the root key that may follow; zero: another node */
	struct secret *sign;      /* Ed25519 seed of this node */
	struct secret *transport; /* X25519 */
	struct secret *wrap; /* X25519, the organisation's since log entry 1; NULL: another node */
	struct secret *root; /* root seed (crypto/root.h); NULL when it is not on this machine */
	uint64_t store_incarnation; /* random; another store, another number */
};

/*
 * Key files beside these: a root seed that the charter has bound later, by its public key; and the
 * seed of the root key that may follow, by its hash, until it is on a sheet of its own. As long as
 * it lies here it is of no use: a thief of this machine has it too.
 */
#define IDENTITY_KEY_NAME_LEN 24
void identity_root_name(char out[IDENTITY_KEY_NAME_LEN], const struct sign_pk *root);
void identity_next_name(char out[IDENTITY_KEY_NAME_LEN], const struct digest *next_root);
/* The hash by which the charter names the root key that follows from a seed. */
void identity_next_root(struct digest *out, const struct key *seed);
/*
 * The seed of this root key, wherever it lies here; NULL: of the one that the organisation was made
 * with. ERR_ABSENT. The caller wipes.
 */
enum err identity_root_seed(struct key *seed, const struct identity *identity,
			    struct keyring *keyring, const struct sign_pk *root);
/*
 * Makes the organisation and its first node: key files, organisation log entry 1 (node 0, all
 * roles), META rows. The caller commits txn; when that fails, or this does, it removes the
 * directory. ERR_CONFIG: name, slug, ags or operator is not valid. ERR_EXISTS, ERR_IO.
 */
enum err identity_create(struct keyring *keyring, struct txn *txn, struct random *random,
			 const struct identity_options *options);
/*
 * Another node of an organisation: keys and META rows, with the names of the options; the node is
 * of no use before identity_accept(). The request can be made again and again. Errors as
 * identity_create(); request: ERR_ABSENT: this is not such a node.
 */
enum err identity_create_node(struct keyring *keyring, struct txn *txn, struct random *random,
			      const struct node_offer *offer,
			      const struct identity_options *options);
enum err identity_request(struct buf *out, struct keyring *keyring, struct txn *txn);
/* Where such a node finds its federation. ERR_ABSENT. */
struct invitation;
enum err identity_invitation(struct invitation *out, struct txn *txn);
/*
 * Takes the answer. ERR_MALFORMED, ERR_VERSION; ERR_DENIED: mistyped, or not for this node;
 * ERR_AGAIN: it goes on by a root that no charter in txn binds; ERR_ABSENT: this node waits for
 * none. On any error the caller aborts txn; when it has committed, it drops the key "handover".
 */
enum err identity_accept(struct keyring *keyring, struct txn *txn, struct bytes answer);
/*
 * A new node of an organisation all of whose nodes that have a role are given up as lost: by the
 * root seed alone, from the charter and the log that txn holds, which end with another entry. It
 * shuts out those that are `lost`, by index, and gives the new node all roles and the organisation
 * another wrap key. The next start finds the federation at the address, and takes over what the
 * lost ones have said (IDENTITY_RECOVERED_ROW). ERR_DENIED: the seed is not the root's;
 * ERR_PROTOCOL: an active node with a role is not named; ERR_FULL: no place for a further node;
 * else as identity_create().
 */
struct identity_recovery {
	const struct key *seed;
	const struct charter *charter;
	const struct charter_member *member; /* the organisation, in that charter */
	const bool *lost;                    /* LIMIT_NODE_COUNT_MAX */
	const char *operator;
	const char *address;    /* HOST:PORT of a node of a member, */
	struct dh_pk transport; /* which has this key */
	int64_t now_ms;
};
enum err identity_recover(struct keyring *keyring, struct txn *txn, struct random *random,
			  const struct identity_recovery *recovery);
/* META rows: this prefix and the index of a lost node whose records are to be taken over. */
#define IDENTITY_RECOVERED_ROW "recovered:"
/* The root key that follows from a seed. */
void identity_root_pk(struct sign_pk *out, const struct key *seed);
/*
 * A secret wrap key of the organisation, sealed into table SEALED under this name and the number of
 * the log entry that first named it.
 */
#define IDENTITY_WRAP_ROW "wrap:"
enum err identity_wrap_put(struct keyring *keyring, struct txn *txn, uint32_t number,
			   const struct key *key);
/* Which node this is, from now on. */
void identity_node_put(struct txn *txn, uint8_t index, const struct sign_pk *sign);
/* For identity_create_node(): checks the options and writes the META rows. */
enum err identity_rows_put(struct txn *txn, struct random *random,
			   const struct identity_options *options, const struct org_id *org);

/*
 * Release with identity_fini(). ERR_ABSENT: no node here. ERR_AGAIN: another node, not accepted
 * yet. ERR_CORRUPT: keys and log do not belong together.
 */
enum err identity_load(struct identity *out, struct keyring *keyring, struct txn *txn);
void identity_fini(struct identity *identity);
/* Whose store it is, without any key. ERR_ABSENT: nobody's; ERR_CORRUPT. */
struct identity_place {
	struct org_id org;
	uint8_t node_index;
	char name[LIMIT_NAME_LEN_MAX + 1];
	char slug[CHARTER_SLUG_LEN_MAX + 1];
	char ags[9];
};
enum err identity_place_load(struct identity_place *out, struct txn *txn);
/*
 * Ed25519 seed of the organisation's root key; ERR_ABSENT when the root seed is not here. Wipe it
 * after use.
 */
enum err identity_root_sign_seed(struct key *out, const struct identity *identity);

#endif
