/*
 * layout - every table and every key, in one place.
 *
 * Integers in keys are big-endian, so that LMDB's order is the numeric order. The store treats
 * values as opaque; who owns a table's values is said beside it. A change here raises
 * STORE_FORMAT, and store/dir.c refuses what is older or newer.
 */
#ifndef ALLMENDE_LAYOUT_H
#define ALLMENDE_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/bytes.h"
#include "crypto/id.h"

#define STORE_FORMAT 9
#define KEY_LEN_MAX  256

/* X(NAME, "name", sums): sums is 0 where values verify themselves. */
#define TABLE_LIST(X)                                                                              \
	X(META, "meta", 1)       /* name -> value; "format" is the first record; layout below */   \
	X(CHARTER, "charter", 1) /* number(4) -> entry with votes; proto/charter/ */               \
	X(ORGLOG, "orglog",                                                                        \
	  1) /* organisation id(32) number(4) -> signed entry; proto/charter/orglog */             \
	X(HEAD, "head", 1) /* author(4) incarnation(4) -> latest head; proto/ledger/head */        \
	X(RECORD, "record",                                                                        \
	  1) /* author(4) incarnation(4) sequence(8) -> record; proto/ledger/record */             \
	X(LEAF, "leaf", 1) /* author(4) incarnation(4) place(8) slot -> sequence(8) hash(32) */    \
	X(NODE, "node", 1) /* author(4) incarnation(4) depth(1) place(8) -> count(8) digest(32) */ \
	X(AUTHOR, "author", 1)     /* author(4) -> local state of an author; proto/ledger/ */      \
	X(EVIDENCE, "evidence", 1) /* author(4) -> two heads; proto/ledger/heads */                \
	X(VERSION, "version", 1) /* dataset(32) author(4) ~number(8) -> row; proto/ledger/rows */  \
	X(PATH, "path", 1)       /* path text -> dataset(32) */                                    \
	X(SLOT, "slot", 1) /* slot author(4) -> incarnation(4) sequence(8); proto/ledger/slots */  \
	X(INDEX, "index",                                                                          \
	  1) /* dataset(32) author(4) ~number(8) address(32) -> size(4) closed(1) */               \
	X(SHARE, "share", 1) /* dataset(32) address(32) -> versions; proto/ledger/held */          \
	X(HELD, "held",                                                                            \
	  1) /* dataset(32) author(4) ~number(8) -> how much is here; proto/ledger/held */         \
	X(CHUNK, "chunk", 0) /* dataset(32) address(32) -> sealed chunk */                         \
	X(STAGE, "stage", 1) /* job(8) dataset(32) address(32) -> size(4) */                       \
	X(SEEN, "seen",                                                                            \
	  1) /* dataset(32) keyed hash of plain text(32) -> reference; proto/content/writer */     \
	X(SUBSCRIPTION, "subscription", 1) /* pattern text -> row; proto/transfer/subscription */  \
	X(SEALED, "sealed", 1)             /* name -> key sealed under the storage key */          \
	X(PEER, "peer", 1)                 /* address text -> options; proto/hub/peers */          \
	X(INVITATION, "invitation",                                                                \
	  1) /* hash of secret(32) -> terms and state; proto/charter/invitation */                 \
	X(REQUEST, "request",                                                                      \
	  1) /* organisation id(32) -> who waits to be admitted; proto/membership/request */       \
	X(PROPOSAL, "proposal",                                                                    \
	  1) /* number(4) entry id(32) -> payload; proto/membership/voting */                      \
	X(OPENING, "opening",                                                                      \
	  1) /* number(4) entry id(32) -> what the newcomer's words come of; proto/membership/ */  \
	X(VOTE, "vote", 1) /* number(4) entry id(32) member(4) -> signature(64) */                 \
	X(FORK, "fork", 1) /* number(4) entry id(32) -> entry with votes; proto/sync/fork */       \
	X(WITHDRAWN, "withdrawn",                                                                  \
	  1) /* dataset(32) -> what became of it here; proto/catalog/withdrawal */                 \
	X(HOLDER, "holder", 1)   /* own dataset(32) author(4) -> see proto/transfer/proof.h */     \
	X(DELIVER, "deliver", 1) /* pattern text -> pattern and folder; proto/catalog/delivery */  \
	X(DELIVERED, "delivered",                                                                  \
	  1)                   /* folder text -> what stands in it; proto/catalog/delivery */      \
	X(FOLDER, "folder", 1) /* folder text -> whether it has a mark; proto/catalog/delivered */ \
	X(REMAINS, "remains",                                                                      \
	  1) /* dataset(32) hash of target(32) -> copy to be removed; proto/catalog/remains */     \
	X(FIRST_SEEN, "first-seen",                                                                \
	  1) /* number(4) entry id(32) -> time(8) it came here; proto/charter/charter */           \
	X(HANDED, "handed",                                                                        \
	  1)                 /* own link id(32) hash(32) -> who handed on; proto/rights/handed */  \
	X(EPOCH, "epoch", 1) /* owner(4) hash of path(32) -> proto/rights/epoch_rows */            \
	X(WRAPPED, "wrapped", 1) /* owner(4) hash(32) reader(32) key id(8) -> seen(8) read(1) */   \
	X(ERASING, "erasing", 1) /* dataset(32), erased here and not told yet -> the same */       \
	X(ORGLOG_LOST, "orglog-lost",                                                              \
	  1) /* organisation id(32) number(4) entry id(32) -> signed entry; orglog_fork */         \
	X(ORGLOG_PAST, "orglog-past",                                                              \
	  1) /* organisation id(32) -> what its log has named; proto/charter/orglog_past */        \
	X(ORGLOG_BIND, "orglog-bind",                                                              \
	  1) /* organisation id(32) place(4) -> root(32) entry id(32); orglog_bind */              \
	X(ORGLOG_PATH, "orglog-path",                                                              \
	  1) /* organisation id(32) entry id(32) -> signed entry; orglog_bind */                   \
	X(FOREIGN, "foreign",                                                                      \
	  1) /* dataset(32) author(4) ~number(8) -> what is to be kept; proto/catalog/takeover */  \
	X(NAME, "name", 1) /* keyed hash of name(32) dataset(32) -> record(32) path; catalog/ */   \
	X(UNSIGNED, "unsigned", 1) /* job(8) -> version that waits to be signed; proto/catalog/ */ \
	X(ASIDE, "aside",                                                                          \
	  1)             /* job(8) -> own record that is to be said again; proto/ledger/aside */   \
	X(LOG, "log", 1) /* number(8) -> entry of the audit log; proto/audit/ */                   \
	X(LOG_CLOSING, "log-closing", 1) /* number(8) of a segment's first entry -> closing */     \
	X(LOG_BASE, "log-base",                                                                    \
	  1) /* slot author(4) -> number(8) time(8) record, whose entry is gone; audit/known */    \
	X(LOG_ACCOUNT, "log-account", 1) /* member(4) -> what its entries cost; proto/audit/ */    \
	X(LOG_SERVED, "log-served",                                                                \
	  1) /* day(4) member(4) dataset(32) number(8) author(4) -> chunks(8) bytes(8); audit/ */  \
	X(LINE, "line",                                                                            \
	  1) /* issuer(4) line id(32) -> what is indexed of it; proto/rights/table */              \
	X(LINE_TO, "line-to", 1)     /* audience organisation id(32) line id(32) -> issuer(4) */   \
	X(LINE_ON, "line-on", 1)     /* parent line id(32) line id(32) -> issuer(4) */             \
	X(LINE_WHEN, "line-when", 1) /* time(8) line id(32) -> issuer(4) */                        \
	X(LINE_DUE, "line-due", 1)   /* payer(4) kind(1) id(32) -> proto/rights/table_due */       \
	X(TOUCHED, "touched",                                                                      \
	  1) /* dataset(32), of which something may be true now that was not -> nothing */         \
	X(STANDING, "standing", 1)       /* dataset(32) -> flags(1); proto/ledger/standing */      \
	X(STANDING_OF, "standing-of", 1) /* flag(1) dataset(32), which has it -> nothing */        \
	X(UNHEARD, "unheard", 1) /* member(4) -> own records it has yet to hear of; catalog/ */    \
	X(RIGHT, "right",                                                                          \
	  1) /* owner(4) audience organisation id(32) hash of prefix(16) rank(10) line id(32) */

