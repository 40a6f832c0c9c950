#!/bin/sh
# Refuses a commit whose files are not formatted or do not pass the linter, or whose notebooks are half merged. Git's hook `pre-commit`, set up by
# `deno task setup`, runs it at the top of the working tree: sh pre_commit.sh DENO
deno=${1:-deno}

# What is looked at is what will be committed, not the working tree: a file may be staged in part.
staged=$(mktemp -d) || exit 1
trap 'rm -rf "$staged"' EXIT
git diff --cached --name-only --diff-filter=ACMR -z -- . ':!*.ipynb' |
  git checkout-index --quiet --force -z --stdin --prefix="$staged/" || exit 1
# Its rules count there too.
git checkout-index --quiet --force --prefix="$staged/" -- deno.json || exit 1

status=0
# The driver that merges notebooks leaves conflicts in their cells, which are JSON all the same.
unmerged=$(git diff --cached --name-only --diff-filter=ACMR -- '*.ipynb' | while IFS= read -r name; do
  git show ":$name" | grep -qE '^ *"(<{7} ours|>{7} theirs)' && printf '%s\n' "$name"
done)
if [ -n "$unmerged" ]; then
  status=1
  printf 'error: the commit is refused: cells still have the marks of a merge conflict in\n%s\n' "$unmerged" >&2
fi
check() {
  name=$1
  shift
  output=$(cd "$staged" && "$deno" "$@" 2>&1) && return
  status=1
  printf '%s\n' "$output" | sed "s|file://$staged/||g; s|$staged/||g" >&2
  echo "error: the commit is refused: $name (\`git commit --no-verify\` commits it all the same)" >&2
}
check "run \`deno fmt\` and stage its changes" fmt --check --permit-no-files
check "mend what \`deno lint\` says" lint --quiet --permit-no-files
exit $status
