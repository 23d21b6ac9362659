// SPDX-License-Identifier: MIT
// The one writer: turns intents into map operations, one at a time, in the order they came.
// desired -> compile -> diff -> apply -> status.

import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { assertAvailable } from "./compile/availability.ts";
import { compile, reclaim } from "./compile/compile.ts";
import { applyOps, diff } from "./compile/diff.ts";
import { type DataplaneImage, EMPTY_IMAGE } from "./compile/image.ts";
import type { DataplanePort, FlowPage, TemplatePage } from "./dataplane/port.ts";
import { Gate } from "./director/gate.ts";
import { Sweeper } from "./director/sweeper.ts";
import type { Address } from "./model/address.ts";
import type { ServerAddress } from "./model/edits.ts";
import { assertValidState } from "./model/invariants.ts";
import type { NextHops } from "./model/next-hop.ts";
import { NO_WAYS, type ProbeWays, probePlan } from "./model/probe.ts";
import type { ServedState } from "./model/served.ts";
import { newServerAddresses, serverAddresses } from "./model/server-addresses.ts";
import { type Change, type DesiredState, EMPTY_STATE, type ServiceAddress } from "./model/service.ts";
import type { AddressOwner } from "./net/address-owner.ts";
import { SlowStart } from "./scheduler/slow-start.ts";
import type { ServiceOccupancy } from "./stats/occupancy.ts";
import { type BaselineStore, Readings } from "./stats/readings.ts";
import type { DirectorPicture, DirectorSnapshot, DirectorTotals, ServiceSnapshot } from "./stats/snapshot.ts";

/** How long a change waits for the neighbours of its new servers before it is acknowledged, in ms. */
const NEIGHBOUR_PATIENCE = 300;
/** The same at start, where adopted next hops keep serving meanwhile, in ms. */
const START_PATIENCE = 2000;
/** How often weights grow that are on their way up (slow start), in ms. */
const RAMP_INTERVAL = 1000;
const NO_SYNC = "a sync daemon was started and is stored, but connections are not synchronised yet";
/** How long after a failed apply the director tries again, in ms. */
const RETRY_INTERVAL = 1000;

/** Who changes the desired state, and how. */
export type ChangeOrigin = Omit<Change, "at">;

/** Where the desired state is kept. */
export interface StateStore {
  save(state: DesiredState): Promise<void>;
}

/** Where real servers are found; see net/next-hops.ts. */
export interface NextHopSource {
  watch(addresses: Iterable<Address>): void;
  current(): NextHops;
  resolve(addresses: Iterable<Address>, timeoutMs: number): Promise<NextHops>;
}

/** Which servers are up; see health/monitor.ts. */
export interface HealthSource {
  /** From now on this is watched, and what it leaves out is forgotten. */
  watch(desired: DesiredState): void;
  /** The desired state as the verdicts leave it at this moment, or would if it were watched: nothing changes by that. */
  served(desired: DesiredState): ServedState;
}

/** Every server is always up. */
const ALWAYS_UP: HealthSource = { watch: () => {}, served: (desired) => desired };

export interface DirectorOptions {
  readonly port: DataplanePort;
  readonly nextHops: NextHopSource;
  readonly store: StateStore;
  /** What was zeroed is forgotten with the process unless given. */
  readonly baselines?: BaselineStore;
  /** Every server is up when left out. */
  readonly health?: HealthSource;
  /** VIPs cannot be probed when left out. */
  readonly probes?: Pick<ProbeWays, "follow">;
  /** VIPs are somebody else's when left out. */
  readonly addresses?: Pick<AddressOwner, "follow">;
  /** Told of every desired state that was acknowledged. */
  readonly onDesired?: (desired: DesiredState) => void;
  /** Told about things that go wrong outside of any request. */
  readonly report: (message: string) => void;
  /** By the process's clock when left out. */
  readonly slowStart?: SlowStart;
}

