// SPDX-License-Identifier: MIT
// What an operator may change, and what is refused with which code and field.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { XdirectorError } from "../../../src/errors.ts";
import * as edits from "../../../src/model/edits.ts";
import { assertValidState, type DesiredState } from "../../../src/model/service.ts";
import { address, server, service } from "../../support/memory-director.ts";

const web = service([server("10.1.0.1"), server("10.1.0.2")]);
const state: DesiredState = { services: [web] };
const missing = service([], { port: 8080 });
const ipv6 = service([], { vip: address("2001:db8::1") });

describe("edits that are refused", () => {
  const rows: readonly { what: string; edit: () => unknown; code: string; field?: string }[] = [
    { what: "adding a service twice", edit: () => edits.addService(state, web), code: "SERVICE_EXISTS" },
    { what: "editing no service", edit: () => edits.editService(state, missing, {}), code: "SERVICE_NOT_FOUND" },
    { what: "deleting no service", edit: () => edits.deleteService(state, missing), code: "SERVICE_NOT_FOUND" },
    {
      what: "a server of no service",
      edit: () => edits.addServer(state, missing, server("10.1.0.3")),
      code: "SERVICE_NOT_FOUND",
    },
    {
      what: "adding a server twice",
      edit: () => edits.addServer(state, web, server("10.1.0.1")),
      code: "SERVER_EXISTS",
    },
    {
      what: "editing no server",
      edit: () => edits.editServer(state, web, server("10.1.0.9"), {}),
      code: "SERVER_NOT_FOUND",
    },
    {
      what: "deleting no server",
      edit: () => edits.deleteServer(state, web, server("10.1.0.9")),
      code: "SERVER_NOT_FOUND",
    },
    {
      what: "masquerading",
      edit: () => edits.addServer(state, web, server("10.1.0.3", { method: "masquerade" })),
      code: "UNSUPPORTED",
      field: "server.method",
    },
    {
      what: "mapping ports without masquerading",
      edit: () => edits.addServer(state, web, server("10.1.0.3", { port: 81 })),
      code: "INVALID_VALUE",
      field: "server.port",
    },
    {
      what: "an IPv6 server of an IPv4 service",
      edit: () => edits.addServer(state, web, server("2001:db8::2")),
      code: "INVALID_VALUE",
      field: "server.rip",
    },
    {
      what: "tunnelling over IPv6",
      edit: () => edits.addServer({ services: [ipv6] }, ipv6, server("2001:db8::2", { method: "tunnel" })),
      code: "UNSUPPORTED",
      field: "server.method",
    },
    {
      what: "a multicast server",
      edit: () => edits.addServer(state, web, server("224.0.0.1")),
      code: "INVALID_VALUE",
      field: "server.rip",
    },
    {
      what: "a document with a service twice",
      edit: () => assertValidState({ services: [web, web] }),
      code: "SERVICE_EXISTS",
      field: "services[1]",
    },
    {
      what: "a document with a server twice",
      edit: () => assertValidState({ services: [service([server("10.1.0.1"), server("10.1.0.1")])] }),
      code: "SERVER_EXISTS",
      field: "services[0].servers[1]",
    },
  ];
  for (const { what, edit, code, field } of rows) {
    test(`${what}: ${code}`, () => {
      assert.throws(edit, (error: XdirectorError) => {
        assert.ok(error instanceof XdirectorError);
        assert.equal(error.code, code);
        if (field) assert.equal(error.details[0]?.field, field);
        return true;
      });
    });
  }
});

describe("edits", () => {
  test("of a server keep its place among the others", () => {
    const edited = edits.editServer(state, web, server("10.1.0.1"), { weight: 7 });
    assert.deepEqual(edited.services[0]?.servers, [server("10.1.0.1", { weight: 7 }), server("10.1.0.2")]);
  });

  test("of a service keep its servers", () => {
    const edited = edits.editService(state, web, { scheduler: "wrr" });
    assert.deepEqual(edited.services, [{ ...web, scheduler: "wrr" }]);
  });

  test("leave the state they started from alone", () => {
    const before = structuredClone(state);
    edits.deleteServer(edits.addServer(state, web, server("10.1.0.3")), web, server("10.1.0.1"));
    assert.deepEqual(state, before);
  });
});
