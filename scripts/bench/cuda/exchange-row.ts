import type { Checkpoint } from '../../../src/checkpoints/checkpoint.ts';
import type { UnetInput } from '../../../src/networks/networks.ts';
import type { OwnWeights } from '../../../src/networks/runtime/weights/own-weights.ts';
import { openUnet, type UnetOptions } from '../../../src/networks/unet.ts';
import { median } from '../statistics.ts';
import type { EngineRow } from './engine-work.ts';

/**
 * Seconds by which the base's step is longer where another UNet has had its place since: with a seat its
 * weights are copied there again, without one (on the CPU) it is loaded anew.
 * @param input of the base's steps.
 */
export async function exchangeRow(
  { unet: base, requiresAestheticsScore }: Checkpoint,
  refiner: Checkpoint | undefined,
  input: UnetInput,
  options: Omit<UnetOptions, 'timeIdCount'>,
  seat: OwnWeights | undefined,
): Promise<EngineRow> {
  const open = (component: typeof base, timeIdCount: number) =>
    openUnet(component, { ...options, timeIdCount, ...(seat && { weights: seat }) });
  const ownIds = requiresAestheticsScore ? 5 : 6;
  const seconds = async (run: () => Promise<unknown>): Promise<number> => {
    const start = performance.now();
    await run();
    return (performance.now() - start) / 1000;
  };
  const samples: number[] = [];
  let network = await open(base, ownIds);
  const step = () => network.predictNoise(input);
  await step();
  const plain = median([await seconds(step), await seconds(step), await seconds(step)]);
  const bytes = [...base.tensors.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
  for (let run = 0; run < 3; run++) {
    const other = seat && refiner && (await open(refiner.unet, 5));
    if (other === undefined) await network.release();
    const back = await seconds(async () => {
      if (other === undefined) network = await open(base, ownIds);
      await step();
    });
    samples.push(back - plain);
    await other?.release();
  }
  await network.release();
  const how = seat === undefined || refiner === undefined ? 'loaded anew' : 'copied to its place again';
  return {
    row: `UNet of ${(bytes / 1e9).toFixed(1)} GB in its file, ${how}`,
    unit: 's',
    value: median(samples),
    samples,
  };
}
