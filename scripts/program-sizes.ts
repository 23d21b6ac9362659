// SPDX-License-Identifier: MIT
// What the kernel made of the BPF programs: instructions, how many of them the verifier looked at on all paths
// together, bytes of machine code. The build prints it; a program that grew is seen where it grew.

import { BpfObject } from "../src/bpf/index.ts";

for (const path of process.argv.slice(2)) {
  using object = BpfObject.open(path);
  object.load();
  for (const name of object.programNames) {
    using program = object.program(name);
    const { instructionCount, verifiedInstructions, jitedBytes } = program;
    const verified = `the verifier walked ${verifiedInstructions}`;
    process.stdout.write(
      `${name}: ${instructionCount} instructions, ${verified}, ${jitedBytes} bytes of machine code\n`,
    );
  }
}
