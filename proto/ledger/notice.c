#include "proto/ledger/notice.h"

#include "crypto/utf8.h"
#include "proto/wire/payload.h"
#include "proto/wire/wire_out.h"

/* PROTOCOL: "body = [1, text]        at most 512 bytes" */
enum err notice_put(struct buf *out, struct bytes text)
{
	if (text.len > NOTICE_TEXT_LEN_MAX || !utf8_check(text, false))
		return ERR_MALFORMED;
	out_array(out, 2);
	out_uint(out, 1);
	out_text(out, text);
	return out->err;
}

enum err notice_get(struct bytes *text, struct bytes body)
{
	struct wire_in w = wire_in(body);
	enum err err = payload_begin(&w, 2);

	if (err)
		return err;
	*text = wire_text(&w, 0, NOTICE_TEXT_LEN_MAX);
	return wire_end(&w);
}
