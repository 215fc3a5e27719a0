#include "node/base/config_metadata.h"

#include <stdio.h>
#include <string.h>

#include "crypto/utf8.h"
#include "proto/dcat/metadata.h"

static const struct {
	const char *name, *part; /* of metadata; part NULL: a value of its own */
	bool many;               /* several, with blanks or commas between */
	const char *allowed;
} rows[CONFIG_METADATA_END] = {
	[CONFIG_PUBLISHER] = {"publisher", "name", false, "a name of at most 128 bytes"},
	[CONFIG_PUBLISHER_URL] = {"publisher", "url", false, "a URL"},
	[CONFIG_CONTACT_NAME] = {"contact", "name", false, "a name of at most 512 bytes"},
	[CONFIG_CONTACT_EMAIL] = {"contact", "email", false, "a mail address"},
	[CONFIG_CONTACT_URL] = {"contact", "url", false, "a URL"},
	[CONFIG_CONTACT_PHONE] = {"contact", "phone", false, "a telephone number"},
	[CONFIG_LICENSE] = {"license", NULL, false,
			    "a licence of GovData's list, such as dl-by-de/2.0"},
	[CONFIG_ATTRIBUTION] = {"attribution", NULL, false, "a text of at most 512 bytes"},
	[CONFIG_PLACE] = {"place", NULL, false, "an AGS, a regional key, or a name"},
	[CONFIG_LEVEL] = {"political_level", NULL, false,
			  "municipality, administrativeDistrict, state, federal, european or "
			  "international"},
	[CONFIG_CONTRIBUTOR] = {"contributor_ids", NULL, true,
				"1 to 4 contributor IDs, such as freistaatSachsen"},
	[CONFIG_LANGUAGE] = {"languages", NULL, true, "1 to 8 languages, such as de"},
};

static json_t *words_json(const char *value)
{
	json_t *list = json_array();

	for (size_t len; *(value += strspn(value, " \t,")); value += len) {
		len = strcspn(value, " \t,");
		json_array_append_new(list, json_stringn(value, len));
	}
	return list;
}

static void json_put(json_t *out, enum config_metadata which, const char *value)
{
	const char *name = rows[which].name;
	json_t *object;

	if (!rows[which].part) {
		json_object_set_new(out, name,
				    rows[which].many ? words_json(value) : json_string(value));
		return;
	}
	object = json_object_get(out, name);
	if (!object) {
		object = json_object();
		json_object_set_new(out, name, object);
	}
	json_object_set_new(object, rows[which].part, json_string(value));
}

enum err config_metadata_set(struct config *config, enum config_metadata which, const char *value,
			     char *why)
{
	json_t *in = json_object();
	struct metadata said;
	enum err err = ERR_CONFIG;

	json_put(in, which, value);
	snprintf(why, WHY_LEN, "it is empty: leave it out");
	if (strlen(value) > LIMIT_TITLE_LEN_MAX)
		snprintf(why, WHY_LEN, "it is longer than %d bytes", LIMIT_TITLE_LEN_MAX);
	else if (!utf8_check(bytes_str(value), false))
		snprintf(why, WHY_LEN, "it is no UTF-8");
	else if (*value && !metadata_from_json(&said, in, why) && !said.cleared)
		err = ERR_OK;
	json_decref(in);
	if (!err)
		snprintf(config->metadata[which], sizeof(config->metadata[which]), "%s", value);
	return err;
}

const char *config_metadata_allowed(enum config_metadata which)
{
	return rows[which].allowed;
}

json_t *config_metadata_json(const struct config *config)
{
	json_t *out = json_object();

	for (enum config_metadata which = 0; which < CONFIG_METADATA_END; which++)
		if (config->metadata[which][0])
			json_put(out, which, config->metadata[which]);
	return out;
}
