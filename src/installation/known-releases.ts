import { type FewStep, type FewStepKind, stepsOfKind } from '../contract/few-steps.ts';

/** What a name may be of: Hyper-SD's networks of one step are walked otherwise than its LoRA. */
type Named = 'lora' | 'checkpoint';

const xl = String.raw`\S*xl`;

/**
 * How releases of few-step networks for SDXL are called, their words apart and in lower case: those of
 * ByteDance/SDXL-Lightning, stabilityai/sdxl-turbo, ByteDance/Hyper-SD, latent-consistency/lcm-lora-sdxl,
 * h1t/TCD-SDXL-LoRA and tianweiy/DMD2 on Hugging Face, and checkpoints that were merged with them and say so.
 * A word alone says nothing: lightning is weather too.
 */
const releases: readonly (readonly [kind: FewStepKind, pattern: RegExp])[] = [
  ['dmd2', /\bdmd2\b/],
  ['lightning', new RegExp(`${xl} lightning\\b|\\blightning (?:${xl}\\b|\\d+ ?steps?\\b)`)],
  ['hyper', new RegExp(`\\bhyper (?:sd\\b|${xl}\\b)|${xl} hyper\\b`)],
  ['turbo', new RegExp(`${xl} turbo\\b|\\bturbo ${xl}\\b`)],
  ['lcm', new RegExp(`\\blcm (?:lora|${xl})\\b|${xl} lcm\\b`)],
  ['tcd', new RegExp(`\\btcd (?:lora|${xl})\\b|${xl} tcd\\b`)],
];

/**
 * Hyper-SD's LoRAs that keep classifier-free guidance, other models' LoRAs, and what was made for such a
 * model.
 */
const others = /\bcfg\b|\bsd(?:v?1|v?2)|\bssd\b|\bfor\b|\bwith\b/;

/** Where the networks of one step begin, by their cards. */
const firstTimesteps: Partial<Record<FewStepKind, number>> = { hyper: 800, dmd2: 399 };

/** The few-step release that a name is one of; undefined where it is none. */
export function releaseNamed(name: string, what: Named): FewStep | undefined {
  const words = name
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '')
    .join(' ');
  const kind = releases.find(([, pattern]) => pattern.test(words))?.[0];
  if (kind === undefined || others.test(words)) return undefined;
  const { usual, most } = stepsOfKind(kind);
  const said = Number(/\b(\d+) ?steps?\b/.exec(words)?.[1] ?? usual);
  const steps = said >= 1 && said <= most ? said : usual;
  if (steps !== 1) return { kind, steps };
  if (kind === 'hyper' && what === 'lora') return { kind: 'tcd', steps };
  const firstTimestep = firstTimesteps[kind];
  return { kind, steps, ...(firstTimestep !== undefined && { firstTimestep }) };
}

/**
 * Metadata that name the file itself, and not what it was made from: ModelSpec's and those of kohya's
 * scripts.
 */
const nameKeys = ['modelspec.title', 'ss_output_name'];

/** The few-step release that a safetensors file says it is, in its `__metadata__`. */
export function releaseIn(metadata: Readonly<Record<string, string>>, what: Named): FewStep | undefined {
  for (const key of nameKeys) {
    const release = releaseNamed(metadata[key] ?? '', what);
    if (release !== undefined) return release;
  }
  return undefined;
}
