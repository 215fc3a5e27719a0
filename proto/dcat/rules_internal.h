/* What rules.c judges by and rules_text.c says. */
#ifndef ALLMENDE_RULES_INTERNAL_H
#define ALLMENDE_RULES_INTERNAL_H

#include "proto/dcat/rules.h"

enum rule {
	RULE_TITLE,
	RULE_DESCRIPTION,
	RULE_CODE,     /* value, nearest */
	RULE_FORM,     /* why */
	RULE_IRI,      /* value */
	RULE_NAME,     /* value */
	RULE_MOJIBAKE, /* value; nearest: what was meant */
	RULE_TIME_ORDER,
	RULE_LICENSE,
	RULE_LICENSE_TEXT, /* value */
	RULE_LICENSE_LIST, /* value */
	RULE_LICENSE_OPEN, /* value */
	RULE_ATTRIBUTION,
	RULE_CONTACT,
	RULE_REACH,      /* no way to reach it */
	RULE_REACH_PAGE, /* by telephone alone */
	RULE_TIME,
	RULE_CONTRIBUTOR,
	RULE_CONTRIBUTORS, /* more than one */
	RULE_KEYWORD,
	RULE_THEME,
	RULE_LEVEL,
	RULE_PLACE,
	RULE_FILES,
	RULE_FORMAT, /* value: name of the file */
	RULE_CATEGORY,
	RULE_LEGISLATION,
	RULE_HVD_LICENSE,
	RULE_END,
};
const struct rules_text *rules_text_of(enum rule rule);

#endif
