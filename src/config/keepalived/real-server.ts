// SPDX-License-Identifier: MIT
// The `real_server` blocks of a virtual server.

import { THRESHOLD_MAX, WEIGHT_MAX } from "../../model/service.ts";
import { CHECKERS } from "./checkers/index.ts";
import type { ServerDraft, ServiceDraft } from "./draft.ts";
import { readForwarding } from "./forwarding.ts";
import { readScript } from "./script.ts";
import { timingKeywords } from "./timing.ts";
import type { Statement } from "./tree.ts";
import { PORT, type Range, readAddress, readInteger, readSwitch } from "./values.ts";
import { assign, type Context, type Keywords, type Row, walk } from "./walk.ts";

const WEIGHT: Range = { min: 0, max: WEIGHT_MAX };
const THRESHOLD: Range = { min: 0, max: THRESHOLD_MAX };

const LVS_METHOD: Row<ServerDraft> = {
  takes: [1],
  read: (draft, statement, context) => assign(draft, "forwarding", readForwarding(statement, context)),
};

const KEYWORDS: Keywords<ServerDraft> = {
  ...timingKeywords(1),
  ...checkerRows(),
  weight: {
    takes: [1, 1],
    read: (draft, { args: [word] }, context) => assign(draft, "weight", word && readInteger(word, WEIGHT, context)),
  },
  lvs_method: LVS_METHOD,
  lb_kind: LVS_METHOD,
  uthreshold: {
    takes: [1, 1],
    read: (draft, { args: [word] }, context) =>
      assign(draft, "upperThreshold", word && readInteger(word, THRESHOLD, context)),
  },
  lthreshold: {
    takes: [1, 1],
    read: (draft, { args: [word] }, context) =>
      assign(draft, "lowerThreshold", word && readInteger(word, THRESHOLD, context)),
  },
  inhibit_on_failure: {
    takes: [0, 1],
    read: (draft, { args: [word] }, context) => assign(draft, "inhibitOnFailure", readSwitch(word, context)),
  },
  notify_up: { takes: [1, 3], read: firstScript("notifyUp") },
  notify_down: { takes: [1, 3], read: firstScript("notifyDown") },
  smtp_alert: {
    takes: [0, 1],
    read: (draft, { args: [word] }, context) => assign(draft, "smtpAlert", readSwitch(word, context)),
  },
  virtualhost: { takes: [1, 1], read: (draft, { args: [word] }) => assign(draft, "virtualHost", word?.value) },
  snmp_name: { takes: [1, 1], ignored: "there is no SNMP agent; metrics are at /metrics" },
};

/** Undefined, and reported, when it names no server. */
export function readServer(statement: Statement, context: Context): ServerDraft | undefined {
  const endpoint = readServerAddress(statement, context);
  if (!endpoint) return undefined;
  const draft: ServerDraft = { statement, ...endpoint, checks: [] };
  walk(statement.block ?? [], KEYWORDS, draft, context);
  return draft;
}

/** `ADDRESS [PORT]`; without a port it is 0, which means the service's. */
export function readServerAddress(
  { args: [address, port] }: Statement,
  context: Context,
): Pick<ServerDraft, "rip" | "port"> | undefined {
  const rip = address && readAddress(address, context);
  const number = port ? readInteger(port, PORT, context) : 0;
  return rip === undefined || number === undefined ? undefined : { rip, port: number };
}

/** The first script wins, as in keepalived. */
export function firstScript<Key extends "notifyUp" | "notifyDown" | "quorumUp" | "quorumDown">(key: Key) {
  type Draft = Pick<ServerDraft & ServiceDraft, Key>;
  return (draft: Draft, statement: Statement, context: Context): void => {
    const script = readScript(statement, context);
    const { keyword } = statement;
    if (draft[key]) context.diagnostics.warn(keyword, `${keyword.value} was given before: this one is ignored`);
    else assign(draft, key, script as Draft[Key] | undefined);
  };
}

function checkerRows(): Keywords<ServerDraft> {
  const rows = Object.entries(CHECKERS).map(([keyword, readChecker]): [string, Row<ServerDraft>] => [
    keyword,
    { block: true, read: ({ checks }, statement, context) => checks.push(...readChecker(statement, context)) },
  ]);
  return Object.fromEntries(rows);
}
