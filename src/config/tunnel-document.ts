// SPDX-License-Identifier: MIT
// Between a tunnel's document and the model. Pure.

import type { Tunnel } from "../model/service.ts";

/** As schema.ts has it. */
export interface TunnelDocument {
  readonly type: Tunnel["type"];
  readonly port?: number;
  readonly checksum?: boolean;
}

export function toTunnel({ type, port = 0, checksum = false }: TunnelDocument): Tunnel {
  return { type, port, checksum };
}

/** Inverse of {@link toTunnel}. */
export function toTunnelDocument({ type, port, checksum }: Tunnel): TunnelDocument & Pick<Tunnel, "checksum"> {
  return { type, ...(port !== 0 && { port }), checksum };
}
