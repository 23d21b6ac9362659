// SPDX-License-Identifier: MIT
// Ethernet frames past the stack.

import { addon } from "../bpf/native.ts";

interface NativeFrames {
  sendFrame(ifindex: number, frame: Uint8Array): void;
}

/** @throws BpfError ENETDOWN, ENXIO, EPERM */
export function sendFrame(ifindex: number, frame: Uint8Array): void {
  (addon as NativeFrames).sendFrame(ifindex, frame);
}
