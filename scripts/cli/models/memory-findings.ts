import {
  type MemoryNeeds,
  memoryNeeds,
  type NeedOptions,
  planUse,
} from '../../../src/installation/memory/memory-needs.ts';
import {
  choosePlan,
  type MemoryLimit,
  type PlannedUse,
  plansFor,
} from '../../../src/installation/memory/memory-plans.ts';
import { publishedNeeds } from '../../../src/installation/memory/published-needs.ts';
import { loadedBytes } from '../../../src/installation/model-facts.ts';
import type { OpenedModel } from '../../../src/installation/open-model.ts';
import type { Gpu } from '../cuda/driver.ts';
import type { Finding } from '../cuda/findings.ts';
import { showBytes, table } from '../download/sizes.ts';

/** How a worker on CUDA would plan, by its settings. */
export interface PlanSettings extends Omit<NeedOptions, 'encodes'> {
  readonly vaeTiling: 'auto' | 'on' | 'off';
  readonly deviceMemoryLimit?: MemoryLimit | undefined;
  /** How many models stay loaded at once. */
  readonly residentModels: number;
}

export interface NamedModel {
  readonly name: string;
  readonly opened: OpenedModel;
}

const sizeOf = ({ opened }: NamedModel): number => loadedBytes(opened, 'cuda');

/** Every device's memory against the models that one worker keeps loaded at once: at worst the largest. */
export async function memoryFindings(
  gpus: readonly Gpu[],
  installed: readonly NamedModel[],
  settings: PlanSettings,
): Promise<Finding[]> {
  if (installed.length === 0) return [{ level: 'note', text: 'no models are installed' }];
  const models = [...installed].sort((a, b) => sizeOf(b) - sizeOf(a)).slice(0, settings.residentModels);
  const some = models.length < installed.length ? `, ${models.length} of ${installed.length} at once` : '';
  const needs = await memoryNeeds(
    models.map(({ opened }) => opened),
    { ...settings, encodes: true },
    (model) => loadedBytes(model, 'cuda'),
  );
  const uses = usesOf(needs, settings);
  const { total, weights } = uses[0]!.use;
  const list = models.map((model) => `${model.name} ${showBytes(sizeOf(model))}`).join(', ');
  return [
    {
      level: 'note',
      text: `with all on the device the models need ${showBytes(total)}${some}: weights ${showBytes(weights)} (${list}, what they share once) and ${showBytes(total - weights)} to work in`,
    },
    ...gpus.map((gpu) => findingOf(gpu, uses, settings)),
  ];
}

function usesOf(needs: MemoryNeeds, { vaeTiling }: PlanSettings): PlannedUse[] {
  return planUse(needs, plansFor(needs.unets, vaeTiling));
}

function findingOf(
  { index, totalBytes, freeBytes }: Gpu,
  uses: readonly PlannedUse[],
  settings: PlanSettings,
): Finding {
  const { deviceMemoryLimit: limit } = settings;
  const most = limit === undefined ? totalBytes : 'bytes' in limit ? limit.bytes : limit.share * totalBytes;
  const held = `cuda:${index} has ${showBytes(totalBytes)}, of which ${showBytes(freeBytes)} are free`;
  const memory = limit === undefined ? held : `${held} and ${showBytes(most)} allowed`;
  const { plan, use, fits } = choosePlan(uses, Math.min(freeBytes, most));
  const least = uses.at(-1)!.use.total;
  if (fits)
    return {
      level: plan === uses[0]!.plan ? 'ok' : 'note',
      text: `${memory}: plan ${plan.name} (${plan.what}), ${showBytes(use.total)}; costs ${plan.cost}`,
    };
  if (Math.min(totalBytes, most) < least)
    return {
      level: 'warning',
      text: `${memory}: too little for them, ${showBytes(least)} in the smallest plan`,
      fix: 'lower RESIDENT_MODELS, or let each worker serve fewer (SERVE_MODELS)',
    };
  return {
    level: 'warning',
    text: `${memory}: other processes hold the rest, the smallest plan takes ${showBytes(least)}`,
    fix: 'end them (nvidia-smi lists them)',
  };
}

/** Sizes that cards are sold with, in GiB. */
const cards = [6, 8, 10, 12, 16, 24, 32, 48, 80];
/** Of a card, for its driver and a desktop: an assumption. */
const taken = 0.05;

/** One card and what it is enough for, estimated in bytes; null where not even the smallest plan fits. */
export interface CardRow {
  readonly cardGiB: number;
  readonly base: { readonly plan: string; readonly bytes: number } | null;
  readonly baseAndRefiner: { readonly plan: string; readonly bytes: number } | null;
}

/** Plans for SDXL 1.0 at 1024 x 1024 with guidance, text to image, by the sizes of cards. */
export async function cardRows(settings: PlanSettings): Promise<CardRow[]> {
  const options = { ...settings, encodes: false };
  const base = usesOf(await publishedNeeds('base', options), settings);
  const both = usesOf(await publishedNeeds('base and refiner', options), settings);
  const chosen = (uses: readonly PlannedUse[], cardGiB: number) => {
    const { plan, use, fits } = choosePlan(uses, cardGiB * 2 ** 30 * (1 - taken));
    return fits ? { plan: plan.name, bytes: use.total } : null;
  };
  return cards.map((cardGiB) => ({
    cardGiB,
    base: chosen(base, cardGiB),
    baseAndRefiner: chosen(both, cardGiB),
  }));
}

/** The rows as a table, with what the plans are. */
export function cardTable(rows: readonly CardRow[]): string {
  const cell = (found: CardRow['base']) =>
    found === null ? 'too little; DEVICE=cpu' : `${found.plan}, ${(found.bytes / 1e9).toFixed(1)} GB`;
  const lines = rows.map(({ cardGiB, base, baseAndRefiner }) => [
    `${cardGiB} GB`,
    cell(base),
    cell(baseAndRefiner),
  ]);
  const plans = plansFor(2, 'auto').map(({ name, what, cost }) => [`  ${name}`, what, `costs ${cost}`]);
  return [
    'Memory plans for SDXL 1.0 in float16 at 1024 x 1024, by card (estimated; docs/memory.md)',
    table(
      ['  card', 'base', 'base and refiner'],
      lines.map(([card, ...rest]) => [`  ${card}`, ...rest]),
    ),
    table(['  plan', 'what', ''], plans),
  ].join('\n\n');
}
