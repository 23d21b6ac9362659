// SPDX-License-Identifier: MIT
// Programs at an interface's tc hooks, and the queue discipline they need: it goes with them if it came with them, and
// nobody else has use for it. What `tc` shows is the reference.

import assert from "node:assert/strict";
import { after, beforeEach, test } from "node:test";
import { evaluate } from "../net/evaluate.ts";
import { Sandbox } from "../support/netns.ts";
import { fromRoot } from "../support/project.ts";

const sandbox = new Sandbox("filters");
after(() => sandbox.close());
const namespace = sandbox.namespace("one");

const BINDING = JSON.stringify(new URL("../../src/bpf/index.js", import.meta.url).href);
const NATIVE = JSON.stringify(new URL("../../src/bpf/native.js", import.meta.url).href);
const PROGRAMS = JSON.stringify(fromRoot("build", "bpf", "probe.bpf.o"));

/** Runs `body` in a process that ends with it. It may use `attach()`, `remove()` and what is below them. */
function inProcess(body: string): void {
  const result = evaluate(
    namespace,
    `const { BpfObject, TcFilters } = await import(${BINDING});
     const { native } = await import(${NATIVE});
     const object = BpfObject.open(${PROGRAMS});
     object.load();
     const programs = { ingress: object.program("probe_in"), egress: object.program("probe_out") };
     const { index } = netlink.link("veth0");
     const attach = () => TcFilters.attach(programs, index);
     const remove = () => TcFilters.remove(index);
     ${body}`,
  );
  assert.equal(result, null);
}

function filters(): number {
  const shown = ["ingress", "egress"].map((hook) => namespace.run("tc", ["filter", "show", "dev", "veth0", hook]));
  return shown.join("").match(/ handle 0x/g)?.length ?? 0;
}

function hasHooks(): boolean {
  return namespace.run("tc", ["qdisc", "show", "dev", "veth0"]).includes("clsact");
}

const OPERATORS_HANDLE = 7;

beforeEach(() => {
  if (namespace.ip("link").includes("veth0")) namespace.ip("link", "delete", "veth0");
  namespace.ip("link", "add", "veth0", "type", "veth", "peer", "name", "veth1");
});

test("closing takes off the programs and the queue discipline that was made for them", () => {
  inProcess("const attached = attach(); attached.close();");
  assert.deepEqual([filters(), hasHooks()], [0, false]);
});

test("what a killed process left is taken off as a whole, by removing it or by attaching anew", () => {
  inProcess("attach();");
  assert.deepEqual([filters(), hasHooks()], [2, true]);
  inProcess("attach();");
  assert.deepEqual([filters(), hasHooks()], [2, true]);
  inProcess("remove();");
  assert.deepEqual([filters(), hasHooks()], [0, false]);
});

for (const [what, ...command] of [
  ["the queue discipline", "qdisc", "del", "dev", "veth0", "clsact"],
  ["the filters that send", "filter", "del", "dev", "veth0", "egress"],
  ["the filters that receive", "filter", "del", "dev", "veth0", "ingress"],
] as const) {
  test(`it is known when somebody takes off ${what}, and they can be attached again`, () => {
    inProcess(
      `const attached = attach();
       const before = attached.areAttached;
       execFileSync("tc", ${JSON.stringify(command)});
       const now = attached.areAttached;
       const again = attach();
       if (!before || now || !again.areAttached) throw new Error([before, now, again.areAttached].join());
       again.close();`,
    );
    assert.equal(filters(), 0);
  });
}

test("a queue discipline that was there before stays, with and without filters", () => {
  namespace.run("tc", ["qdisc", "add", "dev", "veth0", "clsact"]);
  inProcess("attach().close(); attach(); remove(); remove();");
  assert.deepEqual([filters(), hasHooks()], [0, true]);
});

for (const direction of ["ingress", "egress"]) {
  test(`a queue discipline stays while an operator has a filter there (${direction})`, () => {
    inProcess(`attach(); native.attachFilter(programs.egress.native, index, "${direction}", ${OPERATORS_HANDLE});`);
    inProcess("remove();");
    assert.deepEqual([filters(), hasHooks()], [1, true]);
  });
}

test("an interface that is gone is nothing to take anything off", () => {
  inProcess(`const attached = attach(); execFileSync("ip", ["link", "delete", "veth0"]); attached.close();`);
});
