// SPDX-License-Identifier: MIT
// One saved rule as an edit of the desired state: what the daemon would make of its request, without asking it for
// every line. Asks the name server for hosts given by name, nobody else.

import { toServer, toServiceOptions } from "../../config/document.ts";
import { toSettings } from "../../config/settings.ts";
import { XdirectorError } from "../../errors.ts";
import {
  addServer,
  addService,
  deleteServer,
  deleteService,
  editServer,
  editService,
  editSettings,
  findService,
  getService,
  type ServerAddress,
} from "../../model/edits.ts";
import { assertValidServer } from "../../model/invariants.ts";
import {
  type DesiredState,
  PERSISTENCE_ENGINES,
  type PersistenceEngine,
  SCHEDULER_NAMES,
  type SchedulerName,
  type ServiceAddress,
} from "../../model/service.ts";
import { USAGE, UsageError } from "./errors.ts";
import type { HostNames } from "./host-names.ts";
import type { Endpoint, Intent, ServerForm, ServiceForm, TypedService } from "./intent.ts";
import { resolveHost } from "./requests.ts";

const EDITS = [
  "add-service",
  "edit-service",
  "delete-service",
  "add-server",
  "edit-server",
  "delete-server",
  "flush",
  "set",
] as const satisfies readonly Intent["verb"][];

/** An intent that only changes the desired state. */
export type EditIntent = Extract<Intent, { readonly verb: (typeof EDITS)[number] }>;

export function isEdit(intent: Intent): intent is EditIntent {
  return EDITS.some((verb) => verb === intent.verb);
}

/** @throws UsageError when a name has no address, XdirectorError when the rule cannot be carried out */
export async function applyIntent(
  state: DesiredState,
  intent: EditIntent,
  hostNames: HostNames,
): Promise<DesiredState> {
  if (intent.verb === "flush") return { ...state, services: [] };
  if (intent.verb === "set") return editSettings(state, toSettings({ timeouts: intent.timeouts }, state.settings));
  const address = await addressOf(intent.service, hostNames);
  switch (intent.verb) {
    case "add-service":
      if (!findService(state, address)) assertKnown(intent.form);
      return addService(state, { ...address, ...settingsOf(intent.form, address), servers: [] });
    case "edit-service": {
      const before = getService(state, address);
      assertKnown(intent.form);
      return editService(state, before, { ...NO_OPTIONS, ...settingsOf(intent.form, address) });
    }
    case "delete-service":
      return deleteService(state, address);
  }
  const server = await serverOf(intent.server, hostNames);
  if (intent.verb === "delete-server") return deleteServer(state, address, server);
  const edited = toServer({ ...server, ...formOf(intent.form) }, address);
  // The kernel looks at thresholds before it looks for the server.
  assertValidServer(getService(state, address), edited);
  return intent.verb === "add-server"
    ? addServer(state, getService(state, address), edited)
    : editServer(state, address, server, { upperThreshold: 0, lowerThreshold: 0, ...edited });
}

const NO_OPTIONS = {
  schedulerFlags: undefined,
  persistence: undefined,
  persistenceEngine: undefined,
  onePacket: undefined,
};

function settingsOf(form: ServiceForm, address: ServiceAddress) {
  const scheduler = form.scheduler as SchedulerName;
  const { persistence, onePacket, schedulerFlags } = form;
  const persistenceEngine = form.persistenceEngine as PersistenceEngine | undefined;
  const document = {
    schedulerFlags,
    onePacket,
    ...(persistence && { persistence }),
    ...(persistenceEngine && { persistenceEngine }),
  };
  return { scheduler, ...toServiceOptions(document, { ...address, scheduler }) };
}

function formOf({ tunnel, ...others }: ServerForm) {
  return { ...others, ...(tunnel && { tunnel }) };
}

/** @throws UNKNOWN_SCHEDULER, which stands for engines too, as in the kernel */
function assertKnown({ scheduler, persistenceEngine }: ServiceForm): void {
  const knowsScheduler = SCHEDULER_NAMES.some((name) => name === scheduler);
  const knowsEngine = persistenceEngine === undefined || PERSISTENCE_ENGINES.some((name) => name === persistenceEngine);
  if (!knowsScheduler || !knowsEngine) throw new XdirectorError("UNKNOWN_SCHEDULER", `unknown scheduler ${scheduler}`);
}

async function addressOf(service: TypedService, hostNames: HostNames): Promise<ServiceAddress> {
  if ("mark" in service) return service;
  const vip = await resolveHost(service.host, hostNames);
  if (vip === undefined) throw new UsageError(USAGE.badService);
  return { protocol: service.protocol, vip, port: service.port };
}

async function serverOf({ host, port }: Endpoint, hostNames: HostNames): Promise<ServerAddress> {
  const rip = await resolveHost(host, hostNames);
  if (rip === undefined) throw new UsageError(USAGE.badServer);
  return { rip, port };
}
