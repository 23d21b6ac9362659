// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startApi } from "./client.ts";

const MATCH = [
  { destination: "10.0.0.0/8", protocol: "tcp", ports: [80, "8000-8099"], interface: "eth0" },
  { destination: "2001:db8::/32" },
];

describe("/v1/marks", () => {
  it("keeps what was put, lists it and forgets it", async () => {
    const { call, director } = startApi();
    assert.deepEqual((await call("/v1/marks")).body, { marks: [] });
    const put = await call("/v1/marks/7", { method: "PUT", body: { match: MATCH } });
    assert.deepEqual([put.status, put.body], [200, { mark: 7, match: MATCH }]);
    assert.deepEqual((await call("/v1/marks/7")).body, put.body);
    assert.deepEqual((await call("/v1/marks")).body, { marks: [put.body] });
    assert.deepEqual((await call("/v1/config")).body.marks, [put.body]);
    assert.equal(director.origin?.how, "PUT /v1/marks/7");
    assert.equal((await call("/v1/marks/7", { method: "DELETE" })).status, 204);
    assert.deepEqual(director.desired.marks, []);
    assert.equal(director.origin?.how, "DELETE /v1/marks/7");
  });

  it("writes destinations and single ports in one form", async () => {
    const { call } = startApi();
    const match = [{ destination: "2001:DB8:0::/32", ports: ["80-80"] }, { destination: "192.0.2.1" }];
    const { body } = await call("/v1/marks/1", { method: "PUT", body: { match } });
    assert.deepEqual(body.match, [{ destination: "2001:db8::/32", ports: [80] }, { destination: "192.0.2.1/32" }]);
  });

  it("is part of /v1/config", async () => {
    const { call } = startApi();
    const marks = [{ mark: 7, match: MATCH }];
    const put = await call("/v1/config", { method: "PUT", body: { services: [], marks } });
    assert.deepEqual(put.body.marks, marks);
    assert.deepEqual((await call("/v1/marks")).body, { marks });
  });

  it("does not know a mark that is not there", async () => {
    const { call } = startApi();
    for (const method of ["GET", "DELETE"] as const) {
      const { status, body } = await call("/v1/marks/7", { method });
      assert.deepEqual(
        [status, body],
        [404, { code: "MARK_NOT_FOUND", message: "no packets have mark 7", details: [] }],
      );
    }
  });

  const to = "10.0.0.0/8";
  const network = "must be a network like 10.0.0.0/8, with no bits beyond its length";
  const range = "must be a range of ports like 8000-8099";
  const REFUSED: readonly [what: string, body: unknown, field: string, message: string][] = [
    ["no match", { match: [] }, "match", "must not have fewer than 1 items"],
    ["no destination", { match: [{}] }, "match[0].destination", "is required"],
    ["an address with host bits", { match: [{ destination: "10.0.0.1/8" }] }, "match[0].destination", network],
    [
      "an unknown protocol",
      { match: [{ destination: to, protocol: "icmp" }] },
      "match[0].protocol",
      "must be one of tcp, udp, sctp",
    ],
    ["port 0", { match: [{ destination: to, ports: [0] }] }, "match[0].ports[0]", "must be >= 1"],
    ["ports backwards", { match: [{ destination: to, ports: ["9-8"] }] }, "match[0].ports[0]", range],
    ["another field", { match: [{ destination: to, source: to }] }, "match[0].source", "is not a known field"],
  ];
  for (const [what, body, field, message] of REFUSED) {
    it(`refuses ${what} and changes nothing`, async () => {
      const { call, director } = startApi();
      const answer = await call("/v1/marks/7", { method: "PUT", body });
      assert.deepEqual([answer.status, answer.body.details], [400, [{ field, message }]]);
      assert.equal(director.desired.marks, undefined);
    });
  }

  for (const mark of ["0", "4294967296", "x"]) {
    it(`refuses mark ${mark}`, async () => {
      const { call } = startApi();
      assert.equal((await call(`/v1/marks/${mark}`, { method: "PUT", body: { match: MATCH } })).status, 400);
    });
  }
});
