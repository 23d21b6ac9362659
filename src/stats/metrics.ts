// SPDX-License-Identifier: MIT
// What a Prometheus scrape returns: one snapshot of the director, and the process. What the snapshot's
// metrics are is exposition.ts's subject.

import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import { Turn } from "../turn.ts";
import { exposition } from "./exposition.ts";
import { type HealthReadings, healthExposition } from "./health-exposition.ts";
import { LabelBook } from "./labels.ts";
import type { DirectorPicture } from "./snapshot.ts";
import { type VrrpReadings, vrrpExposition } from "./vrrp-exposition.ts";

export interface MetricsOptions {
  readonly version: string;
  /** Called once per scrape. */
  readonly picture: () => Promise<DirectorPicture>;
  readonly health?: HealthReadings;
  readonly vrrp?: VrrpReadings;
  /** Told why a snapshot failed. */
  readonly onError: (error: Error) => void;
}

/** Gauges that prom-client names like counters, which `promtool check metrics` refuses. */
const MISNAMED = ["nodejs_active_handles_total", "nodejs_active_requests_total", "nodejs_active_resources_total"];

export class Metrics {
  readonly contentType: string = Registry.PROMETHEUS_CONTENT_TYPE;
  readonly #process = new Registry();
  readonly #collectionErrors: Counter;
  readonly #picture: MetricsOptions["picture"];
  readonly #health: HealthReadings | undefined;
  readonly #vrrp: VrrpReadings | undefined;
  readonly #onError: MetricsOptions["onError"];
  readonly #labels = new LabelBook();
  /** Under way. */
  #taken: Promise<DirectorPicture> | undefined;

  constructor({ version, picture, health, vrrp, onError }: MetricsOptions) {
    const registers = [this.#process];
    this.#picture = picture;
    this.#health = health;
    this.#vrrp = vrrp;
    this.#onError = onError;
    this.#collectionErrors = new Counter({
      name: "xdirector_collection_errors_total",
      help: "Scrapes that could not read the director.",
      registers,
    });
    new Gauge({
      name: "xdirector_build_info",
      help: "Always 1; the labels say which version of xdirector runs on which Node.js.",
      labelNames: ["version", "node"],
      registers,
    }).set({ version, node: process.versions.node }, 1);
    collectDefaultMetrics({ register: this.#process });
    for (const name of MISNAMED) this.#process.removeSingleMetric(name);
  }

  /**
   * The text exposition in pieces, made without blocking the event loop for long. Scrapes that come together share one
   * snapshot. When the director cannot be read, its metrics are absent and `xdirector_collection_errors_total` grows.
   */
  async *pieces(): AsyncGenerator<string> {
    const turn = new Turn();
    try {
      for await (const text of this.#expose(await this.#shared())) {
        yield text;
        if (turn.isOver) await turn.next();
      }
    } catch (error) {
      this.#collectionErrors.inc();
      this.#onError(error as Error);
    }
    yield await this.#process.metrics();
  }

  #shared(): Promise<DirectorPicture> {
    this.#taken ??= this.#picture().finally(() => {
      this.#taken = undefined;
    });
    return this.#taken;
  }

  async *#expose(picture: DirectorPicture): AsyncGenerator<string> {
    try {
      yield* exposition(picture, this.#labels);
      if (this.#health) yield* healthExposition(this.#health, this.#labels);
    } finally {
      this.#labels.trim(); // also after a scrape that was given up
    }
    if (this.#vrrp) yield* vrrpExposition(this.#vrrp);
  }
}
