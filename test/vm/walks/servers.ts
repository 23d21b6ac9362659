// SPDX-License-Identifier: MIT
// Real servers of a service that come, go, and change their weights and thresholds.

import type { Random } from "../../support/random.ts";
import { rip, rip6 } from "../cases/scenario.ts";
import type { ServerDocument } from "./walk.ts";

/** All that the lab has. */
const HOSTS = [1, 2, 3] as const;
/** Of masqueraded servers, so that there are more of them. */
const PORTS = [8001, 8002, 8003] as const;
const WEIGHTS = [0, 0, 1, 1, 1, 1, 2, 2, 3, 4, 5, 6, 10, 50, 100, 1000] as const;
const UPPER_MAX = 8;

type Named = Pick<Server, "rip" | "port" | "method">;

interface Server extends ServerDocument {
  readonly port: number;
  readonly weight: number;
}

/** Those of one method and family; of masquerading ones several are on one host. */
export function serversOf(family: 4 | 6, method: ServerDocument["method"], port: number): Named[] {
  const addresses = HOSTS.map(family === 4 ? rip : rip6);
  const ports = method === "masquerade" ? PORTS : [port];
  return ports.flatMap((each) => addresses.map((address) => ({ rip: address, port: each, method })));
}

export interface ServersOptions {
  /** Whether they have thresholds. */
  readonly thresholds: boolean;
  /** One of them stays, and always has weight. */
  readonly oneStays?: boolean;
}

export class RandomServers {
  readonly #random: Random;
  /** Not there at present. */
  readonly #absent: Named[];
  readonly #present: Server[] = [];
  readonly #staying: readonly Server[];
  readonly #hasThresholds: boolean;

  constructor(random: Random, all: readonly Named[], options: ServersOptions) {
    this.#random = random;
    const [first, ...others] = all;
    this.#absent = options.oneStays ? others : [...all];
    this.#staying = options.oneStays && first ? [{ ...first, weight: 1 }] : [];
    this.#hasThresholds = options.thresholds;
    for (let count = 2 + random.below(all.length - 1); count > 0; count--) this.#add();
  }

  /** In the order they were added. */
  get present(): readonly ServerDocument[] {
    return [...this.#staying, ...this.#present];
  }

  edit(): void {
    const drawn = this.#random.fraction();
    if (drawn < 0.15) this.#add();
    else if (drawn < 0.3) this.#remove();
    else if (drawn < 0.9) this.#change();
  }

  #add(): void {
    const [server] = this.#absent.splice(this.#random.below(this.#absent.length), 1);
    if (server) this.#present.push({ ...server, weight: this.#random.oneOf(WEIGHTS), ...this.#thresholds(0.2) });
  }

  #remove(): void {
    const [server] = this.#present.splice(this.#random.below(this.#present.length), 1);
    if (server) this.#absent.push({ rip: server.rip, port: server.port, method: server.method });
  }

  #change(): void {
    const at = this.#random.below(this.#present.length);
    const server = this.#present[at];
    if (!server) return;
    const weight = this.#random.chance(0.7) ? this.#random.oneOf(WEIGHTS) : server.weight;
    this.#present[at] = { ...server, weight, ...this.#thresholds(0.4) };
  }

  /** Others, now and then. */
  #thresholds(share: number): Pick<Server, "upperThreshold" | "lowerThreshold"> {
    if (!this.#random.chance(share) || !this.#hasThresholds) return {};
    const upperThreshold = this.#random.below(UPPER_MAX);
    return { upperThreshold, lowerThreshold: this.#random.below(upperThreshold + 1) };
  }
}
