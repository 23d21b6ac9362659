// SPDX-License-Identifier: MIT
// The one writer: turns intents into map operations, one at a time, in the order they came.
// desired -> compile -> diff -> apply -> status.

import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { assertAvailable } from "./compile/availability.ts";
import { compile, reclaim } from "./compile/compile.ts";
import { applyOps, diff } from "./compile/diff.ts";
import { type DataplaneImage, EMPTY_IMAGE, isGone, type ServerEntry } from "./compile/image.ts";
import type {
  DataplaneCounters,
  DataplanePort,
  FlowPage,
  FlowSummary,
  TemplatePage,
  TemplateSummary,
} from "./dataplane/port.ts";
import type { Address } from "./model/address.ts";
import { findService, getService, type ServerAddress } from "./model/edits.ts";
import { assertValidState } from "./model/invariants.ts";
import type { NextHops } from "./model/next-hop.ts";
import { NO_WAYS, type ProbeWays, probePlan } from "./model/probe.ts";
import type { ServedState } from "./model/served.ts";
import { newServerAddresses, serverAddresses } from "./model/server-addresses.ts";
import { type Change, type DesiredState, EMPTY_STATE, type ServiceAddress, serviceKey } from "./model/service.ts";
import type { AddressOwner } from "./net/address-owner.ts";
import { SlowStart } from "./scheduler/slow-start.ts";
import { ESTIMATION_INTERVAL } from "./stats/estimator.ts";
import { mapInTurns } from "./stats/in-turns.ts";
import { type Baselines, Meter } from "./stats/meter.ts";
import { type ServiceOccupancy, takeOccupancy } from "./stats/occupancy.ts";
import { slotIndex } from "./stats/slots.ts";
import type { DirectorSnapshot } from "./stats/snapshot.ts";
import { takeSnapshot } from "./stats/take-snapshot.ts";

/** How long a change waits for the neighbours of its new servers before it is acknowledged, in ms. */
const NEIGHBOUR_PATIENCE = 300;
/** The same at start, where adopted next hops keep serving meanwhile, in ms. */
const START_PATIENCE = 2000;
/** How often the flow table is swept, in ms. */
const SWEEP_INTERVAL = 1000;
const NO_FLOWS: FlowSummary = {
  occupied: 0,
  halfOpen: 0,
  expired: 0,
  capacity: 0,
  templates: { servers: new Map(), occupied: 0, capacity: 0, lost: 0 },
};
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

/** Where it is kept what services had counted when they were zeroed. */
export interface BaselineStore {
  load(): Promise<Baselines>;
  save(baselines: Baselines): Promise<void>;
}

/** Where real servers are found; see net/next-hops.ts. */
export interface NextHopSource {
  watch(addresses: Iterable<Address>): void;
  current(): NextHops;
  resolve(addresses: Iterable<Address>, timeoutMs: number): Promise<NextHops>;
}

/** Which servers are up; see health/monitor.ts. */
export interface HealthSource {
  /** From now on this is watched. */
  watch(desired: DesiredState): void;
  /** The desired state as the verdicts leave it at this moment. */
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
  readonly #baselines: BaselineStore | undefined;
  #meter = new Meter();
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
  #swept: FlowSummary | undefined;
  /** Removed servers that had no flows after the last sweep: forgotten if they have none after the next one. */
  #idle: ReadonlySet<number> = new Set();
  /** A refresh that has not begun yet: it will do for everybody who asks meanwhile. */
  #refresh: Promise<void> | undefined;
  #sweepTimer: NodeJS.Timeout | undefined;
  #meterTimer: NodeJS.Timeout | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #rampTimer: NodeJS.Timeout | undefined;

  constructor(options: DirectorOptions) {
    const { port, nextHops, store, baselines, health = ALWAYS_UP, onDesired = () => {}, report } = options;
    const { slowStart = new SlowStart(), probes = NO_WAYS } = options;
    this.#port = port;
    this.#nextHops = nextHops;
    this.#store = store;
    this.#baselines = baselines;
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
    this.#meter = new Meter(await this.#baselines?.load());
    await this.#enqueue(() => this.#change(() => desired, START_PATIENCE));
    await this.#measure();
    this.#sweepTimer = setInterval(() => void this.#sweepAndReclaim(), SWEEP_INTERVAL);
    this.#meterTimer = setInterval(() => void this.#measure(), ESTIMATION_INTERVAL);
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
    return this.#enqueue(async () => {
      const part = this.#partAt(only);
      const [counters, flows] = await Promise.all([this.#port.counters(only && part.held), this.#lastSweep()]);
      return this.#snapshotOf(counters, flows, part);
    });
  }

  /** Flows and clients of every server now, which is quick because counters are not read; or of one service only. */
  occupancy(only?: ServiceAddress): Promise<readonly ServiceOccupancy[]> {
    return this.#enqueue(async () => {
      const { templates } = await this.#lastSweep();
      const part = this.#partAt(only);
      return takeOccupancy({ ...part, loads: this.#port.loads(part.held.servers.keys()), templates });
    });
  }

