// SPDX-License-Identifier: MIT
// A YAML text whose fields know their line and column. JSON is YAML, so this reads JSON as well, at
// fifty times the cost of JSON.parse. Knows nothing of what the text should say.

import { type Document, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from "yaml";

/** One-based. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface YamlProblem extends Place {
  readonly message: string;
}

/** Where the library's words are no help to who wrote the text. */
const PROBLEMS: Readonly<Record<string, string>> = {
  MULTIPLE_DOCS: "there is more than one document",
  RESOURCE_EXHAUSTION: "lists and maps are nested too deeply",
};

export class YamlText {
  readonly #lines = new LineCounter();
  readonly #document: Document.Parsed;

  constructor(text: string) {
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false, stringKeys: true });
  }

  /** What is wrong with the syntax; unknown tags count, as a value would silently change its type. */
  get problems(): readonly YamlProblem[] {
    const { errors, warnings } = this.#document;
    return [...errors, ...warnings].map(({ code, message, pos }) => ({
      message: PROBLEMS[code] ?? message,
      ...this.#placeAt(pos[0]),
    }));
  }

  /** @throws ReferenceError for an alias without an anchor, or too many of them */
  toValue(): unknown {
    return this.#document.toJS();
  }

  /** Where `services[0].vip` is written, or the closest thing around it that is. */
  placeOf(field: string): Place {
    let node: unknown = this.#document.contents;
    let offset = startOf(node) ?? 0;
    for (const segment of field.match(/[^.[\]]+/g) ?? []) {
      const step = this.#enter(node, segment);
      if (step === undefined) break;
      node = step.node;
      offset = step.offset ?? offset;
    }
    return this.#placeAt(offset);
  }

  #enter(parent: unknown, segment: string): { node: unknown; offset: number | undefined } | undefined {
    const node = isAlias(parent) ? parent.resolve(this.#document) : parent;
    if (isSeq(node)) {
      const item = node.items[Number(segment)];
      return item === undefined ? undefined : { node: item, offset: startOf(item) };
    }
    if (!isMap(node)) return undefined;
    const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === segment);
    return pair && { node: pair.value, offset: startOf(pair.key) };
  }

  #placeAt(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  }
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}
