// SPDX-License-Identifier: MIT
// Replays what the real kernel did with persistent and one-packet services, through the real program: the server of every
// connection, and how many each server has afterwards.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { assertAvailable } from "../../src/compile/availability.ts";
import { editServer } from "../../src/model/edits.ts";
import type { EndpointAddress, SchedulerName, VirtualService } from "../../src/model/service.ts";
import { EMPTY_STATE } from "../../src/model/service.ts";
import { DataplaneUnderTest } from "../support/dataplane.ts";
import { address, server, service } from "../support/memory-director.ts";
import { packet, type TcpFlag } from "../support/packet.ts";
import { fromRoot } from "../support/project.ts";

type Counts = Readonly<Record<string, readonly [active: number, inactive: number]>>;

type RecordedEvent =
  | {
      readonly op: "connect" | "packet";
      readonly n: number;
      readonly client: string;
      readonly port: number;
      readonly keepOpen?: boolean;
      readonly server: string;
      readonly after: Counts;
    }
  | { readonly op: "sysctl"; readonly value: 0 | 1 }
  | { readonly op: "ipvsadm"; readonly cmd: string }
  /** Longer than the template's timeout, shorter than its flows': it is prolonged. */
  | { readonly op: "wait" };

interface RecordedCase {
  readonly name: string;
  readonly service: {
    readonly protocol: "tcp" | "udp";
    readonly address: string | null;
    readonly port: number;
    readonly scheduler: SchedulerName;
    readonly persistent: number | null;
    readonly netmask: string | number | null;
    readonly ops: boolean;
  };
  readonly servers: readonly { readonly name: string; readonly address: string; readonly weight: number }[];
  readonly events: readonly RecordedEvent[];
}

function toService({ service: recorded, servers }: RecordedCase): VirtualService & EndpointAddress {
  const { protocol, port, scheduler, persistent, netmask, ops } = recorded;
  const vip = address(recorded.address ?? "");
  const mask = typeof netmask === "number" ? netmask : address(netmask ?? "255.255.255.255");
  return service(
    servers.map(({ address: rip, weight }) => server(rip, { port, weight, method: "masquerade" })),
    {
      ...{ protocol, vip, port, scheduler },
      ...(persistent !== null && { persistence: { timeout: persistent, netmask: mask } }),
      ...(ops && { onePacket: true }),
    },
  ) as VirtualService & EndpointAddress;
}

function isAvailable(recorded: RecordedCase): boolean {
  if (recorded.service.address === null) return false;
  try {
    assertAvailable({ ...EMPTY_STATE, services: [toService(recorded)] });
    return true;
  } catch {
    return false;
  }
}

/** Every recording has a service and a port of its own. */
let dataplane: DataplaneUnderTest;
before(async () => {
  dataplane = await DataplaneUnderTest.create({});
});
after(() => dataplane.close());

for (const file of ["persistence", "ops"]) {
  const { cases } = JSON.parse(readFileSync(fromRoot("test", "golden", "sched", `${file}.json`), "utf8")) as {
    readonly cases: readonly RecordedCase[];
  };
  describe(`${file}, as the kernel did it`, () => {
    for (const recorded of cases.filter(isAvailable)) test(recorded.name, () => replay(recorded));
  });
}

async function replay(recorded: RecordedCase): Promise<void> {
  const virtual = toService(recorded);
  await dataplane.director.change(() => ({ ...EMPTY_STATE, services: [virtual] }));
  const names = new Map(recorded.servers.map(({ address: rip, name }) => [address(rip), name]));
  for (const event of recorded.events) {
    if (event.op === "sysctl") await setQuiescent(dataplane, event.value);
    else if (event.op === "ipvsadm") await reweigh(dataplane, virtual, event.cmd);
    else if (event.op !== "wait") {
      const slot = await connect(dataplane, virtual, event);
      assert.equal(
        names.get(dataplane.director.serverAt(slot)?.rip ?? address("::")),
        event.server,
        `number ${event.n}`,
      );
      assert.deepEqual(await countsOf(dataplane, names), event.after, `after number ${event.n}`);
    }
  }
}

async function setQuiescent(dataplane: DataplaneUnderTest, expireQuiescentTemplate: 0 | 1): Promise<void> {
  await dataplane.director.change((state) => ({ ...state, settings: { ...state.settings, expireQuiescentTemplate } }));
}

async function reweigh(dataplane: DataplaneUnderTest, virtual: VirtualService, command: string): Promise<void> {
  const [, rip = "", port = ""] = /-r (\S+):(\d+)/.exec(command) ?? [];
  const weight = Number(/-w (\d+)/.exec(command)?.[1]);
  const named = { rip: address(rip), port: Number(port) };
  await dataplane.director.change((state) => editServer(state, virtual, named, { weight }));
}

type Connection = Extract<RecordedEvent, { op: "connect" | "packet" }>;

/** From SYN to the client's FIN, or open, or one datagram; the server slot that got the first packet. */
async function connect(
  dataplane: DataplaneUnderTest,
  virtual: EndpointAddress,
  { client, port: sourcePort, keepOpen, op }: Connection,
): Promise<number> {
  const six = client.includes(":");
  const ip = six
    ? packet().ethernet().ipv6({ source: client, destination: virtual.vip })
    : packet().ethernet().ipv4({ source: client, destination: virtual.vip });
  const ports = { sourcePort, destinationPort: virtual.port };
  const { port } = dataplane;
  const before = await port.counters();
  if (op === "packet") dataplane.push(ip.udp(ports));
  else {
    const all: readonly TcpFlag[][] = [["syn"], ["ack"], ["fin", "ack"]];
    for (const flags of keepOpen ? all.slice(0, 2) : all) dataplane.push(ip.tcp({ ...ports, flags }));
  }
  const after = await port.counters();
  const [slot] = [...after.servers].find(([each, { packets }]) => packets !== before.servers.get(each)?.packets) ?? [
    -1,
  ];
  return slot;
}

async function countsOf({ port, director }: DataplaneUnderTest, names: ReadonlyMap<string, string>): Promise<Counts> {
  const loads = port.loads();
  const slots = [...director.held.servers]
    .filter(([, { method }]) => method !== "none")
    .map(([slot, { rip }]) => {
      const { active = 0, inactive = 0 } = loads.get(slot) ?? {};
      return [names.get(rip) ?? rip, [active, inactive]] as const;
    });
  return Object.fromEntries(slots);
}
