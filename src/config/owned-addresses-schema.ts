// SPDX-License-Identifier: MIT
// The schema of `addresses` in documents. Data only.

import Type from "typebox";

export const AddressesSchema = Type.Union(
  [
    Type.Literal("managed"),
    Type.Object(
      {
        interface: Type.Optional(Type.String({ minLength: 1, maxLength: 15 })),
        refresh: Type.Optional(Type.Number({ minimum: 0, maximum: 86_400 })),
      },
      { additionalProperties: false },
    ),
  ],
  {
    description:
      "the director puts VIPs on an interface (its first one unless named) and announces them, every `refresh` seconds if not 0",
  },
);

export type AddressesDocument = Type.Static<typeof AddressesSchema>;
