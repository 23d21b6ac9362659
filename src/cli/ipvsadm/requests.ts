// SPDX-License-Identifier: MIT
// Intent -> the daemon's REST request. Asks the name server for hosts given by name, nobody else.

import type { Address } from "../../model/address.ts";
import { markPrefix } from "../../model/service.ts";
import type { ApiRequest } from "../client.ts";
import { USAGE, UsageError } from "./errors.ts";
import type { HostNames } from "./host-names.ts";
import type { Endpoint, Host, Intent, ServerForm, ServiceForm, TypedService } from "./intent.ts";

/** An intent that is one request. */
export type RemoteIntent = Exclude<Intent, { readonly verb: "help" | "version" | "list-connections" | "restore" }>;

const SETTINGS = "/v1/settings";

/** @throws UsageError when a name has no address */
export async function toRequest(intent: RemoteIntent, hostNames: HostNames): Promise<ApiRequest> {
  if (intent.verb === "list-timeouts") return { method: "GET", path: SETTINGS };
  if (intent.verb === "list-daemons") return { method: "GET", path: "/v1/sync-daemons" };
  if (intent.verb === "start-daemon") {
    return { method: "PUT", path: `/v1/sync-daemons/${intent.role}`, body: intent.settings };
  }
  if (intent.verb === "stop-daemon") return { method: "DELETE", path: `/v1/sync-daemons/${intent.role}` };
  if (intent.verb === "flush") return { method: "DELETE", path: "/v1/services" };
  if (intent.verb === "save") return { method: "GET", path: "/v1/config" };
  if (intent.verb === "set") return { method: "PATCH", path: SETTINGS, body: { timeouts: intent.timeouts } };
  if (intent.service === undefined) {
    return intent.verb === "zero"
      ? { method: "POST", path: "/v1/services/zero" }
      : { method: "GET", path: "/v1/services" };
  }
  const service = await servicePath(intent.service, hostNames);
  switch (intent.verb) {
    case "list":
      return { method: "GET", path: service };
    case "add-service":
      return { method: "PUT", path: service, body: newServiceBody(intent.form), onlyCreate: true };
    case "edit-service":
      return { method: "PATCH", path: service, body: editedServiceBody(intent.form) };
    case "delete-service":
      return { method: "DELETE", path: service };
    case "zero":
      return { method: "POST", path: `${service}/zero` };
  }
  const path = `${service}/servers/${await endpointPath(intent.server, USAGE.badServer, hostNames)}`;
  if (intent.verb === "delete-server") return { method: "DELETE", path };
  const body = serverBody(intent.form);
  return intent.verb === "edit-server"
    ? { method: "PATCH", path, body }
    : { method: "PUT", path, body, onlyCreate: true };
}

function newServiceBody({ scheduler, schedulerFlags, persistence, persistenceEngine, onePacket }: ServiceForm) {
  return {
    scheduler,
    ...(schedulerFlags.length > 0 && { schedulerFlags }),
    ...(persistence && { persistence }),
    ...(persistenceEngine !== undefined && { persistenceEngine }),
    ...(onePacket && { onePacket }),
  };
}

/** ipvsadm knows no change of one option: what was not given goes back to its default. */
function editedServiceBody({ persistence, persistenceEngine, ...others }: ServiceForm) {
  return { ...others, persistence: persistence ?? null, persistenceEngine: persistenceEngine ?? null };
}

function serverBody({ tunnel, ...others }: ServerForm) {
  return { ...others, ...(tunnel && { tunnel }) };
}

async function servicePath(service: TypedService, hostNames: HostNames): Promise<string> {
  if ("mark" in service) return `/v1/services/${markPrefix(service)}/${service.mark}`;
  return `/v1/services/${service.protocol}/${await endpointPath(service, USAGE.badService, hostNames)}`;
}

async function endpointPath({ host, port }: Endpoint, refusal: string, hostNames: HostNames): Promise<string> {
  const address = await resolveHost(host, hostNames);
  if (address === undefined) throw new UsageError(refusal);
  return `${address}/${port}`;
}

/** Undefined when a name has no address. */
export async function resolveHost(host: Host, hostNames: HostNames): Promise<Address | undefined> {
  return "address" in host ? host.address : hostNames.addressOf(host.name);
}
