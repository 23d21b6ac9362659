// SPDX-License-Identifier: MIT
// Two CPUs, sweeps and purges at work on the same few buckets: whatever comes of it, nothing is miscounted and every flow
// that lives is found by its packets.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { purgeServer, sweepFlows } from "../../src/bpf/index.ts";
import type { Flow } from "../../src/dataplane/port.ts";
import { DataplaneUnderTest } from "../support/dataplane.ts";
import { address, server, service } from "../support/memory-director.ts";
import { type Packet, packet, type TcpFlag } from "../support/packet.ts";
import { pairedSlots, recount, recountAway, signatures } from "../support/recount.ts";
import { Senders } from "../support/senders.ts";

/** Of which there are four buckets. */
const MAX_FLOWS = 18;
const CLIENTS = 24;
const ROUNDS = 20;
const FRAMES_A_ROUND = 4_000;

const web = service([server("10.1.0.1"), server("10.1.0.2")]);
const dns = service([server("10.1.0.1", { port: 53 })], { protocol: "udp", port: 53 });
const masqueraded = service([server("10.1.0.3", { method: "masquerade" })], { vip: address("192.0.2.2") });

const clientPacket = (cip: string, vip: string) => packet().ethernet().ipv4({ source: cip, destination: vip });
const segment = (cip: string, vip: string, ...flags: TcpFlag[]) =>
  clientPacket(cip, vip).tcp({ sourcePort: 4000, destinationPort: 80, flags });
const reply = (cip: string, ...flags: TcpFlag[]) =>
  packet()
    .ethernet()
    .ipv4({ source: "10.1.0.3", destination: cip })
    .tcp({ sourcePort: 80, destinationPort: 4000, flags });
const datagram = (cip: string) => clientPacket(cip, "192.0.2.1").udp({ sourcePort: 4000, destinationPort: 53 });

/** Mostly what establishes flows: those do not give way, so that others have to live away from home. */
const FLAGS: readonly TcpFlag[][] = [["syn"], ["ack"], ["ack"], ["ack"], ["fin", "ack"], ["rst"]];
const frames = Array.from({ length: CLIENTS }, (_, client) => `10.9.0.${client}`)
  .flatMap((cip): Packet[] => [
    ...FLAGS.flatMap((flags) => [
      segment(cip, "192.0.2.1", ...flags),
      segment(cip, "192.0.2.2", ...flags),
      reply(cip, ...flags),
    ]),
    datagram(cip),
  ])
  .map((made) => made.bytes());

describe("two CPUs, sweeps and purges on a few buckets", () => {
  let dataplane: DataplaneUnderTest;
  before(async () => {
    dataplane = await DataplaneUnderTest.create({ services: [web, dns, masqueraded] }, MAX_FLOWS);
  });
  after(() => dataplane.close());

  test("leave exact counts, and flows that their packets find", async () => {
    const { program, maps, buckets, timeouts } = dataplane.loaded;
    await using senders = new Senders(program.id, frames);
    using hot = maps.flow_table.mmap();
    using loads = maps.server_loads.mmap();
    const expireAll = new Uint32Array(timeouts.length);
    const slots = [...dataplane.director.held.servers.keys()];
    let turn = 0;
    /** Seldom, so that the table fills in between. */
    const endSome = async () => {
      const slot = slots[++turn % slots.length] as number;
      await Promise.all([
        turn % 41 === 0 && purgeServer(hot, loads, buckets, slot),
        turn % 160 === 0 && sweepFlows(hot, loads, buckets, expireAll, 0),
        nextTurn(),
      ]);
    };
    let away = 0;
    let orphaned = 0;
    for (let round = 0; round < ROUNDS; round++) {
      await senders.send(FRAMES_A_ROUND, endSome);
      assertLoads(dataplane);
      const { flows, miscounted } = recountAway(dataplane.loaded);
      assert.deepEqual(miscounted, [], `round ${round}`);
      away += flows;
      await sweepFlows(hot, loads, buckets, timeouts, 0); // clears away what was ended under another signature
      const orphans = pairedSlots(dataplane.loaded).filter(({ isOrphan, isReply }) => isOrphan && !isReply);
      const lost = (await dataplane.port.flows(0, buckets * 8)).flows.filter((flow) => !isFound(dataplane, flow));
      orphaned += orphans.length;
      assert.ok(lost.length <= orphans.length, `round ${round}: ${JSON.stringify(lost)}`);
      assert.ok(lost.every(({ vip, state }) => vip === "192.0.2.2" && state !== "ESTABLISHED"));
    }
    assert.notEqual(orphaned, 0, "no half-open flow lost its reply's slot");
    assert.notEqual(away, 0, "no flow had to live away from home");
  });
});

function assertLoads({ loaded, port }: DataplaneUnderTest): void {
  const bySlot = (loads: ReadonlyMap<number, unknown>) => [...loads].sort(([a], [b]) => a - b);
  assert.deepEqual(bySlot(port.loads()), bySlot(recount(loaded)));
}

/** A packet whose flow is not found is dropped, or taken for the first one of another. */
function isFound(dataplane: DataplaneUnderTest, { protocol, cip, vip }: Flow): boolean {
  const before = signatures(dataplane.loaded);
  const { action } = dataplane.push(protocol === "udp" ? datagram(cip) : segment(cip, vip, "ack"));
  return action === "redirect" && isDeepStrictEqual(signatures(dataplane.loaded), before);
}
