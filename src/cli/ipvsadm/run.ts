// SPDX-License-Identifier: MIT
// Carries out a command line: asks the daemon and renders its answer in ipvsadm's words. All that it needs of the
// world is handed in.

import type { ServiceReading } from "../../api/readings.ts";
import type { FullConfigDocument, FullServiceDocument } from "../../config/schema.ts";
import type { FullSettingsDocument } from "../../config/settings-schema.ts";
import type { Address } from "../../model/address.ts";
import { isMark, type Protocol } from "../../model/service.ts";
import { type ApiClient, type ApiRequest, DaemonUnreachable } from "../client.ts";
import {
  describeRefusal,
  describeUnreachable,
  failure,
  isRefusal,
  type Refusal,
  RefusedError,
  UsageError,
} from "./errors.ts";
import { helpText, VERSION_TEXT } from "./help.ts";
import type { HostNames } from "./host-names.ts";
import type { Intent, ListIntent, Outcome, Verb } from "./intent.ts";
import { NUMERIC, type Spelling } from "./names.ts";
import { type ParseContext, parse } from "./parse.ts";
import { printService, printTable, printTimeouts } from "./print.ts";
import { flushRequest, READ_SETTINGS, type RemoteIntent, toRequest } from "./requests.ts";
import { printRules } from "./save.ts";

export interface World extends ParseContext {
  readonly api: ApiClient;
  readonly hostNames: HostNames;
}

/** Never throws for what a command line, a name server or a daemon can do. `argv` comes without the program. */
export async function runIpvsadm(argv: readonly string[], world: World): Promise<Outcome> {
  const parsed = parse(argv, world);
  if ("rc" in parsed) return parsed;
  try {
    return { rc: 0, stdout: await carryOut(parsed, world), stderr: "" };
  } catch (error) {
    if (error instanceof UsageError) return failure(error.rc, error.message);
    if (error instanceof RefusedError) return describeRefusal(parsed.verb, error.refusal);
    if (error instanceof DaemonUnreachable) return describeUnreachable(error);
    throw error;
  }
}

/** What goes to standard output. */
async function carryOut(intent: Intent, world: World): Promise<string> {
  switch (intent.verb) {
    case "help":
      return helpText(world.program);
    case "version":
      return VERSION_TEXT;
    case "list":
      return list(intent, world);
    case "list-timeouts":
      return printTimeouts((await ask(intent, world)) as FullSettingsDocument);
    case "save":
      return save(intent.numeric, await ask(intent, world), world);
    case "flush":
      await flush(world);
      return "";
    default:
      await ask(intent, world);
      return "";
  }
}

async function list(intent: ListIntent, world: World): Promise<string> {
  const answer = await ask(intent, world);
  if (intent.service !== undefined) {
    const service = answer as ServiceReading;
    return printService(service, { ...intent, spelling: await spellingOf(intent, [service], world) });
  }
  const { services } = answer as { readonly services: readonly ServiceReading[] };
  return printTable(services, { ...intent, spelling: await spellingOf(intent, services, world) });
}

async function save(numeric: boolean, config: unknown, world: World): Promise<string> {
  const { services } = config as FullConfigDocument;
  return printRules(services, await spellingOf({ numeric }, services, world));
}

/** ipvsadm -C empties the table and leaves settings alone; the daemon takes a document as a whole. */
async function flush({ api }: World): Promise<void> {
  const settings = (await send("flush", READ_SETTINGS, api)) as FullSettingsDocument;
  await send("flush", flushRequest(settings), api);
}

/** The body of the daemon's answer. @throws RefusedError */
async function ask(intent: RemoteIntent, { api, hostNames }: World): Promise<unknown> {
  return send(intent.verb, await toRequest(intent, hostNames), api);
}

/** The body of the daemon's answer. @throws RefusedError */
async function send(verb: Verb, request: ApiRequest, api: ApiClient): Promise<unknown> {
  const { status, body } = await api.request(request);
  if (status >= 200 && status < 300) return body;
  const message = `unexpected answer of the director: status ${status}`;
  const refusal = isRefusal(body) ? body : { code: "INTERNAL" as const, message, details: [] };
  throw new RefusedError(await inKernelOrder(verb, refusal, request.path, api));
}

/** The kernel looks for the service before it looks for the scheduler; the daemon checks a request's form first. */
async function inKernelOrder(verb: Verb, refusal: Refusal, path: string, api: ApiClient): Promise<Refusal> {
  if (refusal.code !== "UNKNOWN_SCHEDULER") return refusal;
  const { status } = await api.request({ method: "GET", path });
  if (verb === "add-service" && status === 200) return { ...refusal, code: "SERVICE_EXISTS" };
  if (verb === "edit-service" && status === 404) return { ...refusal, code: "SERVICE_NOT_FOUND" };
  return refusal;
}

async function spellingOf(
  { numeric }: Pick<ListIntent, "numeric">,
  services: readonly FullServiceDocument[],
  { hostNames, portNames }: World,
): Promise<Spelling> {
  if (numeric) return NUMERIC;
  const addresses = new Set(services.flatMap(namedAddresses));
  const names = new Map<Address, string>();
  const nameHost = async (address: Address) => names.set(address, await hostNames.nameOf(address));
  await Promise.all([...addresses].map(nameHost));
  const host = (address: Address) => names.get(address) ?? address;
  const port = (number: number, protocol?: Protocol) =>
    (protocol && portNames.nameOf(number, protocol)) ?? String(number);
  return { host, port };
}

function namedAddresses(service: FullServiceDocument): Address[] {
  return [...(isMark(service) ? [] : [service.vip]), ...service.servers.map(({ rip }) => rip)];
}
