// SPDX-License-Identifier: MIT
// A binary heap: the least of any number of entries at once.

export class Heap<Entry> {
  readonly #keyOf: (entry: Entry) => number;
  /** No entry is less than its parent, which is at (index - 1) >> 1. */
  readonly #entries: Entry[] = [];

  constructor(keyOf: (entry: Entry) => number) {
    this.#keyOf = keyOf;
  }

  get first(): Entry | undefined {
    return this.#entries[0];
  }

  add(entry: Entry): void {
    this.#entries.push(entry);
    this.#rise(this.#entries.length - 1);
  }

  removeFirst(): void {
    const last = this.#entries.pop();
    if (last === undefined || this.#entries.length === 0) return;
    this.#entries[0] = last;
    this.#sink(0);
  }

  clear(): void {
    this.#entries.length = 0;
  }

  #rise(index: number): void {
    for (let child = index; child > 0; ) {
      const parent = (child - 1) >> 1;
      if (this.#keyAt(parent) <= this.#keyAt(child)) return;
      this.#swap(parent, child);
      child = parent;
    }
  }

  #sink(index: number): void {
    for (let parent = index; ; ) {
      const left = 2 * parent + 1;
      const right = left + 1;
      const child = this.#keyAt(right) < this.#keyAt(left) ? right : left;
      if (this.#keyAt(child) >= this.#keyAt(parent)) return;
      this.#swap(parent, child);
      parent = child;
    }
  }

  /** Infinite where there is none. */
  #keyAt(index: number): number {
    const entry = this.#entries[index];
    return entry === undefined ? Number.POSITIVE_INFINITY : this.#keyOf(entry);
  }

  #swap(a: number, b: number): void {
    const kept = this.#entries[a] as Entry;
    this.#entries[a] = this.#entries[b] as Entry;
    this.#entries[b] = kept;
  }
}
