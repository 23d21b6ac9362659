// SPDX-License-Identifier: MIT
// Sockets whose packets carry a mark (SO_MARK), which node's own cannot have. Packets live for two hops only: a real
// server may pass them on to a container, but what it sends back is not forwarded to another server.

import { Socket } from "node:net";
import { addon } from "../bpf/native.ts";
import { type Address, addressToBytes } from "../model/address.ts";

interface NativeSockets {
  /** `source`: 16 bytes, IPv4 as ::ffff:a.b.c.d. */
  markedSocket(type: "tcp" | "udp", mark: number, source: Uint8Array): number;
}

const native = addon as NativeSockets;

/** To be connected from `source`. @throws BpfError EPERM, EADDRNOTAVAIL when this machine does not have that */
export function markedTcpSocket(mark: number, source: Address): Socket {
  // Not connected yet, there is nothing to read.
  return new Socket({ fd: native.markedSocket("tcp", mark, addressToBytes(source)), manualStart: true } as object);
}

/** The same for UDP: a descriptor, the caller's to close. */
export function markedUdpSocket(mark: number, source: Address): number {
  return native.markedSocket("udp", mark, addressToBytes(source));
}
