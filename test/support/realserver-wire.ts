// SPDX-License-Identifier: MIT
// The client's end of a real server's link: every frame is made by hand, as a director would send it.

import { createInterface } from "node:readline";
import type { Netns } from "./netns.ts";
import { decode, layersOf, packet } from "./packet.ts";
import { until } from "./until.ts";

export const VIP = "192.0.2.80";
export const OTHER_VIP = "192.0.2.81";
export const CIP = "10.1.0.1";
export const RIP = "10.1.0.2";
export const CLIENT_MAC = "02:00:00:00:01:01";
export const SERVER_MAC = "02:00:00:00:01:02";
const BROADCAST = "ff:ff:ff:ff:ff:ff";
const ETHERTYPE_ARP = 0x0806;

/** Ethernet header. */
export const FROM_DIRECTOR = { destination: SERVER_MAC, source: CLIENT_MAC };

/** Sends and prints frames, one a line, in hexadecimal. */
const WIRE = `
import os, select, socket, sys
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
wire.bind((sys.argv[1], 0))
print("ready", flush=True)
while True:
    for ready in select.select([0, wire], [], [])[0]:
        if ready is wire:
            frame, address = wire.recvfrom(65536)
            if address[2] != socket.PACKET_OUTGOING:
                print(frame.hex(), flush=True)
        else:
            lines = os.read(0, 65536)
            if not lines:
                sys.exit()
            for line in lines.split():
                wire.send(bytes.fromhex(line.decode()))
`;

export class Wire {
  readonly received: Uint8Array[] = [];
  readonly #process: ReturnType<Netns["spawn"]>;
  #isReady = false;

  constructor(namespace: Netns) {
    this.#process = namespace.spawn("python3", ["-c", WIRE, "eth0"], { stdio: ["pipe", "pipe", "inherit"] });
    if (!this.#process.stdout) throw new Error("no pipe to the wire");
    createInterface({ input: this.#process.stdout }).on("line", (line) => {
      if (line === "ready") this.#isReady = true;
      else this.received.push(Buffer.from(line, "hex"));
    });
  }

  async ready(): Promise<void> {
    await until("the wire listens", () => this.#isReady);
  }

  send(...frames: readonly Uint8Array[]): void {
    const lines = frames.map((frame) => `${Buffer.from(frame).toString("hex")}\n`);
    this.#process.stdin?.write(lines.join(""));
  }

  /** Frames since the last call, once there is one that `isLast`. */
  async take(what: string, isLast: (frame: Uint8Array) => boolean): Promise<Uint8Array[]> {
    await until(what, () => this.received.some(isLast));
    return this.received.splice(0);
  }
}

let lastPort = 20_000;

/** Of the client; every time another one. */
export function nextPort(): number {
  return ++lastPort;
}

/** A SYN to `vip` from a port of its own. */
export function syn(vip: string, tunnel?: { readonly to: string }): { frame: Uint8Array; port: number } {
  const port = nextPort();
  const l2 = packet().ethernet(FROM_DIRECTOR);
  const l3 = tunnel ? l2.ipv4({ source: CIP, destination: tunnel.to }) : l2;
  const frame = l3.ipv4({ source: CIP, destination: vip }).tcp({ sourcePort: port, destinationPort: 80 }).bytes();
  return { frame, port };
}

/** Whether the frame is the server's SYN ACK from `vip` to that port. */
export function isAnswer(vip: string, port: number): (frame: Uint8Array) => boolean {
  return (frame) => {
    const decoded = decode(frame);
    const [[ip], [tcp]] = [layersOf(decoded, "ipv4"), layersOf(decoded, "tcp")];
    return ip?.source === vip && tcp?.destinationPort === port && tcp.flags.join() === "syn,ack";
  };
}

export function arpRequest(address: string): Uint8Array {
  const mac = Buffer.from(CLIENT_MAC.replaceAll(":", ""), "hex");
  const [cip, wanted] = [CIP, address].map((text) => Buffer.from(text.split(".").map(Number)));
  const head = Buffer.from("0001080006040001", "hex");
  const body = Buffer.concat([head, mac, cip!, Buffer.alloc(6), wanted!]);
  const ethernet = { destination: BROADCAST, source: CLIENT_MAC, etherType: ETHERTYPE_ARP };
  return packet().ethernet(ethernet).payload(body).padTo().bytes();
}

/** `request 10.1.0.2` or `reply 192.0.2.80`, with the address of the sender; undefined for other frames. */
export function arpOf(frame: Uint8Array): string | undefined {
  const bytes = Buffer.from(frame);
  if (bytes.readUInt16BE(12) !== ETHERTYPE_ARP) return undefined;
  return `${bytes.readUInt16BE(20) === 1 ? "request" : "reply"} ${bytes.subarray(28, 32).join(".")}`;
}
