/*
 * contact - body of a contact record: where an author's node may be dialled, and who runs it
 * (docs/PROTOCOL.md, section 5.3).
 */
#ifndef ALLMENDE_CONTACT_H
#define ALLMENDE_CONTACT_H

#include "crypto/bytes.h"
#include "crypto/limits.h"

#define CONTACT_SOFTWARE_LEN_MAX 64

struct contact {
	struct bytes addresses
		[LIMIT_ADDRESS_COUNT_MAX]; /* HOST:PORT; borrowed; none: it only dials out */
	size_t address_count;
	struct bytes software;
	struct bytes operator_name; /* empty: the organisation itself */
};

void contact_put(struct buf *out, const struct contact *contact);
/* ERR_MALFORMED, ERR_VERSION */
enum err contact_get(struct contact *out, struct bytes body);
/* What identity.operator says: nothing of "self", NAME of "hosted:NAME". */
struct bytes contact_operator(const char *setting);
/*
 * ERR_MALFORMED unless the text is HOST:PORT: HOST a name, an IPv4 address or an IPv6 address in
 * brackets.
 */
enum err contact_address_check(struct bytes address);

#endif
