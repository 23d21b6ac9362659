// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Address } from "../../../src/model/address.ts";
import type { ServiceAddress } from "../../../src/model/service.ts";
import { LabelBook } from "../../../src/stats/labels.ts";

const WEB: ServiceAddress = { protocol: "tcp", vip: "192.0.2.1" as Address, port: 80 };
const MARK: ServiceAddress = { mark: 80, family: "ipv6" };

function server(n: number) {
  return { rip: `10.0.0.${n}` as Address, port: 8080 };
}

describe("the book of labels", () => {
  test("tells servers, their services and their checks apart", () => {
    const book = new LabelBook();
    const [web, mark] = [book.ofServers(WEB), book.ofServers(MARK)];
    assert.deepEqual(web(server(1)), { service: "192.0.2.1:80", protocol: "tcp", server: "10.0.0.1:8080" });
    assert.deepEqual(web({ ...server(1), port: 0 }), { ...web(server(1)), server: "10.0.0.1:0" });
    assert.deepEqual(mark(server(1)), { service: "80", protocol: "fwm6", server: "10.0.0.1:8080" });
    assert.deepEqual(book.ofCheck(web(server(1)), "tcp"), { ...web(server(1)), check: "tcp" });
    assert.deepEqual(book.ofCheck(web(server(1)), "http"), { ...web(server(1)), check: "http" });
  });

  test("gives the same objects from scrape to scrape", () => {
    const book = new LabelBook();
    const first = book.ofServers(WEB)(server(1));
    const check = book.ofCheck(first, "tcp");
    book.trim();
    assert.equal(book.ofServers(WEB)(server(1)), first);
    assert.equal(book.ofCheck(first, "tcp"), check);
  });

  test("forgets servers when most of them are not asked for any more", () => {
    const book = new LabelBook();
    const labels = [1, 2, 3, 4, 5].map((n) => book.ofServers(WEB)(server(n)));
    book.trim();
    for (const n of [1, 2, 3]) assert.equal(book.ofServers(WEB)(server(n)), labels[n - 1]);
    book.trim();
    for (const n of [1, 2]) assert.equal(book.ofServers(WEB)(server(n)), labels[n - 1]);
    book.trim();
    assert.notEqual(book.ofServers(WEB)(server(1)), labels[0]);
  });
});
