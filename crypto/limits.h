/*
 * limits - every bound of the node, in one place (docs/PROTOCOL.md, section "Limits").
 *
 * Bounds that fix a format are constants. Bounds that a node may choose stand in struct limits,
 * which is handed to whoever keeps them, so tests run with small values.
 */
#ifndef ALLMENDE_LIMITS_H
#define ALLMENDE_LIMITS_H

#include <stdint.h>
#include <stddef.h>

enum {
	LIMIT_FRAME_LEN_MAX = 65535,         /* one Noise message on the wire, without length */
	LIMIT_MESSAGE_LEN_MAX = 1024 * 1024, /* one message on a channel */
	LIMIT_RECORD_LEN_MAX = 64 * 1024,    /* payload and signature */
	LIMIT_HEAD_LEN_MAX = 512,
	LIMIT_CHARTER_ENTRY_LEN_MAX = 64 * 1024, /* payload and votes */
	LIMIT_ORGLOG_ENTRY_LEN_MAX = 64 * 1024,
	LIMIT_CHARTER_NUMBER_MAX = 65536, /* entries are kept for ever */
	LIMIT_ORGLOG_NUMBER_MAX = 1024,
	LIMIT_LOG_ENTRY_LEN_MAX = 72 * 1024, /* of the audit log: a record or entry as it came */
	LIMIT_LOG_CLOSING_LEN_MAX = 256,
	LIMIT_JOIN_REQUEST_LEN_MAX = 4096,
	LIMIT_INVITATION_LEN_MAX = 1024, /* text */
	LIMIT_MEMBER_COUNT_MAX = 16384,  /* member numbers ever given */
	LIMIT_STEWARD_COUNT_MAX = 64,
	LIMIT_NODE_COUNT_MAX = 256,   /* nodes of one organisation */
	LIMIT_BIND_COUNT_MAX = 65536, /* binds and announcements of a charter */
	LIMIT_ANNOUNCED_MAX = 16,   /* announcements for one member that no bind has followed yet */
	LIMIT_ORGLOG_LOST_MAX = 16, /* entries of one log that are kept though they do not count */
	LIMIT_SLOT_LEN_MAX = 80,
	LIMIT_NAME_LEN_MAX = 128, /* organisation, federation; bytes of UTF-8 */
	LIMIT_PATH_COMPONENT_LEN_MAX = 64,
	LIMIT_PATH_DEPTH_MAX = 16,
	LIMIT_PATH_LEN_MAX = 16 * 65,
	LIMIT_TITLE_LEN_MAX = 512,
	LIMIT_DESCRIPTION_LEN_MAX = 8192,
	LIMIT_KEYWORD_COUNT_MAX = 32,
	/* the rest of a description: bytes of one value, values of one field */
	LIMIT_CODE_LEN_MAX = 64, /* of a vocabulary */
	LIMIT_IRI_LEN_MAX = 256, /* also of an identifier */
	LIMIT_EMAIL_LEN_MAX = 254,
	LIMIT_PHONE_LEN_MAX = 64,
	LIMIT_PROVENANCE_LEN_MAX = 1024,
	LIMIT_THEME_COUNT_MAX = 14,
	LIMIT_HVD_COUNT_MAX = 16,
	LIMIT_LEGISLATION_COUNT_MAX = 8,
	LIMIT_CONTRIBUTOR_COUNT_MAX = 4,
	LIMIT_LANGUAGE_COUNT_MAX = 8,
	LIMIT_FILE_NAME_LEN_MAX = 1024,    /* relative path inside a dataset, '/' separates */
	LIMIT_FILE_PART_LEN_MAX = 255,     /* of its parts, as file systems have no longer ones */
	LIMIT_FILE_DEPTH_MAX = 64,         /* folders, one in the other */
	LIMIT_CHUNK_PLAIN_MIN = 16 * 1024, /* but the last one of a file may be shorter */
	LIMIT_CHUNK_PLAIN_MAX = 256 * 1024,
	LIMIT_CHUNK_LEN_MAX = 270410, /* sealed */
	LIMIT_CHUNK_BASE_COUNT_MAX = 4,
	LIMIT_MANIFEST_CHUNK_COUNT_MAX = 1024, /* references in one record */
	LIMIT_MANIFEST_LEN_MAX = 64 * 1024 * 1024,
	LIMIT_WHOLE_LEN_MAX = 64 * 1024, /* sealed: a version up to this size comes in one piece, */
	LIMIT_WHOLE_CHUNK_COUNT_MAX = 64, /* of at most so many chunks */
	LIMIT_FILE_COUNT_MAX = 1000000,
	LIMIT_SWELL_FREE_BYTES = 64 * 1024 * 1024, /* of plain text beyond these, a stored byte */
	LIMIT_SWELL_RATIO_MAX = 1000,              /* may become so many, unless a person says so */
	LIMIT_HOLD_COUNT_MAX = 1 << 19,            /* versions that others say they hold */
	LIMIT_HOLD_ORG_COUNT_MAX = 1 << 16,        /* of them one organisation's */
	LIMIT_ADDRESS_COUNT_MAX = 8,               /* HOST:PORT of a node */
	LIMIT_ADDRESS_LEN_MAX = 255,
};

