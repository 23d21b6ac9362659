// SPDX-License-Identifier: MIT
// Where the data plane outlives the daemon: names under the pin folder.

import { existsSync, readdirSync, rmdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";

const LINK_PREFIX = "link-";
const STAGES_PREFIX = "stages";

export class Pins {
  readonly folder: string;
  readonly program: string;
  readonly maps: string;

  constructor(folder: string) {
    this.folder = folder;
    this.program = join(folder, "prog");
    this.maps = join(folder, "maps");
  }

  /** Whether a data plane is pinned here. */
  exist(): boolean {
    return existsSync(this.program);
  }

  map(name: string): string {
    return join(this.maps, name);
  }

  /** Of a program that may be attached: what it hands packets to. `id` is the map's. */
  stages(id: number): string {
    return this.map(`${STAGES_PREFIX}-${id}`);
  }

  /** To be called when no other program is attached any more. */
  removeStagesBut(id: number): void {
    const names = readdirSync(this.maps).filter((name) => name.startsWith(STAGES_PREFIX));
    for (const name of names) if (this.map(name) !== this.stages(id)) unlinkSync(this.map(name));
  }

  /** Names on a bpffs have no dots, names of interfaces no colons: eth0.100 becomes eth0:100. */
  link(interfaceName: string): string {
    return join(this.folder, `${LINK_PREFIX}${interfaceName.replaceAll(".", ":")}`);
  }

  /** Names of the interfaces whose links are pinned. */
  linkedInterfaces(): string[] {
    if (!existsSync(this.folder)) return [];
    return readdirSync(this.folder)
      .filter((name) => name.startsWith(LINK_PREFIX))
      .map((name) => name.slice(LINK_PREFIX.length).replaceAll(":", "."));
  }

  /** Removes every pin, links first: with the last reference the kernel detaches and frees. */
  removeAll(): void {
    for (const name of this.linkedInterfaces()) unlinkSync(this.link(name));
    if (existsSync(this.program)) unlinkSync(this.program);
    if (existsSync(this.maps)) {
      for (const name of readdirSync(this.maps)) unlinkSync(this.map(name));
      rmdirSync(this.maps);
    }
    if (existsSync(this.folder) && readdirSync(this.folder).length === 0) rmdirSync(this.folder);
  }
}
