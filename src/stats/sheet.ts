// SPDX-License-Identifier: MIT
// The values of many metrics of many subjects, and their text in Prometheus's format, which has one metric after the other.

import { Counter, Gauge, Registry } from "prom-client";
import type { Labels } from "./labels.ts";

export interface Metric<Subject> {
  readonly type: typeof Counter | typeof Gauge;
  /** Without the prefix. */
  readonly name: string;
  readonly help: string;
  readonly read: (subject: Subject) => number;
}

/** All metrics of one kind of subject. */
export type Table<Subject> = readonly Metric<Subject>[];

const PREFIX = "xdirector_";
/** Written without a pause: a millisecond or two. */
const ROWS_AT_ONCE = 250;
/** `# HELP` and `# TYPE`, which only the first piece of a metric has. */
const TITLES = /^#.*\n#.*\n/;

export class Sheet<Subject> {
  readonly #columns: readonly { readonly metric: Metric<Subject>; readonly values: number[] }[];
  readonly #labels: Labels[] = [];

  constructor(table: Table<Subject>) {
    this.#columns = table.map((metric) => ({ metric, values: [] }));
  }

  /** Reads all metrics of the subject. No two may have the same labels. */
  add(labels: Labels, subject: Subject): this {
    this.#labels.push(labels);
    for (const { metric, values } of this.#columns) values.push(metric.read(subject));
    return this;
  }

  /** Piece by piece, so that the caller can do other work in between. */
  async *text(): AsyncGenerator<string> {
    for (const { metric, values } of this.#columns) {
      yield await samplesText(metric, this.#samples(values, 0));
      for (let first = ROWS_AT_ONCE; first < values.length; first += ROWS_AT_ONCE) {
        yield (await samplesText(metric, this.#samples(values, first))).replace(TITLES, "");
      }
      yield "\n";
    }
  }

  /**
   * As shared labels, which histograms have, labels are made text once, however many metrics a subject has. A metric of
   * prom-client's own would file each value under its labels before it writes it, which takes ten times as long.
   */
  #samples(values: readonly number[], first: number) {
    const labels = this.#labels.slice(first, first + ROWS_AT_ONCE);
    return labels.map((sharedLabels, row) => ({ labels: {}, sharedLabels, value: values[first + row] as number }));
  }
}

async function samplesText<Subject>(
  { type: Type, name, help }: Metric<Subject>,
  values: readonly { readonly labels: Labels; readonly sharedLabels: Labels; readonly value: number }[],
): Promise<string> {
  const registry = new Registry();
  const metric = new Type({ name: PREFIX + name, help, registers: [] });
  const described = await metric.get();
  registry.registerMetric(Object.assign(metric, { get: async () => ({ ...described, values }) }));
  return registry.metrics();
}

export function counter<Subject>(name: string, help: string, read: (subject: Subject) => number): Metric<Subject> {
  return { type: Counter, name, help, read };
}

export function gauge<Subject>(name: string, help: string, read: (subject: Subject) => number): Metric<Subject> {
  return { type: Gauge, name, help, read };
}
