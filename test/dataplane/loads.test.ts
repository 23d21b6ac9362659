// SPDX-License-Identifier: MIT
// Live counts of flows: at any moment what a recount of the flow table would say, however flows end.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import fc from "fast-check";
import { purgeServer } from "../../src/bpf/index.ts";
import { KernelDataplane } from "../../src/dataplane/kernel.ts";
import { deleteServer } from "../../src/model/edits.ts";
import type { VirtualService } from "../../src/model/service.ts";
import { DEFAULT_SETTINGS } from "../../src/model/settings.ts";
import { DataplaneUnderTest } from "../support/dataplane.ts";
import { address, server, service } from "../support/memory-director.ts";
import { type Packet, packet, type TcpFlag } from "../support/packet.ts";
import { pairedSlots, recount, recountAway, recountControlled } from "../support/recount.ts";
import { type Chunk, IS_SCTP, type Segment, sctp } from "../support/sctp.ts";
import { Senders } from "../support/senders.ts";

const web = service([server("10.1.0.1"), server("10.1.0.2")]);
const dns = service([server("10.1.0.1", { port: 53 })], { protocol: "udp", port: 53 });
const masqueraded = service(
  [server("10.1.0.3", { port: 8080, method: "masquerade" }), server("10.1.0.4", { method: "masquerade" })],
  { vip: address("192.0.2.2") },
);
const signalling = service([server("10.1.0.1", { port: 2905 })], { protocol: "sctp", port: 2905 });
const mapped = service([server("10.1.0.5", { port: 12_905, method: "masquerade" })], { protocol: "sctp", port: 2906 });
const sticky = service([server("10.1.0.6", { method: "masquerade" })], {
  vip: address("192.0.2.3"),
  persistence: { timeout: 300, netmask: address("255.255.255.255") },
});
const services: VirtualService[] = [web, dns, masqueraded, signalling, mapped, sticky];

const CLIENTS = 24;
const FLAGS: readonly TcpFlag[][] = [["syn"], ["ack"], ["fin", "ack"], ["rst"], ["syn", "ack"]];

const CHUNKS_SENT: readonly Chunk[] = ["INIT", "INIT-ACK", "COOKIE-ECHO", "COOKIE-ACK", "SHUTDOWN", "ABORT"];

function association(source: string, destination: string, segment: Segment): Packet {
  return packet()
    .ethernet()
    .ipv4({ ...IS_SCTP, source, destination })
    .payload(sctp(segment));
}

/** Everything that a client may send, and servers may answer. */
const frames: readonly Uint8Array[] = Array.from({ length: CLIENTS }, (_, client) => {
  const cip = `10.9.0.${client}`;
  const tcp = FLAGS.flatMap((flags) => [
    packet().ethernet().ipv4({ source: cip }).tcp({ flags }),
    packet().ethernet().ipv4({ source: cip, destination: "192.0.2.2" }).tcp({ sourcePort: 4000, flags }),
    packet()
      .ethernet()
      .ipv4({ source: "10.1.0.3", destination: cip })
      .tcp({ sourcePort: 8080, destinationPort: 4000, flags }),
    packet()
      .ethernet()
      .ipv4({ source: "10.1.0.4", destination: cip })
      .tcp({ sourcePort: 80, destinationPort: 4000, flags }),
    packet().ethernet().ipv4({ source: cip, destination: "192.0.2.3" }).tcp({ sourcePort: 4000, flags }),
    packet()
      .ethernet()
      .ipv4({ source: "10.1.0.6", destination: cip })
      .tcp({ sourcePort: 80, destinationPort: 4000, flags }),
  ]);
  const udp = packet().ethernet().ipv4({ source: cip }).udp({ destinationPort: 53 });
  const associations = CHUNKS_SENT.flatMap((chunk) => [
    association(cip, "192.0.2.1", { sourcePort: 5000, destinationPort: 2905, chunks: [chunk] }),
    association(cip, "192.0.2.1", { sourcePort: 5000, destinationPort: 2906, chunks: [chunk] }),
    association("10.1.0.5", cip, { sourcePort: 12_905, destinationPort: 5000, chunks: [chunk] }),
  ]);
  return [...tcp, udp, ...associations].map((made) => made.bytes());
}).flat();

