// SPDX-License-Identifier: MIT
// Captures as Wireshark and tcpdump read them: pcapng (draft-ietf-opsawg-pcapng), Ethernet only. Pure.

export interface CapturedFrame {
  readonly interface: string;
  readonly bytes: Uint8Array;
  readonly comment: string;
  /** Microseconds. */
  readonly at: number;
}

const BLOCK = { section: 0x0a0d0d0a, interface: 1, packet: 6 } as const;
const OPTION = { end: 0, comment: 1, interfaceName: 2 } as const;
const LITTLE_ENDIAN = 0x1a2b3c4d;
const ETHERNET = 1;
const UNKNOWN_LENGTH = -1n;

/** A whole file; interfaces are numbered in the order they first occur. */
export function pcapng(frames: readonly CapturedFrame[]): Uint8Array {
  const interfaces = [...new Set(frames.map((frame) => frame.interface))];
  return Buffer.concat([
    block(BLOCK.section, sectionBody()),
    ...interfaces.map((name) => block(BLOCK.interface, words(ETHERNET, 0), option(OPTION.interfaceName, name))),
    ...frames.map((frame) => packetBlock(frame, interfaces.indexOf(frame.interface))),
  ]);
}

function sectionBody(): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigInt64LE(UNKNOWN_LENGTH);
  return Buffer.concat([words(LITTLE_ENDIAN, 1), length]);
}

function packetBlock({ bytes, comment, at }: CapturedFrame, interfaceNumber: number): Buffer {
  const time = [Math.floor(at / 2 ** 32), at % 2 ** 32] as const;
  const head = words(interfaceNumber, ...time, bytes.length, bytes.length);
  return block(BLOCK.packet, head, padded(bytes), option(OPTION.comment, comment));
}

/** Type, length, body, length again. */
function block(type: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const length = body.length + 12;
  return Buffer.concat([words(type, length), body, words(length)]);
}

/** The option and the end of options. */
function option(code: number, text: string): Buffer {
  const value = Buffer.from(text);
  const header = (number: number, length: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt16LE(number, 0);
    bytes.writeUInt16LE(length, 2);
    return bytes;
  };
  return Buffer.concat([header(code, value.length), padded(value), header(OPTION.end, 0)]);
}

function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value, index * 4);
  return bytes;
}

function padded(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}
