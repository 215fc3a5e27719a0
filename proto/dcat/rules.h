/*
 * rules - what a portal will say of a dataset, before it goes out: three lights over its metadata.
 *
 * Specification: DCAT-AP.de 3.0 itself. GovData: what delivery to govdata.de asks for besides (the
 * conventions, and the checks of its quality dashboard). HVD: what (EU) 2023/138 asks of high-value
 * datasets; it is judged only where metadata say that it is one.
 *
 * Pure: the metadata is JSON under the names of metadata.h, in whatever state; nothing is looked up
 * anywhere. What every node adds by itself is taken as given: publisher (the organisation), the
 * dates, an identifier. For each light and field there is one finding, the gravest.
 */
#ifndef ALLMENDE_RULES_H
#define ALLMENDE_RULES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "crypto/bytes.h"

/* X(NAME, "word", "English", "German") */
#define RULES_LIGHT_LIST(X)                                                                        \
	X(SPECIFICATION, "specification", "DCAT-AP.de 3.0", "DCAT-AP.de 3.0")                      \
	X(GOVDATA, "govdata", "delivery to GovData", "Lieferung an GovData")                       \
	X(HVD, "hvd", "high-value dataset", "hochwertiger Datensatz")
enum rules_light {
#define X(name, word, english, german) RULES_##name,
	RULES_LIGHT_LIST(X)
#undef X
};
#define RULES_LIGHT_COUNT (RULES_HVD + 1)
const char *rules_light_word(enum rules_light light);
const char *rules_light_text(enum rules_light light, bool german);

enum rules_colour {
	RULES_NONE, /* it is no such dataset */
	RULES_GREEN,
	RULES_YELLOW, /* it is taken, and could be better */
	RULES_RED,    /* it is refused, or gets lost */
};
const char *rules_colour_word(enum rules_colour colour);
const char *rules_colour_text(enum rules_colour colour, bool german);

#define RULES_VALUE_LEN   96
#define RULES_TEXT_LEN    640
#define RULES_FINDING_MAX 64

struct rules_text;
struct rules_finding {
	enum rules_light light;
	enum rules_colour colour; /* yellow or red */
	const char *field;        /* a name of metadata, or "files" */
	const struct rules_text *text;
	char value[RULES_VALUE_LEN];       /* what is wrong, cut */
	char nearest[2 * RULES_VALUE_LEN]; /* what may have been meant */
	char why[RULES_TEXT_LEN / 2];      /* in the words of metadata.h; English */
};

struct rules {
	struct rules_finding findings[RULES_FINDING_MAX];
	size_t count;
	enum rules_colour lights[RULES_LIGHT_COUNT];
};

struct rules_file {
	struct bytes name, media_type; /* either may be empty */
};

/* metadata: an object. files NULL: there are so many, of which nothing is known. What is returned
   borrows nothing. */
void rules_judge(struct rules *out, const json_t *metadata, const struct rules_file *files,
		 size_t file_count);

/* The sentence, and what to do. */
void rules_say(char out[RULES_TEXT_LEN], const struct rules_finding *finding, bool german);
void rules_advise(char out[RULES_TEXT_LEN], const struct rules_finding *finding, bool german);

#endif