enum table {
#define X(name, text, sums) TABLE_##name,
	TABLE_LIST(X)
#undef X
		TABLE_COUNT
};

const char *table_name(enum table table);
bool table_sums(enum table table);

/* A key under construction; never overflows: the parts have fixed or checked lengths. */
struct row_key {
	uint8_t b[KEY_LEN_MAX];
	size_t len;
};
static inline struct bytes row_key_bytes(const struct row_key *key)
{
	return bytes_of(key->b, key->len);
}

struct row_key key_name(const char *name);
struct row_key key_charter(uint32_t number);
struct row_key key_log(uint64_t number); /* LOG, LOG_CLOSING */
/* ORGLOG_PAST, and prefix of the other ORGLOG tables. */
struct row_key key_orglog_prefix(const struct org_id *org);
struct row_key key_orglog(const struct org_id *org, uint32_t number); /* ORGLOG, ORGLOG_BIND */
struct row_key key_orglog_lost(const struct org_id *org, uint32_t number,
			       const struct digest *entry_id);
struct row_key key_orglog_path(const struct org_id *org, const struct digest *entry_id);
struct row_key key_served_prefix(uint32_t day, uint32_t member);
struct row_key key_served(uint32_t day, uint32_t member, const struct dataset_id *dataset,
			  uint64_t number, uint32_t author);
