/* What is said of a version: what is inherited, cleared, or comes from the settings; its times. */
#include "proto/catalog/catalog.h"
#include "test/proto/made.h"
#include "test/proto/press.h"

/* The node is member 2, with the federation key. */
struct fixture {
	struct test_federation fed;
	struct hub_node node;
	struct catalog_entry made;
	enum publish_outcome outcome;
};

#define PATH "gemeinde-2/plan"

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));
	test_federation_init(&f->fed, 3, 1, 1);
	hub_node_open(&f->node, &f->fed, &f->fed.orgs[1]);
	hub_node_machines(&f->node);
	fedkeys_store(&f->node.hub, f->node.txn, 1, &f->fed.fed_key);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	catalog_entry_fini(&f->made);
	hub_node_close(&f->node);
	test_federation_fini(&f->fed);
	free(f);
	return 0;
}

/* Publishes with these options; what the version says. */
static const struct description *said(struct fixture *f, struct publish_options options,
				      const char *content)
{
	options.path = PATH;
	struct press p = {.options = options, .content = bytes_str(content)};
	hub_node_pass(&f->node, 1000);
	if (press_all(&p, &f->node))
		fail_msg("%s", p.why);
	catalog_entry_fini(&f->made);
	f->made = p.entry;
	f->outcome = p.outcome;
	return &f->made.description;
}

#define SAYS(field, text) assert_true(bytes_eq((field), bytes_str(text)))
#define BIT(key)          DESCRIPTION_BIT(DESCRIPTION_##key)

/* Each field that people say goes on until another is said, or none. */
static void every_field_is_inherited_and_cleared(void **state)
{
	struct fixture *f = *state;
	struct publish_options options = {.description = {
						  .title = bytes_str("Plan"),
						  .text = bytes_str("Stand heute"),
						  .keywords = {bytes_str("plan")},
						  .keyword_count = 1,
						  .themes = {bytes_str("GOVE"), bytes_str("REGI")},
						  .theme_count = 2,
						  .license = bytes_str("cc-zero"),
						  .contact_email = bytes_str("a@b"),
						  .has_bbox = true,
						  .bbox = {1, 2, 3, 4},
						  .from = bytes_str("2026"),
						  .hvd = {bytes_str("c_f2b50efd")},
						  .hvd_count = 1,
						  .provenance = bytes_str("Amt"),
					  }};
	const struct description first = *said(f, options, "a");
	assert_int_equal(first.defaulted, BIT(PUBLISHER));
	const struct description *d = said(f, (struct publish_options){.widen = true}, "b");
	for (enum description_key key = 1; key < DESCRIPTION_KEY_END; key++)
		if (description_has(&options.description, key) != description_has(d, key) &&
		    !(BIT(PUBLISHER) & DESCRIPTION_BIT(key)) && key != DESCRIPTION_DEFAULTED &&
		    key != DESCRIPTION_ISSUED && key != DESCRIPTION_MODIFIED &&
		    key != DESCRIPTION_FILE_COUNT && key != DESCRIPTION_BYTE_COUNT)
			fail_msg("key %d", key);
	SAYS(d->themes[1], "REGI");
	assert_int_equal(d->bbox[3], 4);
	d = said(f,
		 (struct publish_options){.cleared = BIT(THEME) | BIT(BBOX) | BIT(CONTACT_EMAIL)},
		 "c");
	assert_true(!d->theme_count && !d->has_bbox && !d->contact_email.len);
	SAYS(d->license, "cc-zero");
	d = said(f, (struct publish_options){.widen = true}, "d");
	assert_true(!d->theme_count && !d->has_bbox && !d->contact_email.len);
	SAYS(d->provenance, "Amt");
}

static void settings_fill_what_nobody_says(void **state)
{
	struct fixture *f = *state;
	struct description of = {.license = bytes_str("dl-by-de/2.0"),
				 .contact_email = bytes_str("old@meissen.example")};
	struct publish_options options = {.defaults = &of};
	const struct description *d = said(f, options, "a");
	SAYS(d->license, "dl-by-de/2.0");
	SAYS(d->contact_email, "old@meissen.example");
	assert_true(d->defaulted & BIT(LICENSE) && d->defaulted & BIT(CONTACT_EMAIL));
	/* what somebody says is above them, also later */
	options.description.license = bytes_str("cc-zero");
	of.contact_email = bytes_str("new@meissen.example");
	d = said(f, options, "b");
	SAYS(d->license, "cc-zero");
	SAYS(d->contact_email, "new@meissen.example");
	assert_false(d->defaulted & BIT(LICENSE));
	options.description.license = bytes_of(NULL, 0);
	d = said(f, options, "c");
	SAYS(d->license, "cc-zero");
	/* a node of the organisation that has none of them keeps what there is */
	d = said(f, (struct publish_options){.widen = true}, "d");
	SAYS(d->contact_email, "new@meissen.example");
	assert_true(d->defaulted & BIT(CONTACT_EMAIL));
	/* none is wanted: it does not come back by itself */
	options.cleared = BIT(CONTACT_EMAIL);
	d = said(f, options, "e");
	assert_int_equal(d->contact_email.len, 0);
	options.cleared = 0;
	d = said(f, options, "f");
	assert_int_equal(d->contact_email.len, 0);
	options.description.contact_email = bytes_str("x@y");
	d = said(f, options, "g");
	SAYS(d->contact_email, "x@y");
	assert_false(d->defaulted & BIT(CONTACT_EMAIL));
}

