// SPDX-License-Identifier: MIT
// `-R`: saved rules, one command line each. All of them or none, in one change of the desired state; with --lenient one
// by one as ipvsadm does, which goes on behind a line that the kernel refuses.

import { toDocument, toState } from "../../config/document.ts";
import type { ConfigDocument } from "../../config/schema.ts";
import type { DesiredState } from "../../model/service.ts";
import type { ApiClient } from "../client.ts";
import { applyIntent, isEdit } from "./apply.ts";
import { describeError, failure, RefusedError, refusalOf } from "./errors.ts";
import type { Outcome } from "./intent.ts";
import { parse } from "./parse.ts";
import type { World } from "./run.ts";

export interface RestoreOptions {
  /** As ipvsadm-restore does: the table is cleared first, and lines that begin with # are comments. */
  readonly replaces: boolean;
}

interface Rule {
  readonly number: number;
  readonly argv: readonly string[];
}

/** Somebody else changes the state at the same time: so often it is tried again. */
const ATTEMPTS = 5;

/** @throws RefusedError, DaemonUnreachable */
export async function restoreAtOnce(text: string, world: World, { replaces }: RestoreOptions): Promise<Outcome> {
  const rules = readRules(text, replaces);
  for (let attempt = 1; ; attempt++) {
    const { body, etag } = await world.api.request({ method: "GET", path: "/v1/config" });
    const before = toState(body as ConfigDocument);
    const result = await applyRules(rules, replaces ? { ...before, services: [] } : before, world);
    if ("rc" in result) return result;
    const answer = await put(world.api, result, etag);
    if (answer === undefined) return { rc: 0, stdout: "", stderr: "" };
    if (answer.refusal.code !== "STATE_CHANGED" || attempt === ATTEMPTS) throw answer;
  }
}

/** ipvsadm's way: a command line that is no command ends it; what the kernel refuses is told. `run` runs one line. */
export async function restoreLineByLine(
  text: string,
  { replaces }: RestoreOptions,
  run: (argv: readonly string[]) => Promise<Outcome>,
): Promise<Outcome> {
  const outcomes: Outcome[] = replaces ? [await run(["-C"])] : [];
  for (const { argv } of readRules(text, replaces)) {
    const outcome = await run(argv);
    outcomes.push(outcome);
    if (outcome.rc === 2) break;
  }
  return {
    rc: outcomes.at(-1)?.rc ?? 0,
    stdout: outcomes.map(({ stdout }) => stdout).join(""),
    stderr: outcomes.map(({ stderr }) => stderr).join(""),
  };
}

/** Lines with nothing but blanks are none. */
function readRules(text: string, skipsComments: boolean): Rule[] {
  const rules = text.split("\n").map((line, index) => ({ number: index + 1, argv: splitRule(line) }));
  return rules.filter(({ argv }) => argv.length > 0 && !(skipsComments && argv[0]?.startsWith("#")));
}

/** Behind the last option of a service whose only flag has no name; ipvsadm saves it so, but does not read it back. */
const NAMELESS_FLAG = / -b $/;

/** The program's name may lead. */
function splitRule(line: string): string[] {
  const words = line
    .replace(NAMELESS_FLAG, "")
    .trim()
    .split(/[ \t]+/)
    .filter((word) => word !== "");
  return words[0] === "ipvsadm" ? words.slice(1) : words;
}

async function applyRules(rules: readonly Rule[], before: DesiredState, world: World): Promise<DesiredState | Outcome> {
  let state = before;
  for (const { number, argv } of rules) {
    const intent = parse(argv, world);
    if ("rc" in intent) return atLine(number, intent);
    if (!isEdit(intent)) return atLine(number, failure(2, `${intent.verb} is no rule that can be restored`));
    try {
      state = await applyIntent(state, intent, world.hostNames);
    } catch (error) {
      return atLine(number, describeError(intent.verb, error as Error));
    }
  }
  return state;
}

function atLine(number: number, { rc, stderr }: Outcome): Outcome {
  return failure(rc === 0 ? 2 : rc, `line ${number}: ${stderr.trim()}; nothing was restored`);
}

/** What the daemon refused, or undefined. */
async function put(api: ApiClient, state: DesiredState, etag: string | undefined): Promise<RefusedError | undefined> {
  const request = { method: "PUT", path: "/v1/config", body: toDocument(state) } as const;
  const answer = await api.request({ ...request, ...(etag !== undefined && { ifMatch: etag }) });
  return answer.status < 300 ? undefined : new RefusedError(refusalOf(answer));
}
