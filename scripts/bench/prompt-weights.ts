/**
 * How long the weight parser takes for 100 kB of text, and how that grows when the text doubles (2 is linear,
 * 4 quadratic). The median of several runs after one for warm-up: node scripts/bench/prompt-weights.ts
 */
import { parsePromptWeights } from '../../src/text/prompt-weights.ts';
import type { Row } from './report/row.ts';
import { median } from './statistics.ts';

const size = 100_000;
const patterns = [
  '(',
  '(a',
  '[a',
  '(a:1.1)',
  '((a:.9)[b] ',
  ')',
  ':',
  ':1',
  '\\',
  ' ',
  'BREAK ',
  'a red fox, ',
];

function medianMilliseconds(text: string, runs = 9): number {
  parsePromptWeights(text);
  const times = Array.from({ length: runs }, () => {
    const start = performance.now();
    parsePromptWeights(text);
    return performance.now() - start;
  });
  return median(times);
}

function filled(pattern: string, length: number): string {
  return pattern.repeat(Math.ceil(length / pattern.length)).slice(0, length);
}

/** A row for each pattern at 100 kB. */
export function measurePromptWeights(): Row[] {
  return patterns.map((pattern) => ({
    group: 'prompt weights',
    name: `100 kB of ${JSON.stringify(pattern)}`,
    unit: 'ms',
    samples: [medianMilliseconds(filled(pattern, size))],
  }));
}

if (import.meta.main) {
  console.log('repeated'.padEnd(16), '100 kB'.padStart(10), '200 kB / 100 kB'.padStart(17));
  for (const pattern of patterns) {
    const once = medianMilliseconds(filled(pattern, size));
    const twice = medianMilliseconds(filled(pattern, 2 * size));
    console.log(
      JSON.stringify(pattern).padEnd(16),
      `${once.toFixed(2)} ms`.padStart(10),
      (twice / once).toFixed(2).padStart(17),
    );
  }
}
