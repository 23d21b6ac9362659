// SPDX-License-Identifier: MIT
// What is read of the director: snapshots, and what the meter makes of them. Reading one service waits for nobody; a
// picture of everything waits until the change under way is through, so that it is coherent.

import { type DataplaneImage, EMPTY_IMAGE, type ServerEntry } from "../compile/image.ts";
import type { DataplanePort, FlowSummary } from "../dataplane/port.ts";
import { findService, getService } from "../model/edits.ts";
import type { ServedState } from "../model/served.ts";
import { type ServiceAddress, serviceKey } from "../model/service.ts";
import { ESTIMATION_INTERVAL } from "./estimator.ts";
import { mapInTurns } from "./in-turns.ts";
import { type Baselines, Meter } from "./meter.ts";
import { type ServiceOccupancy, takeOccupancy } from "./occupancy.ts";
import { slotIndex } from "./slots.ts";
import type { DirectorPicture, DirectorSnapshot, DirectorTotals, ServiceSnapshot } from "./snapshot.ts";
import { type SnapshotInput, snapshotServices, takePicture, takeSnapshot, takeTotals } from "./take-snapshot.ts";

const NO_FLOWS: FlowSummary = {
  occupied: 0,
  halfOpen: 0,
  expired: 0,
  capacity: 0,
  templates: { servers: new Map(), occupied: 0, capacity: 0, lost: 0 },
};

/** Where it is kept what services had counted when they were zeroed. */
export interface BaselineStore {
  load(): Promise<Baselines>;
  save(baselines: Baselines): Promise<void>;
}

/** What the data plane was last made to hold, and for which state. */
export interface Realised {
  readonly served: ServedState;
  readonly held: DataplaneImage;
  /** Why it lags behind what is desired. */
  readonly lag: string | undefined;
}

export interface ReadingsOptions {
  readonly port: Pick<DataplanePort, "counters" | "loads" | "status">;
  readonly realised: () => Realised;
  /** How full the flow table is. */
  readonly flows: () => Promise<FlowSummary>;
  /** Does the work while nothing is changed. */
  readonly undisturbed: <T>(work: () => Promise<T>) => Promise<T>;
  /** What was zeroed is forgotten with the process when left out. */
  readonly baselines: BaselineStore | undefined;
  readonly report: (message: string) => void;
}

type Counted = Omit<SnapshotInput, "flows">;

export class Readings {
  readonly #options: ReadingsOptions;
  #meter = new Meter();
  /** The last tick or zeroing: a tick must not bring in what was counted before a zeroing. */
  #metering: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ReadingsOptions) {
    this.#options = options;
  }

  /** From now on rates are measured. */
  async start(): Promise<void> {
    this.#meter = new Meter(await this.#options.baselines?.load());
    await this.#measure();
    this.#timer = setInterval(() => void this.#measure(), ESTIMATION_INTERVAL);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Reads counters and flow counts now; of one service only, which is quick whatever the number of others. */
  async snapshot(only?: ServiceAddress): Promise<DirectorSnapshot> {
    const flows = await this.#options.flows();
    return takeSnapshot({ ...(only ? await this.#countOne(only) : await this.#countAll()), flows });
  }

  /** The same of all services, one by one: for whoever takes its time. */
  async picture(): Promise<DirectorPicture> {
    const flows = await this.#options.flows();
    return takePicture({ ...(await this.#countAll()), flows });
  }

  /** What all services together have counted, now. */
  async totals(): Promise<DirectorTotals> {
    const flows = await this.#options.flows();
    return takeTotals({ ...(await this.#countAll()), flows });
  }

  /** Flows and clients of every server now, which is quick because counters are not read; or of one service only. */
  async occupancy(only?: ServiceAddress): Promise<readonly ServiceOccupancy[]> {
    const { templates } = await this.#options.flows();
    const realised = this.#options.realised();
    const { served, held } = only ? partAt(realised, only) : realised;
    return takeOccupancy({ served, held, templates, loads: this.#options.port.loads(held.servers.keys()) });
  }

  /** The same as an operator reads it: counted since the last zeroing, with rates. */
  async reading(only?: ServiceAddress): Promise<DirectorSnapshot> {
    const snapshot = await this.snapshot(only);
    return { ...snapshot, services: await mapInTurns(snapshot.services, (service) => this.#meter.read(service)) };
  }

  /** The services of {@link reading} one by one, for long listings: each is made when its turn comes. */
  async listing(): Promise<Iterable<ServiceSnapshot>> {
    const flows = await this.#options.flows();
    return this.#readAll({ ...(await this.#countAll()), flows });
  }

  *#readAll(input: SnapshotInput): Iterable<ServiceSnapshot> {
    for (const service of snapshotServices(input)) yield this.#meter.read(service);
  }

  /** Of one service, or of all. @throws SERVICE_NOT_FOUND, STATE_NOT_SAVED */
  async zero(address?: ServiceAddress): Promise<void> {
    await this.#meterNext(async () => {
      const snapshot = await this.snapshot();
      this.#meter.zero(address ? [getService(snapshot, address)] : snapshot.services);
    });
    await this.#options.baselines?.save(this.#meter.baselines);
  }

  async #measure(): Promise<void> {
    try {
      await this.#meterNext(async () =>
        this.#meter.tick(snapshotServices({ ...(await this.#countAll()), flows: NO_FLOWS })),
      );
    } catch (error) {
      this.#options.report(`rates not measured: ${(error as Error).message}`);
    }
  }

  #meterNext(work: () => Promise<void>): Promise<void> {
    const result = this.#metering.then(work);
    this.#metering = result.catch(() => {});
    return result;
  }

  #countAll(): Promise<Counted> {
    const { undisturbed, port, realised } = this.#options;
    return undisturbed(async () => this.#counted(realised(), await port.counters()));
  }

  async #countOne(address: ServiceAddress): Promise<Counted> {
    const part = partAt(this.#options.realised(), address);
    return this.#counted(part, await this.#options.port.counters(part.held));
  }

  #counted(realised: Realised, counters: Counted["counters"]): Counted {
    const { port } = this.#options;
    return { ...realised, counters, loads: port.loads(realised.held.servers.keys()), dataplane: port.status() };
  }
}

function partAt({ served, held, lag }: Realised, address: ServiceAddress): Realised {
  const service = findService(served, address);
  return { served: { ...served, services: service ? [service] : [] }, held: partOf(held, address), lag };
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
