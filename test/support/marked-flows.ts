// SPDX-License-Identifier: MIT
// Clients of one service by mark, each connection from another address to another one: where their flows go.

import { after, afterEach, before, beforeEach } from "node:test";
import type { Prefix } from "../../src/model/prefix.ts";
import type { RealServer, SchedulerName, ServiceSettings, VirtualService } from "../../src/model/service.ts";
import { DataplaneUnderTest } from "./dataplane.ts";
import { server } from "./memory-director.ts";
import { type Packet, packet, type TcpFlag } from "./packet.ts";

const MARK = 7;
/** Every destination that has the mark. */
const MARKED = "10.9.0.0/16" as Prefix;

/** The last byte of a server's address -> flows. */
export type FlowsByServer = ReadonlyMap<number, number>;

/** `10.1.0.HOST`, for a service by mark: the port is the client's. */
export function cache(host: number, weight: number, overrides: Partial<RealServer> = {}): RealServer {
  return server(`10.1.0.${host}`, { weight, port: 0, ...overrides });
}

/** Of a suite of tests: what its tests, while they run, find here. */
export interface MarkedSuite {
  /** Empty before every test. */
  readonly dataplane: DataplaneUnderTest;
  readonly clients: MarkedFlows;
}

/** To be called where the suite begins. */
export function markedSuite(): MarkedSuite {
  let dataplane: DataplaneUnderTest;
  let clients: MarkedFlows;
  before(async () => {
    dataplane = await DataplaneUnderTest.create({}, 1 << 14);
  });
  beforeEach(() => {
    clients = new MarkedFlows(dataplane);
  });
  afterEach(() => dataplane.forget());
  after(() => dataplane.close());
  return {
    get dataplane() {
      return dataplane;
    },
    get clients() {
      return clients;
    },
  };
}

export class MarkedFlows {
  readonly #dataplane: DataplaneUnderTest;
  #opened = 0;

  constructor(dataplane: DataplaneUnderTest) {
    this.#dataplane = dataplane;
  }

  /** From now on the service is all that there is. Servers that are new were added one after the other. */
  async serve(scheduler: SchedulerName, servers: readonly RealServer[], settings: Partial<ServiceSettings> = {}) {
    const service: VirtualService = { mark: MARK, family: "ipv4", scheduler, servers, ...settings };
    const marks = [{ mark: MARK, match: [{ destination: MARKED }] }];
    await this.#dataplane.director.change((state) => ({ ...state, services: [service], marks }));
  }

  /** A packet of the client that came as number `client`, to `destination` or to one that nobody else goes to. */
  packet(client: number, flag: TcpFlag, destination = addressIn("10.9", client)): Packet {
    const addresses = { source: addressIn("10.2", client), destination };
    return packet()
      .ethernet()
      .ipv4(addresses)
      .tcp({ sourcePort: 1024, flags: [flag] });
  }

  /** The first packet of the next client. */
  next(destination?: string): Packet {
    return this.packet(this.#opened++, "syn", destination);
  }

  /** Establishes flows; where each server's number of flows went up, by how much. */
  open(count: number, destination?: string): FlowsByServer {
    const before = this.flows();
    for (let n = 0; n < count; n++) {
      const client = this.#opened++;
      for (const flag of ["syn", "ack"] as const) this.#dataplane.push(this.packet(client, flag, destination));
    }
    const grown = [...this.flows()].map(([host, flows]) => [host, flows - (before.get(host) ?? 0)] as const);
    return new Map(grown.filter(([, flows]) => flows > 0));
  }

  /** Of the servers that have any. */
  flows(): FlowsByServer {
    const { held } = this.#dataplane.director;
    const loads = [...this.#dataplane.port.loads()].map(([slot, { active, inactive }]) => {
      const host = Number(held.servers.get(slot)?.rip.split(".")[3]);
      return [host, active + inactive] as const;
    });
    return new Map(loads.sort(([a], [b]) => a - b));
  }
}

/** Number `n` of the 65,536 addresses that begin so; neighbours in number are far apart. */
function addressIn(network: string, n: number): string {
  const host = (n * 40_503) & 0xffff;
  return `${network}.${host >> 8}.${host & 0xff}`;
}
