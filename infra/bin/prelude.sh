# Sourced by every script here: go to the project's folder; say things; know what is up to date.
set -euo pipefail

project=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)
cd -- "$project"

# An activated environment of somebody else must not leak into ours.
unset VIRTUAL_ENV UV_PROJECT_ENVIRONMENT PYTHONHOME PYTHONPATH
export UV_PYTHON_DOWNLOADS=never

step() { printf '==> %s\n' "$*"; }

# A sentence about what the user has to mend; exit code 2 is "wrong usage or set-up" everywhere.
fail() {
  printf '%s\n' "$*" >&2
  exit 2
}

# has PROGRAM…: whether all of them are installed.
has() {
  local program
  for program in "$@"; do
    command -v -- "$program" >/dev/null || return 1
  done
}

# digest_of FILE…: one digest of their names and contents, in the order given.
digest_of() { sha256sum -- "$@" | sha256sum | cut -c 1-64; }

# is_stamped FILE DIGEST: whether an earlier run recorded this very digest there.
is_stamped() { [[ -f $1 && $(<"$1") == "$2" ]]; }

stamp() { printf '%s\n' "$2" >"$1"; }

# run_npm ARGUMENT…: npm in static/, with our own Node where set-up had to bring one.
run_npm() {
  PATH="$project/.tools/bin:$PATH" npm_config_fund=false npm_config_update_notifier=false \
    npm --prefix "$project/static" "$@"
}
