// SPDX-License-Identifier: MIT
// Command line -> intent, or ipvsadm's usage error: the same text, exit code and order of checks. Pure; names of
// hosts stay names.

import type { ListFormat } from "../../api/ipvsadm/columns.ts";
import { type FlagText, isFlagText } from "../../config/scheduler-flags.ts";
import type { Protocol } from "../../model/service.ts";
import { TIMEOUT_MAX } from "../../model/settings.ts";
import type { SyncRole } from "../../model/sync-daemon.ts";
import { Draft } from "./draft.ts";
import { familyOfHost } from "./endpoint.ts";
import { failure, USAGE, UsageError } from "./errors.ts";
import { commandOf } from "./flags.ts";
import type { Endpoint, Intent, ListIntent, Outcome, ServerForm, ServiceForm, TypedService } from "./intent.ts";
import { type Command, checkCommand, checkListing, checkTunnel, hasTunnelOption, type Option } from "./legality.ts";
import { ArgumentReader, type ParsedFlag } from "./popt.ts";
import type { PortNames } from "./port-names.ts";
import { readInteger } from "./values.ts";

export interface ParseContext {
  /** Name of the program in messages. */
  readonly program: string;
  readonly portNames: PortNames;
}

const LIST_ALL: ListIntent = {
  verb: "list",
  service: undefined,
  numeric: false,
  format: "default",
  isExact: false,
  isSorted: true,
};

/** The first that is given counts. */
const LIST_FORMATS: readonly (readonly [Option, ListFormat])[] = [
  ["stats", "stats"],
  ["rate", "rate"],
  ["thresholds", "thresholds"],
  ["persistent-conn", "persistent-conn"],
  ["tun-info", "tunnel-info"],
];

/** `argv` comes without the program. */
export function parse(argv: readonly string[], context: ParseContext): Intent | Outcome {
  try {
    return argv.length === 0 ? LIST_ALL : parseArguments(argv, context);
  } catch (error) {
    if (error instanceof UsageError) return failure(error.rc, error.message);
    throw error;
  }
}

function parseArguments(argv: readonly string[], { program, portNames }: ParseContext): Intent {
  const reader = new ArgumentReader(argv);
  const first = readFirst(reader);
  const command = first && commandOf(first.flag);
  if (!first || !command) throw new UsageError(USAGE.tryHelp(program), 255);
  if (command === "help" || command === "version") return { verb: command };
  const draft = new Draft(portNames);
  draft.add(first.flag, first.value);
  readOptions(reader, draft);
  const timeouts = readWords(command, reader.words);
  if (draft.isLenient && command !== "restore") throw new UsageError("--lenient: unknown option", 255);
  checkDraft(command, draft);
  return command === "set" ? toSetIntent(timeouts) : toIntent(command, draft);
}

/** The first flag must be the command; ipvsadm does not say what is wrong with anything else. */
function readFirst(reader: ArgumentReader): ParsedFlag | undefined {
  try {
    return reader.next();
  } catch {
    return undefined;
  }
}

function readOptions(reader: ArgumentReader, draft: Draft): void {
  for (let next = reader.next(); next; next = reader.next()) {
    if (commandOf(next.flag) !== undefined) throw new UsageError(USAGE.notAnOption(reader.lastArgument));
    draft.add(next.flag, next.value);
  }
}

/** Only --set takes words that belong to no flag: seconds. */
function readWords(command: Command, words: readonly string[]): number[] {
  const taken = command === "set" ? words.slice(0, 3) : [];
  if (command === "set" && taken.length < 3) throw new UsageError(USAGE.threeTimeouts);
  const timeouts = taken.map((word) => {
    const seconds = readInteger(word, 0, TIMEOUT_MAX);
    if (seconds === undefined) throw new UsageError(USAGE.badTimeout(word));
    return seconds;
  });
  const stray = words[taken.length];
  if (stray !== undefined) throw new UsageError(USAGE.unexpectedArgument(stray));
  return timeouts;
}

function checkDraft(command: Command, draft: Draft): void {
  readSchedulerFlags(draft.flagNames, draft.scheduler);
  checkCommand(command, draft.given);
  if (command === "add-service" || command === "edit-service") checkService(draft);
  if (command === "add-server" || command === "edit-server") checkServer(draft);
  if (command === "list") checkListing(draft.given);
}

