// SPDX-License-Identifier: MIT
// Slow start: a server that is added to a service, or returns to it, gets its weight little by little. IPVS has nothing
// like it. No I/O here.

import {
  type DesiredState,
  EMPTY_STATE,
  type RealServer,
  type SchedulerName,
  type ServiceKey,
  serviceKey,
  type VirtualService,
  WEIGHT_MAX,
} from "../model/service.ts";

/** When each server that is not at its weight yet began, in ms of the caller's clock. */
export type Ramps = ReadonlyMap<string, number>;

export const NO_RAMPS: Ramps = new Map();

/** They go by weights as such, in whatever unit, so that a weight of 1 can grow in steps as well. */
const PROPORTIONAL: readonly SchedulerName[] = ["wrr", "wlc", "sed", "nq", "twos"];
/** Steps in which a weight of 1 grows with a proportional scheduler. */
const STEPS = 20;

/**
 * The ramps when the state is `after`, having been `before` until now: those that are under way, and new ones for
 * servers that were not there or had weight 0. The servers of a new service begin together, so none of them ramps.
 */
export function rampsAfter(ramps: Ramps, before: DesiredState, after: DesiredState, now: number): Ramps {
  const slow = after.services.filter(({ slowStart }) => slowStart !== undefined);
  if (slow.length === 0) return NO_RAMPS;
  const known = new Map(before.services.map((service): [ServiceKey, VirtualService] => [serviceKey(service), service]));
  const entries = slow.flatMap((service) => {
    const old = known.get(serviceKey(service));
    const served = new Set(old?.servers.filter(isServing).map((server) => nameOf(service, server)));
    const ramping = old ? service.servers.filter(isServing) : [];
    return ramping.map((server): [string, number | undefined] => {
      const name = nameOf(service, server);
      const began = served.has(name) ? ramps.get(name) : now;
      return [name, began !== undefined && fraction(service, began, now) < 1 ? began : undefined];
    });
  });
  return new Map(entries.filter((entry): entry is [string, number] => entry[1] !== undefined));
}

function isServing({ weight }: RealServer): boolean {
  return weight > 0;
}

/** The state with the weights that servers have at this moment. */
export function ramped(state: DesiredState, ramps: Ramps, now: number): DesiredState {
  if (ramps.size === 0) return state;
  return { ...state, services: state.services.map((service) => rampedService(service, ramps, now)) };
}

function rampedService(service: VirtualService, ramps: Ramps, now: number): VirtualService {
  const begins = service.servers.map((server) => ramps.get(nameOf(service, server)));
  if (begins.every((began) => began === undefined)) return service;
  const greatest = service.servers.reduce((most, { weight }) => Math.max(most, weight), 1);
  const unit = PROPORTIONAL.includes(service.scheduler) ? Math.min(STEPS, Math.floor(WEIGHT_MAX / greatest)) : 1;
  const servers = service.servers.map((server, index) => {
    const began = begins[index];
    const share = began === undefined ? 1 : fraction(service, began, now);
    const weight = server.weight === 0 ? 0 : Math.max(1, Math.floor(server.weight * unit * share));
    return { ...server, weight };
  });
  return { ...service, servers };
}

/** A state, and how far its servers are at a moment. */
interface Moment {
  readonly state: DesiredState;
  readonly ramps: Ramps;
}

/** Follows the state from change to change; those that are refused leave no trace. */
export class SlowStart {
  readonly #now: () => number;
  /** What is in force. */
  #held: Moment = { state: EMPTY_STATE, ramps: NO_RAMPS };
  /** What was weighed last. */
  #weighed: Moment = this.#held;

  /** @param now - milliseconds of a clock that only moves forward */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Whether {@link weighted} will say something else later of what is in force. */
  get isUnderWay(): boolean {
    return this.#held.ramps.size > 0;
  }

  /** What `state` weighs at this moment if it holds from now on. */
  weighted(state: DesiredState): DesiredState {
    const now = this.#now();
    const ramps = rampsAfter(this.#held.ramps, this.#held.state, state, now);
    this.#weighed = { state, ramps };
    return ramped(state, ramps, now);
  }

  /** What was weighed last has been put in force. */
  hold(): void {
    this.#held = this.#weighed;
  }
}

/** Of the ramp, 0 at its beginning; 1 or more when it is over. */
function fraction({ slowStart = 0 }: VirtualService, began: number, now: number): number {
  return slowStart === 0 ? 1 : (now - began) / (slowStart * 1000);
}

function nameOf(service: VirtualService, { rip, port }: RealServer): string {
  return `${serviceKey(service)}|${rip}|${port}`;
}