struct row_key key_author(uint32_t author);
struct row_key key_author_incarnation(uint32_t author, uint32_t incarnation); /* HEAD, prefixes */
struct row_key key_record(uint32_t author, uint32_t incarnation, uint64_t sequence);
struct row_key key_leaf(uint32_t author, uint32_t incarnation, uint64_t place, struct bytes slot);
struct row_key key_node(uint32_t author, uint32_t incarnation, uint8_t depth, uint64_t place);
struct row_key key_slot(struct bytes slot, uint32_t author);
struct row_key
key_charter_id(uint32_t number,
	       const struct digest *entry_id); /* PROPOSAL, OPENING, FORK, FIRST_SEEN */
struct row_key key_vote(uint32_t number, const struct digest *entry_id, uint32_t member);
struct row_key
key_dataset(const struct dataset_id *dataset); /* prefix; also of REMAINS; WITHDRAWN, ERASING */
/*
 * VERSION, HELD, and prefix of INDEX: of each author the highest number first, so that what many
 * others write about a dataset costs one step for each of them.
 */
struct row_key key_version(const struct dataset_id *dataset, uint64_t number, uint32_t author);
struct row_key key_index(const struct dataset_id *dataset, uint64_t number, uint32_t author,
			 const struct chunk_addr *addr);
struct row_key key_holder(const struct dataset_id *dataset, uint32_t author);
struct row_key key_standing(uint8_t flag, const struct dataset_id *dataset); /* STANDING_OF */
struct row_key key_line(uint32_t issuer, const struct digest *line);
struct row_key key_line_of(const uint8_t id[ID_LEN], const struct digest *line); /* LINE_TO, _ON */
struct row_key key_line_when(int64_t at_ms, const struct digest *line);
struct row_key key_line_due(uint32_t payer, uint8_t kind, const uint8_t id[ID_LEN]);
/* What an organisation may in a namespace, and at one prefix of it; both are prefixes of RIGHT. */
struct row_key key_right_org(uint32_t owner, const struct org_id *org);
struct row_key key_right_at(uint32_t owner, const struct org_id *org, const uint8_t prefix[16]);
struct row_key key_right(uint32_t owner, const struct org_id *org, const uint8_t prefix[16],
			 const uint8_t rank[10], const struct digest *line);
struct row_key key_epoch(uint32_t owner, const struct digest *path); /* and prefix of WRAPPED */
struct row_key key_wrapped(uint32_t owner, const struct digest *path, const struct org_id *reader,
			   const uint8_t key_id[8]);
struct row_key key_handed(const struct digest *link, const struct digest *place);
/* CHUNK and SHARE. */
struct row_key key_chunk(const struct dataset_id *dataset, const struct chunk_addr *addr);
struct row_key key_stage_prefix(uint64_t job); /* and UNSIGNED */
struct row_key key_stage(uint64_t job, const struct dataset_id *dataset,
			 const struct chunk_addr *addr);
struct row_key key_hidden(const struct digest *name, const struct dataset_id *dataset); /* NAME */
struct row_key key_remains(const struct dataset_id *dataset, const struct digest *target);
struct row_key key_seen(const struct dataset_id *dataset, const struct digest *plain);
/*
 * PATH, SUBSCRIPTION, PEER, DELIVER, DELIVERED, FOLDER; the text itself when it has at most 255
 * bytes and does not begin with "#", else "#" and its hash.
 */
struct row_key key_text(struct bytes text);

#endif
