// SPDX-License-Identifier: MIT
// Between a tunnel's document and the model. Pure.

import type { Tunnel } from "../model/service.ts";

/** As schema.ts has it. */
export interface TunnelDocument {
  readonly type: Tunnel["type"];
  readonly port?: number;
  readonly checksum?: boolean;
  readonly remoteChecksum?: boolean;
}

export function toTunnel({ type, port = 0, checksum = false, remoteChecksum }: TunnelDocument): Tunnel {
  return { type, port, checksum, ...(remoteChecksum && { remoteChecksum }) };
}

/** Inverse of {@link toTunnel}. */
export function toTunnelDocument(tunnel: Tunnel): TunnelDocument & Pick<Tunnel, "checksum"> {
  const { type, port, checksum, remoteChecksum } = tunnel;
  return { type, ...(port !== 0 && { port }), checksum, ...(remoteChecksum && { remoteChecksum }) };
}
