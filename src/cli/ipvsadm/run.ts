// SPDX-License-Identifier: MIT
// Carries out a command line: asks the daemon and renders its answer in ipvsadm's words. All that it needs of the
// world is handed in.

import type { Address } from "../../model/address.ts";
import type { ServiceSnapshot } from "../../stats/snapshot.ts";
import { type ApiClient, DaemonUnreachable } from "../client.ts";
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
import type { Intent, Outcome } from "./intent.ts";
import { type ParseContext, parse } from "./parse.ts";
import { NUMERIC, printService, printTable, type Spelling } from "./print.ts";
import { type RemoteIntent, toRequest } from "./requests.ts";

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
  if (intent.verb === "help") return helpText(world.program);
  if (intent.verb === "version") return VERSION_TEXT;
  const answer = await ask(intent, world);
  if (intent.verb !== "list") return "";
  if (intent.service !== undefined) {
    const service = answer as ServiceSnapshot;
    return printService(service, await spellingOf(intent, [service], world));
  }
  const { services } = answer as { readonly services: readonly ServiceSnapshot[] };
  return printTable(services, await spellingOf(intent, services, world));
}

/** The body of the daemon's answer. @throws RefusedError */
async function ask(intent: RemoteIntent, { api, hostNames }: World): Promise<unknown> {
  const request = await toRequest(intent, hostNames);
  const { status, body } = await api.request(request);
  if (status >= 200 && status < 300) return body;
  const message = `unexpected answer of the director: status ${status}`;
  const refusal = isRefusal(body) ? body : { code: "INTERNAL" as const, message, details: [] };
  throw new RefusedError(await inKernelOrder(intent, refusal, request.path, api));
}

/** The kernel looks for the service before it looks for the scheduler; the daemon checks a request's form first. */
async function inKernelOrder({ verb }: RemoteIntent, refusal: Refusal, path: string, api: ApiClient): Promise<Refusal> {
  if (refusal.code !== "UNKNOWN_SCHEDULER") return refusal;
  const { status } = await api.request({ method: "GET", path });
  if (verb === "add-service" && status === 200) return { ...refusal, code: "SERVICE_EXISTS" };
  if (verb === "edit-service" && status === 404) return { ...refusal, code: "SERVICE_NOT_FOUND" };
  return refusal;
}

async function spellingOf(
  { numeric }: { readonly numeric: boolean },
  services: readonly ServiceSnapshot[],
  { hostNames, portNames }: World,
): Promise<Spelling> {
  if (numeric) return NUMERIC;
  const addresses = new Set(services.flatMap(({ vip, servers }) => [vip, ...servers.map(({ rip }) => rip)]));
  const names = new Map<Address, string>();
  const nameHost = async (address: Address) => names.set(address, await hostNames.nameOf(address));
  await Promise.all([...addresses].map(nameHost));
  return {
    host: (address) => names.get(address) ?? address,
    port: (port, protocol) => portNames.nameOf(port, protocol) ?? String(port),
  };
}
