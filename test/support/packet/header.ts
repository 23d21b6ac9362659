// SPDX-License-Identifier: MIT
// What decoding one header yields, and how a header names the next one.

import { type FieldsByLayer, type LayerName, layerOfEtherType, layerOfProtocol } from "./layers.ts";

/** The layer that follows, and the number on the wire that said so. */
export interface Next {
  readonly layer: LayerName;
  readonly selector: number;
}

/** A header before its checksum is judged. */
export type UnverifiedLayer = { [Name in LayerName]: { readonly layer: Name } & FieldsByLayer[Name] }[LayerName];

export interface Header {
  readonly layer: UnverifiedLayer;
  /** Bytes of the header itself. */
  readonly length: number;
  /** Where the packet ends according to the header. */
  readonly end: number;
  readonly next: Next | undefined;
}

export function byEtherType(selector: number): Next | undefined {
  const layer = layerOfEtherType(selector);
  return layer && { layer, selector };
}

export function byProtocol(selector: number): Next | undefined {
  const layer = layerOfProtocol(selector);
  return layer && { layer, selector };
}
