#!/usr/bin/env bash
# Stands in for GitHub's command line in the rehearsal: the requests that the workflows send, kept as files below $GITHUB_STORE.
# What it is not asked for by them, it refuses.
set -euo pipefail
[ "$1" = api ] || { echo "gh: only api is known" >&2; exit 64; }
[ -n "${GH_TOKEN:-}" ] || { echo "gh: no token" >&2; exit 4; }
shift
method=GET path='' body='' state='' title='' label=''
while [ $# -gt 0 ]; do
  case "$1" in
    --paginate | --silent) ;;
    --method) method="$2"; shift ;;
    --jq) shift ;;
    --field) case "$2" in body=@*) body="$(cat "${2#body=@}")" ;; *) echo "gh: $2" >&2; exit 64 ;; esac; shift ;;
    --raw-field)
      case "$2" in
        body=*) body="${2#body=}" ;; state=*) state="${2#state=}" ;; title=*) title="${2#title=}" ;; labels*=*) label="${2#*=}" ;;
        *) echo "gh: $2" >&2; exit 64 ;;
      esac
      shift ;;
    repos/*) path="${1#"repos/$GITHUB_REPOSITORY/"}" ;;
    *) echo "gh: $1" >&2; exit 64 ;;
  esac
  shift
done
store="$GITHUB_STORE"
mkdir -p "$store/comments" "$store/issues"
case "$method $path" in
  "GET issues/"*"/comments")
    number="${path#issues/}" number="${number%/comments}"
    for file in "$store/comments/$number-"*; do
      [ -e "$file" ] || continue
      # The only queries: identities of our comment, in one workflow, and its text, in another.
      if [ "${GITHUB_JOB:-}" = comment ]; then basename "$file" | sed 's/^[0-9]*-//'; else cat "$file"; fi
    done ;;
  "POST issues/"*"/comments")
    number="${path#issues/}" number="${number%/comments}"
    next=$(($(find "$store/comments" -type f | wc -l) + 101))
    printf '%s\n' "$body" > "$store/comments/$number-$next" ;;
  "PATCH issues/comments/"*)
    file="$(find "$store/comments" -name "*-${path##*/}")"
    printf '%s\n' "$body" > "$file" ;;
  "GET commits/"*"/pulls") cat "$store/pull-of-commit" ;;
  "GET issues?state=open&labels=omni-scale-drift")
    for file in "$store/issues/"*.open; do [ -e "$file" ] && basename "$file" .open; done || true ;;
  "POST issues")
    next=$(($(find "$store/issues" -type f | wc -l) + 1))
    printf '%s [%s]\n\n%s\n' "$title" "$label" "$body" > "$store/issues/$next.open" ;;
  "PATCH issues/"*)
    number="${path#issues/}"
    if [ "$state" = closed ]; then mv "$store/issues/$number.open" "$store/issues/$number.closed"; else printf '%s\n' "$body" > "$store/issues/$number.open"; fi ;;
  *) echo "gh: $method $path is not known" >&2; exit 1 ;;
esac
