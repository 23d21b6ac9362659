// SPDX-License-Identifier: MIT
// What the desired state may say although the data plane cannot do it yet: one row a feature. No I/O here.

import { XdirectorError } from "../errors.ts";
import type { DesiredState, RealServer, SchedulerName, VirtualService } from "../model/service.ts";

/** A service, or one of its servers when the field is a server's. */
interface Feature<Subject> {
  /** Completes "... is not available yet". */
  readonly name: string;
  readonly field: string;
  readonly isUsedBy: (subject: Subject) => boolean;
}

const SERVICE_FEATURES: readonly Feature<VirtualService>[] = [
  scheduler("lblc"),
  scheduler("lblcr"),
  {
    name: "persistence by SIP's Call-ID",
    field: "persistenceEngine",
    isUsedBy: (service) => service.persistenceEngine !== undefined,
  },
  { name: "checking through the data plane", field: "health.probe", isUsedBy: ({ health }) => health?.probe === "vip" },
];

const SERVER_FEATURES: readonly Feature<RealServer>[] = [
];

/** @throws UNSUPPORTED naming the field */
export function assertAvailable({ services }: DesiredState): void {
  services.forEach((service, index) => {
    const path = `services[${index}]`;
    refuseMissing(SERVICE_FEATURES, service, path);
    service.servers.forEach((server, at) => {
      refuseMissing(SERVER_FEATURES, server, `${path}.servers[${at}]`);
    });
  });
}

function refuseMissing<Subject>(features: readonly Feature<Subject>[], subject: Subject, path: string): void {
  const missing = features.find(({ isUsedBy }) => isUsedBy(subject));
  if (!missing) return;
  const message = `${missing.name} is not available yet`;
  throw new XdirectorError("UNSUPPORTED", message, [{ field: `${path}.${missing.field}`, message }]);
}

function scheduler(name: SchedulerName): Feature<VirtualService> {
  return { name: `scheduler ${name}`, field: "scheduler", isUsedBy: (service) => service.scheduler === name };
}
