// SPDX-License-Identifier: MIT
// Who answered, and whether that is what the scheduler promises. Pure.

/** One request's outcome: the real server's name; undefined when it failed. */
export type Answer = string | undefined;

/** How often each server answered, servers in the order given, those that never did included. */
export function tally(answers: readonly Answer[], servers: readonly string[]): ReadonlyMap<string, number> {
  return new Map(servers.map((server) => [server, answers.filter((answer) => answer === server).length]));
}

/**
 * What is wrong with a sequence of answers; empty when nothing is. Weighted round robin promises that every stretch
 * of one period (the sum of the weights) holds each server as often as its weight; round robin is the case of
 * equal weights, whose counts then differ by one at most.
 */
export function complaints(answers: readonly Answer[], weights: ReadonlyMap<string, number>): string[] {
  const failed = answers.filter((answer) => answer === undefined).length;
  const strangers = answers.filter((answer) => answer !== undefined && !weights.has(answer));
  return [
    ...(answers.length === 0 ? ["no requests were sent"] : []),
    ...(failed > 0 ? [`${failed} of ${answers.length} requests failed`] : []),
    ...(strangers.length > 0 ? [`answered by strangers: ${[...new Set(strangers)].join(", ")}`] : []),
    ...unevenPeriods(answers, weights),
  ];
}

function unevenPeriods(answers: readonly Answer[], weights: ReadonlyMap<string, number>): string[] {
  const period = [...weights.values()].reduce((sum, weight) => sum + weight, 0);
  for (let start = 0; start + period <= answers.length; start += 1) {
    const counts = tally(answers.slice(start, start + period), [...weights.keys()]);
    const isEven = [...weights].every(([server, weight]) => counts.get(server) === weight);
    if (!isEven) return [`requests ${start + 1} to ${start + period} went to ${describe(counts)}`];
  }
  return [];
}

function describe(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([server, count]) => `${server} ${count}`).join(", ");
}

/** "  rs1  300  ##########", one line a server. */
export function chart(counts: ReadonlyMap<string, number>): string {
  const most = Math.max(1, ...counts.values());
  return [...counts]
    .map(([server, count]) => `  ${server}  ${String(count).padStart(5)}  ${"#".repeat((count * 40) / most)}\n`)
    .join("");
}
