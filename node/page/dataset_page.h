/*
 * dataset_page - what a dataset is, for people: what it says, its first rows, its files, the
 * addresses under which programs find it, and what is known of it at the side.
 */
#ifndef ALLMENDE_DATASET_PAGE_H
#define ALLMENDE_DATASET_PAGE_H

#include "node/files/content.h"
#include "node/page/dataset_address.h"
#include "node/web/web_call.h"

struct dataset_page { /* all borrowed */
	struct web_call *call;
	const struct dataset_address *at;
	const char *path; /* as people see it */
	const char *organisation;
	const struct catalog_entry *entry;
	struct content *content; /* NULL: its files are not here, or not for the visitor */
};

/* Answers, with a page. "zeile": the row with which the table begins. */
void dataset_page_answer(const struct dataset_page *page);

#endif
