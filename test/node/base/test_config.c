#include "test/node/node_test.h"

#include <stdio.h>
#include <string.h>

#include "node/base/config.h"
#include "node/base/config_metadata.h"

static enum err parse(struct config *config, const char *text, char *why)
{
	config_init(config);
	why[0] = 0;
	return config_parse(config, "DIR/config", bytes_str(text), why);
}

static void defaults_and_values(void **state)
{
	struct config config;
	char why[WHY_LEN];

	assert_int_equal(parse(&config, "", why), ERR_OK);
	assert_string_equal(config.listen, CONFIG_LISTEN_DEFAULT);
	assert_int_equal(config.limits.peer_count_max, limits_default().peer_count_max);

	assert_int_equal(parse(&config,
			       "\xef\xbb\xbf# of the town\r\n"
			       "\n"
			       "  listen =  [2001:db8::1]:7420  \n"
			       "advertise = a.example:1, b.example:65535 [::1]:7\n"
			       "operator = hosted:KISA\n"
			       "dial-only=no\n"
			       "log = warn\n"
			       "under-old-key = never\n"
			       "size-limit = 200G\n"
			       "session-time = 12h\n"
			       "ping-time = 1500\n"
			       "peers = 7",
			       why),
			 ERR_OK);
	assert_string_equal(config.listen, "[2001:db8::1]:7420");
	assert_int_equal(config.advertise_count, 3);
	assert_string_equal(config.advertise[1], "b.example:65535");
	assert_string_equal(config.advertise[2], "[::1]:7");
	assert_string_equal(config.operator, "hosted:KISA");
	assert_false(config.dial_only);
	assert_int_equal(config.log, LOG_WARN);
	assert_int_equal(config.limits.store_bytes_max, UINT64_C(200) << 30);
	assert_int_equal(config.limits.session_ms_max, 12 * 3600 * 1000);
	assert_int_equal(config.limits.ping_ms, 1500);
	assert_int_equal(config.limits.peer_count_max, 7);
	assert_true(config.limits.old_key_wait_ms == UINT64_MAX);
}

