import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lorasOf, wireLora } from '../../contract/bodies/lora-fields.ts';
import { lorasInPrompt } from './values.ts';

test('LoRAs in a prompt are read as the server reads them, and taken out', () => {
  for (const prompt of [
    'a fox <lora:ink:0.8>',
    '<lora:ink> a fox <lyco:sub/a b:-1>',
    'a <lora:a:0.5:2> fox',
    '<lora:a:te=0:unet=.5>',
    '<lora:a:1:unet=0.25>',
    '<lora:a:unet=3>',
  ]) {
    const served = lorasOf(prompt);
    const { loras, rest, unread } = lorasInPrompt(prompt);
    assert.deepEqual(loras, served.loras!.map(wireLora), prompt);
    assert.equal(rest, served.prompt.replace(/ {2,}/g, ' ').trim());
    assert.deepEqual(unread, []);
  }
});

test('what looks like a LoRA and is none is told, and stays in the prompt', () => {
  for (const [prompt, unread] of [
    ['a <lora:ink:strong> fox', ['<lora:ink:strong>']],
    ['a <lora:ink:11>', ['<lora:ink:11>']],
    ['a <lora:ink:1:2:3>', ['<lora:ink:1:2:3>']],
    ['a <lora:ink:>', ['<lora:ink:>']],
    ['a <lora ink>', ['<lora ink>']],
    ['a <LORA:ink:1>', ['<LORA:ink:1>']],
    ['a <lora:ink:0.8', ['<lora:ink:0.8']],
    ['a <lora', ['<lora']],
  ] as const)
    assert.deepEqual(lorasInPrompt(prompt), { loras: [], rest: prompt, unread });
  for (const prompt of ['', 'a fox', 'loras <b>', 'a < lorase', '<embedding:x>'])
    assert.deepEqual(lorasInPrompt(prompt), { loras: [], rest: prompt, unread: [] });
});
