// SPDX-License-Identifier: MIT
// GRE and GUE headers: the optional parts are where the flags say.

import { byEtherType, byProtocol, type Header } from "./header.ts";
import { slice } from "./wire.ts";

export function decodeGre(bytes: Uint8Array, view: DataView): Header {
  const bits = view.getUint16(0);
  const protocol = view.getUint16(2);
  let length = 4;
  const word = (bit: number): number | undefined => {
    if ((bits & bit) === 0) return undefined;
    length += 4;
    return length <= bytes.length ? view.getUint32(length - 4) : undefined;
  };
  const checksumWord = word(0x8000);
  const checksum = checksumWord === undefined ? undefined : checksumWord >>> 16;
  const layer = { layer: "gre", protocol, checksum, key: word(0x2000), sequence: word(0x1000) } as const;
  return { layer, length, end: bytes.length, next: byEtherType(protocol) };
}

export function decodeGue(bytes: Uint8Array, view: DataView): Header {
  const first = view.getUint8(0);
  const length = 4 + (first & 0x1f) * 4;
  const layer = {
    layer: "gue",
    control: (first & 0x20) !== 0,
    protocol: view.getUint8(1),
    flags: view.getUint16(2),
    extensions: slice(bytes, 4, length),
  } as const;
  const next = layer.control ? undefined : byProtocol(layer.protocol);
  return { layer, length, end: bytes.length, next };
}
