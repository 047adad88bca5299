/** `npm run prompt -- "a (red:1.3) fox"`: how a prompt is weighted, cut in chunks and tokenized. */

import { parseArgs } from 'node:util';
import { ownCommand } from '../../src/process/own-command.ts';
import { reportFailure } from '../../src/process/report-failure.ts';
import {
  chunkLength,
  chunkPrompts,
  defaultChunkCeiling,
  type PromptChunk,
  PromptError,
} from '../../src/text/chunks.ts';
import { parsePromptWeights, promptBreak } from '../../src/text/prompt-weights.ts';
import { applyStyle, canonicalStyle, styleNames } from '../../src/text/styles.ts';
import { type ClipTokenizer, loadTokenizer } from '../../src/text/tokenizer.ts';

const usage = `${ownCommand('prompt "a ((red:1.3)) fox" [options]')}

Prints the weights, chunks and tokens of a prompt as SDXL's two text encoders will see them.

  --negative TEXT    negative prompt; both get the same number of chunks
  --style NAME       put the prompts into a style first
  --tokenizer DIR    tokenizer/ folder of a checkpoint, for the first encoder
  --tokenizer-2 DIR  tokenizer_2/ folder, for the second
  --chunks N         most chunks allowed, ${defaultChunkCeiling} by default`;

/** Weighted runs of a prompt, then a table per chunk with one row per token position, filler left out. */
export function describePrompt(
  prompt: string,
  byEncoder: readonly (readonly PromptChunk[])[],
  tokenizers: readonly ClipTokenizer[],
): string {
  const lines = parsePromptWeights(prompt).map((part) =>
    part === promptBreak
      ? '  BREAK'
      : `  ${formatWeight(part.weight).padStart(7)}  ${JSON.stringify(part.text)}`,
  );
  const count = byEncoder[0]?.length ?? 0;
  for (let chunk = 0; chunk < count; chunk++) {
    const columns = byEncoder.map((chunks, encoder) => tokenColumn(chunks[chunk]!, tokenizers[encoder]!));
    lines.push('', `  chunk ${chunk + 1} of ${count}`);
    const rows = Math.max(...columns.map((column) => column.length));
    for (let position = 0; position < rows; position++) {
      const cells = columns.map((column) => (column[position] ?? '').padEnd(40));
      lines.push(`  ${String(position).padStart(4)}  ${cells.join('').trimEnd()}`);
    }
    const filler = columns.map((column, encoder) =>
      fillerText(chunkLength - column.length, tokenizers[encoder]!),
    );
    lines.push(`        ${filler.map((text) => text.padEnd(40)).join('')}`.trimEnd());
  }
  return lines.join('\n');
}

/** One text per token up to the last that is neither padding nor weighted. */
function tokenColumn({ ids, weights }: PromptChunk, tokenizer: ClipTokenizer): string[] {
  let end = ids.length;
  while (end > 0 && ids[end - 1] === tokenizer.pad && weights[end - 1] === 1) end--;
  // Where padding is the end token itself, the first of them is the end of the text.
  if (tokenizer.pad === tokenizer.eos && end < ids.length) end++;
  return Array.from(ids.subarray(0, end), (id, index) => {
    const weight = weights[index]!;
    const shown = weight === 1 ? '' : `x${formatWeight(weight)}`;
    return `${String(id).padStart(6)} ${shown.padEnd(8)} ${tokenizer.tokenText(id)}`;
  });
}

function fillerText(count: number, tokenizer: ClipTokenizer): string {
  return count === 0 ? '' : `${String(tokenizer.pad).padStart(6)} ${`${count} times`.padEnd(8)} (padding)`;
}

function formatWeight(weight: number): string {
  return String(Number(weight.toPrecision(5)));
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      negative: { type: 'string', default: '' },
      style: { type: 'string', default: 'base' },
      tokenizer: { type: 'string' },
      'tokenizer-2': { type: 'string' },
      chunks: { type: 'string', default: String(defaultChunkCeiling) },
      help: { type: 'boolean', default: false },
    },
  });
  const [prompt, ...more] = positionals;
  if (values.help || prompt === undefined || more.length > 0) {
    console.log(usage);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const style = canonicalStyle(values.style);
  if (style === undefined) {
    throw new PromptError(`style '${values.style}' is none of: ${styleNames.join(', ')}`);
  }
  const ceiling = Number(values.chunks);
  if (!Number.isInteger(ceiling) || ceiling < 1) {
    throw new PromptError(`--chunks must be a whole number from 1, not '${values.chunks}'`);
  }
  const tokenizers = await Promise.all([
    loadTokenizer({ pad: 'eos', ...(values.tokenizer && { directory: values.tokenizer }) }),
    loadTokenizer({ pad: 0, ...(values['tokenizer-2'] && { directory: values['tokenizer-2'] }) }),
  ]);
  const styled = applyStyle(style, prompt, values.negative);
  const prompts = [styled.prompt, styled.negativePrompt];
  const byEncoder = chunkPrompts(prompts, tokenizers, ceiling);
  prompts.forEach((text, index) => {
    console.log(`${index === 0 ? 'prompt' : '\nnegative prompt'}: ${text}`);
    console.log(
      describePrompt(
        text,
        byEncoder.map((byPrompt) => byPrompt[index]!),
        tokenizers,
      ),
    );
  });
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    reportFailure(error);
  }
}