/* Each is refused with one sentence that names the line and what is allowed. */
static void refusals(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"listen", "line 1: \"listen\" is not \"name = value\"; write #"},
		{"\nlisten = nowhere\n", "line 2: listen is \"nowhere\"; allowed is HOST:PORT"},
		{"listen = ::1:7420", "allowed is HOST:PORT, an IPv6 address in brackets"},
		{"listen = 127.0.0.1:65536", "listen is"},
		{"listen = :7420", "listen is"},
		{"listen = a b:7420", "listen is"},
		{"advertise = a.example:0", "advertise is"},
		{"advertise = ", "advertise is \"\""},
		{"advertise = a:1 a:2 a:3 a:4 a:5 a:6 a:7 a:8 a:9", "1 to 8 times"},
		{"operator = somebody", "\"self\" or \"hosted:NAME\""},
		{"operator = hosted:", "\"self\" or \"hosted:NAME\""},
		{"dial-only = true", "\"yes\" or \"no\""},
		{"log = loud", "\"debug\", \"info\", \"warn\" or \"error\""},
		{"peers = 0", "peers is \"0\"; allowed is 1 to 1024"},
		{"peers = 1025", "allowed is 1 to 1024"},
		{"peers = -1", "allowed is 1 to 1024"},
		{"peers = 1k", "allowed is 1 to 1024"},
		{"peers = ", "allowed is 1 to 1024"},
		{"peers = 99999999999999999999", "allowed is 1 to 1024"},
		{"size-limit = 63M", "allowed is 64M to 1T"},
		{"size-limit = 2T", "allowed is 64M to 1T"},
		{"size-limit = 18446744073709551615T", "allowed is 64M to 1T"},
		{"ping-time = 99", "allowed is 100ms to 10min"},
		{"ping-time = 2h", "allowed is 100ms to 10min"},
		{"ping-time = 5x", "allowed is 100ms to 10min"},
		{"peers = 3\n\npeers = 4",
		 "line 3: peers is set a second time, after line 1; remove one of them"},
		{"http = 127.0.0.1", "http is \"127.0.0.1\"; allowed is HOST:PORT"},
		{"under-old-key = soon",
		 "under-old-key is \"soon\"; allowed is \"after-24h\", \"never\" or \"now\""},
		{"license = frei",
		 "line 1: license: \"license\": \"frei\" is no licence; the nearest"},
		{"contact-email = it", "contact-email: \"contact.email\": \"it\" is not a mail"},
		{"publisher = Stadt MeiÃŸen", "where \"ß\" was meant"},
		{"publisher = ", "publisher: it is empty: leave it out"},
		{"publisher = Stra\xdf", "publisher: it is no UTF-8"},
		{"contributor-id = meissen", "is no contributor"},
		{"language = de, xx", "\"xx\" is no language"},
		{"log-format = xml", "log-format is \"xml\"; allowed is \"text\" or \"json\""},
		{"pears = 3", "there is no setting \"pears\""},
		{"p\x1b[2J = 3", "there is no setting \"p\\x1b[2J\""},
		{"ping-time = 10s\nsilence-time = 10s",
		 "line 2: silence-time is 10s, but must be above ping-time, which is 10s"},
		{"head-renew = 20h\nhead-valid = 20h",
		 "line 2: head-valid is 20h, but must be above head-renew, which is 20h"},
		{"dial-wait-min = 5s\ndial-wait-max = 4s",
		 "line 2: dial-wait-max is 4s, but must not be below dial-wait-min, which is 5s"},
		{"peer-queue = 64M\nall-queues = 32M",
		 "line 2: all-queues is 32M, but must not be below peer-queue, which is 64M"},
	};
	struct config config;
	char why[WHY_LEN];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (parse(&config, cases[i].text, why) != ERR_CONFIG)
			fail_msg("accepted: %s", cases[i].text);
		if (!strstr(why, cases[i].says) || strncmp(why, "DIR/config", 10))
			fail_msg("%s: says \"%s\"", cases[i].text, why);
	}
}

static void no_text(void **state)
{
	struct config config;
	char why[WHY_LEN], line[2000];

	config_init(&config);
	assert_int_equal(config_parse(&config, "f", bytes_of("log = in\0fo", 11), why), ERR_CONFIG);
	memset(line, 'a', sizeof(line));
	config_init(&config);
	assert_int_equal(config_parse(&config, "f", bytes_of(line, sizeof(line)), why), ERR_CONFIG);
	assert_non_null(strstr(why, "line 1"));
}

/* The command line goes over the file, and is named in the sentence. */
static void over_the_file(void **state)
{
	struct config config;
	char why[WHY_LEN];

	assert_int_equal(parse(&config, "listen = 127.0.0.1:1", why), ERR_OK);
	assert_int_equal(config_set(&config, "--listen", "listen", "127.0.0.1:2", why), ERR_OK);
	assert_string_equal(config.listen, "127.0.0.1:2");
	assert_int_equal(config_set(&config, "--listen", "listen", "2", why), ERR_CONFIG);
	assert_int_equal(strncmp(why, "--listen: listen is \"2\"", 23), 0);
}

static void addresses(void **state)
{
	static const struct {
		const char *text, *host;
		int port; /* -1: refused */
	} cases[] = {
		{"127.0.0.1:0", "127.0.0.1", 0},
		{"a-b.example:65535", "a-b.example", 65535},
		{"[::]:7420", "::", 7420},
		{"[fe80::1%eth0]:1", "fe80::1%eth0", 1},
		{"a", NULL, -1},
		{"a:", NULL, -1},
		{":1", NULL, -1},
		{"[]:1", NULL, -1},
		{"::1:7420", NULL, -1},
		{"a:1x", NULL, -1},
		{"a:-1", NULL, -1},
		{"a:65536", NULL, -1},
		{"a b:1", NULL, -1},
		{"a/b:1", NULL, -1},
		{"[::1:7", NULL, -1},
		{"a:18446744073709551617", NULL, -1},
	};
	char host[LIMIT_ADDRESS_LEN_MAX + 1];
	uint16_t port;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum err err = address_split(cases[i].text, host, &port);

		if ((err == ERR_OK) != (cases[i].port >= 0))
			fail_msg("%s: %s", cases[i].text, err_text(err));
		if (err)
			continue;
		assert_string_equal(host, cases[i].host);
		assert_int_equal(port, cases[i].port);
	}
}

