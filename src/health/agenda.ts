// SPDX-License-Identifier: MIT
// When what is to be done: any number of appointments, one timer.

import { TURN_LENGTH } from "../turn.ts";
import { Heap } from "./heap.ts";

export interface Clock {
  /** ms, of a monotonic clock. */
  now(): number;
  /** Calls `action` once after so many ms, unless the returned function is called before. */
  after(ms: number, action: () => void): () => void;
}

/** ms; node's timers fire at once when they are to wait for longer: 25 days. */
export const LONGEST_TIMER = 2 ** 31 - 1;

export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  /** Perhaps earlier than in 25 days: then nothing is due, and the agenda waits on. */
  after(ms, action) {
    const timer = setTimeout(action, Math.min(ms, LONGEST_TIMER));
    return () => clearTimeout(timer);
  },
};

/** Appointments within so many ms are kept together if they can wait: one wake-up for dozens of checks costs less than dozens. */
const GRAIN = 10;

export interface Appointment {
  /** Not earlier, */
  readonly due: number;
  /** and, for the sake of other work, not later. */
  readonly latest: number;
  /** undefined: cancelled. */
  action: (() => void) | undefined;
}

export class Agenda {
  readonly #clock: Clock;
  readonly #ahead = new Heap<Appointment>(({ due }) => due);
  /** Those whose time has come: when many are, the ones that can wait let others go first. */
  readonly #overdue = new Heap<Appointment>(({ latest }) => latest);
  #cancelTimer = (): void => {};
  #timerDue = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  /** `patience`: for how many ms after `due` other work may come first. */
  add(due: number, patience: number, action: () => void): Appointment {
    const appointment = { due, latest: due + patience, action };
    this.#ahead.add(appointment);
    this.#arm();
    return appointment;
  }

  /** Its place is given up when it comes due. */
  cancel(appointment: Appointment): void {
    appointment.action = undefined;
  }

  clear(): void {
    this.#ahead.clear();
    this.#overdue.clear();
    this.#arm();
  }

  /** Overdue ones go on after a round of the event loop. */
  #arm(): void {
    const due = this.#overdue.first?.due ?? grouped(this.#ahead.first);
    if (due === this.#timerDue) return;
    this.#cancelTimer();
    this.#timerDue = due;
    this.#cancelTimer = () => {};
    if (due !== Number.POSITIVE_INFINITY) {
      this.#cancelTimer = this.#clock.after(Math.max(0, Math.ceil(due - this.#clock.now())), () => this.#run());
    }
  }

  /** A turn, longer only by those that can wait no more. */
  #run(): void {
    this.#timerDue = Number.POSITIVE_INFINITY;
    const end = this.#clock.now() + TURN_LENGTH;
    for (let now = this.#clock.now(); ; now = this.#clock.now()) {
      this.#collect(now);
      const first = this.#overdue.first;
      if (!first || (now >= end && now < first.latest)) break;
      this.#overdue.removeFirst();
      first.action?.();
    }
    this.#arm();
  }

  #collect(now: number): void {
    for (let next = this.#ahead.first; next && next.due <= now; next = this.#ahead.first) {
      this.#ahead.removeFirst();
      this.#overdue.add(next);
    }
  }
}

/** When an appointment is kept that comes after no other one. */
function grouped(appointment: Appointment | undefined): number {
  if (!appointment) return Number.POSITIVE_INFINITY;
  return Math.min(Math.ceil(appointment.due / GRAIN) * GRAIN, appointment.latest);
}