export class Director {
  readonly #port: DataplanePort;
  readonly #nextHops: NextHopSource;
  readonly #store: StateStore;
  readonly #gate = new Gate();
  readonly #sweeper: Sweeper;
  readonly #readings: Readings;
  readonly #health: HealthSource;
  readonly #probes: Pick<ProbeWays, "follow">;
  readonly #addresses: DirectorOptions["addresses"];
  readonly #onDesired: (desired: DesiredState) => void;
  readonly #report: (message: string) => void;
  readonly #slowStart: SlowStart;
  #desired: DesiredState = EMPTY_STATE;
  /** What of it is in the data plane, given the verdicts. */
  #served: ServedState = EMPTY_STATE;
  #held: DataplaneImage = EMPTY_IMAGE;
  #lag: string | undefined;
  readonly #instance = randomUUID();
  #changes = 0;
  /** The last intent; the next one starts when it is through. */
  #queue: Promise<unknown> = Promise.resolve();
  /** A refresh that has not begun yet: it will do for everybody who asks meanwhile. */
  #refresh: Promise<void> | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #rampTimer: NodeJS.Timeout | undefined;

  constructor(options: DirectorOptions) {
    const { port, nextHops, store, baselines, health = ALWAYS_UP, onDesired = () => {}, report } = options;
    const { slowStart = new SlowStart(), probes = NO_WAYS } = options;
    this.#port = port;
    this.#nextHops = nextHops;
    this.#store = store;
    this.#sweeper = new Sweeper({
      port,
      gate: this.#gate,
      held: () => this.#held,
      forget: (slots) => this.#apply(reclaim(this.#held, (slot) => !slots.has(slot))),
      report,
    });
    this.#readings = new Readings({
      port,
      realised: () => ({ served: this.#served, held: this.#held, lag: this.#lag }),
      flows: () => this.#sweeper.last(),
      undisturbed: (work) => this.#gate.read(work),
      baselines,
      report,
    });
    this.#health = health;
    this.#probes = probes;
    this.#addresses = options.addresses;
    this.#onDesired = onDesired;
    this.#report = report;
    this.#slowStart = slowStart;
  }

  /** What the operator wants, as last acknowledged. */
  get desired(): DesiredState {
    return this.#desired;
  }

  /** Whether this machine has such a network interface. */
  hasInterface(name: string): boolean {
    return !name.includes("/") && existsSync(join("/sys/class/net", name));
  }

  /** Another one after every change, and for every process: an entity tag of HTTP. */
  get revision(): string {
    return `"${this.#instance}-${this.#changes}"`;
  }

  /** What the data plane was last made to hold. */
  get held(): DataplaneImage {
    return this.#held;
  }

  /** The real server in a slot of the data plane, also one that was removed while flows remain. */
  serverAt(slot: number): ServerAddress | undefined {
    return this.#held.servers.get(slot);
  }

  /** Adopts what the data plane holds, then applies only what `desired` differs in. */
  async start(desired: DesiredState): Promise<void> {
    this.#held = await this.#port.read();
    await this.#enqueue(() => this.#change(() => desired, START_PATIENCE));
    await this.#readings.start();
    this.#sweeper.start();
  }

  /**
   * Makes `edit(desired)` the desired state, signed by `origin`: one change at a time, in the order of the calls. Resolves
   * once the new state is on disk and applied. Rejects with nothing changed when `edit` throws, when the
   * state cannot be saved (STATE_NOT_SAVED) or when the data plane refuses it (DATAPLANE_FAILED).
   */
  change(edit: (state: DesiredState) => DesiredState, origin?: ChangeOrigin): Promise<DesiredState> {
    return this.#enqueue(() => this.#change((before) => signed(edit(before), origin), NEIGHBOUR_PATIENCE));
  }

  /** Brings the data plane up to date after next hops or verdicts changed. */
  refresh(): Promise<void> {
    this.#refresh ??= this.#enqueue(() => {
      this.#refresh = undefined;
      return this.#realise(this.#desired);
    }).catch((error: Error) => this.#retryLater(error));
    return this.#refresh;
  }

  /** Reads counters and flow counts now; of one service only, which is quick whatever the number of others. */
  snapshot(only?: ServiceAddress): Promise<DirectorSnapshot> {
    return this.#readings.snapshot(only);
  }

  /** The same of all services, one by one: for whoever takes its time. */
  picture(): Promise<DirectorPicture> {
    return this.#readings.picture();
  }

  /** What all services together have counted, now. */
  totals(): Promise<DirectorTotals> {
    return this.#readings.totals();
  }

  /** Flows and clients of every server now, which is quick because counters are not read; or of one service only. */
  occupancy(only?: ServiceAddress): Promise<readonly ServiceOccupancy[]> {
    return this.#readings.occupancy(only);
  }

  /** The same as an operator reads it: counted since the last zeroing, with rates. */
  reading(only?: ServiceAddress): Promise<DirectorSnapshot> {
    return this.#readings.reading(only);
  }

  /** The services of it one by one, for long listings: each is made when its turn comes, all as of one moment. */
  listing(): Promise<Iterable<ServiceSnapshot>> {
    return this.#readings.listing();
  }

  /**
   * Counters of one service and its servers, or of all, are read from 0 on. What the data plane counts, and with it
   * the metrics, goes on. @throws SERVICE_NOT_FOUND, STATE_NOT_SAVED
   */
  zero(address?: ServiceAddress): Promise<void> {
    return this.#readings.zero(address);
  }

  /** At most `limit` flows from `cursor` on (0: the beginning). */
  flows(cursor: number, limit: number): Promise<FlowPage> {
    return this.#port.flows(cursor, limit);
  }

  /** The same of the clients that persistence keeps with their servers. */
  templates(cursor: number, limit: number): Promise<TemplatePage> {
    return this.#port.templates(cursor, limit);
  }

  /** Ends the timers and waits for the change under way. The data plane goes on. */
  async stop(): Promise<void> {
    this.#readings.stop();
    clearTimeout(this.#retryTimer);
    await Promise.all([this.#queue, this.#sweeper.stop()]);
    await this.#gate.written();
    clearTimeout(this.#rampTimer);
  }

  #enqueue<T>(intent: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(intent);
    this.#queue = result.catch(() => {});
    return result;
  }

  async #change(edit: (state: DesiredState) => DesiredState, patience: number): Promise<DesiredState> {
    const before = this.#desired;
    const after = edit(before);
    assertValidState(after);
    assertAvailable(after);
    await this.#store.save(after);
    this.#nextHops.watch(serverAddresses(after));
    await this.#nextHops.resolve(newServerAddresses(before, after), patience);
    try {
      await this.#realise(after);
    } catch (error) {
      await this.#rollBack(before);
      throw error;
    }
    this.#desired = after;
    this.#changes++;
    this.#health.watch(after);
    if (after.syncDaemons && after.syncDaemons !== before.syncDaemons) this.#report(NO_SYNC);
    this.#onDesired(after);
    return after;
  }

  #realise(desired: DesiredState): Promise<void> {
    return this.#gate.write(() => this.#realiseNow(desired));
  }

  async #realiseNow(desired: DesiredState): Promise<void> {
    const served = this.#health.served(desired);
    await this.#apply(
      compile({
        desired: this.#slowStart.weighted(served),
        nextHops: this.#nextHops.current(),
        interfaces: new Map(this.#port.status().attachments.map(({ name, ifindex }) => [name, ifindex])),
        held: this.#held,
        position: (serviceId) => this.#port.position(serviceId),
      }),
    );
    this.#probes.follow(probePlan(desired), this.#nextHops.current());
    this.#addresses?.follow(desired);
    this.#slowStart.hold();
    this.#served = served;
    this.#lag = undefined;
    clearTimeout(this.#rampTimer);
    if (this.#slowStart.isUnderWay) this.#rampTimer = setTimeout(() => void this.refresh(), RAMP_INTERVAL);
  }

  async #apply(wanted: DataplaneImage): Promise<void> {
    const ops = diff(this.#held, wanted);
    if (ops.length === 0) return;
    try {
      await this.#port.apply(ops);
      this.#held = applyOps(this.#held, ops);
    } catch (error) {
      this.#held = await this.#port.read();
      throw error;
    }
  }

  async #rollBack(state: DesiredState): Promise<void> {
    await this.#store.save(state).catch((error: Error) => this.#report(error.message));
    this.#nextHops.watch(serverAddresses(state));
    await this.#realise(state).catch((error: Error) => this.#retryLater(error));
  }

  #retryLater(error: Error): void {
    this.#lag = error.message;
    this.#report(`data plane lags behind: ${error.message}`);
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => void this.refresh(), RETRY_INTERVAL);
  }
}

/** The state with its origin written on it, as of now. */
export function signed(state: DesiredState, origin: ChangeOrigin | undefined): DesiredState {
  return origin ? { ...state, lastChange: { at: new Date().toISOString(), ...origin } } : state;
}
