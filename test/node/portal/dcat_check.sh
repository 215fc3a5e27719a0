#!/usr/bin/env bash
# dcat_check.sh BUILD-ROOT DCAT_WRITE: the sample catalogue, judged by the validator of DCAT-AP.de in ../shared/checks/dcat
# and read by rapper and serdi. What is not there is said and left out; with nothing of it the test is skipped.
set -euo pipefail
here=$(dirname -- "${BASH_SOURCE[0]}")
build=$1
. "$here/lib-dcat.sh"

work=$(mktemp -d "${TMPDIR:-/tmp}/allmende-dcat-XXXXXX")
trap 'rm -rf -- "$work"' EXIT
"$2" "$work"
dcat_readers "$work/sample.ttl" "$work/sample.rdf"
dcat_validate "$work/sample.ttl" "$work/sample.rdf" "$work/sample.jsonld"
dcat_end
