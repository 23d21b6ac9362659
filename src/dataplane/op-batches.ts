// SPDX-License-Identifier: MIT
// Which operations go to the kernel together: after each change of a map of maps it waits, some 14 ms, for programs
// that are under way. Order is kept. No I/O here.

import type { MapOp } from "../compile/image.ts";

export type PutTable = Extract<MapOp, { op: "put-table" }>;
export type PutRanking = PutTable & Required<Pick<PutTable, "ranking">>;

export type OpBatch =
  | { readonly kind: "tables"; readonly tables: readonly PutTable[] }
  | { readonly kind: "gone tables"; readonly services: readonly number[] }
  /** Of a service that packets meet. */
  | { readonly kind: "ranking"; readonly table: PutRanking }
  | { readonly kind: "one"; readonly op: Exclude<MapOp, { op: "put-table" | "delete-table" }> };

/** Tables in one batch: each is a file descriptor meanwhile. */
const TABLES_MAX = 256;

/** `isMet`: packets may come to this service. */
export function batchesOf(ops: readonly MapOp[], isMet: (service: number) => boolean): OpBatch[] {
  const batches: OpBatch[] = [];
  let tables: PutTable[] = [];
  let services: number[] = [];
  for (const op of ops) {
    if (op.op === "put-table" && isRanking(op) && isMet(op.service)) {
      batches.push({ kind: "ranking", table: op });
    } else if (op.op === "put-table") {
      if (tables.length === 0 || tables.length === TABLES_MAX || batches.at(-1)?.kind !== "tables") {
        tables = [];
        batches.push({ kind: "tables", tables });
      }
      tables.push(op);
    } else if (op.op === "delete-table") {
      if (batches.at(-1)?.kind !== "gone tables") {
        services = [];
        batches.push({ kind: "gone tables", services });
      }
      services.push(op.service);
    } else {
      batches.push({ kind: "one", op });
    }
  }
  return batches;
}

function isRanking(table: PutTable): table is PutRanking {
  return table.ranking !== undefined;
}
