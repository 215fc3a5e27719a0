#include "proto/link/certificate.h"

#include "crypto/limits.h"
#include "proto/charter/orglog.h"
#include "proto/wire/wire_in.h"
#include "proto/wire/wire_out.h"

/*
 * PROTOCOL: "certificate = [chosen version, member number or 0, node index, organisation id(32),
 * latest organisation log entry (signed, as bin)]"
 */
void certificate_put(struct buf *out, const struct certificate *certificate)
{
	out_array(out, 5);
	out_uint(out, certificate->version);
	out_uint(out, certificate->member);
	out_uint(out, certificate->node_index);
	out_fixed(out, certificate->org.b, ID_LEN);
	out_bin(out, certificate->entry);
}

enum err certificate_get(struct certificate *certificate, struct bytes from)
{
	struct wire_in w = wire_in(from);
	wire_array(&w, 5, 5);
	certificate->version = (uint8_t)wire_uint(&w, UINT8_MAX);
	certificate->member = (uint32_t)wire_uint(&w, LIMIT_MEMBER_COUNT_MAX);
	certificate->node_index = (uint8_t)wire_uint(&w, UINT8_MAX);
	wire_fixed(&w, certificate->org.b, ID_LEN);
	certificate->entry = wire_bin(&w, 1, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	return wire_end(&w);
}

enum err certificate_check(const struct certificate *certificate, const struct dh_pk *transport)
{
	struct orglog log;
	/* Keys are admitted with the log; that the node has this one the handshake has shown. */
	enum err err = orglog_entry_signed(&log, certificate->entry);
	if (err)
		return err;
	/*
	 * PROTOCOL: "the entry is signed by the root key it names and lists the node, whose
	 * transport key is the static key of the handshake." Whether it is still active says the
	 * log that is known here: who is out may ask whether it is back.
	 */
	const struct orglog_node *node = orglog_node(&log, certificate->node_index);
	if (!node || !id_eq(&node->transport, transport))
		err = ERR_DENIED;
	/* the id of an organisation is the id of its first entry; later ones do not show it */
	if (log.number == 1 && !id_eq(&log.id, &certificate->org))
		err = ERR_DENIED;
	orglog_fini(&log);
	return err;
}
