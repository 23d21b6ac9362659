// SPDX-License-Identifier: MIT
// What the desired state may say although the data plane cannot do it yet: one row a feature. No I/O here.

import { XdirectorError } from "../errors.ts";
import type { DesiredState, VirtualService } from "../model/service.ts";

interface Feature {
  /** Completes "... is not available yet". */
  readonly name: string;
  readonly field: string;
  readonly isUsedBy: (service: VirtualService) => boolean;
}

const SERVICE_FEATURES: readonly Feature[] = [
  {
    name: "persistence by SIP's Call-ID",
    field: "persistenceEngine",
    isUsedBy: (service) => service.persistenceEngine !== undefined,
  },
];

/** @throws UNSUPPORTED naming the field */
export function assertAvailable({ services }: DesiredState): void {
  services.forEach((service, index) => {
    const path = `services[${index}]`;
    refuseMissing(SERVICE_FEATURES, service, path);
  });
}

function refuseMissing(features: readonly Feature[], service: VirtualService, path: string): void {
  const missing = features.find(({ isUsedBy }) => isUsedBy(service));
  if (!missing) return;
  const message = `${missing.name} is not available yet`;
  throw new XdirectorError("UNSUPPORTED", message, [{ field: `${path}.${missing.field}`, message }]);
}
