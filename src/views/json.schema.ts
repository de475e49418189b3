import * as z from 'zod'

/** What schemas are made of. The formats say what a field is; the descriptions what it means. */

export const id = (says: string) => z.guid().describe(says)
export const moment = (says: string) => z.iso.datetime().describe(says)
export const count = (says: string) => z.int().min(0).describe(says)
export const text = (says: string) => z.string().describe(says)
export const hash = (says: string) =>
  z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .describe(says)

/** Exactly the words of a union: one that is missing, or one too many, does not compile. */
export const oneOf = <T extends string>(words: Readonly<Record<T, true>>, says: string) =>
  z.enum(Object.keys(words) as [T, ...T[]]).describe(says)

/** A kind of answer: what `-o json` prints, what each line of `-o ndjson` is, and which commands do. */
export interface Kind {
  readonly kind: string
  readonly says: string
  /** Commands as they are typed; with an option where that alone makes them print it. */
  readonly by: readonly string[]
  /** The one document; left out where there are only lines. */
  readonly document?: z.ZodType
  /** Each line; left out where there are none. */
  readonly line?: z.ZodType
}

interface Told {
  readonly kind: string
  readonly says: string
  readonly by: readonly string[]
}

export const envelope = (kind: string) => ({ schemaVersion: z.literal(1), kind: z.literal(kind) })

/** `{"schemaVersion":1,"kind":…,"items":[…],"nextCursor":…}` */
export const list = (told: Told, item: z.ZodType) => ({
  ...told,
  document: z.strictObject({
    ...envelope(told.kind),
    items: z.array(item),
    nextCursor: z.string().nullable().describe('for --cursor: where the next page begins; null at the end'),
  }),
  line: item,
})

/** `{"schemaVersion":1,"kind":…,"item":{…}}` */
export const thing = (told: Told, item: z.ZodType): Kind => ({
  ...told,
  document: z.strictObject({ ...envelope(told.kind), item }),
  line: item,
})

/** `{"schemaVersion":1,"kind":…, …,"items":[…]}` with `fields` in their order. */
export const result = (told: Told, fields: z.ZodRawShape & { items: z.ZodArray }): Kind => ({
  ...told,
  document: z.strictObject({ ...envelope(told.kind), ...fields }),
  line: fields.items.element as z.ZodType,
})

/** Each line of `-o ndjson`, where that is the only form. */
export const lines = (told: Told, line: z.ZodType): Kind => ({ ...told, line })
