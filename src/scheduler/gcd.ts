// SPDX-License-Identifier: MIT
// Euclid's algorithm: schedulers divide weights by what they have in common. No I/O here.

/** Of 0 and a number, that number. */
export function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
