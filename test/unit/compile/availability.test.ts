// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertAvailable } from "../../../src/compile/availability.ts";
import { EMPTY_STATE, SCHEDULER_NAMES, type VirtualService } from "../../../src/model/service.ts";
import { server, service } from "../../support/memory-director.ts";

const check = (...services: VirtualService[]) => assertAvailable({ ...EMPTY_STATE, services });

describe("what the data plane cannot do yet", () => {
  test("is refused with the field that asks for it", () => {
    const message = "persistence by SIP's Call-ID is not available yet";
    assert.throws(() => check(service([]), service([], { persistenceEngine: "sip" })), {
      code: "UNSUPPORTED",
      message,
      details: [{ field: "services[1].persistenceEngine", message }],
    });
  });

  test("is no scheduler", () => {
    for (const scheduler of SCHEDULER_NAMES)
      assert.doesNotThrow(() => check(service([server("10.1.0.1")], { scheduler })));
  });
});
