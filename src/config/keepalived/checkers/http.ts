// SPDX-License-Identifier: MIT
// HTTP_GET and SSL_GET.

import { HTTP_PROTOCOLS, type HttpCheck, type HttpUrl } from "../../../model/check.ts";
import type { OwnCheck } from "../../../model/inheritance.ts";
import type { CheckDefaults } from "../draft.ts";
import { NETWORK_KEYWORDS, type NetworkDraft, resolveNetwork } from "../network-check.ts";
import { readChoice, readInteger, readSwitch, UINT32 } from "../values.ts";
import { assign, type Keywords, walk } from "../walk.ts";
import type { ReadChecker } from "./checker.ts";
import { readUrl } from "./url.ts";

interface HttpDraft extends NetworkDraft {
  virtualHost?: string;
  httpProtocol?: HttpCheck["httpProtocol"];
  sni?: boolean;
  fastRecovery?: boolean;
  readonly urls: HttpUrl[];
}

const HTTP: Keywords<HttpDraft> = {
  ...NETWORK_KEYWORDS,
  virtualhost: { takes: [1, 1], read: (draft, { args: [word] }) => assign(draft, "virtualHost", word?.value) },
  http_protocol: {
    takes: [1, 1],
    read: (draft, { args: [word] }, context) =>
      assign(draft, "httpProtocol", word && readChoice(word, HTTP_PROTOCOLS, context)),
  },
  fast_recovery: {
    takes: [0, 1],
    read: (draft, { args: [word] }, context) => assign(draft, "fastRecovery", readSwitch(word, context)),
  },
  enable_sni: {
    takes: [0, 1],
    read: (draft, { args: [word] }, context) => assign(draft, "sni", readSwitch(word, context)),
  },
  nb_get_retry: {
    takes: [1, 1],
    read: (draft, { keyword, args: [word] }, context) => {
      context.diagnostics.warn(keyword, "nb_get_retry is deprecated: write retry");
      assign(draft, "retry", word && readInteger(word, UINT32, context));
    },
  },
  url: {
    block: true,
    read: (draft, statement, context) => {
      const url = readUrl(statement, context);
      if (url) draft.urls.push(url);
    },
  },
};

export function http(type: HttpCheck["type"]): ReadChecker {
  return ({ keyword, block = [] }, context) => {
    const draft: HttpDraft = { urls: [] };
    walk(block, HTTP, draft, context);
    const { urls, httpProtocol = "1.0", sni = false, fastRecovery = false } = draft;
    if (urls.length === 0) {
      context.diagnostics.error(keyword, `${keyword.value} has no url`);
      return [];
    }
    const resolve = (defaults: CheckDefaults): OwnCheck => {
      const virtualHost = draft.virtualHost ?? defaults.virtualHost;
      const network = resolveNetwork(draft, defaults);
      return { type, ...network, httpProtocol, ...(virtualHost && { virtualHost }), sni, fastRecovery, urls };
    };
    return [resolve];
  };
}
