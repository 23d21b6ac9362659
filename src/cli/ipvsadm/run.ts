// SPDX-License-Identifier: MIT
// Carries out a command line: asks the daemon and renders its answer in ipvsadm's words. All that it needs of the
// world is handed in.

import type { FullSettingsDocument } from "../../config/settings-schema.ts";
import type { ApiClient, ApiRequest } from "../client.ts";
import { describeError, failure, isAbout, type Refusal, RefusedError, refusalOf } from "./errors.ts";
import type { HostNames } from "./host-names.ts";
import type { Intent, Outcome, TextIntent } from "./intent.ts";
import { type ParseContext, parse } from "./parse.ts";
import { printDaemons, printTimeouts, type SyncDaemons } from "./print.ts";
import { type RemoteIntent, toRequest, toTextPath } from "./requests.ts";

export interface World extends ParseContext {
  readonly api: ApiClient;
  readonly hostNames: HostNames;
  /** All of standard input. */
  input(): Promise<string>;
  /** Writes to standard output, no faster than it takes. */
  print(text: string | Uint8Array): Promise<void>;
  /** Tells a person, if one is there, what ipvsadm would not have said. */
  notice(text: string): void;
}

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

const SAVE_HELP = `Script to save the IPVS table to stdout.
   With the -n option, prints out the table in numeric format.`;

/** `xvsadm-save`: -S with -n, all that the script ipvsadm-save knows; words it passes over. */
export async function runSave(argv: readonly string[], world: World): Promise<Outcome> {
  const flags = argv.filter((argument) => argument.startsWith("-"));
  if (flags.some((flag) => flag !== "-n")) return failure(1, `${world.program}: ${SAVE_HELP}`);
  return runIpvsadm(flags.length > 0 ? ["-S", "-n"] : ["-S"], world);
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
  return restoreLineByLine(text, world, (argv) => runIpvsadm(argv, world));
}

/** What goes to standard output beside what was printed. */
async function carryOut(intent: Exclude<Intent, { readonly verb: "restore" }>, world: World): Promise<string> {
  switch (intent.verb) {
    case "help":
      return (await import("./help.ts")).helpText(world.program);
    case "version":
      return (await import("./help.ts")).VERSION_TEXT;
    case "list":
    case "list-connections":
    case "save":
      await show(intent, world);
      return "";
    case "list-timeouts":
      return printTimeouts((await ask(intent, world)) as FullSettingsDocument);
    case "list-daemons":
      return printDaemons((await ask(intent, world)) as SyncDaemons);
    case "start-daemon":
      await ask(intent, world);
      world.notice("connections are not synchronised yet: the daemon is stored and listed, but does not run");
      return "";
    default:
      await ask(intent, world);
      return "";
  }
}

/** Printed as it comes: there may be millions of lines. @throws RefusedError, UsageError */
async function show(intent: TextIntent, world: World): Promise<void> {
  const answer = await world.api.open(await toTextPath(intent, world.hostNames));
  if ("status" in answer) throw new RefusedError(refusalOf(answer));
  for await (const piece of intent.numeric ? answer : await withNames(intent, answer, world)) await world.print(piece);
}

/** Its modules are only loaded when they are needed. */
async function withNames(intent: TextIntent, numbers: AsyncIterable<Uint8Array>, world: World) {
  const [names, lines] = await Promise.all([import("./names.ts"), import("./line-names.ts")]);
  switch (intent.verb) {
    case "list":
      return names.withNames(numbers, lines.serviceNames(intent.format), world);
    case "list-connections":
      return names.withNames(numbers, lines.connectionNames, world);
    case "save":
      return names.withNames(numbers, lines.ruleNames, world);
  }
}

/** The body of the daemon's answer. @throws RefusedError */
async function ask(intent: RemoteIntent, { api, hostNames }: World): Promise<unknown> {
  return send(intent, await toRequest(intent, hostNames), api);
}

/** The body of the daemon's answer. @throws RefusedError */
async function send(intent: RemoteIntent, request: ApiRequest, api: ApiClient): Promise<unknown> {
  const answer = await api.request(request);
  if (answer.status >= 200 && answer.status < 300) return answer.body;
  throw new RefusedError(await inKernelOrder(intent, refusalOf(answer), request.path, api));
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
