// SPDX-License-Identifier: MIT
// Which language a text is taken for.

import assert from "node:assert/strict";
import { test } from "node:test";
import { looksLikeKeepalived } from "../../../../src/config/keepalived/detect.ts";

const KEEPALIVED = [
  "virtual_server 192.0.2.1 80 {\n}\n",
  "! comment\n\n  global_defs {\n",
  "# comment\nvrrp_instance VI_1\n{\n",
  "include /etc/keepalived/conf.d/*.conf\n",
  "$VIP=192.0.2.1\n",
  "~SEQ(N,1,3) virtual_server 192.0.2.$N 80 {\n",
  "@main global_defs {\n",
  "virtual_servr 192.0.2.1 80 {\n",
  "! nothing but a comment\n",
  "global_defs{\n}",
];

const NATIVE = [
  "services: []\n",
  "# virtual_server 192.0.2.1 80 {\nservices: []\n",
  '{"services": []}',
  "---\nservices: []\n",
  '"services": []\n',
  "servics:\n  - vip: 192.0.2.1\n",
  "- protocol: tcp\n",
  "",
  "vrrp: |\n  vrrp_instance VI_1 {\n  }\n",
  "services: [\n  {",
];

for (const text of KEEPALIVED) {
  test(`${JSON.stringify(text)} is a keepalived.conf`, () => assert.equal(looksLikeKeepalived(text), true));
}
for (const text of NATIVE) {
  test(`${JSON.stringify(text)} is a native document`, () => assert.equal(looksLikeKeepalived(text), false));
}
