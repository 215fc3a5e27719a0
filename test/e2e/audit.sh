#!/usr/bin/env bash
# The audit log: what a clerk reads in it, that it is whole, also on a machine without a node, and that who changes it
# is found out.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

# shown NODE WORDS...: a line of the log has all of them.
shown() {
	local dir=$1 lines
	shift
	lines=$(node "$dir" audit)
	for word in "$@"; do
		lines=$(grep -F -- "$word" <<<"$lines") || {
			node "$dir" audit >&2
			wrong "no line of the log has: $*"
		}
	done
}

two_nodes

say 'what was done, and by whom'
printf 'a,b\n1,2\n' >"$work/plaetze.csv"
node "$meissen" publish meissen/kita/plaetze "$work/plaetze.csv" --tier members --title 'Plätze' >/dev/null
get_same meissen/kita/plaetze@1 "$work/plaetze.csv"
shown "$meissen" 'publishes version 1 of meissen/kita/plaetze (members)'
shown "$meissen" 'charter entry 1' 'is admitted'
shown "$meissen" "uid $(id -u)" 'publish' 'meissen/kita/plaetze'
shown "$radebeul" 'publishes version 1 of meissen/kita/plaetze (members)'
# An invitation is a secret, and no command tells it.
! node "$radebeul" audit | grep -F allmende || wrong 'the log holds an invitation'
node "$meissen" audit --dataset meissen/kita/plaetze >"$work/said"
grep -qF -- 'publishes version 1' "$work/said" ||
	wrong 'the dataset is not found in the log'
! node "$meissen" audit --dataset meissen/anderes | grep -qF plaetze || wrong 'another dataset shows this one'
[ -z "$(node "$meissen" audit --since 2099-01-01)" ] || wrong 'there is something from the future'

say 'it is whole, here and without a node'
node "$meissen" audit --verify >"$work/said"
grep -qF -- 'The log is whole' "$work/said" || wrong 'the log is not whole'
node "$meissen" audit --export "$work/meissen.export" >/dev/null
! node "$meissen" audit --export "$work/meissen.export" 2>/dev/null || wrong 'a file is written over'
mkdir "$work/nowhere"
node "$work/nowhere" audit --from "$work/meissen.export" --verify >"$work/said"
grep -qF -- 'The log is whole' "$work/said" ||
	wrong 'the export is not whole'
node "$work/nowhere" audit --from "$work/meissen.export" >"$work/said"
grep -qF -- 'meissen/kita/plaetze' "$work/said" ||
	wrong 'the export says nothing'

say 'a byte is changed, the end is missing'
size=$(stat -c %s "$work/meissen.export")
cp "$work/meissen.export" "$work/changed.export"
# in the middle of a word of the first entry that has it: what came last is named by no head yet
at=$(LC_ALL=C grep -obUaF -- kita/plaetze "$work/changed.export" | head -n 1 | cut -d : -f 1)
printf 'X' | dd of="$work/changed.export" bs=1 seek=$((at + 2)) conv=notrunc status=none
got=0
node "$work/nowhere" audit --from "$work/changed.export" --verify >"$work/said" 2>&1 || got=$?
[ "$got" = 1 ] || wrong "exit code $got for a log that was changed"
grep -qE 'the first fault is at entry|head of|cut or damaged' "$work/said" || wrong 'the fault is not told'
head -c $((size - 100)) "$work/meissen.export" >"$work/cut.export"
! node "$work/nowhere" audit --from "$work/cut.export" --verify >/dev/null 2>&1 || wrong 'a cut file is whole'

say 'what others have noted'
node_stop "$radebeul"
node_start "$radebeul"
node "$radebeul" audit --export "$work/radebeul.export" >/dev/null
node "$work/nowhere" audit --from "$work/radebeul.export" >"$work/said"
grep -qF -- 'notes what 1 other node has signed' "$work/said" ||
	wrong 'Radebeul has noted nothing'
node "$meissen" audit --verify --against "$work/radebeul.export" >"$work/said"
grep -qE 'Noted +1 head of this node' "$work/said" || wrong 'what was noted is not compared'
! node "$work/nowhere" audit --from "$work/cut.export" --verify --against "$work/radebeul.export" 2>/dev/null ||
	wrong 'a cut file is whole'

say 'who could read it'
node "$meissen" who meissen/kita/plaetze --at "$(date +%F)" >"$work/said"
for words in 'Might read it' 'every member (read), by the tier of the dataset' 'Had a key for it' \
	'Stadt Radebeul, key 1 of the federation, given by Stadt Meißen' 'This log cannot know' 'other holders'; do
	grep -qF -- "$words" "$work/said" || {
		cat "$work/said" >&2
		wrong "who --at does not say: $words"
	}
done
# A day that goes on has no list yet of who fetched, and one that comes has nothing.
grep -qF -- 'Fetched it from here by then: nobody' "$work/said" || wrong 'an empty list says nothing'
grep -qF -- 'it is written down when the day is over' "$work/said" || wrong 'who fetches today seems to be nobody'
[ "$(node_json "$meissen" .fetched_more who meissen/kita/plaetze --at "$(date +%F)")" = true ] || wrong 'the JSON seems to be complete'
got=0
node "$meissen" who meissen/kita/plaetze --at "$(date -d '+2 days' +%F)" >"$work/said" 2>&1 || got=$?
[ "$got" = 2 ] && grep -qF -- 'has not come yet' "$work/said" || wrong "exit code $got for a day that comes"
(
	unset HOME ALLMENDE_DIR XDG_DATA_HOME
	"$allmende" who meissen/kita/plaetze --at "$(date +%F)" --from "$work/meissen.export" >/dev/null &&
		"$allmende" audit --from "$work/meissen.export" --verify >/dev/null
) || wrong 'an export wants a node'
node "$work/nowhere" who meissen/kita/plaetze --at "$(date +%F)" --from "$work/meissen.export" >"$work/again"
grep -qF -- 'Might read it' "$work/again" || wrong 'an export does not tell who could read it'
got=0
node "$meissen" who meissen/kita/plaetze --at 2001-01-01 >"$work/said" 2>&1 || got=$?
[ "$got" = 4 ] || wrong "exit code $got for a day before the log begins"
grep -qF -- 'does not go back' "$work/said" || wrong 'nothing is said of where the log begins'
node "$meissen" publish meissen/amt/plan "$work/plaetze.csv" --tier granted >/dev/null
node "$meissen" grant meissen/amt --to radebeul --rights read >/dev/null
node "$meissen" who meissen/amt/plan --at "$(date +%F)" >"$work/said"
grep -qE 'Stadt Radebeul \(read\), by grant g-[A-Z2-7]{8} of Stadt Meißen, until' "$work/said" || {
	cat "$work/said" >&2
	wrong 'the grant is not told'
}
shown "$meissen" 'gives Stadt Radebeul the right to read meissen/amt until'
said=$(node "$meissen" who meissen/amt/plan --at "$(date +%F)")
grant=$(node_json "$meissen" '.grants[0].id' grants)
grep -qF -- "by grant $grant of" <<<"$said" || wrong 'the grant has another name than elsewhere'
shown "$meissen" "(grant $grant)"
