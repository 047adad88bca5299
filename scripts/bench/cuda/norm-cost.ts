import type { UnetConfig } from '../../../src/checkpoints/configs/unet-config.ts';
import { cudaLayers } from '../../../src/graphs/cuda-layers.ts';
import type { Flavour } from '../../../src/graphs/layers.ts';
import { unetGraph } from '../../../src/graphs/unet.ts';

export interface NormCost {
  readonly norms: number;
  /** Further floating-point operations of a guided step. */
  readonly operations: number;
  /** Bytes of all normalised maps in float16: one pass over them reads or writes so many. */
  readonly passBytes: number;
  readonly furtherKernels: number;
}

/** A guided step: the prompt and the negative prompt. */
const batch = 2;
const halfBytes = 2;

/** What DETERMINISTIC=on takes more of a guided step at a size of pictures, counted from the two graphs. */
function normCost(config: UnetConfig, side: number): NormCost {
  const levels = config.block_out_channels.length - 1;
  let [norms, operations, values] = [0, 0, 0];
  const counting: Flavour = (graph) => {
    const layers = cudaLayers('float16', { deterministic: true })(graph);
    return {
      ...layers,
      groupNorm: (path, map, channels, options) => {
        const [, way, block] = /^(down|up)_blocks\.(\d+)/.exec(path) ?? [];
        const level = way === 'down' ? Number(block) : way === 'up' ? levels - Number(block) : 0;
        const pixels = (side / 8 / 2 ** (path.startsWith('mid_block') ? levels : level)) ** 2;
        norms++;
        // d^T d; the products with a row of ones are a thousandth of it.
        operations += batch * 2 * pixels * channels ** 2;
        values += batch * pixels * channels;
        return layers.groupNorm(path, map, channels, options);
      },
    };
  };
  const shape = { pooledWidth: 1280, timeIdCount: 6 };
  const slow = unetGraph(config, counting, shape);
  const fast = unetGraph(config, cudaLayers('float16'), shape);
  const furtherKernels = slow.nodes.length - fast.nodes.length;
  return { norms, operations, passBytes: halfBytes * values, furtherKernels };
}

/** Passes over a map: eleven instead of GroupNorm's three, see deterministic-group-norm.ts. */
const furtherPasses = 8;

export function countedCost(config: UnetConfig, side: number): string {
  const { norms, operations, passBytes, furtherKernels } = normCost(config, side);
  const gigabytes = (furtherPasses * passBytes) / 1e9;
  return (
    `DETERMINISTIC=on, counted for a step: ${norms} group norms, ${(operations / 1e12).toFixed(2)} TFLOP and ` +
    `${gigabytes.toFixed(2)} GB more (${furtherPasses} further passes over the maps), ${furtherKernels} further kernels`
  );
}
