import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openCheckpoint } from '../../../src/checkpoints/open-checkpoint.ts';
import { writeTinyCheckpoints } from '../../../src/checkpoints/synthetic/tiny-checkpoint.ts';
import { networkLoaders } from '../../../src/installation/load-models.ts';
import { createDeviceLayout } from '../../../src/installation/memory/device-layout.ts';
import { memoryPlans } from '../../../src/installation/memory/memory-plans.ts';
import { createNetworkPool } from '../../../src/installation/network-pool.ts';
import { openClipTextEncoder } from '../../../src/networks/clip-text-encoder.ts';
import { openCudaArena } from '../../../src/networks/runtime/cuda/cuda-arena.ts';
import { cudaMemoryInfo } from '../../../src/networks/runtime/cuda/cuda-memory.ts';
import { cudaWeights } from '../../../src/networks/runtime/cuda/cuda-weights.ts';
import type { InferenceSession } from '../../../src/networks/runtime/inference-session.ts';
import { createWeightCopier } from '../../../src/networks/runtime/weights/copy-weights.ts';
import { createSharedWeights } from '../../../src/networks/runtime/weights/shared-weights.ts';
import { loadStageTokenizer } from '../../../src/pipelines/models.ts';
import type { Findings, Mark } from './calls.ts';

/**
 * A worker's networks on two devices: under a smaller plan its text encoders go to the CPU, where they
 * compute as they would without a GPU, while UNet and VAE stay and something else runs on the device.
 * @param onDevice runs there meanwhile. @param feeds of its runs.
 */
export async function mixedDevices(
  mark: Mark,
  onDevice: () => Promise<InferenceSession>,
  feeds: Parameters<InferenceSession['run']>[0],
): Promise<Findings> {
  const directory = mkdtempSync(path.join(tmpdir(), 'cuda-bookkeeping-'));
  const checkpoint = await openCheckpoint((await writeTinyCheckpoints(directory)).base);
  const { eos } = await loadStageTokenizer(checkpoint.tokenizerDirectories[0], false);
  const alone = await openClipTextEncoder(checkpoint.textEncoders[0]!, { device: 'cpu' });
  const ids = new Int32Array(alone.tokens).fill(7).fill(eos, 9);
  const expected = await alone.encodePrompt(ids);
  await alone.release();

  const arena = await openCudaArena(0);
  const session = await onDevice();
  await session.run(feeds);
  await arena.trim();
  const { free } = cudaMemoryInfo(0);
  const taken = () => free - cudaMemoryInfo(0).free;
  const weights = createSharedWeights(createWeightCopier(cudaWeights(0)));
  const [resident, , textOnCpu] = memoryPlans;
  const plans = [resident!, textOnCpu!];
  const layout = createDeviceLayout({ device: 'cuda:0', plans, trim: arena.trim, weights });
  const places = { pool: createNetworkPool(), layout };
  const load = networkLoaders(checkpoint, { device: 'cuda:0', vaePrecision: 'float16' }, places);
  const encoder = await load.textEncoders[0]!();
  const others = [await load.vaeDecoder(), await load.vaeEncoder()];
  const before = taken();
  await layout.lower();
  const after = taken();
  mark('on the CPU');
  const made = await encoder.encodePrompt(ids);
  mark('on both');
  const [again] = await Promise.all([encoder.encodePrompt(ids), session.run(feeds), session.run(feeds)]);
  mark('end');
  const isSame = [made, again].every(
    ({ hiddenStates }) => Buffer.compare(bytesOf(hiddenStates), bytesOf(expected.hiddenStates)) === 0,
  );
  for (const network of [encoder, ...others]) await network.release();
  await session.release();
  await arena.release();
  rmSync(directory, { recursive: true });
  return { before, after, isSame: String(isSame) };
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
