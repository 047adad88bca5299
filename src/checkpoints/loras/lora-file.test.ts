import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, test } from 'node:test';
import { readTensorValues } from '../safetensors/tensor-values.ts';
import { type TensorSource, writeSafetensors } from '../safetensors/write-safetensors.ts';
import { openTinyBase } from '../testing/tiny-base.ts';
import { zeros } from '../testing/zero-tensor.ts';
import { mergeLoras } from './merge-loras.ts';

const { folder, side, opened, close } = await openTinyBase();
after(close);

let files = 0;
async function refusal(
  sources: readonly TensorSource[],
  metadata: Readonly<Record<string, string>> = {},
): Promise<string> {
  const file = path.join(folder, `refused-${files++}.safetensors`);
  await writeSafetensors(file, sources, metadata);
  return mergeLoras(opened, [{ file, weight: 1 }], side).then(
    () => assert.fail('accepted'),
    (error: Error) => error.message,
  );
}

const module = 'lora_unet_mid_block_attentions_0_proj_in';
const pair = [zeros(`${module}.lora_down.weight`, [2, 40]), zeros(`${module}.lora_up.weight`, [40, 2])];

test('what is no LoRA of the checkpoint is refused by name', async () => {
  assert.match(
    await refusal([zeros('lora_unet_mid_block_attentions_9_proj_in.lora_down.weight', [2, 40])]),
    /refused-\d+\.safetensors: "lora_unet_mid_block_attentions_9_proj_in" is no layer of the checkpoint/,
  );
  assert.match(
    await refusal([...pair, zeros(`${module}.dora_scale`, [41])]),
    /has a magnitude \[41\], which does not fit a layer of shape \[40,40\]/,
  );
  assert.match(
    await refusal([...pair, zeros(`${module}.oft_blocks`, [2, 2, 2])]),
    /oft_blocks" is none of a LoRA's; supported are LoRA, LoCon/,
  );
  assert.match(
    await refusal([...pair, zeros(`${module}.diff`, [40, 40])]),
    /is changed by LoRA and a difference at once/,
  );
  assert.match(await refusal([zeros(`${module}.diff_b`, [39])]), /has a bias \[39\], the layer's is \[40\]/);
  assert.match(
    await refusal([zeros(`${module}.hada_w1_a`, [40, 2]), zeros(`${module}.hada_w1_b`, [2, 40])]),
    /lacks its hada_w2_a/,
  );
  assert.match(
    await refusal([zeros(`${module}.lokr_w1`, [3, 4]), zeros(`${module}.lokr_w2`, [10, 10])]),
    /LoKr factors \[3,4\] and \[10,10\], which do not fit a layer of shape \[40,40\]/,
  );
  assert.match(await refusal([pair[0]!]), /"lora_unet_mid_block_attentions_0_proj_in" lacks its up weight/);
  assert.match(
    await refusal([pair[0]!, zeros(`${module}.lora_up.weight`, [40, 3])]),
    /down weight \[2,40\] and up weight \[40,3\], which do not fit a layer of shape \[40,40\]/,
  );
  assert.match(
    await refusal([zeros(`${module}.lora_down.weight`, [2, 41]), pair[1]!]),
    /down weight \[2,41\]/,
  );
  assert.match(await refusal([]), /holds no LoRA/);
  const metadata = { lora_adapter_metadata: '{"unet.use_dora": true}' };
  assert.match(await refusal(pair, metadata), /lacks its magnitude; its adapter metadata say use_dora/);
  assert.match(
    await refusal(pair, { lora_adapter_metadata: '{"unet.lora_alpha": "4"}' }),
    /the lora_alpha of unet\.mid_block\.attentions\.0\.proj_in is "4"/,
  );
});

const diffusersModule = 'unet.mid_block.attentions.0.proj_in';
const renamedPair = (down: string, up: string) => [zeros(down, [2, 40]), zeros(up, [40, 2])];
for (const [title, extra] of [
  [
    'in diffusers naming',
    renamedPair(`${diffusersModule}.lora.down.weight`, `${diffusersModule}.lora.up.weight`),
  ],
  [
    "in the checkpoint's original naming",
    renamedPair(
      'lora_unet_middle_block_1_proj_in.lora_down.weight',
      'lora_unet_middle_block_1_proj_in.lora_up.weight',
    ),
  ],
  [
    'in peft naming',
    renamedPair(
      'base_model.model.unet.mid_block.attentions.0.proj_in.lora_A.weight',
      'base_model.model.unet.mid_block.attentions.0.proj_in.lora_B.weight',
    ),
  ],
  ['by an alpha alone', [zeros(`${diffusersModule}.alpha`, [])]],
  ['by a half of another spelling', [zeros(`${module}.lora_A.weight`, [2, 40])]],
] as const)
  test(`a module named a second time ${title} is refused with both keys`, async () => {
    const message = await refusal([...pair, ...extra]);
    assert.match(
      message,
      /tensors "[^"]+" and "[^"]+" name the same module, unet\.mid_block\.attentions\.0\.proj_in\.weight/,
    );
    assert.ok([...pair, ...extra].filter(({ name }) => message.includes(`"${name}"`)).length === 2, message);
  });

test('two adapters in one file are refused with both keys', async () => {
  const of = (adapter: string) =>
    renamedPair(`${diffusersModule}.lora_A.${adapter}.weight`, `${diffusersModule}.lora_B.${adapter}.weight`);
  assert.match(
    await refusal([...of('one'), ...of('two')]),
    /"unet\.mid_block\.attentions\.0\.proj_in\.lora_A\.one\.weight" and ".*lora_A\.two\.weight" name the same/,
  );
});

test("an alpha or a rank that contradicts the file's adapter metadata is refused with both numbers", async () => {
  const told = (config: object) => ({ lora_adapter_metadata: JSON.stringify(config) });
  assert.match(await refusal(pair, told({ 'unet.r': 4 })), /has rank 2; its adapter metadata say 4/);
  assert.match(
    await refusal([...pair, zeros(`${module}.alpha`, [])], told({ 'unet.lora_alpha': 8 })),
    /has alpha 0; its adapter metadata say 8/,
  );
});

/** Alphas as the tools write them: kohya's merge script an I64, trainers floats of any width. */
for (const [dtype, hex, alpha] of [
  ['I64', '0400000000000000', 4],
  ['I32', '04000000', 4],
  ['F64', '0000000000001040', 4],
  ['BF16', '8040', 4],
  ['F16', '0044', 4],
  ['BOOL', '01', 1],
] as const)
  test(`an alpha of ${dtype} scales as its number ${alpha} does`, async () => {
    const ones = (name: string, shape: readonly number[]): TensorSource => ({
      ...zeros(name, shape),
      bytes: () => [new Uint8Array(new Float32Array(shape[0]! * shape[1]!).fill(1).buffer)],
    });
    const file = path.join(folder, `alpha-${files++}.safetensors`);
    const bytes = Buffer.from(hex, 'hex');
    const scalar = {
      name: `${module}.alpha`,
      dtype,
      shape: [],
      bytes: () => [bytes],
    } as unknown as TensorSource;
    await writeSafetensors(file, [ones(pair[0]!.name, [2, 40]), ones(pair[1]!.name, [40, 2])], {});
    await appendTensor(file, scalar, bytes.length);
    const { unet } = await mergeLoras(opened, [{ file, weight: 1 }], side);
    const name = 'mid_block.attentions.0.proj_in.weight';
    const before = await readTensorValues(opened.unet.tensors.get(name)!);
    const after = await readTensorValues(unet.tensors.get(name)!);
    // Two ranks of ones times alpha / rank.
    assert.deepEqual(
      after,
      before.map((value) => value + alpha),
    );
  });

/** Our writer has float tensors only. */
async function appendTensor(file: string, source: TensorSource, length: number): Promise<void> {
  const bytes = await readFile(file);
  const headerBytes = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + headerBytes));
  const data = bytes.subarray(8 + headerBytes);
  const { name, dtype, shape } = source;
  header[name] = { dtype, shape, data_offsets: [data.length, data.length + length] };
  const json = Buffer.from(JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(json.length));
  const pieces = await Array.fromAsync(source.bytes());
  await writeFile(file, Buffer.concat([prefix, json, data, ...pieces]));
}
