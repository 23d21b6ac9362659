// SPDX-License-Identifier: MIT
// The `virtual_server` blocks.

import { type Address, familyOf, parseAddress } from "../../model/address.ts";
import {
  HOST_NETMASKS,
  PERSISTENCE_ENGINES,
  PERSISTENCE_TIMEOUT_MAX,
  PROTOCOLS,
  SCHEDULER_NAMES,
  WEIGHT_MAX,
} from "../../model/service.ts";
import type { ServiceDraft, Target } from "./draft.ts";
import { readForwarding } from "./forwarding.ts";
import { firstScript, readServer, readServerAddress } from "./real-server.ts";
import { timingKeywords } from "./timing.ts";
import type { Statement } from "./tree.ts";
import { PORT, POSITIVE, type Range, readAddress, readChoice, readInteger, readSwitch, UINT32 } from "./values.ts";
import { assign, type Context, type Keywords, type Row, walk } from "./walk.ts";
import type { Word } from "./words.ts";

/** What a bare persistence_timeout means (libipvs), in seconds. */
const USUAL_PERSISTENCE = 360;
const PERSISTENCE: Range = { min: 1, max: PERSISTENCE_TIMEOUT_MAX };
const WEIGHT: Range = { min: 1, max: WEIGHT_MAX };
const PREFIX: Range = { min: 1, max: HOST_NETMASKS.ipv6 as number };

const SCHEDULER: Row<ServiceDraft> = {
  takes: [1, 1],
  read: (draft, { args: [word] }, context) =>
    assign(draft, "scheduler", word && readChoice(word, SCHEDULER_NAMES, context)),
};

const METHOD: Row<ServiceDraft> = {
  takes: [1],
  read: (draft, statement, context) => assign(draft, "forwarding", readForwarding(statement, context)),
};

const KEYWORDS: Keywords<ServiceDraft> = {
  ...timingKeywords(1),
  lvs_sched: SCHEDULER,
  lb_algo: SCHEDULER,
  lvs_method: METHOD,
  lb_kind: METHOD,
  "flag-1": { takes: [0, 0], read: ({ flags }) => flags.add("flag-1") },
  "flag-2": { takes: [0, 0], read: ({ flags }) => flags.add("flag-2") },
  "flag-3": { takes: [0, 0], read: ({ flags }) => flags.add("flag-3") },
  "sh-fallback": schedulerFlag("sh", "flag-1"),
  "sh-port": schedulerFlag("sh", "flag-2"),
  "mh-fallback": schedulerFlag("mh", "flag-1"),
  "mh-port": schedulerFlag("mh", "flag-2"),
  hashed: { takes: [0, 0], ignored: "every service is hashed" },
  ops: { takes: [0, 0], read: (draft) => assign(draft, "onePacket", true) },
  persistence_timeout: {
    takes: [0, 1],
    read: (draft, { args: [word] }, context) =>
      assign(draft, "persistenceTimeout", word ? readInteger(word, PERSISTENCE, context) : USUAL_PERSISTENCE),
  },
  persistence_granularity: {
    takes: [1, 1],
    read: (draft, { args: [word] }, context) => {
      assign(draft, "netmask", word && readNetmask(word, context));
      draft.persistenceTimeout ??= USUAL_PERSISTENCE;
    },
  },
  persistence_engine: {
    takes: [1, 1],
    read: (draft, { args: [word] }, context) =>
      assign(draft, "persistenceEngine", word && readChoice(word, PERSISTENCE_ENGINES, context)),
  },
  protocol: {
    takes: [1, 1],
    read: (draft, { args: [word] }, context) => {
      const lower = word && { ...word, value: word.value.toLowerCase() };
      assign(draft, "protocol", lower && readChoice(lower, PROTOCOLS, context));
    },
  },
  ip_family: {
    takes: [1, 1],
    read: (draft, { args: [word] }, context) => {
      const family = word && readChoice(word, ["inet", "inet6"], context);
      if (family) draft.family = family === "inet6" ? "ipv6" : "ipv4";
    },
  },
  quorum: {
    takes: [1, 1],
    read: (draft, { args: [word] }, context) => assign(draft, "quorum", word && readInteger(word, POSITIVE, context)),
  },
  hysteresis: {
    takes: [1, 1],
    read: (draft, { args: [word] }, context) => assign(draft, "hysteresis", word && readInteger(word, UINT32, context)),
  },
  quorum_up: { takes: [1, 3], read: firstScript("quorumUp") },
  quorum_down: { takes: [1, 3], read: firstScript("quorumDown") },
  // keepalived takes these for true whatever follows.
  omega: { takes: [0, 0], read: (draft) => assign(draft, "omega", true) },
  ha_suspend: { takes: [0, 0], read: (draft) => assign(draft, "haSuspend", true) },
  inhibit_on_failure: { takes: [0, 0], read: (draft) => assign(draft, "inhibitOnFailure", true) },
  smtp_alert: {
    takes: [0, 1],
    read: (draft, { args: [word] }, context) => assign(draft, "smtpAlert", readSwitch(word, context)),
  },
  virtualhost: { takes: [1, 1], read: (draft, { args: [word] }) => assign(draft, "virtualHost", word?.value) },
  snmp_name: { takes: [1, 1], ignored: "there is no SNMP agent; metrics are at /metrics" },
  weight: {
    takes: [1, 1],
    read: (draft, { args: [word] }, context) => assign(draft, "weight", word && readInteger(word, WEIGHT, context)),
  },
  sorry_server: {
    takes: [1, 2],
    read: (draft, statement, context) => {
      const address = readServerAddress(statement, context);
      if (address) draft.sorryServer = { statement, ...address, inhibit: false };
    },
  },
  sorry_server_inhibit: {
    takes: [0, 0],
    read: (draft, { keyword }, context) => {
      if (draft.sorryServer) draft.sorryServer.inhibit = true;
      else context.diagnostics.warn(keyword, "there is no sorry_server before: ignored");
    },
  },
  sorry_server_lvs_method: {
    takes: [1],
    read: ({ sorryServer }, statement, context) => {
      if (sorryServer) assign(sorryServer, "forwarding", readForwarding(statement, context));
      else context.diagnostics.warn(statement.keyword, "there is no sorry_server before: ignored");
    },
  },
  real_server: {
    takes: [1, 2],
    block: true,
    read: ({ servers }, statement, context) => {
      const server = readServer(statement, context);
      if (server) servers.push(server);
    },
  },
};

