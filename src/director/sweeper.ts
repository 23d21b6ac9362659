// SPDX-License-Identifier: MIT
// Sweeps the flow table again and again: flows that have expired end, and servers that were removed are forgotten when
// nothing belongs to them any more.

import { type DataplaneImage, isGone } from "../compile/image.ts";
import type { DataplanePort, FlowSummary, TemplateSummary } from "../dataplane/port.ts";
import type { Gate } from "./gate.ts";

/** ms */
const SWEEP_INTERVAL = 1000;

export interface SweeperOptions {
  readonly port: Pick<DataplanePort, "sweep" | "loads">;
  readonly gate: Gate;
  /** What the data plane was last made to hold. */
  readonly held: () => DataplaneImage;
  /** Takes removed servers out of the data plane. */
  readonly forget: (slots: ReadonlySet<number>) => Promise<void>;
  readonly report: (message: string) => void;
}

export class Sweeper {
  readonly #options: SweeperOptions;
  /** Under way. */
  #sweeping: Promise<FlowSummary> | undefined;
  #swept: FlowSummary | undefined;
  /** Removed servers that had no flows after the last sweep: forgotten if they have none after the next one. */
  #idle: ReadonlySet<number> = new Set();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: SweeperOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => void this.#sweepAndForget(), SWEEP_INTERVAL);
  }

  /** Resolves when the sweep under way is done. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.allSettled([this.#sweeping]);
  }

  /** How full the flow table is: that changes slowly. Without the timer nobody else looks. */
  async last(): Promise<FlowSummary> {
    return (this.#timer && this.#swept) ?? (await this.#sweep());
  }

  /** Flows end at any time, so nobody is kept from the data plane meanwhile. Who asks while it sweeps gets the same. */
  #sweep(): Promise<FlowSummary> {
    this.#sweeping ??= this.#sweepNow().finally(() => {
      this.#sweeping = undefined;
    });
    return this.#sweeping;
  }

  async #sweepNow(): Promise<FlowSummary> {
    this.#swept = await this.#options.port.sweep();
    return this.#swept;
  }

  async #sweepAndForget(): Promise<void> {
    if (this.#sweeping !== undefined) return;
    try {
      const { templates } = await this.#sweep();
      await this.#options.gate.write(() => this.#forgetIdle(templates));
    } catch (error) {
      this.#options.report(`sweep failed: ${(error as Error).message}`);
    }
  }

  /** A packet may be between its choice of a server and its flow, so one look at its load is not enough. */
  async #forgetIdle(templates: TemplateSummary): Promise<void> {
    const { port, held, forget } = this.#options;
    const loads = port.loads();
    const removed = [...held().servers].filter(([, server]) => isGone(server)).map(([slot]) => slot);
    const idle = new Set(removed.filter((slot) => !loads.has(slot) && !templates.servers.has(slot)));
    const forgotten = new Set([...idle].filter((slot) => this.#idle.has(slot)));
    this.#idle = idle;
    if (forgotten.size > 0) await forget(forgotten);
  }
}
