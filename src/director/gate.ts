// SPDX-License-Identifier: MIT
// Those who read all of the data plane, and those who change it: any number of the former, or one of the latter.

export class Gate {
  /** The last change; whoever reads begins when it is done. */
  #writing: Promise<unknown> = Promise.resolve();
  /** Everybody who reads; the next change begins when they are done. */
  #reading: Promise<unknown> = Promise.resolve();

  /** While nobody writes. */
  read<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#writing.then(work);
    this.#reading = Promise.allSettled([this.#reading, result]);
    return result;
  }

  /** While nobody else writes or reads. */
  write<T>(work: () => Promise<T>): Promise<T> {
    const result = Promise.all([this.#writing, this.#reading]).then(work);
    this.#writing = result.catch(() => {});
    return result;
  }

  /** Resolves when the last change so far is done. */
  async written(): Promise<void> {
    await this.#writing;
  }
}
