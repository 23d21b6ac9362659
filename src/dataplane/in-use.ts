// SPDX-License-Identifier: MIT
// Which elements of the maps are in use, and by whom: the kernel's arrays cannot say. No I/O here.

import type { ServerEntry, ServiceEntry } from "../compile/image.ts";
import type { ServiceKey } from "../model/service.ts";

export class InUse {
  readonly #services = new Map<ServiceKey, ServiceEntry>();
  readonly #servers = new Map<number, ServerEntry>();
  /** Both by {@link ServiceEntry.id}. */
  readonly #servicesById = new Map<number, ServiceEntry>();
  readonly #slots = new Map<number, Set<number>>();

  get services(): ReadonlyMap<ServiceKey, ServiceEntry> {
    return this.#services;
  }

  /** By slot. */
  get servers(): ReadonlyMap<number, ServerEntry> {
    return this.#servers;
  }

  service(id: number): ServiceEntry | undefined {
    return this.#servicesById.get(id);
  }

  /** Of one service, those of removed servers included. */
  slotsOf(service: number): Iterable<number> {
    return this.#slots.get(service) ?? [];
  }

  putService(key: ServiceKey, service: ServiceEntry): void {
    this.deleteService(key);
    this.#services.set(key, service);
    this.#servicesById.set(service.id, service);
  }

  deleteService(key: ServiceKey): void {
    const service = this.#services.get(key);
    if (!service) return;
    this.#services.delete(key);
    // Unless another service has got the id meanwhile.
    if (this.#servicesById.get(service.id) === service) this.#servicesById.delete(service.id);
  }

  putServer(slot: number, server: ServerEntry): void {
    this.deleteServer(slot);
    this.#servers.set(slot, server);
    const slots = this.#slots.get(server.service);
    if (slots) slots.add(slot);
    else this.#slots.set(server.service, new Set([slot]));
  }

  deleteServer(slot: number): void {
    const server = this.#servers.get(slot);
    if (!server) return;
    this.#servers.delete(slot);
    const slots = this.#slots.get(server.service);
    slots?.delete(slot);
    if (slots?.size === 0) this.#slots.delete(server.service);
  }
}
