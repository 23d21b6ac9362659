// SPDX-License-Identifier: MIT
// One run of a check from here to there: by which way it goes, who carries it out, and what comes of it.

import { type Passage, type ProbeTarget, type ProbeWays, probeTarget } from "../../model/probe.ts";
import { failure, type Subject } from "./checker.ts";
import type { Job, Performed, PeriodicCheck } from "./perform.ts";

export interface Run extends Job {
  readonly signal: AbortSignal;
  /** How checks of a VIP get there now. */
  readonly passageTo: ProbeWays["passageTo"];
  /** Who carries it out. Never rejects; undefined: nobody could, which says nothing about the server. */
  readonly perform: (job: Job, signal: AbortSignal) => Promise<Performed | undefined>;
}

/** Runs the check once. Never rejects. Undefined: nothing was found out. */
export async function runCheck({ signal, passageTo, perform, ...job }: Run): Promise<Performed | undefined> {
  const { check, subject } = job;
  const target = probeTarget(subject.aim, check);
  if (!target) return perform(job, signal);
  const passage = passageTo(target);
  if (passage.kind === "blocked") return { outcome: failure(passage.reason), duration: 0 };
  const aimed = { ...job, check: withoutAddress(check), subject: { ...subject, ...wayOf(passage, target) } };
  const performed = await perform(aimed, signal);
  const obstacle = performed && passage.kind === "marked" ? passage.obstacle(performed.outcome) : undefined;
  return performed && obstacle !== undefined ? { ...performed, outcome: failure(obstacle) } : performed;
}

/** Which is the target's: the passage says where to connect. */
function withoutAddress<Kind extends PeriodicCheck>(check: Kind): Kind {
  if (!("connectIp" in check)) return check;
  const { connectIp: _vip, ...rest } = check;
  return rest as Kind;
}

function wayOf(passage: Passage, target: ProbeTarget): Partial<Subject> {
  if (passage.kind === "marked") return { mark: passage.mark, source: passage.source };
  return { rip: target.vip };
}
