// SPDX-License-Identifier: MIT
// ipvsadm's matrix of which options go with which command, and with which tunnel type. Pure.

import { USAGE, UsageError } from "./errors.ts";

/** In the order of checking, which is the order of the errors. */
export const OPTIONS = [
  "numeric",
  "connection",
  "service-address",
  "scheduler",
  "persistent",
  "netmask",
  "real-server",
  "forwarding-method",
  "weight",
  "u-threshold",
  "l-threshold",
  "mcast-interface",
  "timeout",
  "daemon",
  "stats",
  "rate",
  "thresholds",
  "persistent-conn",
  "nosort",
  "syncid",
  "exact",
  "ops",
  "pe",
  "sched-flags",
  "mcast-group",
  "mcast-port",
  "mcast-ttl",
  "sync-maxlen",
  "tun-info",
  "tun-type",
  "tun-port",
  "tun-nocsum",
  "tun-csum",
  "tun-remcsum",
] as const;
export type Option = (typeof OPTIONS)[number];

/** What goes with a command: options that it needs, that it takes, and of which it takes at most one. */
interface Rule {
  readonly needs?: readonly Option[];
  readonly takes?: readonly Option[];
  readonly takesOneOf?: readonly Option[];
}

const SERVICE_SETTINGS: readonly Option[] = ["scheduler", "persistent", "netmask", "ops", "pe", "sched-flags"];
const TUNNEL_SETTINGS: readonly Option[] = ["tun-type", "tun-port", "tun-nocsum", "tun-csum", "tun-remcsum"];
const SERVER_SETTINGS: readonly Option[] = [
  "forwarding-method",
  "weight",
  "u-threshold",
  "l-threshold",
  ...TUNNEL_SETTINGS,
];
const MULTICAST: readonly Option[] = ["mcast-interface", "mcast-group", "mcast-port", "mcast-ttl"];
const LIST_MODES: readonly Option[] = ["stats", "rate", "thresholds", "persistent-conn", "exact", "tun-info"];

const RULES = {
  "add-service": { needs: ["service-address"], takes: SERVICE_SETTINGS },
  "edit-service": { needs: ["service-address"], takes: SERVICE_SETTINGS },
  "delete-service": { needs: ["service-address"] },
  flush: {},
  list: {
    takes: ["numeric", "nosort", "syncid", ...LIST_MODES],
    takesOneOf: ["connection", "service-address", "timeout", "daemon"],
  },
  "add-server": { needs: ["service-address", "real-server"], takes: SERVER_SETTINGS },
  "delete-server": { needs: ["service-address", "real-server"] },
  "edit-server": { needs: ["service-address", "real-server"], takes: SERVER_SETTINGS },
  set: {},
  "start-daemon": { takes: ["syncid", "sync-maxlen", ...MULTICAST] },
  "stop-daemon": { takes: ["syncid"] },
  restore: {},
  save: { takes: ["numeric"] },
  zero: { takes: ["service-address"] },
  help: {},
  version: {},
} as const satisfies Record<string, Rule>;
export type Command = keyof typeof RULES;

const TUNNEL_RULES: Record<string, Rule> = {
  ipip: {},
  gue: { needs: ["tun-port"], takesOneOf: ["tun-nocsum", "tun-csum", "tun-remcsum"] },
  gre: { takesOneOf: ["tun-nocsum", "tun-csum"] },
};

export function isCommand(name: string | undefined): name is Command {
  return name !== undefined && Object.hasOwn(RULES, name);
}

export function isOption(name: string | undefined): name is Option {
  return OPTIONS.includes(name as Option);
}

/** @throws UsageError */
export function checkCommand(command: Command, given: ReadonlySet<Option>): void {
  check(RULES[command], OPTIONS, given, `'${command}' command`);
}

/** Only of tunnelling servers; `type` is ipip, gue or gre. @throws UsageError */
export function checkTunnel(type: string, given: ReadonlySet<Option>): void {
  const options = TUNNEL_SETTINGS.filter((option) => option !== "tun-type");
  check(TUNNEL_RULES[type] ?? {}, options, given, `'${type}' tunnel type`);
}

export function hasTunnelOption(given: ReadonlySet<Option>): boolean {
  return TUNNEL_SETTINGS.some((option) => given.has(option));
}

/** What is listed excludes how it is listed; -c alone goes with --persistent-conn. @throws UsageError */
export function checkListing(given: ReadonlySet<Option>): void {
  const isGiven = (...options: Option[]) => options.some((option) => given.has(option));
  const clash =
    (isGiven("connection", "timeout", "daemon") && isGiven("stats", "rate", "thresholds")) ||
    (isGiven("timeout", "daemon") && isGiven("persistent-conn"));
  if (clash) throw new UsageError(USAGE.listConflict);
}

function check(rule: Rule, options: readonly Option[], given: ReadonlySet<Option>, of: string): void {
  let chosen: Option | undefined;
  for (const option of options) {
    if (!given.has(option)) {
      if (rule.needs?.includes(option)) throw new UsageError(USAGE.missing(option, of));
    } else if (rule.takesOneOf?.includes(option)) {
      if (chosen) throw new UsageError(USAGE.conflict(option, chosen, of));
      chosen = option;
    } else if (!rule.needs?.includes(option) && !rule.takes?.includes(option)) {
      throw new UsageError(USAGE.illegal(option, of));
    }
  }
}
