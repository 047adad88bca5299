import { parseInfotext } from '../infotext/infotext.ts';

/**
 * What A1111 makes of an infotext in its answer to png-info: the fields, sizes as two, and what it takes
 * where a field is missing (parse_generation_parameters, modules/infotext_utils.py, commit 0365002).
 */
export function a1111Parameters(text: string): Record<string, string | number> {
  const { prompt, negativePrompt, fields } = parseInfotext(text);
  const read = new Map<string, string | number>([
    ['Prompt', prompt],
    ['Negative prompt', negativePrompt],
  ]);
  for (const [key, value] of fields) {
    const [, width, height] = /^(\d+)x(\d+)$/.exec(value) ?? [];
    if (width === undefined) read.set(key, value);
    else read.set(`${key}-1`, width).set(`${key}-2`, height!);
  }
  for (const [key, value] of Object.entries(missing)) if (!read.has(key)) read.set(key, value);
  return Object.fromEntries(read);
}

const missing: Readonly<Record<string, string | number>> = {
  'Clip skip': '1',
  'Hires resize-1': 0,
  'Hires resize-2': 0,
  'Hires sampler': 'Use same sampler',
  'Hires checkpoint': 'Use same checkpoint',
  'Hires prompt': '',
  'Hires negative prompt': '',
  'Mask mode': 'Inpaint masked',
  'Masked content': 'original',
  'Inpaint area': 'Whole picture',
  'Masked area padding': 32,
  RNG: 'GPU',
  'Schedule type': 'Automatic',
  'Schedule max sigma': 0,
  'Schedule min sigma': 0,
  'Schedule rho': 0,
  'VAE Encoder': 'Full',
  'VAE Decoder': 'Full',
  'FP8 weight': 'Disable',
};
