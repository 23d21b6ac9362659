// SPDX-License-Identifier: MIT
// `-R`: saved rules, one command line each. All of them or none, in one change of the desired state; with --lenient one
// by one as ipvsadm does, which goes on behind a line that the kernel refuses.

import { toDocument, toState } from "../../config/document.ts";
import type { ConfigDocument } from "../../config/schema.ts";
import type { DesiredState } from "../../model/service.ts";
import type { ApiClient } from "../client.ts";
import { applyIntent, isEdit } from "./apply.ts";
import { describeError, failure, RefusedError, refusalOf, USAGE } from "./errors.ts";
import type { Intent, Outcome } from "./intent.ts";
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
  const rules = readRules(text, { skipsComments: replaces });
  for (let attempt = 1; ; attempt++) {
    const read = await world.api.request({ method: "GET", path: "/v1/config" });
    if (read.status !== 200) throw new RefusedError(refusalOf(read));
    const before = toState(read.body as ConfigDocument);
    const result = await applyRules(rules, replaces ? { ...before, services: [] } : before, world);
    if ("rc" in result) return result;
    const refused = await put(world.api, result, read.etag);
    if (refused === undefined) return { rc: 0, stdout: "", stderr: "" };
    if (refused.refusal.code !== "STATE_CHANGED" || attempt === ATTEMPTS) throw refused;
  }
}

/** ipvsadm's way: goes on behind what the kernel refuses and behind a flag that is none. `run` runs one line. */
export async function restoreLineByLine(
  text: string,
  world: World,
  run: (argv: readonly string[]) => Promise<Outcome>,
): Promise<Outcome> {
  const errors: string[] = [];
  let rc: Outcome["rc"] = 0;
  for (const { argv } of readRules(text, { skipsComments: false })) {
    const intent = parse(argv, world);
    const outcome = isNested(intent) ? failure(255, USAGE.tryHelp(world.program)) : await run(argv);
    rc = outcome.rc;
    errors.push(outcome.stderr);
    await world.print(outcome.stdout);
    if (endsProcess(intent, outcome, world)) break;
  }
  return { rc, stdout: "", stderr: errors.join("") };
}

/** A restore within a restore. */
function isNested(intent: Intent | Outcome): boolean {
  return "verb" in intent && intent.verb === "restore";
}

/** ipvsadm ends where it stands behind help, and behind what it refuses in its own words. */
function endsProcess(intent: Intent | Outcome, { rc, stderr }: Outcome, { program }: World): boolean {
  const isHelp = "verb" in intent && (intent.verb === "help" || intent.verb === "version");
  return isHelp || rc === 1 || rc === 2 || stderr === `${USAGE.tryHelp(program)}\n`;
}

/** Lines with nothing but blanks are none. */
function readRules(text: string, { skipsComments }: { readonly skipsComments: boolean }): Rule[] {
  const rules = text.split("\n").map((line, index) => ({ number: index + 1, argv: splitRule(line) }));
  return rules.filter(({ argv }) => argv.length > 0 && !(skipsComments && argv[0]?.startsWith("#")));
}

/** Behind the last option of a service whose only flag has no name; ipvsadm saves it so, but does not read it back. */
const NAMELESS_FLAG = / -b[ \r]+$/;

/** The program's name may lead, and lines may end as DOS has it. */
function splitRule(line: string): string[] {
  const words = line.replace(NAMELESS_FLAG, "").split(/[ \t\r]+/);
  const [first = "", ...others] = words.filter((word) => word !== "");
  return first === "" || first === "ipvsadm" ? others : [first, ...others];
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
