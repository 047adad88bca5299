import { z } from 'zod';

/** What lies in a folder beside the models and a request can name: a LoRA, or an embedding. */
const adapterSchema = z.strictObject({
  name: z.string().meta({ description: 'What requests call it' }),
  kind: z
    .string()
    .meta({ description: 'Its format: lora, locon, loha, lokr, dora, mixed, textual inversion' }),
  trigger_words: z
    .array(z.string())
    .meta({ description: 'What its file says prompts should have; often nothing' }),
  tokens: z.int().optional().meta({ description: 'Of an embedding: how many tokens it takes' }),
  width: z
    .int()
    .optional()
    .meta({ description: 'Of an embedding: numbers of one vector, both text encoders together' }),
});

/** A file that cannot be used, and why. */
const brokenAdapterSchema = z.strictObject({ name: z.string(), reason: z.string() });

export const adapterListSchema = z.strictObject({
  data: z.array(adapterSchema),
  unusable: z.array(brokenAdapterSchema).meta({ description: 'Files that cannot be used, with the reason' }),
});

export type Adapter = z.output<typeof adapterSchema>;
export type BrokenAdapter = z.output<typeof brokenAdapterSchema>;

/** What a worker finds in one folder. */
export interface AdapterFolder {
  readonly usable: readonly Adapter[];
  readonly broken: readonly BrokenAdapter[];
}

/** The folders of all workers as one list; what one of them can use is not broken. */
export function adapterList(
  folders: readonly (AdapterFolder | undefined)[],
): z.output<typeof adapterListSchema> {
  const usable = new Map(
    folders.flatMap((folder) => (folder?.usable ?? []).map((each) => [each.name, each] as const)),
  );
  const broken = new Map(
    folders.flatMap((folder) =>
      (folder?.broken ?? [])
        .filter(({ name }) => !usable.has(name))
        .map((each) => [each.name, each] as const),
    ),
  );
  const sorted = <Entry extends { readonly name: string }>(entries: ReadonlyMap<string, Entry>) =>
    [...entries.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return { data: sorted(usable), unusable: sorted(broken) };
}

/**
 * The name of a list that is meant: itself, with its ending, in another case, or without its folders where
 * only one has it.
 */
export function namedAdapter(name: string, names: readonly string[]): string | undefined {
  if (names.includes(name)) return name;
  const plain = name.replace(/\.(?:safetensors|pt|bin)$/i, '').toLowerCase();
  for (const spelled of [(each: string) => each, (each: string) => each.slice(each.lastIndexOf('/') + 1)]) {
    const found = names.filter((each) => spelled(each.toLowerCase()) === plain);
    if (found.length === 1) return found[0];
  }
  return undefined;
}