/* What can change while it runs is taken, the rest named, and nothing else touched. */
static void a_running_node_takes_what_it_can(void **state)
{
	static const char before[] = "listen = a:1\nadvertise = a:1\nsize-limit = 1G\npeers = 7\n";
	static const char after[] =
		"listen = a:2\nadvertise = a:1, a:2\nsize-limit = 2G\npeers = 8\n"
		"uploads = 3\nunder-old-key = never\nlog = warn\n"
		"log-file = l\noperator = hosted:KISA\ndial-only = yes\n";
	struct config config, next;
	struct buf taken, later;
	char why[WHY_LEN];

	assert_int_equal(parse(&config, before, why), ERR_OK);
	assert_int_equal(parse(&next, after, why), ERR_OK);
	buf_init(&taken, 1000);
	buf_init(&later, 1000);
	config_take(&config, &next, &taken, &later);
	buf_add_u8(&taken, 0);
	buf_add_u8(&later, 0);
	assert_string_equal(taken.ptr, "log, log-file, under-old-key, size-limit, uploads");
	assert_string_equal(later.ptr, "listen, advertise, operator, dial-only, peers");
	assert_int_equal(config.log, LOG_WARN);
	assert_string_equal(config.log_file, "l");
	assert_true(config.limits.old_key_wait_ms == UINT64_MAX);
	assert_int_equal(config.limits.store_bytes_max, UINT64_C(2) << 30);
	assert_int_equal(config.limits.upload_count_max, 3);
	assert_string_equal(config.listen, "a:1");
	assert_int_equal(config.limits.peer_count_max, 7);
	buf_reset(&taken);
	buf_reset(&later);
	config_take(&config, &config, &taken, &later);
	assert_int_equal(taken.len + later.len, 0);
	buf_fini(&taken);
	buf_fini(&later);
}

/* What is said of each dataset, under the names of metadata; also while the node runs. */
static void what_is_said_of_each_dataset(void **state)
{
	struct config config, next;
	struct buf taken, later;
	char why[WHY_LEN];

	assert_int_equal(parse(&config, "license = cc-zero\ncontact-email = a@b\n", why), ERR_OK);
	assert_int_equal(parse(&next,
			       "license = dl-by-de/2.0\nlanguage = de, hsb\nplace = 14627140\n"
			       "publisher = Stadt Meißen\npublisher-url = https://m.example\n",
			       why),
			 ERR_OK);
	buf_init(&taken, 1000);
	buf_init(&later, 1000);
	config_take(&config, &next, &taken, &later);
	buf_add_u8(&taken, 0);
	assert_string_equal(taken.ptr,
			    "publisher, publisher-url, contact-email, license, place, language");
	assert_int_equal(later.len, 0);
	json_t *json = config_metadata_json(&config);
	char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
	assert_string_equal(text, "{\"languages\":[\"de\",\"hsb\"],\"license\":\"dl-by-de/2.0\","
				  "\"place\":\"14627140\",\"publisher\":{\"name\":"
				  "\"Stadt Meißen\",\"url\":\"https://m.example\"}}");
	free(text);
	json_decref(json);
	buf_fini(&taken);
	buf_fini(&later);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_running_node_takes_what_it_can),
		cmocka_unit_test(defaults_and_values),
		cmocka_unit_test(refusals),
		cmocka_unit_test(no_text),
		cmocka_unit_test(over_the_file),
		cmocka_unit_test(addresses),
		cmocka_unit_test(what_is_said_of_each_dataset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
