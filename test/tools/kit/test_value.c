/*
 * What people type: names, keys, addresses, datasets, invitations.
 */
#include "test/store/store_test.h"

#include "tools/kit/value.h"

static void test_ref(void **state)
{
	static const char *const wrong[] = {"",
					    "@1",
					    "a@",
					    "a@0",
					    "a@x",
					    "a@-1",
					    "a@1@2",
					    "a//b",
					    "/a",
					    "a/../b",
					    "A",
					    "a b",
					    "a@18446744073709551616"};
	struct value_ref ref;
	char *text = mem_new(1, 4097);

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(value_ref(&ref, wrong[i]), TOOL_USAGE);
	assert_int_equal(value_ref(&ref, "meissen/wasser/pegel-elbe"), TOOL_DONE);
	assert_string_equal(ref.path, "meissen/wasser/pegel-elbe");
	assert_int_equal(ref.version, 0);
	assert_int_equal(value_ref(&ref, "meissen/a.b_c@12"), TOOL_DONE);
	assert_string_equal(ref.path, "meissen/a.b_c");
	assert_int_equal(ref.version, 12);
	memset(text, 'a', 4096);
	assert_int_equal(value_ref(&ref, text), TOOL_USAGE);
	free(text);
}

static void check_address(const char *text, bool zero_ok, int want)
{
	assert_int_equal(value_address("--listen", text, zero_ok), want);
}

static void test_address(void **state)
{
	static const char *const wrong[] = {
		"",       "host",  ":1",    "host:", "host:x",  "host:65536",
		"::1:80", "[::1]", "[]:80", "a b:1", "host:-1", "[::1:80"};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		check_address(wrong[i], true, TOOL_USAGE);
	check_address("127.0.0.1:0", true, TOOL_DONE);
	check_address("127.0.0.1:0", false, TOOL_USAGE);
	check_address("node.meissen.example:65535", false, TOOL_DONE);
	check_address("[2001:db8::1]:7420", false, TOOL_DONE);
}

static void test_names(void **state)
{
	char *name = mem_new(1, 200);

	assert_int_equal(value_name("--name", ""), TOOL_USAGE);
	assert_int_equal(value_name("--name", "a\nb"), TOOL_USAGE);
	assert_int_equal(value_name("--name", "M\xfcnchen"), TOOL_USAGE);
	assert_int_equal(value_name("--name", "Stadt Meißen"), TOOL_DONE);
	memset(name, 'a', 128);
	assert_int_equal(value_name("--name", name), TOOL_DONE);
	name[128] = 'a';
	assert_int_equal(value_name("--name", name), TOOL_USAGE);
	free(name);
	assert_int_equal(value_slug("--slug", "landkreis-meissen"), TOOL_DONE);
	assert_int_equal(value_slug("--slug", "-a"), TOOL_USAGE);
	assert_int_equal(value_slug("--slug", "Meißen"), TOOL_USAGE);
	assert_int_equal(value_ags("--ags", "14627"), TOOL_DONE);
	assert_int_equal(value_ags("--ags", "14627140"), TOOL_DONE);
	assert_int_equal(value_ags("--ags", "146271"), TOOL_USAGE);
	assert_int_equal(value_ags("--ags", "1462714o"), TOOL_USAGE);
	assert_int_equal(value_operator("self"), TOOL_DONE);
	assert_int_equal(value_operator("hosted:KISA"), TOOL_DONE);
	assert_int_equal(value_operator("hosted:"), TOOL_USAGE);
	assert_int_equal(value_operator("KISA"), TOOL_USAGE);
}

static struct buf make_invitation(int64_t valid_until_ms)
{
	struct invitation invitation = {
		.fed_name = "Landkreis Meißen",
		.charter_number = 1,
		.address = "127.0.0.1:7420",
		.name = "Stadt Riesa",
		.slug = "riesa",
		.ags = "14627230",
		.valid_until_ms = valid_until_ms,
	};
	struct random random = random_seeded(1);
	struct buf text;

	random_fill(&random, invitation.fed.b, ID_LEN);
	random_fill(&random, invitation.charter_entry_id.b, ID_LEN);
	random_fill(&random, invitation.transport.b, ID_LEN);
	random_fill(&random, invitation.secret.b, KEY_LEN);
	buf_init(&text, 4096);
	assert_int_equal(invitation_put(&text, &invitation), ERR_OK);
	buf_add_u8(&text, 0);
	return text;
}

static void test_invitation(void **state)
{
	struct buf text = make_invitation(2000);
	struct invitation got;
	char *line = (char *)text.ptr;
	size_t len = strlen(line);

	assert_int_equal(value_invitation(&got, line, 1999), TOOL_DONE);
	assert_string_equal(got.slug, "riesa");
	invitation_wipe(&got);
	assert_int_equal(value_invitation(&got, line, 2000), TOOL_DENIED);
	for (size_t i = 0; i < len; i++) {
		char cut = line[i];

		line[i] = '\0';
		assert_int_equal(value_invitation(&got, line, 1999), TOOL_USAGE);
		line[i] = cut;
	}
	assert_int_equal(value_invitation(&got, "magnet:?xt=urn:btih:1234", 1999), TOOL_USAGE);
	buf_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ref),
		cmocka_unit_test(test_address),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_invitation),
	};

	return cmocka_run_group_tests(tests, test_setup, NULL);
}
