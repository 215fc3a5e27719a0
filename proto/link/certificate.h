/*
 * certificate - what a node says of itself in the handshake (docs/PROTOCOL.md, section 8).
 *
 *   [chosen version, member number or 0, node index, organisation id, organisation log entry]
 *
 * The entry binds the transport key, which the handshake proves, to an organisation's root key.
 * certificate_check() sees only that the certificate fits itself and the handshake; whether the
 * organisation is a member, and whether the entry is the latest one known, is for the owner to
 * decide. A certificate with member number 0 is a guest's.
 */
#ifndef ALLMENDE_CERTIFICATE_H
#define ALLMENDE_CERTIFICATE_H

#include <stdint.h>

#include "crypto/bytes.h"
#include "crypto/id.h"

struct certificate {
	uint8_t version;    /* of the protocol, as chosen by the listener; the link fills it in */
	uint32_t member;    /* member number, 0: guest */
	uint8_t node_index; /* in the organisation log entry */
	struct org_id org;
	struct bytes entry; /* latest organisation log entry: payload || signature; borrowed */
};

/* Appends; faults stay in out. */
void certificate_put(struct buf *out, const struct certificate *certificate);
/* The entry points into from. ERR_MALFORMED. */
enum err certificate_get(struct certificate *certificate, struct bytes from);
/*
 * The entry is signed by the root key it names, lists the node as active with this transport
 * key, and is the organisation's first one if it says so. ERR_MALFORMED, ERR_DENIED.
 */
enum err certificate_check(const struct certificate *certificate, const struct dh_pk *transport);

#endif
