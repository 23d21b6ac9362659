// SPDX-License-Identifier: MIT
// Intent -> the daemon's REST request, or the path of its text. Asks the name server for hosts given by name, nobody else.

import type { Address } from "../../model/address.ts";
import { markPrefix } from "../../model/service.ts";
import type { ApiRequest } from "../client.ts";
import { USAGE, UsageError } from "./errors.ts";
import type { HostNames } from "./host-names.ts";
import type {
  Endpoint,
  Host,
  Intent,
  ListIntent,
  ServerForm,
  ServiceForm,
  TextIntent,
  TypedService,
} from "./intent.ts";

/** An intent that is one request with an answer in JSON. */
export type RemoteIntent = Exclude<Intent, TextIntent | { readonly verb: "help" | "version" | "restore" }>;

const SETTINGS = "/v1/settings";
const SERVICES = "/v1/services";
const TEXTS = "/v1/compat/ipvsadm";

/** @throws UsageError when a name has no address */
export async function toRequest(intent: RemoteIntent, hostNames: HostNames): Promise<ApiRequest> {
  if (intent.verb === "list-timeouts") return { method: "GET", path: SETTINGS };
  if (intent.verb === "list-daemons") return { method: "GET", path: "/v1/sync-daemons" };
  if (intent.verb === "start-daemon") {
    return { method: "PUT", path: `/v1/sync-daemons/${intent.role}`, body: intent.settings };
  }
  if (intent.verb === "stop-daemon") return { method: "DELETE", path: `/v1/sync-daemons/${intent.role}` };
  if (intent.verb === "flush") return { method: "DELETE", path: SERVICES };
  if (intent.verb === "set") return { method: "PATCH", path: SETTINGS, body: { timeouts: intent.timeouts } };
  if (intent.service === undefined) return { method: "POST", path: `${SERVICES}/zero` };
  const service = SERVICES + (await servicePath(intent.service, hostNames));
  switch (intent.verb) {
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

/** @throws UsageError when a name has no address */
export async function toTextPath(intent: TextIntent, hostNames: HostNames): Promise<string> {
  switch (intent.verb) {
    case "save":
      return `${TEXTS}/rules`;
    case "list-connections":
      return `${TEXTS}/connections${intent.withEngine ? "?format=persistent-conn" : ""}`;
    case "list": {
      const service = intent.service ? await servicePath(intent.service, hostNames) : "";
      return `${TEXTS}/services${service}${layoutQuery(intent)}`;
    }
  }
}

function layoutQuery({ format, isExact, isSorted }: ListIntent): string {
  const words = [
    ...(format === "default" ? [] : [`format=${format}`]),
    ...(isExact ? ["figures=exact"] : []),
    ...(isSorted ? [] : ["order=kernel"]),
  ];
  return words.length === 0 ? "" : `?${words.join("&")}`;
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

/** What follows the path of all services. */
async function servicePath(service: TypedService, hostNames: HostNames): Promise<string> {
  if ("mark" in service) return `/${markPrefix(service)}/${service.mark}`;
  return `/${service.protocol}/${await endpointPath(service, USAGE.badService, hostNames)}`;
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
