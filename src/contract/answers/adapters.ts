import { z } from 'zod';
import { fewStepKinds } from '../few-steps.ts';

const span = z.tuple([z.number(), z.number()]);

/** A LoRA that makes a network of few steps of its checkpoint; see few-steps.ts. */
const fewStepLoraSchema = z.strictObject({
  kind: z.enum(fewStepKinds).meta({ description: 'Whose card says how it is asked' }),
  steps: z.int().meta({ description: 'What it was distilled for' }),
  first_timestep: z
    .int()
    .optional()
    .meta({ description: 'Where a run of one step begins, if not at the last timestep, 999' }),
  known_by: z
    .enum(['manifest', 'metadata', 'name'])
    .meta({ description: 'NAME.json beside it, its own __metadata__, or the name of a known release' }),
  defaults: z
    .strictObject({
      scheduler: z.string(),
      sampler: z.string(),
      schedule: z.string(),
      num_inference_steps: z.int(),
      guidance_scale: z.number(),
    })
    .meta({ description: 'What a request that names it has where it does not say otherwise' }),
  ranges: z.strictObject({ num_inference_steps: span, guidance_scale: span }),
});

/** What lies in a folder beside the models and a request can name: a LoRA, or an embedding. */
const adapterSchema = z.strictObject({
  name: z.string().meta({ description: 'What requests call it' }),
  kind: z
    .string()
    .meta({ description: 'Its format: lora, locon, loha, lokr, dora, mixed, textual inversion' }),
  trigger_words: z
    .array(z.string())
    .meta({ description: 'What its file says prompts should have; often nothing' }),
  few_step: fewStepLoraSchema.optional().meta({
    description: 'Of a LoRA of few steps (Lightning, Turbo, Hyper-SD, LCM, TCD, DMD2): how it is asked',
  }),
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
export type FewStepLora = z.output<typeof fewStepLoraSchema>;
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
