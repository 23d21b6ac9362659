// SPDX-License-Identifier: MIT
// When what is to be done: any number of appointments, one timer.

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

export interface Appointment {
  readonly due: number;
  /** undefined: cancelled. */
  action: (() => void) | undefined;
}

/** Kept without a pause: when thousands are due, other work comes in between, */
const AT_ONCE = 16;
/** but not once they are overdue by more than this, in ms. */
const PATIENCE = 20;

export class Agenda {
  readonly #clock: Clock;
  /** A binary heap: no entry is due before its parent, which is at (index - 1) >> 1. */
  readonly #heap: Appointment[] = [];
  #cancelTimer = (): void => {};
  #timerDue = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  add(due: number, action: () => void): Appointment {
    const appointment = { due, action };
    this.#heap.push(appointment);
    this.#rise(this.#heap.length - 1);
    this.#arm();
    return appointment;
  }

  /** Its place in the heap is given up when it comes due. */
  cancel(appointment: Appointment): void {
    appointment.action = undefined;
  }

  clear(): void {
    this.#heap.length = 0;
    this.#arm();
  }

  #arm(): void {
    const due = this.#heap[0]?.due ?? Number.POSITIVE_INFINITY;
    if (due === this.#timerDue) return;
    this.#cancelTimer();
    this.#timerDue = due;
    this.#cancelTimer = () => {};
    if (due !== Number.POSITIVE_INFINITY) {
      this.#cancelTimer = this.#clock.after(Math.max(0, Math.ceil(due - this.#clock.now())), () => this.#run());
    }
  }

  #run(): void {
    this.#timerDue = Number.POSITIVE_INFINITY;
    const now = this.#clock.now();
    for (let kept = 0; ; kept++) {
      const first = this.#heap[0];
      if (!first || first.due > now || (kept >= AT_ONCE && now - first.due <= PATIENCE)) break;
      this.#removeFirst();
      first.action?.();
    }
    this.#arm();
  }

  #removeFirst(): void {
    const last = this.#heap.pop() as Appointment;
    if (this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#sink(0);
  }

  #rise(index: number): void {
    for (let child = index; child > 0; ) {
      const parent = (child - 1) >> 1;
      if (this.#dueAt(parent) <= this.#dueAt(child)) return;
      this.#swap(parent, child);
      child = parent;
    }
  }

  #sink(index: number): void {
    for (let parent = index; ; ) {
      const left = 2 * parent + 1;
      const right = left + 1;
      const child = this.#dueAt(right) < this.#dueAt(left) ? right : left;
      if (this.#dueAt(child) >= this.#dueAt(parent)) return;
      this.#swap(parent, child);
      parent = child;
    }
  }

  #dueAt(index: number): number {
    return this.#heap[index]?.due ?? Number.POSITIVE_INFINITY;
  }

  #swap(a: number, b: number): void {
    const kept = this.#heap[a] as Appointment;
    this.#heap[a] = this.#heap[b] as Appointment;
    this.#heap[b] = kept;
  }
}
