// SPDX-License-Identifier: MIT
// SCTP packets for tests (RFC 9260): bytes to be put behind an IP header, with their CRC32c.

/** Types of chunks. */
const CHUNKS = {
  DATA: 0,
  INIT: 1,
  "INIT-ACK": 2,
  SACK: 3,
  HEARTBEAT: 4,
  ABORT: 6,
  SHUTDOWN: 7,
  "SHUTDOWN-ACK": 8,
  ERROR: 9,
  "COOKIE-ECHO": 10,
  "COOKIE-ACK": 11,
  "SHUTDOWN-COMPLETE": 14,
} as const;
export type Chunk = keyof typeof CHUNKS;

/** For the IP header before it: IPv4's field and IPv6's. */
export const IS_SCTP = { protocol: 132, nextHeader: 132 };

export interface Segment {
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** In this order, each with {@link Segment.content}. */
  readonly chunks: readonly Chunk[];
  /** Of every chunk; 12 bytes when left out. */
  readonly content?: Uint8Array;
}

const HEADER_LENGTH = 12;
const CHUNK_HEADER_LENGTH = 4;
const CHECKSUM_AT = 8;
const TAG = 0x01020304;

export function sctp({ sourcePort, destinationPort, chunks, content = new Uint8Array(12) }: Segment): Uint8Array {
  const chunkLength = CHUNK_HEADER_LENGTH + content.length;
  const padded = Math.ceil(chunkLength / 4) * 4;
  const bytes = Buffer.alloc(HEADER_LENGTH + padded * chunks.length);
  bytes.writeUInt16BE(sourcePort, 0);
  bytes.writeUInt16BE(destinationPort, 2);
  bytes.writeUInt32BE(TAG, 4);
  chunks.forEach((chunk, index) => {
    const at = HEADER_LENGTH + index * padded;
    bytes.writeUInt8(CHUNKS[chunk], at);
    bytes.writeUInt16BE(chunkLength, at + 2);
    bytes.set(content, at + CHUNK_HEADER_LENGTH);
  });
  bytes.writeUInt32LE(crc32c(bytes), CHECKSUM_AT);
  return bytes;
}

/** Reflected, polynomial 0x1edc6f41; of a packet whose checksum is 0. */
function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
