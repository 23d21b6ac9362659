// SPDX-License-Identifier: MIT
// A line whose characters know where in the file they were written, also after parameters were
// replaced in it or lines were joined. Immutable; no I/O here.

import type { Origin } from "./diagnostics.ts";

/** Line and column of a character in one number. */
type Place = number;

const COLUMNS = 2 ** 24;

export class Line {
  readonly file: string;
  readonly text: string;
  /** Of each character; inserted text has the place of what it stands for. */
  readonly #places: readonly Place[];
  /** Where the line ends, or began when it has no characters. */
  readonly #end: Place;

  private constructor(file: string, text: string, places: readonly Place[], end: Place) {
    this.file = file;
    this.text = text;
    this.#places = places;
    this.#end = end;
  }

  /** @param line - its number in the file, from 1 */
  static of(file: string, line: number, text: string): Line {
    const start = line * COLUMNS + 1;
    const places = Array.from({ length: text.length }, (_, index) => start + index);
    return new Line(file, text, places, start + text.length);
  }

  originAt(index: number): Origin {
    const place = this.#placeAt(index);
    return { file: this.file, line: Math.floor(place / COLUMNS), column: place % COLUMNS };
  }

  slice(start: number, end = this.text.length): Line {
    return new Line(this.file, this.text.slice(start, end), this.#places.slice(start, end), this.#placeAt(end));
  }

  trim(): Line {
    const start = this.text.length - this.text.trimStart().length;
    return this.slice(start, Math.max(start, this.text.trimEnd().length));
  }

  /** With `text` in place of the characters from `start` to `end`. */
  replace(start: number, end: number, text: string): Line {
    const inserted = new Array<Place>(text.length).fill(this.#placeAt(start));
    const places = [...this.#places.slice(0, start), ...inserted, ...this.#places.slice(end)];
    return new Line(this.file, this.text.slice(0, start) + text + this.text.slice(end), places, this.#end);
  }

  /** Followed by the other line, a blank between them. */
  join(other: Line): Line {
    const places = [...this.#places, this.#end, ...other.#places];
    return new Line(this.file, `${this.text} ${other.text}`, places, other.#end);
  }

  #placeAt(index: number): Place {
    return this.#places[index] ?? this.#end;
  }
}
