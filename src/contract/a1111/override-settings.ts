import { type OutputFormat, outputFormats } from '../../images/output-formats.ts';
import type { RandomAlgorithm } from '../../numerics/random-algorithms.ts';
import { refuseField } from './errors.ts';

/** What `override_settings` says that has an effect here; names as in A1111's modules/shared_options.py. */
export interface Overrides {
  readonly checkpoint?: string;
  readonly outputFormat?: OutputFormat;
  readonly outputQuality?: number;
  readonly embedParameters?: boolean;
  readonly rng?: RandomAlgorithm;
}

const randomSources: Readonly<Record<string, RandomAlgorithm>> = {
  cpu: 'torch-cpu',
  gpu: 'philox',
  nv: 'philox',
};

/**
 * Settings that change nothing here are ignored, as settings unknown there are.
 * @throws WrongFieldsError naming a setting that would have an effect with another value.
 */
export function readOverrides(settings: Readonly<Record<string, unknown>>): Overrides {
  const refuse = (name: string, rule: string) =>
    refuseField('override_settings', settings[name], `.${name} ${rule}`.trimStart());
  const text = (name: string): string | undefined => {
    const value = settings[name];
    if (value === undefined || value === null || value === '') return undefined;
    return typeof value === 'string' ? value : refuse(name, 'must be a string');
  };
  const checkpoint = text('sd_model_checkpoint');
  const format = text('samples_format')?.toLowerCase().replace('jpg', 'jpeg');
  if (format !== undefined && !(outputFormats as readonly string[]).includes(format))
    refuse('samples_format', 'must be one of: png, jpg, webp');
  const quality = settings.jpeg_quality;
  if (quality !== undefined && !(Number.isInteger(quality) && Number(quality) >= 1 && Number(quality) <= 100))
    refuse('jpeg_quality', 'must be an integer from 1 to 100');
  const source = text('randn_source')?.toLowerCase();
  const rng = source === undefined ? undefined : randomSources[source];
  if (source !== undefined && rng === undefined) refuse('randn_source', 'must be one of: CPU, GPU, NV');
  const { enable_pnginfo: embed } = settings;
  return {
    ...(checkpoint !== undefined && { checkpoint }),
    ...(format !== undefined && { outputFormat: format as OutputFormat }),
    ...(quality !== undefined && { outputQuality: Number(quality) }),
    ...(typeof embed === 'boolean' && { embedParameters: embed }),
    ...(rng !== undefined && { rng }),
  };
}
