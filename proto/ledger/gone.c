/*
 * Lines and bars that went from the store (ledger.h: struct ledger_gone).
 */
#include "crypto/check.h"
#include "proto/ledger/ledger_internal.h"

void ledger_gone_note(struct ledger *ledger, const struct record *record)
{
	if (record->kind != RECORD_LINE && record->kind != RECORD_BAR)
		return;
	ledger->gone = mem_room(ledger->gone, ledger->gone_count, &ledger->gone_cap,
				sizeof(*ledger->gone));
	ledger->gone[ledger->gone_count++] =
		(struct ledger_gone){record->author, record_slot_copy(record->slot)};
}

bool ledger_gone_next(struct ledger *ledger, struct ledger_gone *out)
{
	if (ledger->gone_count == 0)
		return false;
	*out = ledger->gone[--ledger->gone_count];
	return true;
}
