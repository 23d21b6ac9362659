// SPDX-License-Identifier: MIT
// From what one run of a check found out to the check's verdict and the time of its next run, exactly as
// keepalived times them. Pure: time and outcome are inputs.

import type { Check, HttpCheck } from "../model/check.ts";
import type { Outcome } from "./checkers/checker.ts";
import type { PeriodicCheck } from "./checkers/perform.ts";

export interface CheckState {
  readonly isUp: boolean;
  /** Whether there was a verdict by a run yet. */
  readonly hasRun: boolean;
  /** Failures in a row that did not count. */
  readonly failures: number;
  /** HTTP: index of the url that is tried next. */
  readonly url: number;
  /** HTTP: that url has made the check fail. */
  readonly urlFailed: boolean;
  /** What the check adds to the server's weight. */
  readonly bonus: number;
}

export interface Step {
  readonly state: CheckState;
  /** ms from the end of this run (MISC: from its start) to the next. */
  readonly wait: number;
  /** The run made or confirmed for the first time the verdict `state.isUp`. */
  readonly isVerdict: boolean;
  /** Failures before the one that made the verdict. */
  readonly retries: number;
}

/** Before the first run one failure is enough: nothing speaks for the server yet. */
export function initialState(check: Check): CheckState {
  const retry = isTimed(check) ? check.retry : 0;
  const isUp = check.type === "file" || !check.alpha;
  return { isUp, hasRun: false, failures: retry, url: 0, urlFailed: false, bonus: 0 };
}

/** Of a check whose server was down when the daemon ended: one success is enough. */
export function fallenState(check: Check): CheckState {
  const state = initialState(check);
  if (check.type === "bfd") return state;
  const url = check.type === "http" || check.type === "https" ? check.urls.length - 1 : 0;
  return { ...state, isUp: false, hasRun: true, failures: 0, url };
}

/** `weight` is the server's configured one. */
export function step(check: PeriodicCheck, state: CheckState, outcome: Outcome, weight: number): Step {
  const rise =
    check.type === "http" || check.type === "https"
      ? stepHttp(check, state, outcome)
      : stepSimple(check, state, outcome);
  if (!outcome.ok) return rise.state.isUp ? rise : { ...rise, state: { ...rise.state, bonus: 0 } };
  const bonus = outcome.weight === undefined ? 0 : outcome.weight - weight;
  return { ...rise, state: { ...rise.state, bonus } };
}

/** What the number in a file means for a check that is told of it: no retries, no waiting. */
export function follow(state: CheckState, outcome: Outcome): Omit<Step, "wait"> {
  const isVerdict = state.isUp !== outcome.ok;
  const bonus = outcome.ok ? (outcome.bonus ?? 0) : 0;
  return { state: { ...state, isUp: outcome.ok, hasRun: true, bonus }, isVerdict, retries: 0 };
}

/** The state of a check goes over to its successor in a new configuration (keepalived's migrate_checkers). */
export function migrate(state: CheckState, check: Check): CheckState {
  if (!isTimed(check)) return state;
  const url = check.type === "http" || check.type === "https" ? Math.min(state.url, check.urls.length - 1) : 0;
  return { ...state, url, failures: Math.min(state.failures, check.retry) };
}

function isTimed(check: Check): check is PeriodicCheck {
  return check.type !== "file" && check.type !== "bfd";
}

function stepSimple(check: PeriodicCheck, state: CheckState, outcome: Outcome): Step {
  const { delayLoop, delayBeforeRetry, retry } = check;
  const isVerdict = state.isUp !== outcome.ok || !state.hasRun;
  if (outcome.ok) {
    return { state: { ...state, isUp: true, hasRun: true, failures: 0 }, wait: delayLoop, isVerdict, retries: 0 };
  }
  const isPatient = state.isUp || retriesWhenDown(check);
  if (isPatient && state.failures < retry) {
    const failures = state.failures + 1;
    return { state: { ...state, hasRun: true, failures }, wait: delayBeforeRetry, isVerdict: false, retries: 0 };
  }
  const retries = state.hasRun ? retry : 0;
  return { state: { ...state, isUp: false, hasRun: true, failures: 0 }, wait: delayLoop, isVerdict, retries };
}

/** DNS and MISC checks of a server that is down wait delay_loop after every failure; the others go on in rounds. */
function retriesWhenDown({ type }: PeriodicCheck): boolean {
  return type !== "dns" && type !== "misc";
}

function stepHttp(check: HttpCheck, state: CheckState, outcome: Outcome): Step {
  return outcome.ok ? succeedHttp(check, state) : failHttp(check, state);
}

/** Up once all urls have succeeded in turn; one that had failed must first succeed by itself. */
function succeedHttp(check: HttpCheck, state: CheckState): Step {
  const isComplete = !state.urlFailed && state.url === check.urls.length - 1;
  const url = state.urlFailed || isComplete ? 0 : state.url + 1;
  const hasRun = state.hasRun || isComplete;
  const next = {
    ...state,
    isUp: state.isUp || isComplete,
    hasRun,
    failures: hasRun ? 0 : check.retry,
    url,
    urlFailed: false,
  };
  const isHurried = check.fastRecovery && (!next.hasRun || !next.isUp);
  const isVerdict = isComplete && (!state.isUp || !state.hasRun);
  return { state: next, wait: isHurried ? 0 : check.delayLoop, isVerdict, retries: 0 };
}

function failHttp(check: HttpCheck, state: CheckState): Step {
  const { delayLoop, delayBeforeRetry, retry } = check;
  const slow = Math.max(delayBeforeRetry, delayLoop);
  if (!state.isUp && state.hasRun) {
    return { state, wait: state.urlFailed ? slow : delayBeforeRetry, isVerdict: false, retries: 0 };
  }
  const failures = state.failures + 1;
  if (failures <= retry) {
    return { state: { ...state, hasRun: true, failures }, wait: delayBeforeRetry, isVerdict: false, retries: 0 };
  }
  const fallen = { ...state, isUp: false, hasRun: true, failures, urlFailed: true };
  return { state: fallen, wait: slow, isVerdict: true, retries: failures - 1 };
}