/** Nothing, and reported, when it names no service. */
export function readService(statement: Statement, context: Context): ServiceDraft | undefined {
  const target = readTarget(statement, context);
  const draft: ServiceDraft = {
    statement,
    target: target ?? { kind: "group", name: "" },
    servers: [],
    flags: new Set(),
  };
  // Also without a target: what is wrong further down is worth knowing.
  walk(statement.block ?? [], KEYWORDS, draft, context);
  return target && draft;
}

function readTarget({ keyword, args }: Statement, context: Context): Target | undefined {
  const [first, second] = args as [Word, Word?];
  if (first.value !== "fwmark" && first.value !== "group") {
    const vip = readAddress(first, context);
    const port = second ? readInteger(second, PORT, context) : 0;
    return vip === undefined || port === undefined ? undefined : { kind: "endpoint", vip, port };
  }
  if (!second) {
    context.diagnostics.error(keyword, `a value is missing after ${first.value}`);
    return undefined;
  }
  if (first.value === "group") return { kind: "group", name: second.value };
  const mark = readInteger(second, POSITIVE, context);
  return mark === undefined ? undefined : { kind: "mark", mark };
}

/** A dotted mask for IPv4, a prefix length for IPv6. */
function readNetmask(word: Word, context: Context): Address | number | undefined {
  if (!word.value.includes(".")) return readInteger(word, PREFIX, context);
  const mask = parseAddress(word.value);
  if (mask !== undefined && familyOf(mask) === "ipv4") return mask;
  context.diagnostics.error(word, `'${word.value}' is no mask like 255.255.255.0`);
  return undefined;
}

function schedulerFlag(scheduler: "sh" | "mh", flag: "flag-1" | "flag-2"): Row<ServiceDraft> {
  return {
    takes: [0, 0],
    read: (draft, { keyword }, { diagnostics }) => {
      if (draft.scheduler === scheduler) draft.flags.add(flag);
      else diagnostics.warn(keyword, `${keyword.value} is for lvs_sched ${scheduler}, given before: ignored`);
    },
  };
}
