// SPDX-License-Identifier: MIT
// Clients of one service that open, use and close connections at random.

import { type Packet, packet, type TcpFlag } from "../../support/packet.ts";
import type { Random } from "../../support/random.ts";
import { someClient, type WalkPacket } from "./walk.ts";

const FIRST_PORT = 1024;

export type Protocol = "tcp" | "udp";

interface Connection {
  readonly protocol: Protocol;
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
}

/** Where connections go. */
export interface Target {
  /** Any of them. */
  readonly protocols: readonly Protocol[];
  readonly destinations: readonly string[];
  readonly ports: readonly number[];
}

export class RandomConnections {
  readonly #random: Random;
  readonly #clients: string;
  readonly #target: Target;
  readonly #open: Connection[] = [];
  #opened = 0;

  constructor(random: Random, clients: string, target: Target) {
    this.#random = random;
    this.#clients = clients;
    this.#target = target;
  }

  next(): readonly WalkPacket[] {
    if (this.#open.length === 0 || this.#random.chance(0.55)) return this.#begin();
    return [this.#goOn(this.#random.below(this.#open.length))];
  }

  /** Half-open flows are few at a time: xdirector's table has room for no more than it can do without. */
  #begin(): readonly WalkPacket[] {
    const { protocols, destinations, ports } = this.#target;
    const connection = {
      protocol: this.#random.oneOf(protocols),
      source: someClient(this.#random, this.#clients),
      sourcePort: FIRST_PORT + this.#opened++,
      destination: this.#random.oneOf(destinations),
      destinationPort: this.#random.oneOf(ports),
    };
    this.#open.push(connection);
    return connection.protocol === "udp"
      ? [sent(connection, [])]
      : [sent(connection, ["syn"]), sent(connection, ["ack"])];
  }

  /**
   * Nothing that the kernel's timers decide: what was reset is gone in ten seconds, and after a SYN of an ended
   * connection the old one is counted beside the new one for a moment.
   */
  #goOn(at: number): WalkPacket {
    const connection = this.#open[at] as Connection;
    const drawn = this.#random.fraction();
    if (drawn < 0.2 || connection.protocol === "udp") return sent(connection, ["ack"]);
    if (drawn < 0.4) return sent(connection, ["syn"]);
    this.#open.splice(at, 1);
    return sent(connection, ["fin", "ack"]);
  }
}

/** Flags are TCP's. */
function sent(connection: Connection, flags: readonly TcpFlag[]): WalkPacket {
  const { protocol, source, sourcePort, destination, destinationPort } = connection;
  const ip = fromClient(source, destination);
  const ports = { sourcePort, destinationPort };
  return { via: "clients", packet: protocol === "udp" ? ip.udp(ports) : ip.tcp({ ...ports, flags }) };
}

/** Up to the IP header; all ids are 1. */
export function fromClient(source: string, destination: string, fields: { readonly protocol?: number } = {}): Packet {
  const frame = packet().ethernet();
  const { protocol } = fields;
  if (source.includes(":")) return frame.ipv6({ source, destination, ...(protocol && { nextHeader: protocol }) });
  return frame.ipv4({ source, destination, id: 1, dontFragment: true, ...fields });
}
