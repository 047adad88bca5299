import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chunkPrompts } from '../../src/text/chunks.ts';
import { loadTokenizer } from '../../src/text/tokenizer.ts';
import { describePrompt } from './prompt.ts';

test('a prompt is shown with its weights, its chunks and the tokens of both encoders side by side', async () => {
  const tokenizers = [await loadTokenizer({ pad: 'eos' }), await loadTokenizer({ pad: 0 })];
  const prompt = '((low light:1.4)) wow!! BREAK dog';
  const byEncoder = chunkPrompts([prompt], tokenizers).map((byPrompt) => byPrompt[0]!);
  assert.deepEqual(
    describePrompt(prompt, byEncoder, tokenizers)
      .split('\n')
      .map((line) => line.trim().replaceAll(/ +/g, ' ')),
    [
      '1.54 "low light"',
      '1 " wow!!"',
      'BREAK',
      '1 "dog"',
      '',
      'chunk 1 of 2',
      '0 49406 <|startoftext|> 49406 <|startoftext|>',
      '1 1042 x1.54 low</w> 1042 x1.54 low</w>',
      '2 1395 x1.54 light</w> 1395 x1.54 light</w>',
      '3 2781 wow</w> 2781 wow</w>',
      '4 748 !!</w> 0 !',
      '5 49407 <|endoftext|> 0 !',
      '6 49407 <|endoftext|>',
      '49407 71 times (padding) 0 70 times (padding)',
      '',
      'chunk 2 of 2',
      '0 49406 <|startoftext|> 49406 <|startoftext|>',
      '1 1929 dog</w> 1929 dog</w>',
      '2 49407 <|endoftext|> 49407 <|endoftext|>',
      '49407 74 times (padding) 0 74 times (padding)',
    ],
  );
});