function assertExact(dataplane: DataplaneUnderTest): void {
  const bySlot = (loads: ReadonlyMap<number, unknown>) => [...loads].sort(([a], [b]) => a - b);
  assert.deepEqual(bySlot(dataplane.port.loads()), bySlot(recount(dataplane.loaded)));
  assert.deepEqual(recountAway(dataplane.loaded).miscounted, []);
  const { slots, told } = recountControlled(dataplane.loaded);
  assert.deepEqual(bySlot(told), bySlot(slots));
}

describe("the counts of flows", () => {
  let dataplane: DataplaneUnderTest;
  before(async () => {
    /** Few buckets: most flows begin by ending another one. */
    dataplane = await DataplaneUnderTest.create({ services, settings: { ...DEFAULT_SETTINGS, connReuseMode: 3 } }, 14);
  });
  afterEach(() => expireAll(dataplane));
  after(() => dataplane.close());

  const step = fc.oneof(
    { weight: 20, arbitrary: fc.record({ frame: fc.nat(frames.length - 1) }) },
    { weight: 1, arbitrary: fc.constant({ expire: true as const }) },
    { weight: 1, arbitrary: fc.record({ purge: fc.nat(7) }) },
  );
  test("are a recount's after packets of any kind, expiry and purges", async () => {
    const { maps, buckets } = dataplane.loaded;
    using hot = maps.flow_table.mmap();
    using loads = maps.server_loads.mmap();
    using flowTemplates = maps.flow_templates.mmap();
    using templates = maps.templates.mmap();
    let orphans = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 50, maxLength: 200 }), async (steps) => {
        for (const done of steps) {
          if ("frame" in done) dataplane.push(frames[done.frame] as Uint8Array);
          else if ("purge" in done) await purgeServer(hot, loads, buckets, done.purge, { flowTemplates, templates });
          else await expireAll(dataplane);
        }
        assertExact(dataplane);
        orphans += pairedSlots(dataplane.loaded).filter(({ isOrphan }) => isOrphan).length;
      }),
      { numRuns: 50 },
    );
    assert.notEqual(orphans, 0, "no slot of a pair gave way alone");
  });

  test("are a recount's after two CPUs and sweeps worked on the same few slots", async () => {
    await using senders = new Senders(dataplane.loaded.program.id, frames);
    await senders.send(30_000, () => expireAll(dataplane));
    assertExact(dataplane);
  });

  test("are put right by the first sweep of a daemon whose predecessor was killed in the middle of one", async () => {
    for (const frame of frames.slice(0, 30)) dataplane.push(frame);
    using region = dataplane.loaded.maps.server_loads.mmap();
    const words = new Uint32Array(region.buffer);
    words[0] = (words[0] ?? 0) + 2;
    words[1] = (words[1] ?? 0) + 1;
    await new KernelDataplane(dataplane.loaded).sweep();
    assertExact(dataplane);
  });

  test("go on for a server that was removed, until its last flow ends", async () => {
    dataplane.push(packet().ethernet().ipv4({ source: "10.9.0.1" }).udp({ destinationPort: 53 }));
    const [[slot] = []] = [...dataplane.port.loads()];
    await dataplane.director.change((state) => deleteServer(state, dns, { rip: address("10.1.0.1"), port: 53 }));
    assert.deepEqual([...dataplane.port.loads()], [[slot, { active: 0, inactive: 1 }]]);
    await expireAll(dataplane);
    assert.deepEqual([...dataplane.port.loads()], []);
  });
});

/** What user space holds for the timeouts is a copy, so only the sweep thinks that time has passed. */
async function expireAll({ loaded, port }: DataplaneUnderTest): Promise<void> {
  const kept = [...loaded.timeouts];
  loaded.timeouts.fill(0);
  const swept = port.sweep();
  loaded.timeouts.set(kept);
  await swept;
}
