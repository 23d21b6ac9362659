// SPDX-License-Identifier: MIT
// What an operator may change, and what is refused with which code and field.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { XdirectorError } from "../../../src/errors.ts";
import * as edits from "../../../src/model/edits.ts";
import { assertValidState } from "../../../src/model/invariants.ts";
import { type DesiredState, EMPTY_STATE, type Tunnel } from "../../../src/model/service.ts";
import { address, server, service } from "../../support/memory-director.ts";

const web = service([server("10.1.0.1"), server("10.1.0.2")]);
const state: DesiredState = { ...EMPTY_STATE, services: [web] };
const missing = service([], { port: 8080 });

const GRE: Tunnel = { type: "gre", port: 0, checksum: false };

function addTunnelled(tunnel: Pick<Tunnel, "type"> & Partial<Tunnel>): DesiredState {
  const whole = { port: 0, checksum: false, ...tunnel };
  return edits.addServer(state, web, server("10.1.0.3", { method: "tunnel", tunnel: whole }));
}

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
      what: "masquerading to the other family",
      edit: () => edits.addServer(state, web, server("2001:db8::3", { method: "masquerade" })),
      code: "INVALID_VALUE",
      field: "server.rip",
    },
    {
      what: "a tunnel without tunnelling",
      edit: () => edits.addServer(state, web, server("10.1.0.3", { tunnel: GRE })),
      code: "INVALID_VALUE",
      field: "server.tunnel",
    },
    {
      what: "GUE without a port",
      edit: () => addTunnelled({ type: "gue" }),
      code: "INVALID_VALUE",
      field: "server.tunnel.port",
    },
    {
      what: "GRE with a port",
      edit: () => addTunnelled({ type: "gre", port: 6080 }),
      code: "INVALID_VALUE",
      field: "server.tunnel.port",
    },
    {
      what: "IPIP with a port",
      edit: () => addTunnelled({ type: "ipip", port: 6080 }),
      code: "INVALID_VALUE",
      field: "server.tunnel.port",
    },
    {
      what: "IPIP with a checksum",
      edit: () => addTunnelled({ type: "ipip", checksum: true }),
      code: "INVALID_VALUE",
      field: "server.tunnel.checksum",
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
      what: "a multicast server",
      edit: () => edits.addServer(state, web, server("224.0.0.1")),
      code: "INVALID_VALUE",
      field: "server.rip",
    },
    {
      what: "a document with a service twice",
      edit: () => assertValidState({ ...EMPTY_STATE, services: [web, web] }),
      code: "SERVICE_EXISTS",
      field: "services[1]",
    },
    {
      what: "a document with a server twice",
      edit: () => assertValidState({ ...EMPTY_STATE, services: [service([server("10.1.0.1"), server("10.1.0.1")])] }),
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

  test("of a server to another method end its tunnel, others keep it", () => {
    const tunnelled = edits.replaceServer(state, web, server("10.1.0.1", { method: "tunnel", tunnel: GRE }));
    const heavier = edits.editServer(tunnelled, web, server("10.1.0.1"), { weight: 7 });
    assert.deepEqual(heavier.services[0]?.servers[0]?.tunnel, GRE);
    const direct = edits.editServer(heavier, web, server("10.1.0.1"), { method: "direct" });
    assert.deepEqual(direct.services[0]?.servers[0], server("10.1.0.1", { weight: 7 }));
  });

  test("may map ports to masqueraded servers", () => {
    const mapped = [8080, 8081].map((port) => server("10.1.0.3", { method: "masquerade", port }));
    const after = mapped.reduce((before, each) => edits.addServer(before, web, each), state);
    assert.deepEqual(after.services[0]?.servers.slice(2), mapped);
  });

  test("may tunnel either family over either", () => {
    const tunnelled = ["10.1.0.3", "2001:db8::3"].map((rip) => server(rip, { method: "tunnel" }));
    for (const vip of ["192.0.2.1", "2001:db8::1"].map(address)) {
      const of = service([], { vip });
      const empty: DesiredState = { ...EMPTY_STATE, services: [of] };
      const after = tunnelled.reduce((before, each) => edits.addServer(before, of, each), empty);
      assert.deepEqual(after.services[0]?.servers, tunnelled);
    }
  });

  test("of settings keep the others, and the services", () => {
    const edited = edits.editSettings(state, { secureTcp: 3 });
    assert.deepEqual(edited, { ...state, settings: { ...state.settings, secureTcp: 3 } });
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
