#!/usr/bin/env bash
# A county with five municipalities, two of which only dial out: all of them are linked, what one publishes is in every
# catalogue, and those that nobody can dial get and give everything, each other's through a third.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=test/e2e/lib-county.sh
. "$root/test/e2e/lib-county.sh"

dialling=([glaubitz]=yes [groeditz]=yes)

say 'a county is founded, and five join'
county_found 5 || wrong 'somebody could not be started'
county_meshed 60 || wrong 'not everybody is linked with everybody'
mapfile -t dirs < <(county_dirs)
node "$county" subscribe '**' >/dev/null

# complete_count DIR: members of whom everything is known there.
complete_count() {
	node_json "$1" .members.complete status
}
all_complete() {
	[ "$(complete_count "$1")" = ${#dirs[@]} ]
}

say 'each publishes'
for dir in "${dirs[@]}"; do
	slug=${dir##*/}
	testdata "${#slug}" 300000 mixed >"$work/$slug.table"
	node "$dir" publish "$slug/tabelle" "$work/$slug.table" --tier members >/dev/null
done
for dir in "${dirs[@]}"; do
	for other in "${dirs[@]}"; do
		wait_for 30 is_known "$dir" "${other##*/}/tabelle" 1 ||
			wrong "${dir##*/} does not know what ${other##*/} has published"
	done
	wait_for 30 all_complete "$dir" ||
		wrong "${dir##*/} has all of $(complete_count "$dir") members only"
done

say 'each gets everything'
for dir in "${dirs[@]}"; do
	for other in "${dirs[@]}"; do
		slug=${other##*/}
		node "$dir" get "$slug/tabelle" -o "$work/copy" >/dev/null || wrong "${dir##*/} does not get $slug/tabelle"
		same "$work/$slug.table" "$work/copy"
		rm -f -- "$work/copy"
	done
done

say 'one that only dials was away'
node_stop "$work/groeditz"
echo 'new' >"$work/new"
node "$work/glaubitz" publish glaubitz/neu "$work/new" --tier members >/dev/null
wait_for 30 is_known "$county" glaubitz/neu 1 || wrong 'the county does not know glaubitz/neu'
node_start "$work/groeditz"
wait_for 60 is_known "$work/groeditz" glaubitz/neu 1 || wrong 'it does not catch up'
node "$work/groeditz" get glaubitz/neu -o "$work/copy" >/dev/null || wrong 'groeditz does not get glaubitz/neu'
same "$work/new" "$work/copy"
county_meshed 60 || wrong 'it is not linked again'
