// SPDX-License-Identifier: MIT
// The values that flags take, read as C's strtol and strcmp read them. Pure.

/** Says why a text is no value of a flag, or undefined when it is one. */
export type ValueCheck = (text: string) => string | undefined;

/** A decimal number as strtol takes it (blanks and a sign may lead), or undefined outside `min`..`max`. */
export function readInteger(text: string, min: number, max: number): number | undefined {
  if (!/^[ \t\n\v\f\r]*[+-]?[0-9]+$/.test(text)) return undefined;
  const number = Number(text) + 0;
  return number >= min && number <= max ? number : undefined;
}

/** What atoi reads; undefined where it reads nothing. */
export function leadingInteger(text: string): number | undefined {
  const [digits] = /^[ \t\n\v\f\r]*[+-]?[0-9]+/.exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

export function integer(min: number, max: number, refusal: string | ((text: string) => string)): ValueCheck {
  return (text) => {
    if (readInteger(text, min, max) !== undefined) return undefined;
    return typeof refusal === "string" ? refusal : refusal(text);
  };
}

export function oneOf(choices: readonly string[], refusal: string): ValueCheck {
  return (text) => (choices.includes(text) ? undefined : refusal);
}