/* A contact of one office and the telephone of another are no contact. */
static void a_part_of_one_thing_is_no_part_of_another(void **state)
{
	struct fixture *f = *state;
	const struct description of = {.contact_name = bytes_str("Open Data"),
				       .contact_phone = bytes_str("110"),
				       .publisher = bytes_str("Stadt"),
				       .publisher_url = bytes_str("https://stadt.example"),
				       .place_key = bytes_str("14627140")};
	struct publish_options options = {
		.defaults = &of, .description.contact_email = bytes_str("kita@stadt.example")};
	const struct description *d = said(f, options, "a");
	assert_true(!d->contact_name.len && !d->contact_phone.len);
	SAYS(d->publisher_url, "https://stadt.example");
	SAYS(d->place_key, "14627140");
	/* also later, and in place of what came from the settings before */
	options.description = (struct description){.publisher = bytes_str("Stadtwerke"),
						   .place_name = bytes_str("Deutschland")};
	d = said(f, options, "b");
	SAYS(d->contact_email, "kita@stadt.example");
	assert_true(!d->contact_name.len && !d->contact_phone.len && !d->publisher_url.len &&
		    !d->place_key.len);
	/* what was said is taken back: the settings have it again */
	options.description = (struct description){.title = bytes_str("Plan")};
	options.cleared = BIT(CONTACT_EMAIL) | BIT(PLACE_NAME);
	d = said(f, options, "c");
	SAYS(d->contact_name, "Open Data");
	SAYS(d->contact_phone, "110");
	SAYS(d->place_key, "14627140");
	SAYS(d->publisher, "Stadtwerke");
	/* one part less is not another contact */
	options.cleared = BIT(CONTACT_PHONE);
	d = said(f, options, "d");
	SAYS(d->contact_name, "Open Data");
	assert_int_equal(d->contact_phone.len, 0);
}

static void the_publisher_is_the_organisation_unless_said(void **state)
{
	struct fixture *f = *state;
	struct description of = {.publisher = bytes_str("Stadtwerke")};
	const struct description *d = said(f, (struct publish_options){.widen = true}, "a");
	SAYS(d->publisher, "Gemeinde 2");
	d = said(f, (struct publish_options){.defaults = &of}, "b");
	SAYS(d->publisher, "Stadtwerke");
	d = said(f, (struct publish_options){.description.publisher = bytes_str("Bauhof")}, "c");
	SAYS(d->publisher, "Bauhof");
	d = said(f, (struct publish_options){.defaults = &of}, "d");
	SAYS(d->publisher, "Bauhof");
	d = said(f, (struct publish_options){.cleared = BIT(PUBLISHER)}, "e");
	SAYS(d->publisher, "Gemeinde 2");
}

static void modified_changes_with_the_files(void **state)
{
	struct fixture *f = *state;
	struct publish_options plain = {.widen = true},
			       titled = {.description.title = bytes_str("Plan")};
	const struct description *d = said(f, plain, "a");
	const uint64_t issued = d->issued_ms, modified = d->modified_ms;
	assert_int_equal(issued, hub_node_wall(&f->node));
	assert_int_equal(modified, issued);
	/* words alone */
	d = said(f, titled, "a");
	assert_int_equal(f->outcome, PUBLISH_MADE);
	assert_int_equal(f->made.number, 2);
	assert_true(d->issued_ms == issued && d->modified_ms == modified);
	/* the files */
	d = said(f, plain, "b");
	assert_true(d->issued_ms == issued);
	assert_int_equal(d->modified_ms, hub_node_wall(&f->node));
	/* back to what they were once: that is another change */
	d = said(f, plain, "a");
	assert_int_equal(d->modified_ms, hub_node_wall(&f->node));
	/* and nothing at all */
	said(f, plain, "a");
	assert_int_equal(f->outcome, PUBLISH_UNCHANGED);
}

static void another_first_day_is_news(void **state)
{
	struct fixture *f = *state;
	struct publish_options plain = {.widen = true},
			       before = {.description.issued_ms = 1262304000000};
	const uint64_t modified = said(f, plain, "a")->modified_ms;
	const struct description *d = said(f, before, "a");
	assert_int_equal(f->outcome, PUBLISH_MADE);
	assert_true(d->issued_ms == 1262304000000 && d->modified_ms == modified);
	said(f, before, "a");
	assert_int_equal(f->outcome, PUBLISH_UNCHANGED);
	d = said(f, plain, "b");
	assert_true(d->issued_ms == 1262304000000);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(every_field_is_inherited_and_cleared),
		T(settings_fill_what_nobody_says),
		T(a_part_of_one_thing_is_no_part_of_another),
		T(the_publisher_is_the_organisation_unless_said),
		T(modified_changes_with_the_files),
		T(another_first_day_is_news),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
