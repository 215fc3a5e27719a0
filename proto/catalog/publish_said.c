#include "proto/catalog/publish_said.h"

#include <stddef.h>

/* Of a version each has its own; the others are what people say. */
static bool is_said(enum description_key key)
{
	return key != DESCRIPTION_MODIFIED && key != DESCRIPTION_FILE_COUNT &&
	       key != DESCRIPTION_BYTE_COUNT && key != DESCRIPTION_PATH &&
	       key != DESCRIPTION_FOLDER && key != DESCRIPTION_DEFAULTED;
}

/*
 * A publisher, a contact and a place are one thing each: to who says a part of it the settings add
 * no other part.
 */
static bool in_one(uint64_t own, enum description_key key)
{
	static const uint64_t ones[] = {
		DESCRIPTION_BIT(DESCRIPTION_PUBLISHER) | DESCRIPTION_BIT(DESCRIPTION_PUBLISHER_URL),
		DESCRIPTION_BIT(DESCRIPTION_CONTACT_NAME) |
			DESCRIPTION_BIT(DESCRIPTION_CONTACT_EMAIL) |
			DESCRIPTION_BIT(DESCRIPTION_CONTACT_URL) |
			DESCRIPTION_BIT(DESCRIPTION_CONTACT_PHONE),
		DESCRIPTION_BIT(DESCRIPTION_PLACE_KEY) | DESCRIPTION_BIT(DESCRIPTION_PLACE_NAME),
	};

	for (size_t i = 0; i < sizeof(ones) / sizeof(ones[0]); i++)
		if ((ones[i] & DESCRIPTION_BIT(key)) && (ones[i] & own))
			return true;
	return false;
}

/* What somebody says of this version, or has said of the one before. */
static uint64_t own_of(const struct description *d, const struct publish_options *options,
		       const struct description *before)
{
	uint64_t own = 0;

	for (enum description_key key = 1; key < DESCRIPTION_KEY_END; key++) {
		const uint64_t bit = DESCRIPTION_BIT(key);

		if (is_said(key) &&
		    (description_has(d, key) || (description_has(before, key) &&
						 !((before->defaulted | options->cleared) & bit))))
			own |= bit;
	}
	return own;
}

/*
 * One field that was not said: that of the version before, else the one of the settings, which also
 * takes the place of what came from the settings then. Who has said that there be none is believed
 * until something else is said.
 */
static void field_inherit(struct description *d, enum description_key key,
			  const struct description *before, const struct description *defaults)
{
	const uint64_t bit = DESCRIPTION_BIT(key);
	const bool defaulted = before->defaulted & bit;

	if (description_has(before, key))
		description_copy(d, before, key);
	if (description_has(before, key) == defaulted && description_has(defaults, key))
		description_copy(d, defaults, key);
	if (defaulted || (!description_has(before, key) && description_has(d, key)))
		d->defaulted |= bit;
}

void publish_said_inherit(struct description *d, const struct publish_options *options,
			  const struct description *before)
{
	static const struct description none = {.theme_count = 0};
	const struct description *defaults = options->defaults ? options->defaults : &none;
	before = before ? before : &none;
	const uint64_t own = own_of(d, options, before);

	d->defaulted = 0;
	for (enum description_key key = 1; key < DESCRIPTION_KEY_END; key++) {
		const uint64_t bit = DESCRIPTION_BIT(key);

		if (!is_said(key) || description_has(d, key))
			continue;
		if (options->cleared & bit)
			d->defaulted |= bit;
		else if (!in_one(own, key))
			field_inherit(d, key, before, defaults);
		else if (own & bit)
			description_copy(d, before, key);
		else if (!description_has(before, key))
			d->defaulted |= before->defaulted & bit;
	}
}