  /** The same as an operator reads it: counted since the last zeroing, with rates. */
  async reading(only?: ServiceAddress): Promise<DirectorSnapshot> {
    const snapshot = await this.snapshot(only);
    return { ...snapshot, services: await mapInTurns(snapshot.services, (service) => this.#meter.read(service)) };
  }

  /**
   * Counters of one service and its servers, or of all, are read from 0 on. What the data plane counts, and with it
   * the metrics, goes on. @throws SERVICE_NOT_FOUND, STATE_NOT_SAVED
   */
  async zero(address?: ServiceAddress): Promise<void> {
    const snapshot = await this.snapshot();
    this.#meter.zero(address ? [getService(snapshot, address)] : snapshot.services);
    await this.#baselines?.save(this.#meter.baselines);
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
    clearInterval(this.#sweepTimer);
    clearInterval(this.#meterTimer);
    clearTimeout(this.#retryTimer);
    await this.#queue;
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
    this.#health.watch(after);
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
    if (after.syncDaemons && after.syncDaemons !== before.syncDaemons) this.#report(NO_SYNC);
    this.#onDesired(after);
    return after;
  }

  async #realise(desired: DesiredState): Promise<void> {
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
    this.#health.watch(state);
    this.#nextHops.watch(serverAddresses(state));
    await this.#realise(state).catch((error: Error) => this.#retryLater(error));
  }

  #retryLater(error: Error): void {
    this.#lag = error.message;
    this.#report(`data plane lags behind: ${error.message}`);
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => void this.refresh(), RETRY_INTERVAL);
  }

  /** What is served and held: all of it, or of one service. */
  #partAt(only: ServiceAddress | undefined) {
    if (!only) return { served: this.#served, held: this.#held };
    return { served: { ...this.#served, services: servicesAt(this.#served, only) }, held: partOf(this.#held, only) };
  }

  /** How full the flow table is changes slowly; without the timer nobody else looks. */
  async #lastSweep(): Promise<FlowSummary> {
    return (this.#sweepTimer && this.#swept) ?? (await this.#port.sweep());
  }

  async #measure(): Promise<void> {
    try {
      const snapshot = await this.#enqueue(async () => this.#snapshotOf(await this.#port.counters(), NO_FLOWS));
      await nextTurn();
      this.#meter.tick(snapshot);
    } catch (error) {
      this.#report(`rates not measured: ${(error as Error).message}`);
    }
  }

  async #snapshotOf(
    counters: DataplaneCounters,
    flows: FlowSummary,
    { served, held } = this.#partAt(undefined),
  ): Promise<DirectorSnapshot> {
    await nextTurn(); // reading counters and making a picture of them each take a while where there are thousands
    const loads = this.#port.loads(held.servers.keys());
    return takeSnapshot({ served, held, lag: this.#lag, counters, loads, flows, dataplane: this.#port.status() });
  }

  async #sweepAndReclaim(): Promise<void> {
    try {
      await this.#enqueue(async () => {
        this.#swept = await this.#port.sweep();
        await this.#reclaim(this.#swept.templates);
      });
    } catch (error) {
      this.#report(`sweep failed: ${(error as Error).message}`);
    }
  }

  /** A packet may be between its choice of a server and its flow, so one look at its load is not enough. */
  async #reclaim(templates: TemplateSummary): Promise<void> {
    const loads = this.#port.loads();
    const removed = [...this.#held.servers].filter(([, server]) => isGone(server)).map(([slot]) => slot);
    const idle = new Set(removed.filter((slot) => !loads.has(slot) && !templates.servers.has(slot)));
    const forgotten = new Set([...idle].filter((slot) => this.#idle.has(slot)));
    this.#idle = idle;
    if (forgotten.size > 0) await this.#apply(reclaim(this.#held, (slot) => !forgotten.has(slot)));
  }
}

function servicesAt(state: DesiredState, address: ServiceAddress): DesiredState["services"] {
  const service = findService(state, address);
  return service ? [service] : [];
}

/** The one service of the image, with its servers. */
function partOf(image: DataplaneImage, address: ServiceAddress): DataplaneImage {
  const key = serviceKey(address);
  const service = image.services.get(key);
  if (!service) return EMPTY_IMAGE;
  const slots = slotIndex(image).of(service.id);
  const servers = slots.map((slot) => [slot, image.servers.get(slot) as ServerEntry] as const);
  return { ...image, services: new Map([[key, service]]), servers: new Map(servers) };
}

/** The state with its origin written on it, as of now. */
export function signed(state: DesiredState, origin: ChangeOrigin | undefined): DesiredState {
  return origin ? { ...state, lastChange: { at: new Date().toISOString(), ...origin } } : state;
}
