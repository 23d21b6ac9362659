// SPDX-License-Identifier: MIT
// Carries out a command line: asks the daemon and renders its answer in ipvsadm's words. All that it needs of the
// world is handed in.

import type { ServiceReading } from "../../api/readings.ts";
import type { FullConfigDocument, FullServiceDocument } from "../../config/schema.ts";
import type { FullSettingsDocument } from "../../config/settings-schema.ts";
import type { Address } from "../../model/address.ts";
import { isMark, type Protocol } from "../../model/service.ts";
import type { ApiClient, ApiRequest } from "../client.ts";
import { printConnections } from "./connections.ts";
import { describeError, isAbout, isRefusal, type Refusal, RefusedError } from "./errors.ts";
import { helpText, VERSION_TEXT } from "./help.ts";
import type { HostNames } from "./host-names.ts";
import type { Intent, ListIntent, Outcome } from "./intent.ts";
import { NUMERIC, type Spelling } from "./names.ts";
import { type ParseContext, parse } from "./parse.ts";
import { printDaemons, printService, printTable, printTimeouts, type SyncDaemons } from "./print.ts";
import { type RemoteIntent, toRequest } from "./requests.ts";
import { printRules } from "./save.ts";

export interface World extends ParseContext {
  readonly api: ApiClient;
  readonly hostNames: HostNames;
  /** All of standard input. */
  input(): Promise<string>;
  /** Writes to standard output, no faster than it takes. */
  print(text: string): Promise<void>;
  /** Tells a person, if one is there, what ipvsadm would not have said. */
  notice(text: string): void;
}

const CONNECTIONS = "/v1/compat/proc/net/ip_vs_conn";

/** Never throws for what a command line, a name server or a daemon can do. `argv` comes without the program. */
export async function runIpvsadm(argv: readonly string[], world: World): Promise<Outcome> {
  const parsed = parse(argv, world);
  if ("rc" in parsed) return parsed;
  try {
    if (parsed.verb === "restore") return await restore(parsed.isLenient, world);
    return { rc: 0, stdout: await carryOut(parsed, world), stderr: "" };
  } catch (error) {
    return describeError(parsed.verb, error as Error);
  }
}

/** `xvsadm-restore`: -R after -C, and lines that begin with # are comments. */
export async function runRestore(world: World): Promise<Outcome> {
  try {
    const { restoreAtOnce } = await import("./restore.ts");
    return await restoreAtOnce(await world.input(), world, { replaces: true });
  } catch (error) {
    return describeError("restore", error as Error);
  }
}

/** Its module reads and checks whole documents, which takes time to load: other commands do without. */
async function restore(isLenient: boolean, world: World): Promise<Outcome> {
  const { restoreAtOnce, restoreLineByLine } = await import("./restore.ts");
  const text = await world.input();
  if (!isLenient) return restoreAtOnce(text, world, { replaces: false });
  return restoreLineByLine(text, { replaces: false }, (argv) => runIpvsadm(argv, world));
}

/** What goes to standard output. */
async function carryOut(intent: Exclude<Intent, { readonly verb: "restore" }>, world: World): Promise<string> {
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
    case "list-daemons":
      return printDaemons((await ask(intent, world)) as SyncDaemons);
    case "start-daemon":
      await ask(intent, world);
      world.notice("connections are not synchronised yet: the daemon is stored and listed, but does not run");
      return "";
    case "list-connections":
      await listConnections(intent, world);
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

/** Printed as it comes: there may be millions. */
async function listConnections({ numeric, withEngine }: Extract<Intent, { verb: "list-connections" }>, world: World) {
  const names = new Map<Address, string>();
  const spelling = (addresses: readonly Address[]) => spellingOfAddresses(addresses, names, world);
  const layout = { withEngine, spelling: numeric ? async () => NUMERIC : spelling };
  for await (const text of printConnections(world.api.stream(CONNECTIONS), layout)) await world.print(text);
}

/** The body of the daemon's answer. @throws RefusedError */
async function ask(intent: RemoteIntent, { api, hostNames }: World): Promise<unknown> {
  return send(intent, await toRequest(intent, hostNames), api);
}

/** The body of the daemon's answer. @throws RefusedError */
async function send(intent: RemoteIntent, request: ApiRequest, api: ApiClient): Promise<unknown> {
  const { status, body } = await api.request(request);
  if (status >= 200 && status < 300) return body;
  const message = `unexpected answer of the director: status ${status}`;
  const refusal = isRefusal(body) ? body : { code: "INTERNAL" as const, message, details: [] };
  throw new RefusedError(await inKernelOrder(intent, refusal, request.path, api));
}

/**
 * The kernel looks for the service before it looks for scheduler and engine, and at thresholds before it looks for the
 * server; the daemon checks a request's form first.
 */
async function inKernelOrder(intent: RemoteIntent, refusal: Refusal, path: string, api: ApiClient): Promise<Refusal> {
  const { verb } = intent;
  if (verb === "edit-server" && refusal.code === "SERVER_NOT_FOUND") {
    const { upperThreshold, lowerThreshold } = intent.form;
    return lowerThreshold > upperThreshold ? wrong("lowerThreshold", refusal) : refusal;
  }
  const isUnknown = refusal.code === "UNKNOWN_SCHEDULER" || isAbout("persistenceEngine", refusal);
  if (!isUnknown) return refusal;
  const { status } = await api.request({ method: "GET", path });
  if (verb === "add-service" && status === 200) return { ...refusal, code: "SERVICE_EXISTS" };
  if (verb === "edit-service" && status === 404) return { ...refusal, code: "SERVICE_NOT_FOUND" };
  return refusal;
}

function wrong(field: string, { message }: Refusal): Refusal {
  return { code: "INVALID_VALUE", message, details: [{ field, message }] };
}

async function spellingOf(
  { numeric }: Pick<ListIntent, "numeric">,
  services: readonly FullServiceDocument[],
  world: World,
): Promise<Spelling> {
  if (numeric) return NUMERIC;
  return spellingOfAddresses(services.flatMap(namedAddresses), new Map(), world);
}

/** `names`: those that are known already. */
async function spellingOfAddresses(
  addresses: readonly Address[],
  names: Map<Address, string>,
  { hostNames, portNames }: World,
): Promise<Spelling> {
  const unnamed = new Set(addresses.filter((address) => !names.has(address)));
  const nameHost = async (address: Address) => names.set(address, await hostNames.nameOf(address));
  await Promise.all([...unnamed].map(nameHost));
  const host = (address: Address) => names.get(address) ?? address;
  const port = (number: number, protocol?: Protocol) =>
    (protocol && portNames.nameOf(number, protocol)) ?? String(number);
  return { host, port };
}

function namedAddresses(service: FullServiceDocument): Address[] {
  return [...(isMark(service) ? [] : [service.vip]), ...service.servers.map(({ rip }) => rip)];
}
