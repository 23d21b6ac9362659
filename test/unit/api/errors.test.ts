// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ERROR_CODES, type ErrorCode, XdirectorError } from "../../../src/errors.ts";
import { type Call, startApi } from "./client.ts";

const JSON_TYPE = { "content-type": "application/json" };

const REFUSED: readonly [what: string, url: string, call: Call, code: ErrorCode, message: RegExp][] = [
  ["an unknown path", "/v2/config?x=1", {}, "NOT_FOUND", /^no GET \/v2\/config$/],
  ["an unknown method", "/v1/services", { method: "POST", body: {} }, "NOT_FOUND", /^no POST \/v1\/services$/],
  ["broken JSON", "/v1/config", { method: "PUT", body: '{"services": [,]}' }, "INVALID_JSON", /Unexpected token ','/],
  ["JSON that ends early", "/v1/config", { method: "PUT", body: '{"services"' }, "INVALID_JSON", /position|end/],
  [
    "an empty body called JSON",
    "/v1/config",
    { method: "PUT", headers: JSON_TYPE },
    "INVALID_JSON",
    /Unexpected end of JSON input/,
  ],
  [
    "text",
    "/v1/config",
    { method: "PUT", body: "services: []", headers: { "content-type": "text/plain" } },
    "UNSUPPORTED_MEDIA_TYPE",
    /must be application\/json/,
  ],
  [
    "a form",
    "/v1/config",
    { method: "PUT", body: "services=", headers: { "content-type": "application/x-www-form-urlencoded" } },
    "UNSUPPORTED_MEDIA_TYPE",
    /must be application\/json/,
  ],
  [
    "a body above 16 MiB",
    "/v1/config",
    { method: "PUT", body: `{"services": [${" ".repeat(16 * 2 ** 20)}]}` },
    "BODY_TOO_LARGE",
    /too large/,
  ],
  ["a broken percent escape", "/v1/services/tcp/%zz/80", {}, "INVALID_REQUEST", /not a valid url/],
];

describe("an error", () => {
  for (const [what, url, call, code, message] of REFUSED) {
    it(`for ${what} is ${code}`, async () => {
      const api = startApi();
      const answer = await api.call(url, call);
      assert.equal(answer.status, ERROR_CODES[code]);
      assert.equal(answer.body.code, code);
      assert.match(answer.body.message, message);
      assert.deepEqual(answer.body.details, []);
      assert.deepEqual(api.internalErrors, []);
    });
  }

  it("for a field that is given twice names it, and nothing changes", async () => {
    const { call, director } = startApi();
    const service = '{"protocol": "tcp", "vip": "192.0.2.1", "port": 80, "scheduler": "rr", "scheduler": "wrr"}';
    const before = director.desired;
    const answer = await call("/v1/config", { method: "PUT", body: `{"services": [${service}]}` });
    const field = "services[0].scheduler";
    assert.equal(answer.status, 400);
    assert.deepEqual(answer.body, {
      code: "INVALID_VALUE",
      message: `${field} is given twice, again in line 1`,
      details: [{ field, message: "is given twice, again in line 1" }],
    });
    assert.equal(director.desired, before);
  });

  for (const [code, status] of Object.entries(ERROR_CODES) as [ErrorCode, number][]) {
    it(`that the director names ${code} answers ${status}`, async () => {
      const { call, director } = startApi();
      const details = [{ field: "a", message: "b" }];
      director.failure = new XdirectorError(code, "what went wrong", details);
      const answer = await call("/v1/stats");
      assert.equal(answer.status, status);
      assert.deepEqual(answer.body, { code, message: "what went wrong", details });
    });
  }

  it("nobody expected is reported but not shown", async () => {
    const { call, director, internalErrors } = startApi();
    director.failure = new TypeError("cannot read properties of undefined");
    const answer = await call("/v1/stats");
    assert.equal(answer.status, 500);
    assert.deepEqual(answer.body, { code: "INTERNAL", message: "internal error", details: [] });
    assert.deepEqual(internalErrors, [director.failure]);
  });
});