function checkService({ given, mark, protocol, service }: Draft): void {
  if (mark !== undefined) return;
  if (service?.port === 0 && !given.has("persistent")) throw new UsageError(USAGE.zeroPort);
  if (given.has("ops") && protocol !== "udp") throw new UsageError(USAGE.onePacketNeedsUdp);
}

function checkServer({ given, family, server, method, tunnelType }: Draft): void {
  if (method === "tunnel") {
    checkTunnel(tunnelType, given);
    return;
  }
  if (server && familyOfHost(server.host) !== family) throw new UsageError(USAGE.otherFamily);
  if (hasTunnelOption(given)) throw new UsageError(USAGE.tunnelOptions);
}

/** 0 keeps a timeout as it is. */
function toSetIntent([tcp = 0, tcpfin = 0, udp = 0]: readonly number[]): Intent {
  return { verb: "set", timeouts: { ...(tcp && { tcp }), ...(tcpfin && { tcpfin }), ...(udp && { udp }) } };
}

/** The checks have made sure that what the command needs was given. */
function toIntent(command: Command, draft: Draft): Intent {
  const service = typedService(draft) as TypedService;
  const server = draft.server as Endpoint;
  switch (command) {
    case "add-service":
    case "edit-service":
      return { verb: command, service, form: serviceForm(draft) };
    case "delete-service":
      return { verb: command, service };
    case "add-server":
    case "edit-server":
      return { verb: command, service, server: placeServer(draft, service, server), form: serverForm(draft) };
    case "delete-server":
      return { verb: command, service, server };
    case "list":
      return toListIntent(draft, typedService(draft));
    case "flush":
      return { verb: command };
    case "start-daemon":
      return { verb: command, role: draft.syncRole as SyncRole, settings: draft.sync };
    case "stop-daemon":
      return { verb: command, role: draft.syncRole as SyncRole };
    case "restore":
      return { verb: command, isLenient: draft.isLenient };
    case "save":
      return { verb: command, numeric: draft.given.has("numeric") };
    case "zero":
      return { verb: command, service: typedService(draft) };
    default:
      throw new UsageError(USAGE.notAvailable(command));
  }
}

function typedService({ mark, family, service, protocol }: Draft): TypedService | undefined {
  if (mark !== undefined) return { mark, family };
  return service && { ...service, protocol: protocol as Protocol };
}

function serviceForm(draft: Draft): ServiceForm {
  const { scheduler, persistence, persistenceEngine, onePacket } = draft;
  const schedulerFlags = readSchedulerFlags(draft.flagNames, scheduler);
  return { scheduler, schedulerFlags, persistence, persistenceEngine, onePacket };
}

function serverForm({ method, weight, tunnel, upperThreshold, lowerThreshold }: Draft): ServerForm {
  return { method, weight, tunnel, upperThreshold, lowerThreshold };
}

/** @throws UsageError for a flag that there is not, or not with this scheduler */
function readSchedulerFlags(text: string, scheduler: string): FlagText[] {
  const names = text.split(",").filter((name) => name !== "");
  for (const name of names) {
    if (!isFlagText(name)) throw new UsageError(USAGE.badFlag(name));
    if (/^[sm]h-/.test(name) && !name.startsWith(`${scheduler}-`)) throw new UsageError(USAGE.incompatibleFlag(name));
  }
  return names.filter(isFlagText);
}

function toListIntent({ given }: Draft, service: TypedService | undefined): Intent {
  if (given.has("timeout")) return { verb: "list-timeouts" };
  if (given.has("daemon")) return { verb: "list-daemons" };
  if (given.has("connection")) {
    return { verb: "list-connections", numeric: given.has("numeric"), withEngine: given.has("persistent-conn") };
  }
  return {
    verb: "list",
    service,
    numeric: given.has("numeric"),
    format: LIST_FORMATS.find(([option]) => given.has(option))?.[1] ?? "default",
    isExact: given.has("exact"),
    isSorted: !given.has("nosort"),
  };
}

/** Only masquerading can map ports; services that go by a mark have none. */
function placeServer({ method }: Draft, service: TypedService, server: Endpoint): Endpoint {
  return method === "masquerade" || "mark" in service ? server : { ...server, port: service.port };
}
