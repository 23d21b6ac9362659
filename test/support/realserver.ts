// SPDX-License-Identifier: MIT
// The real server's program in the real kernel, not attached to anything: packets go in and come out by test run.

import { BpfObject } from "../../src/bpf/index.ts";
import type { IpRecord } from "../../src/dataplane/records.ts";
import { type Address, addressToBytes } from "../../src/model/address.ts";
import type { Packet } from "./packet.ts";
import { fromRoot } from "./project.ts";

export const XDP_DROP = 1;
export const XDP_PASS = 2;

export const VIP = "192.0.2.80";
export const VIP6 = "2001:db8:80::80";

export interface Decapsulation {
  readonly action: number;
  /** The one verdict whose counter went up. */
  readonly verdict: string;
  readonly data: Uint8Array;
}

/** Lets packets to {@link VIP} and {@link VIP6} out of their tunnels. */
export class RealServerUnderTest implements Disposable {
  readonly #object = BpfObject.open(fromRoot("build", "bpf", "realserver.bpf.o"));

  constructor(constants: Readonly<Record<string, number>> = {}) {
    for (const [name, value] of Object.entries(constants)) this.#object.setRodata(name, value);
    this.#object.load();
    using vips = this.#object.map<IpRecord, number>("vips");
    for (const vip of [VIP, VIP6]) vips.set({ bytes: addressToBytes(vip as Address) }, 1);
  }

  send(sent: Packet): Decapsulation {
    const before = this.#counts();
    using program = this.#object.program("realserver");
    const { returnValue: action, data } = program.run({ data: sent.bytes() });
    const counted = Object.entries(this.#counts()).flatMap(([name, count]) =>
      Array(count - (before[name] ?? 0)).fill(name),
    );
    return { action, verdict: counted.join(" and "), data };
  }

  [Symbol.dispose](): void {
    this.#object.close();
  }

  #counts(): Record<string, number> {
    const sums: Record<string, number> = {};
    using verdicts = this.#object.map<number, Record<string, bigint>[]>("verdicts");
    for (const counters of verdicts.get(0) ?? []) {
      for (const [name, count] of Object.entries(counters)) sums[name] = (sums[name] ?? 0) + Number(count);
    }
    return sums;
  }
}
