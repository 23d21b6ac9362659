// SPDX-License-Identifier: MIT
// A keepalived.conf from its text to drafts: the top-level blocks.

import type { FileDraft, GlobalDraft, TlsDraft } from "./draft.ts";
import { GLOBAL_KEYWORDS, isForVrrp, PROCESS_WITHOUT_EFFECT } from "./globals.ts";
import { readGroup } from "./group.ts";
import type { Files } from "./include.ts";
import { Reader, type ReaderOptions } from "./reader.ts";
import { splitCommand } from "./script.ts";
import { readTrackFile } from "./track-file.ts";
import { parseTree, type Statement } from "./tree.ts";
import { readService } from "./virtual-server.ts";
import { VRRP_KEYWORDS } from "./vrrp-keywords.ts";
import { assign, type Context, type Keywords, known, type Row, walk } from "./walk.ts";

const SSL: Keywords<TlsDraft> = {
  password: { takes: [1, 1], read: (draft, { args: [word] }) => assign(draft, "password", word?.value) },
  ca: { takes: [1, 1], read: (draft, { args: [word] }) => assign(draft, "ca", word?.value) },
  certificate: { takes: [1, 1], read: (draft, { args: [word] }) => assign(draft, "certificate", word?.value) },
  key: { takes: [1, 1], read: (draft, { args: [word] }) => assign(draft, "key", word?.value) },
};

const TRACK_FILE: Row<FileDraft> = {
  takes: [1, 1],
  block: true,
  read: ({ trackFiles, vrrp }, statement, context) => {
    const file = readTrackFile(statement, context);
    if (file) trackFiles.set(file.name, file);
    vrrp.push(statement);
  },
};

const KEYWORDS: Keywords<FileDraft> = {
  ...vrrpRows(),
  ...PROCESS_WITHOUT_EFFECT,
  ...known("include_check linkbeat_use_polling namespace_with_ipsets random_seed"),
  global_defs: {
    block: true,
    read: ({ globals, vrrp }, statement, context) => {
      const { block = [] } = statement;
      walk(block, GLOBAL_KEYWORDS, globals, context);
      vrrp.push({ ...statement, block: block.filter(isForVrrp) });
    },
  },
  SSL: { block: true, read: ({ tls }, { block = [] }, context) => walk(block, SSL, tls, context) },
  track_file: TRACK_FILE,
  vrrp_track_file: TRACK_FILE,
  virtual_server_group: {
    takes: [1, 1],
    block: true,
    read: ({ groups }, statement, context) => {
      groups.set(statement.args[0]?.value ?? "", readGroup(statement, context));
    },
  },
  virtual_server: {
    takes: [1, 2],
    block: true,
    read: ({ services }, statement, context) => {
      const service = readService(statement, context);
      if (service) services.push(service);
    },
  },
};

/** Everything is read to the end; what is wrong is in `options.diagnostics`. */
export function readFile(text: string, file: string, options: ReaderOptions): FileDraft {
  const { diagnostics } = options;
  const draft: FileDraft = {
    globals: emptyGlobals(),
    tls: {},
    groups: new Map(),
    trackFiles: new Map(),
    services: [],
    vrrp: [],
  };
  const tree = parseTree(new Reader(options).read(text, file), diagnostics);
  const context: Context = { diagnostics, file: draft, scripts: [] };
  walk(tree, KEYWORDS, draft, context);
  if (!draft.globals.scriptSecurity) warnAboutScripts(context, options.files);
  return draft;
}

/** As keepalived: about the first one that can run. */
function warnAboutScripts({ scripts, diagnostics }: Context, files: Files): void {
  const script = scripts.find(({ value }) => files.isExecutable(splitCommand(value)[0] ?? ""));
  if (script) diagnostics.add("security", script, "scripts are run without enable_script_security");
}

function emptyGlobals(): GlobalDraft {
  return { emails: [], lvsNotifyFifo: {}, notifyFifo: {}, timeouts: {} };
}

/** The keywords are checked, and the statement is kept as it is. */
function vrrpRows(): Keywords<FileDraft> {
  const rows = Object.entries(VRRP_KEYWORDS).map(([name, row]): [string, Row<FileDraft>] => {
    const read = (draft: FileDraft, statement: Statement, context: Context): void => {
      row.read?.(draft, statement, context);
      draft.vrrp.push(statement);
    };
    return [name, { ...row, read }];
  });
  return Object.fromEntries(rows);
}

export function isRootKeyword(word: string): boolean {
  return Object.hasOwn(KEYWORDS, word);
}
