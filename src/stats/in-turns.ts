// SPDX-License-Identifier: MIT
// Work on tens of thousands of servers that leaves others their turns.

import { Turn } from "../turn.ts";

export async function mapInTurns<Service, Result>(
  services: Iterable<Service>,
  map: (service: Service) => Result,
): Promise<Result[]> {
  const results: Result[] = [];
  const turn = new Turn();
  for (const service of services) {
    results.push(map(service));
    if (turn.isOver) await turn.next();
  }
  return results;
}
