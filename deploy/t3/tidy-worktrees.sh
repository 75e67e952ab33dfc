#!/usr/bin/env bash
# Remove the worktrees that are done with, and nothing else.
#
#   tidy-worktrees [--days N] [--dry-run] FOLDER
#
# FOLDER holds checkouts, at any depth down to three folders. A worktree of one of them goes only if all of these hold:
# it is not the checkout itself, and not locked; nothing in it changed for N days (14); it has no change that is not
# committed, no file that git neither knows nor ignores, no operation under way; and every commit of it is on a remote.
# Its branch goes with it if all of its commits are on the remote's default branch. What is left alone is told, with the
# reason. N days should be longer than the longest run (AFK_RUN_MAX_SECONDS).
set -euo pipefail
export LC_ALL=C GIT_OPTIONAL_LOCKS=0

usage() {
  echo "tidy-worktrees: $1. Usage: tidy-worktrees [--days N] [--dry-run] FOLDER" >&2
  exit 2
}

days=14
dry=
while (($#)); do
  case $1 in
    --days)
      [[ ${2:-} =~ ^[0-9]{1,5}$ ]] || usage "--days takes a whole number"
      days=$((10#$2))
      shift 2
      ;;
    --dry-run)
      dry=1
      shift
      ;;
    -*) usage "$1 is no option" ;;
    *) break ;;
  esac
done
(($# == 1)) && [[ -d $1 ]] || usage "FOLDER is not there"
base=$(cd "$1" && pwd -P)

say() { printf '%s %q: %s\n' "$1" "$2" "$3"; }

# Whether anything in it is younger than so many days, git's own notes on it included.
is_young() {
  [[ -n $(find "$1" "$2" -newermt "-$days days" -print -quit) ]]
}

# The reason why a worktree stays, or nothing.
reason_to_stay() {
  local tree=$1 own status
  own=$(git -C "$tree" rev-parse --absolute-git-dir 2>/dev/null) || { echo "git cannot read it"; return; }
  ((days == 0)) || ! is_young "$tree" "$own" || { echo "it changed in the last $days days"; return; }
  for mark in MERGE_HEAD CHERRY_PICK_HEAD REVERT_HEAD BISECT_LOG rebase-merge rebase-apply index.lock; do
    [[ ! -e $own/$mark ]] || { echo "an operation is under way ($mark)"; return; }
  done
  status=$(git -C "$tree" status --porcelain --ignored=no --untracked-files=normal 2>/dev/null) || { echo "git cannot read it"; return; }
  [[ -z $status ]] || { echo "it has changes that are not committed"; return; }
  git -C "$tree" rev-parse --verify --quiet HEAD >/dev/null || { echo "it has no commit"; return; }
  status=$(git -C "$tree" rev-list --max-count=1 HEAD --not --remotes 2>/dev/null) || { echo "git cannot read it"; return; }
  [[ -z $status ]] || { echo "it has commits that no remote has"; return; }
}

# Of a local branch only what the default branch of the remote holds is sure to be kept for ever.
is_merged() {
  local default
  default=$(git -C "$1" symbolic-ref --quiet refs/remotes/origin/HEAD) || return 1
  git -C "$1" merge-base --is-ancestor "refs/heads/$2" "$default"
}

tidy_one() {
  local repo=$1 tree=$2 branch=$3 why
  why=$(reason_to_stay "$tree")
  if [[ -n $why ]]; then
    say kept "$tree" "$why"
    return
  fi
  if [[ -n $dry ]]; then
    say "would remove" "$tree" "pushed, clean and old"
    return
  fi
  # Without --force git itself refuses what changed in the meantime.
  git -C "$repo" worktree remove "$tree" || { say kept "$tree" "git refused"; return; }
  say removed "$tree" "pushed, clean and old"
  if [[ -n $branch ]] && is_merged "$repo" "$branch"; then
    git -C "$repo" branch --quiet -D "$branch" && say removed "$branch" "merged"
  fi
}

tidy_repo() {
  local repo=$1 tree='' branch='' locked='' first=1 key value
  # A worktree whose folder is away takes nothing with it; git waits three months unless it is told.
  [[ -n $dry ]] || git -C "$repo" worktree prune --expire "$days.days.ago"
  while IFS= read -r -d '' line; do
    key=${line%% *}
    value=${line#* }
    case $key in
      worktree) tree=$value branch='' locked='' ;;
      branch) branch=${value#refs/heads/} ;;
      locked) locked=1 ;;
      '')
        if [[ -n $first ]]; then
          first= # the checkout itself
        elif [[ -n $locked ]]; then
          say kept "$tree" "it is locked"
        elif [[ -d $tree ]]; then
          tidy_one "$repo" "$tree" "$branch"
        fi
        ;;
    esac
  done < <(git -C "$repo" worktree list --porcelain -z)
}

# A checkout has a folder .git; a worktree has a file of that name, and is found through its checkout.
while IFS= read -r -d '' git; do
  tidy_repo "${git%/.git}" || say kept "${git%/.git}" "git failed"
done < <(find "$base" -maxdepth 4 -type d -name .git -print0 -prune)
