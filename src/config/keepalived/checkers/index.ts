// SPDX-License-Identifier: MIT
// The checkers by their keywords in a real_server block.

import { bfd } from "./bfd.ts";
import type { ReadChecker } from "./checker.ts";
import { dns } from "./dns.ts";
import { file } from "./file.ts";
import { http } from "./http.ts";
import { misc } from "./misc.ts";
import { plain } from "./plain.ts";
import { smtp } from "./smtp.ts";
import { udp } from "./udp.ts";

export const CHECKERS: Readonly<Record<string, ReadChecker>> = {
  TCP_CHECK: plain("tcp"),
  PING_CHECK: plain("ping"),
  HTTP_GET: http("http"),
  SSL_GET: http("https"),
  SMTP_CHECK: smtp,
  DNS_CHECK: dns,
  UDP_CHECK: udp,
  MISC_CHECK: misc,
  FILE_CHECK: file,
  BFD_CHECK: bfd,
};
