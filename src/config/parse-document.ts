// SPDX-License-Identifier: MIT
// Documents from outside -> states, with everything checked. No I/O here. Apart from document.ts because schemas and
// keepalived's language take long to load, and xvsadm needs neither.

import type { DesiredState } from "../model/service.ts";
import { toState } from "./document.ts";
import { assertValidVrrp } from "./keepalived/vrrp-check.ts";
import { type ConfigDocument, ConfigSchema } from "./schema.ts";
import { compileSchema } from "./validate.ts";

const validateConfig = compileSchema(ConfigSchema, "document");

/** @throws INVALID_VALUE, UNKNOWN_SCHEDULER, and what {@link toCheckedState} throws; details name the fields */
export function parseDocument(value: unknown): DesiredState {
  return toCheckedState(validateConfig(value));
}

/** The state that a well-formed document describes. @throws INVALID_VALUE and what {@link toState} throws */
export function toCheckedState(document: ConfigDocument): DesiredState {
  const state = toState(document);
  if (state.vrrp !== undefined) assertValidVrrp(state.vrrp);
  return state;
}
