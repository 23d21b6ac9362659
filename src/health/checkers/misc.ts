// SPDX-License-Identifier: MIT
// MISC_CHECK: a script decides, by its exit status.

import type { MiscCheck } from "../../model/check.ts";
import { runScript, type ScriptPolicy } from "../scripts.ts";
import { failure, OK, type Outcome } from "./checker.ts";

/** Exit status s asks for weight s - WEIGHT_BASE, when the check is dynamic. */
const WEIGHT_BASE = 2;

export async function checkMisc(check: MiscCheck, policy: ScriptPolicy, signal: AbortSignal): Promise<Outcome> {
  const { script, timeout, dynamicWeight } = check;
  const end = await runScript({ script, timeout, signal }, policy);
  if (end.kind === "timeout") return failure("timed out");
  if (end.kind === "killed") return failure(`killed by ${end.signal}`);
  if (end.kind === "not-run") return failure(end.reason);
  if (end.status === 0) return OK;
  if (!dynamicWeight || end.status < WEIGHT_BASE) return failure(`exited with status ${end.status}`);
  return { ok: true, weight: end.status - WEIGHT_BASE };
}
