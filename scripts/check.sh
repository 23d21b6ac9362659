#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Everything that can be said about the sources without running them. Runs all checks, then says which failed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

failed=()
check() {
  local name=$1
  shift
  printf 'check: %s\n' "$name"
  "$@" || failed+=("$name")
}

c_sources() { find bpf addon -name '*.[ch]' -o -name '*.cc'; }

check "format and lint" npx --no-install biome check --config-path=scripts --error-on-warnings .
check "types" npx --no-install tsc -p . --noEmit
check "C and C++ format" clang-format --dry-run -Werror --ferror-limit=3 $(c_sources)
check "import arrows" node --test --test-reporter=dot build/ts/test/arrows.test.js

((${#failed[@]} == 0)) || {
  printf 'check: FAILED: %s\n' "$(IFS=,; echo "${failed[*]}")" >&2
  exit 1
}