struct limits {
	uint32_t peer_count_max; /* links beyond the handshake */
	uint32_t half_open_max;  /* links in the handshake */
	uint32_t handshake_ms_max;
	uint32_t ping_ms;             /* a link silent this long is asked for life */
	uint32_t silence_ms_max;      /* a link silent this long is closed */
	uint64_t session_ms_max;      /* a new handshake after this time */
	uint64_t rekey_message_count; /* messages under one transport key */
	uint64_t rekey_byte_count;
	/* a sender's window on channel 1, and on channel 2, where it is what a line may hold; both
	   sides must agree */
	uint32_t channel_credit_bytes, bulk_credit_bytes;
	uint64_t peer_queue_bytes_max; /* waiting to be sent to one peer */
	uint64_t all_queue_bytes_max;  /* over all peers; the largest is closed first */
	uint32_t bulk_turn_bytes_max;  /* bulk written in one turn */
	uint32_t chunks_in_flight_max; /* requested from one peer, not yet arrived */
	uint32_t chunk_timeout_ms;     /* then another peer is asked */
	uint32_t fetch_count_max;      /* datasets fetched at the same time, beside small ones */
	uint32_t whole_bytes_max;      /* versions up to this size are asked for whole; 0: none */
	uint32_t upload_count_max;
	uint32_t http_connection_count_max;
	uint32_t public_connection_count_max;
	uint64_t http_body_len_max;     /* of a JSON body; uploads are streamed */
	uint32_t announce_inline_bytes; /* records of an announcement up to this size go along */
	uint32_t anti_entropy_ms;
	uint64_t head_valid_ms;
	uint64_t head_renew_ms;
	uint64_t clock_ahead_ms_max; /* records further in the future are refused */
	uint32_t dial_backoff_ms_min;
	uint32_t dial_backoff_ms_max;
	/*
	 * Costs, in units of about a microsecond of the core thread; how they are counted says
	 * proto/hub/meter.h.
	 */
	int64_t cost_burst;         /* what an organisation may cost at once, */
	int64_t cost_per_s;         /* and from then on in each second */
	int64_t cost_turn_max;      /* of messages taken in one turn */
	size_t turn_sent_bytes_max; /* made to be sent in one turn, when it ends */
	uint32_t junk_max;          /* of one payer within a minute; then it is paused */
	uint32_t pause_ms_min;      /* the first pause; each one more is twice as long */
	uint32_t pause_ms_max;
	/* of all live records of an author with node index 0; the same everywhere (quota.h) */
	uint64_t quota_record_count;
	uint64_t quota_record_bytes;
	uint64_t old_key_wait_ms;    /* for a new epoch; UINT64_MAX: for ever */
	uint64_t namespace_keys_max; /* of epochs, kept of the namespace of another organisation */
	/* the audit log (proto/audit/audit.h) */
	uint32_t log_segment_bytes; /* then it is closed */
	uint32_t log_segment_count; /* kept, the open one counts; at least 2 */
	uint64_t log_org_bytes;     /* what one organisation has caused, at once */
	uint64_t log_org_day_bytes; /* and from then on in each day */
	uint64_t store_bytes_max;   /* size limit of the node; 0: the disk */
	uint64_t deliver_bytes_max; /* plain text of one version written into a folder by itself */
	uint32_t deliver_file_count_max;
};

/* The values of docs/PROTOCOL.md. */
struct limits limits_default(void);

#endif
