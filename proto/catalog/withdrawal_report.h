/*
 * withdrawal_report - what became of a withdrawal, as a text for the files: who took what back and
 * when, which nodes have confirmed that store and folders hold nothing of it, and where copies are
 * left. The node signs it (rights/report_file.h).
 */
#ifndef ALLMENDE_WITHDRAWAL_REPORT_H
#define ALLMENDE_WITHDRAWAL_REPORT_H

#include "proto/hub/hub.h"

/*
 * Appends the file. ERR_ABSENT: it was never withdrawn; ERR_DENIED: another node has, which alone
 * knows who held a copy; ERR_AGAIN: the own log is not here. One sentence in why.
 */
enum err withdrawal_report(struct hub *hub, struct txn *txn, const char *path, struct buf *out,
			   char *why);

#endif
