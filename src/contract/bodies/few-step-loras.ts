import { type Adapter, type FewStepLora, namedAdapter } from '../answers/adapters.ts';
import { fewStepNoise, fewStepProfile } from '../few-steps.ts';
import { show } from '../show.ts';
import type { FewStepAsked } from './bodies.ts';
import { lorasNamed } from './lora-fields.ts';

/** What the LoRAs of a body make of its request, and what its sender is told of that. */
export interface FewStepLoras {
  /** undefined where none of them is one of few steps. */
  readonly asked: FewStepAsked | undefined;
  readonly warnings: readonly string[];
  /** Of the request that it led to. */
  readonly warningsOf: (request: { readonly guidanceScale: number }) => readonly string[];
}

const none: FewStepLoras = { asked: undefined, warnings: [], warningsOf: () => [] };

/**
 * Whether a body names LoRAs of few steps, in its field or its prompt, and what the first of them wants. One
 * that changes nothing of the UNet, or takes it away, wants nothing.
 * @param fields the body as it was sent.
 * @param loras those that are there.
 */
export function fewStepLoras(fields: unknown, loras: readonly Adapter[]): FewStepLoras {
  const choices = lorasNamed(fields).filter(({ weight }) => weight > 0);
  if (choices.length === 0) return none;
  const usable = new Map(loras.map((each) => [each.name, each]));
  const found = choices.flatMap((choice) => {
    const name = namedAdapter(choice.name, [...usable.keys()]);
    const fewStep = name === undefined ? undefined : usable.get(name)?.few_step;
    return name !== undefined && fewStep ? [{ name, fewStep }] : [];
  });
  const [first, ...others] = found;
  if (first === undefined) return none;
  const { kind, steps, first_timestep: firstTimestep } = first.fewStep;
  const wanted = { kind, steps, ...(firstTimestep !== undefined && { firstTimestep }) };
  const profile = fewStepProfile(wanted);
  const { guidanceScale = 0 } = profile.defaults;
  return {
    asked: { profile, noise: fewStepNoise(wanted) },
    warnings: [
      ...(first.fewStep.known_by === 'name' ? [takenByName(first.name, first.fewStep)] : []),
      ...others
        .filter(({ fewStep }) => fewStep.kind !== kind || fewStep.steps !== steps)
        .map(
          ({ name, fewStep }) =>
            `loras: ${show(name)} (${described(fewStep)}) wants other steps than ${show(first.name)} ` +
            `(${described(first.fewStep)}), whose are taken as it is named first`,
        ),
    ],
    warningsOf: (request) =>
      request.guidanceScale > Math.max(1, guidanceScale)
        ? [
            `guidance_scale: ${request.guidanceScale} is more than the ${guidanceScale} that the LoRA ` +
              `${show(first.name)} (${kind}) was distilled for`,
          ]
        : [],
  };
}

const described = ({ kind, steps }: FewStepLora) => `${kind}, ${steps} step${steps === 1 ? '' : 's'}`;

function takenByName(name: string, fewStep: FewStepLora): string {
  const { scheduler, num_inference_steps: steps, guidance_scale: guidance } = fewStep.defaults;
  return (
    `loras: ${show(name)} is taken for a LoRA of few steps (${described(fewStep)}) by its file's name; ` +
    `where the request does not say: scheduler ${scheduler}, num_inference_steps ${steps}, ` +
    `guidance_scale ${guidance}; a file ${name.slice(name.lastIndexOf('/') + 1)}.json beside it can say otherwise`
  );
}

/** A body without what its client did not say itself, where its LoRAs know better than another protocol. */
export function withoutImplied(
  fields: unknown,
  implied: readonly string[] | undefined,
  { asked }: FewStepLoras,
): unknown {
  if (asked === undefined || implied === undefined) return fields;
  return Object.fromEntries(Object.entries(fields as object).filter(([name]) => !implied.includes(name)));
}
