import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { JobError } from '../../../src/jobs/job-error.ts';
import { encodeModel, type Model, type Node } from '../../../src/onnx/onnx-proto.ts';
import { blockedPicture, openSafetyCheck } from './safety-check.ts';

const root = mkdtempSync(path.join(tmpdir(), 'safety-check-'));
after(() => rmSync(root, { recursive: true }));

const node = (op: string, inputs: string[], output: string, attributes: Node['attributes'] = {}): Node => ({
  ...{ name: output, domain: '', op, inputs, outputs: [output], attributes },
});

/**
 * A classifier with the published interface that objects to bright pictures: their mean as CLIP sees them
 * exceeds 1.
 */
const brightnessChecker: Model = {
  name: 'brightness',
  opsets: { '': 21 },
  inputs: [
    { name: 'clip_input', dataType: 'float32', shape: ['n', 3, 224, 224] },
    { name: 'images', dataType: 'float32', shape: ['n', 'height', 'width', 3] },
  ],
  outputs: [
    { name: 'out_images', dataType: 'float32', shape: ['n', 'height', 'width', 3] },
    { name: 'has_nsfw_concepts', dataType: 'bool', shape: ['n'] },
  ],
  initializers: [
    {
      name: 'axes',
      dataType: 'int64',
      shape: [3],
      data: new Uint8Array(BigInt64Array.of(1n, 2n, 3n).buffer),
    },
    { name: 'limit', dataType: 'float32', shape: [1], data: new Uint8Array(Float32Array.of(1).buffer) },
  ],
  nodes: [
    node('ReduceMean', ['clip_input', 'axes'], 'mean', { keepdims: { i: 0 } }),
    node('Greater', ['mean', 'limit'], 'has_nsfw_concepts'),
    node('Identity', ['images'], 'out_images'),
  ],
};

function folderWith(name: string, model: Model): string {
  const folder = path.join(root, name);
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'model.onnx'), encodeModel(model));
  return folder;
}

const picture = (value: number, width: number, height: number) => ({
  ...{ seed: 1, width, height, canvas: { width, height }, latents: new Float32Array(0) },
  pixels: new Float32Array(3 * width * height).fill(value),
});

test('a picture that the classifier objects to fails the job for good, any other passes', async () => {
  const check = await openSafetyCheck(folderWith('bright', brightnessChecker));
  await check(picture(-1, 64, 96));
  await check(picture(0, 320, 256));
  await assert.rejects(check(picture(1, 64, 96)), (error: JobError) => {
    assert.equal(error.name, JobError.name);
    assert.equal(error.message, blockedPicture);
    return !error.retryable;
  });
});

test('a model with another interface is refused by its file', async () => {
  const [clipInput] = brightnessChecker.inputs;
  const other: Model = {
    ...brightnessChecker,
    inputs: [{ ...clipInput!, name: 'pixel_values' }],
    outputs: [{ name: 'mean', dataType: 'float32', shape: ['n'] }],
    nodes: [node('ReduceMean', ['pixel_values', 'axes'], 'mean', { keepdims: { i: 0 } })],
  };
  await assert.rejects(
    openSafetyCheck(folderWith('other', other)),
    /other.model\.onnx: is no safety checker: it takes pixel_values and gives mean/,
  );
});

test('a missing file and a link to elsewhere are refused', async () => {
  await assert.rejects(openSafetyCheck(path.join(root, 'none')), /model\.onnx is missing/);
  const linked = path.join(root, 'linked');
  mkdirSync(linked);
  symlinkSync(
    path.join(folderWith('target', brightnessChecker), 'model.onnx'),
    path.join(linked, 'model.onnx'),
  );
  await assert.rejects(openSafetyCheck(linked), /is a link to/);
});
