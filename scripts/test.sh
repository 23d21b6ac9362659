#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs the tests: npm test [-- GROUP...]. Without a group: set-up, static checks, then every group.
# A group is a folder of test/; those that use the real kernel run one file at a time.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly parallel=(unit)
readonly serial=(binding dataplane net e2e vm)

scripts/setup.sh
(($#)) || scripts/check.sh

# Lists sources, so that a compiled test whose source is gone does not run.
compiled_tests() {
  find "$@" -name '*.test.ts' | sort | sed 's|^|build/ts/|; s|\.ts$|.js|'
}

# run GROUP CONCURRENCY PATH [FIND-OPTION...]
run() {
  local group=$1 concurrency=$2 guard_ms=300000 tests
  shift 2
  [[ $group != vm ]] || guard_ms=1200000 # an emulated processor is some fifty times slower
  mapfile -t tests < <(compiled_tests "$@")
  ((${#tests[@]})) || {
    printf 'test: group %s has no tests\n' "$group" >&2
    return 1
  }
  printf '\ntest: %s (%d files)\n' "$group" "${#tests[@]}"
  # The timeout is a guard: a file that hangs fails, and names the test that hung.
  node --enable-source-maps --test --test-reporter=spec --test-timeout=$guard_ms \
    --test-concurrency="$concurrency" "${tests[@]}"
}

failed=()
for group in "${@:-all}"; do
  known=
  for name in "${parallel[@]}" "${serial[@]}"; do
    [[ $group == all || $group == "$name" ]] || continue
    known=1
    concurrency=1
    [[ " ${parallel[*]} " != *" $name "* ]] || concurrency=$(nproc)
    run "$name" "$concurrency" "test/$name" || failed+=("$name")
  done
  [[ $known ]] || {
    printf 'test: no group %s; there are: %s %s\n' "$group" "${parallel[*]}" "${serial[*]}" >&2
    exit 2
  }
done

((${#failed[@]} == 0)) || {
  printf '\ntest: FAILED: %s\n' "${failed[*]}" >&2
  exit 1
}
printf '\ntest: all passed\n'
