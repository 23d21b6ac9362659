#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Compiles every bpf/*.bpf.c, and those that tests need, to build/bpf/*.bpf.o and prints each object's size in instructions.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly flags=(
  -O2 -g -Wall -Wextra -Werror -target bpf -mcpu=v3
  "-I/usr/include/$(uname -m)-linux-gnu"
)

# Executable sections, 8 bytes an instruction.
instructions() {
  llvm-readelf -SW "$1" | sed 's/^ *\[ *[0-9]*\] *//' | {
    total=0
    while read -r _ type _ _ size _ attributes _; do
      [[ $type == PROGBITS && $attributes == *X* ]] && total=$((total + 16#$size))
    done
    printf '%d\n' $((total / 8))
  }
}

mkdir -p build/bpf
for source in bpf/*.bpf.c test/support/*.bpf.c; do
  object=build/bpf/$(basename "$source" .c).o
  clang "${flags[@]}" -c "$source" -o "$object.new"
  mv "$object.new" "$object"
  printf '%s: %d instructions\n' "$(basename "$object" .o)" "$(instructions "$object")"
done
