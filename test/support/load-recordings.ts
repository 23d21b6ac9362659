// SPDX-License-Identifier: MIT
// Recordings of schedulers that go by load, played through the real data plane packet by packet: the server chosen and
// every server's counts after each step.

import assert from "node:assert/strict";
import { editSettings } from "../../src/model/edits.ts";
import type { DataplaneUnderTest } from "./dataplane.ts";
import type { TcpFlag } from "./packet.ts";
import {
  type Counts,
  edited,
  type RecordedCase,
  type RecordedConnection,
  recordedPacket,
  recordedState,
  withServer,
} from "./scheduler-recordings.ts";

/** Plays a case; the data plane holds nothing else. */
export async function replay(dataplane: DataplaneUnderTest, recorded: RecordedCase): Promise<void> {
  await dataplane.director.change(() => recordedState(recorded));
  for (const server of recorded.servers) await dataplane.director.change((state) => withServer(state, server));
  const opened = new Map<number, RecordedConnection>();
  const send = (connection: RecordedConnection, flag: TcpFlag) =>
    dataplane.push(recordedPacket(recorded, connection, flag));
  for (const event of recorded.events) {
    if (event.op === "sysctl") {
      const connReuseMode = event.value as 0 | 1;
      await dataplane.director.change((state) => editSettings(state, { connReuseMode }));
      continue;
    }
    if (event.op === "ipvsadm") await dataplane.director.change((state) => edited(state, event.cmd));
    if (event.op === "packet") send(event, "syn");
    if (event.op === "connect") {
      opened.set(event.n, event);
      send(event, "syn");
      send(event, "ack");
      if (!event.keepOpen) send(event, "rst");
    }
    if (event.op === "close") send(opened.get(event.n) as RecordedConnection, "rst");
    assert.deepEqual(countsNow(dataplane), event.after, `after ${JSON.stringify(event)}`);
  }
}

/** By the names that the recordings give servers: rs1 is 10.1.0.11. */
function countsNow(dataplane: DataplaneUnderTest): Counts {
  const loads = dataplane.port.loads();
  const inUse = [...dataplane.director.held.servers].filter(([, { method }]) => method !== "none");
  return Object.fromEntries(
    inUse.map(([slot, { rip }]) => {
      const { active = 0, inactive = 0 } = loads.get(slot) ?? {};
      return [`rs${rip.slice(-1)}`, [active, inactive]];
    }),
  );
}
