// SPDX-License-Identifier: MIT
// /v1/settings: what holds for the director as a whole.

import { toSettings, toSettingsDocument } from "../config/settings.ts";
import { FullSettingsSchema, SettingsSchema } from "../config/settings-schema.ts";
import { editSettings } from "../model/edits.ts";
import type { ApiContext, App } from "./context.ts";
import { ERRORS } from "./schemas.ts";

export function settingsRoutes(app: App, { change, director }: ApiContext): void {
  const response = { 200: FullSettingsSchema, ...ERRORS };

  app.get("/v1/settings", { schema: { summary: "The director's settings", response } }, async () =>
    toSettingsDocument(director.desired.settings),
  );

  const put = { summary: "Replace the settings: what is left out is IPVS's default", body: SettingsSchema, response };
  app.put("/v1/settings", { schema: put }, async (request) => {
    const settings = toSettings(request.body);
    const state = await change(request, (before) => editSettings(before, settings));
    return toSettingsDocument(state.settings);
  });

  const patch = { summary: "Change settings: what is left out stays as it is", body: SettingsSchema, response };
  app.patch("/v1/settings", { schema: patch }, async (request) => {
    const state = await change(request, (before) => editSettings(before, toSettings(request.body, before.settings)));
    return toSettingsDocument(state.settings);
  });
}
