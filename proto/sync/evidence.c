#include "proto/sync/evidence.h"

#include "proto/sync/gossip.h"

enum { EVIDENCE_TOLD_MAX = 1024 }; /* in a session, each at most 1,040 bytes */

static void evidence_say(struct hub *hub, struct peer *peer, struct bytes first,
			 struct bytes second)
{
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_evidence(&out, first, second);
	hub_send(hub, peer, &out);
}

void evidence_tell(struct hub *hub, struct txn *txn, struct peer *peer)
{
	struct bytes first, second;
	uint32_t author = 0;
	for (unsigned i = 0; i < EVIDENCE_TOLD_MAX; i++) {
		if (!ledger_evidence_next(&hub->ledger, txn, &author, &first, &second))
			return;
		evidence_say(hub, peer, first, second);
	}
}

void evidence_new(struct hub *hub, struct txn *txn, uint32_t author, uint64_t link)
{
	struct note *note = hub_note(hub, NOTE_EVIDENCE);
	struct bytes first, second;
	note->author = author;
	note->link = link;
	if (!ledger_evidence(txn, author, &first, &second))
		return;
	for (size_t i = 0; i < hub->peers.count; i++) {
		struct peer *peer = hub->peers.items[i];
		if (peer->up && peer->met && peer->link != link)
			evidence_say(hub, peer, first, second);
	}
}

/* Both heads are heard, too: so whoever knew one of them goes on with the one that counts. */
void evidence_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	uint32_t author = 0;
	const uint64_t forged_before = hub->ledger.forged_count;
	enum err err =
		ledger_accept_evidence(&hub->ledger, txn, m->entries[0], m->entries[1], &author);
	if (err == ERR_PROTOCOL || err == ERR_MALFORMED || err == ERR_FULL)
		hub_peer_bad(hub, peer, LINK_REASON_PROTOCOL, "EVIDENCE that is none");
	if (hub->ledger.forged_count != forged_before)
		hub_junk(hub, peer, JUNK_PASSED);
	if (err)
		return;
	evidence_new(hub, txn, author, peer->link);
	for (unsigned i = 0; i < 2; i++)
		gossip_head_hear(hub, txn, peer, m->entries[i]);
}
