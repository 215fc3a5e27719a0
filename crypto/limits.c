#include "crypto/limits.h"

#define KIB    (1024u)
#define MIB    (1024u * KIB)
#define SECOND (1000u)
#define MINUTE (60u * SECOND)
#define HOUR   (60u * MINUTE)

struct limits limits_default(void)
{
	return (struct limits){
		.peer_count_max = 256,
		.half_open_max = 64,
		.handshake_ms_max = 5 * SECOND,
		.ping_ms = 20 * SECOND,
		.silence_ms_max = 60 * SECOND,
		.session_ms_max = 24 * HOUR,
		.rekey_message_count = 1u << 16,
		.rekey_byte_count = 1024 * MIB,
		.channel_credit_bytes = MIB,
		.bulk_credit_bytes = 16 * MIB,
		.peer_queue_bytes_max = 8 * MIB,
		.all_queue_bytes_max = 128 * MIB,
		.bulk_turn_bytes_max = 16 * MIB,
		.chunks_in_flight_max = 256,
		.chunk_timeout_ms = 15 * SECOND,
		.fetch_count_max = 4,
		.whole_bytes_max = LIMIT_WHOLE_LEN_MAX,
		.upload_count_max = 8,
		.http_connection_count_max = 64,
		.public_connection_count_max = 1024,
		.http_body_len_max = 256 * KIB,
		.announce_inline_bytes = 4096,
		.anti_entropy_ms = 60 * SECOND,
		.head_valid_ms = 26 * HOUR,
		.head_renew_ms = 12 * HOUR,
		.clock_ahead_ms_max = 10 * MINUTE,
		.dial_backoff_ms_min = 500,
		.dial_backoff_ms_max = 60 * SECOND,
		.cost_burst = 30 * 1000 * 1000,
		.cost_per_s = 200 * 1000,
		.cost_turn_max = 5 * 1000,
		.turn_sent_bytes_max = 4 * MIB,
		.junk_max = 512,
		.pause_ms_min = MINUTE,
		.pause_ms_max = HOUR,
		.quota_record_count = 256 * KIB,
		.quota_record_bytes = 256 * MIB,
		.old_key_wait_ms = 24 * 3600 * 1000,
		.namespace_keys_max = 256 * KIB,
		.log_segment_bytes = MIB,
		.log_segment_count = 64,
		.log_org_bytes = MIB,
		.log_org_day_bytes = 64 * KIB,
		.store_bytes_max = 0,
		.deliver_bytes_max = (uint64_t)64 * 1024 * MIB,
		.deliver_file_count_max = 100000,
	};
}
