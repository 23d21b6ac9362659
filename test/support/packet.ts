// SPDX-License-Identifier: MIT
// Test packets: packet().ethernet().ipv4({ ttl: 1 }).tcp({ flags: ["syn"] }).payload("x").bytes().
// A builder is a value: every call returns a new one. Lengths, checksums, and the type or protocol of what follows
// are computed unless they are given. decode() takes any bytes apart again; see packet/decode.ts.

import { encode } from "./packet/encode.ts";
import type {
  EthernetFields,
  ExtensionFields,
  FragmentFields,
  GreFields,
  GueFields,
  IcmpFields,
  Ipv4Fields,
  Ipv6Fields,
  LayerInput,
  TcpFields,
  UdpFields,
  VlanFields,
} from "./packet/layers.ts";
import { concat } from "./packet/wire.ts";

export { type DecodedPacket, decode, layerOf, layersOf } from "./packet/decode.ts";
export type { DecodedLayer, LayerInput, LayerName, LayerOf, TcpFlag } from "./packet/layers.ts";
export { GUE_PORT, TCP_FLAGS } from "./packet/layers.ts";

type Edit = (bytes: Uint8Array) => Uint8Array;

export class Packet {
  readonly #layers: readonly LayerInput[];
  readonly #payload: Uint8Array;
  readonly #edits: readonly Edit[];

  constructor(layers: readonly LayerInput[] = [], payload: Uint8Array = new Uint8Array(), edits: readonly Edit[] = []) {
    this.#layers = layers;
    this.#payload = payload;
    this.#edits = edits;
  }

  /** Defaults: 02:00:00:00:00:02 to 02:00:00:00:00:01. */
  ethernet(fields: Partial<EthernetFields> = {}): Packet {
    return this.#with({ layer: "ethernet", fields });
  }

  /** Defaults: id 1, 802.1Q. Twice for two tags. */
  vlan(fields: Partial<VlanFields> = {}): Packet {
    return this.#with({ layer: "vlan", fields });
  }

  /** Defaults: 10.1.2.3 to 192.0.2.1, TTL 64, id 0, no fragment. Inside another IP header: IP in IP. */
  ipv4(fields: Partial<Ipv4Fields> = {}): Packet {
    return this.#with({ layer: "ipv4", fields });
  }

  /** Defaults: 2001:db8:c::3 to 2001:db8::1, hop limit 64. */
  ipv6(fields: Partial<Ipv6Fields> = {}): Packet {
    return this.#with({ layer: "ipv6", fields });
  }

  /** An IPv6 extension header. Default: destination options (60) with six bytes of padding. */
  extension(fields: Partial<ExtensionFields> = {}): Packet {
    return this.#with({ layer: "extension", fields: { body: Uint8Array.of(1, 4), ...fields } });
  }

  /** The IPv6 fragment header. For IPv4 use the fields of ipv4(). */
  fragment(fields: Partial<FragmentFields> = {}): Packet {
    return this.#with({ layer: "fragment", fields });
  }

  /** Defaults: 12345 to 80, a SYN. */
  tcp(fields: Partial<TcpFields> = {}): Packet {
    return this.#with({ layer: "tcp", fields });
  }

  /** Defaults: 12345 to 53; to 6080 when GUE follows. */
  udp(fields: Partial<UdpFields> = {}): Packet {
    return this.#with({ layer: "udp", fields });
  }

  /** Default: an echo request. The packet that an error quotes is its payload. */
  icmp(fields: Partial<IcmpFields> = {}): Packet {
    return this.#with({ layer: "icmp", fields });
  }

  /** Default: an echo request. */
  icmpv6(fields: Partial<IcmpFields> = {}): Packet {
    return this.#with({ layer: "icmpv6", fields: { type: 128, ...fields } });
  }

  gre(fields: Partial<GreFields> = {}): Packet {
    return this.#with({ layer: "gre", fields });
  }

  gue(fields: Partial<GueFields> = {}): Packet {
    return this.#with({ layer: "gue", fields });
  }

  /** Text as UTF-8, bytes as they are, a number as that many bytes (0, 1, 2, ... 255, 0, ...), a packet as its bytes. */
  payload(content: string | number | Uint8Array | Packet): Packet {
    return new Packet(this.#layers, payloadBytes(content), this.#edits);
  }

  /** Zeros at the end, outside every length, up to the 60 bytes that Ethernet sends at least. */
  padTo(length = 60): Packet {
    return this.#edited((bytes) => concat(bytes, new Uint8Array(Math.max(0, length - bytes.length))));
  }

  /** Only the first `length` bytes. */
  truncate(length: number): Packet {
    return this.#edited((bytes) => bytes.slice(0, length));
  }

  /** `change` writes into the finished bytes; nothing is computed again afterwards. */
  mutate(change: (bytes: Uint8Array) => void): Packet {
    return this.#edited((bytes) => {
      change(bytes);
      return bytes;
    });
  }

  bytes(): Uint8Array {
    return this.#edits.reduce((bytes, edit) => edit(bytes), encode(this.#layers, this.#payload));
  }

  #with(layer: LayerInput): Packet {
    return new Packet([...this.#layers, layer], this.#payload, this.#edits);
  }

  #edited(edit: Edit): Packet {
    return new Packet(this.#layers, this.#payload, [...this.#edits, edit]);
  }
}

function payloadBytes(content: string | number | Uint8Array | Packet): Uint8Array {
  if (typeof content === "string") return new TextEncoder().encode(content);
  if (typeof content === "number") return Uint8Array.from({ length: content }, (_, index) => index & 0xff);
  return content instanceof Packet ? content.bytes() : content;
}

/** An empty packet to build on. */
export function packet(): Packet {
  return new Packet();
}
