// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { toSettingsDocument } from "../../../src/config/settings.ts";
import { DEFAULT_SETTINGS } from "../../../src/model/settings.ts";
import { startApi } from "./client.ts";

const URL = "/v1/settings";
const DEFAULTS = toSettingsDocument(DEFAULT_SETTINGS);
const { timeouts } = DEFAULTS;

describe(URL, () => {
  it("has IPVS's defaults at first", async () => {
    const { call } = startApi();
    assert.deepEqual((await call(URL)).body, DEFAULTS);
  });

  it("keeps what a PATCH leaves out", async () => {
    const { call, director } = startApi();
    await call(URL, { method: "PATCH", body: { conn_reuse_mode: 2, timeouts: { tcpfin: 15 } } });
    const answer = await call(URL, { method: "PATCH", body: { secure_tcp: 3, timeouts: { udp: 60 } } });
    assert.equal(answer.status, 200);
    const expected = { conn_reuse_mode: 2, secure_tcp: 3, timeouts: { ...timeouts, tcpfin: 15, udp: 60 } };
    assert.deepEqual(answer.body, { ...DEFAULTS, ...expected });
    assert.deepEqual((await call(URL)).body, answer.body);
    assert.deepEqual(toSettingsDocument(director.desired.settings), answer.body);
  });

  it("goes back to the defaults where a PUT leaves something out", async () => {
    const { call } = startApi();
    await call(URL, { method: "PATCH", body: { sloppy_tcp: 1, timeouts: { tcp: 60 } } });
    const answer = await call(URL, { method: "PUT", body: { pmtu_disc: 0, timeouts: { udp: 60 } } });
    assert.deepEqual(answer.body, { ...DEFAULTS, pmtu_disc: 0, timeouts: { ...timeouts, udp: 60 } });
  });

  it("is part of /v1/config and leaves services alone", async () => {
    const { call, director } = startApi();
    await call("/v1/services/tcp/192.0.2.1/80", { method: "PUT", body: { scheduler: "rr" } });
    const { services } = director.desired;
    const { body } = await call(URL, { method: "PATCH", body: { nat_icmp_send: 1 } });
    assert.deepEqual((await call("/v1/config")).body.settings, body);
    assert.equal(director.desired.services, services);
  });

  const REFUSED: readonly [body: unknown, code: string, field: string][] = [
    [{ sloppy: 1 }, "INVALID_VALUE", "sloppy"],
    [{ sloppy_sctp: 2 }, "INVALID_VALUE", "sloppy_sctp"],
    [{ expire_nodest_conn: true }, "INVALID_VALUE", "expire_nodest_conn"],
    [{ conn_reuse_mode: -1 }, "INVALID_VALUE", "conn_reuse_mode"],
    [{ secure_tcp: 1 }, "UNSUPPORTED", "settings.secure_tcp"],
    [{ secure_tcp: 2 }, "UNSUPPORTED", "settings.secure_tcp"],
    [{ secure_tcp: 4 }, "INVALID_VALUE", "secure_tcp"],
    [{ timeouts: { tcp: 0 } }, "INVALID_VALUE", "timeouts.tcp"],
    [{ timeouts: { tcpfin: 2_678_401 } }, "INVALID_VALUE", "timeouts.tcpfin"],
    [{ timeouts: { sctp: 60 } }, "INVALID_VALUE", "timeouts.sctp"],
    [[], "INVALID_VALUE", "body"],
  ];
  for (const [body, code, field] of REFUSED) {
    for (const method of ["PUT", "PATCH"] as const) {
      it(`refuses ${method} ${JSON.stringify(body)}`, async () => {
        const { call, director } = startApi();
        const before = director.desired;
        const answer = await call(URL, { method, body });
        assert.equal(answer.status, 400);
        assert.deepEqual([answer.body.code, answer.body.details[0].field], [code, field]);
        assert.equal(director.desired, before);
      });
    }
  }
});
