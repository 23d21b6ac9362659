// SPDX-License-Identifier: MIT
// A port that fails when told to: wraps another one, so that tests can see what the director does when
// the kernel says no halfway.

import type { DataplaneImage, MapOp } from "../compile/image.ts";
import { XdirectorError } from "../errors.ts";
import type { VlanDevice } from "../model/next-hop.ts";
import type {
  AttachmentChanges,
  DataplaneCounters,
  DataplanePort,
  DataplaneStatus,
  FlowPage,
  FlowSummary,
  ImagePart,
  RotationPosition,
  ServerLoad,
  TemplatePage,
} from "./port.ts";

export class FaultyDataplane implements DataplanePort {
  readonly #port: DataplanePort;
  readonly #fails: (op: MapOp) => boolean;

  /** `fails` is asked before each operation; operations before the failing one have been applied. */
  constructor(port: DataplanePort, fails: (op: MapOp) => boolean) {
    this.#port = port;
    this.#fails = fails;
  }

  async apply(ops: readonly MapOp[]): Promise<void> {
    for (const op of ops) {
      if (this.#fails(op)) throw new XdirectorError("DATAPLANE_FAILED", `${op.op}: injected fault`);
      await this.#port.apply([op]);
    }
  }

  read(): Promise<DataplaneImage> {
    return this.#port.read();
  }

  position(serviceId: number): RotationPosition {
    return this.#port.position(serviceId);
  }

  forgetReplyRoutes(vlans: readonly VlanDevice[]): void {
    this.#port.forgetReplyRoutes(vlans);
  }

  putOwnMacs(macs: readonly string[]): void {
    this.#port.putOwnMacs(macs);
  }

  counters(of?: ImagePart): Promise<DataplaneCounters> {
    return this.#port.counters(of);
  }

  loads(slots?: Iterable<number>): ReadonlyMap<number, ServerLoad> {
    return this.#port.loads(slots);
  }

  sweep(): Promise<FlowSummary> {
    return this.#port.sweep();
  }

  flows(cursor: number, limit: number): Promise<FlowPage> {
    return this.#port.flows(cursor, limit);
  }

  templates(cursor: number, limit: number): Promise<TemplatePage> {
    return this.#port.templates(cursor, limit);
  }

  renewAttachments(): AttachmentChanges {
    return this.#port.renewAttachments();
  }

  status(): DataplaneStatus {
    return this.#port.status();
  }

  close(): Promise<void> {
    return this.#port.close();
  }
}
