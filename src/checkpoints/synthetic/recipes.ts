import { elementCount } from './shapes.ts';

/** How a tensor is made from uniform numbers u in [-1, 1): offset + amplitude * u, then `finish`. */
export interface Recipe {
  readonly offset: number;
  readonly amplitude: number;
  /** Changes a whole tensor in place; only on tensors small enough to be made in one piece. */
  readonly finish?: (values: Float32Array, shape: readonly number[]) => void;
}

/** Uniform numbers of amplitude sqrt(3) have unit variance. */
const unit = Math.sqrt(3);

/**
 * Standard deviation of weights times the square root of their fan-in, where it is not 1. First match counts.
 */
const gains: readonly (readonly [RegExp, number])[] = [
  // Sharp attention: an average over all tokens would hide which token says what.
  [/\.to_q\.weight$/, 3],
  [/\.attn2\.to_out\.0\.weight$/, 1.5],
  // Guidance multiplies what the pooled prompt changes.
  [/^add_embedding\.linear_2\.weight$/, 0.5],
  // Ends of residual branches: kept small, so that depth does not add up.
  [/\.(conv2|to_out\.0|ff\.net\.2|proj_out|mlp\.fc2|self_attn\.out_proj)\.weight$/, 0.5],
];

/** Norms near one, biases near zero, linear and convolution weights of variance gain^2 / fan-in. */
function plainRecipe(name: string, shape: readonly number[]): Recipe {
  if (/norm\w*\.weight$/.test(name)) return { offset: 1, amplitude: 0.2 };
  if (name.endsWith('.bias')) return { offset: 0, amplitude: 0.1 };
  if (name.endsWith('embedding.weight')) return { offset: 0, amplitude: 1 };
  const gain = gains.find(([pattern]) => pattern.test(name))?.[1] ?? 1;
  const fanIn = elementCount(shape.slice(1));
  return { offset: 0, amplitude: (gain * unit) / Math.sqrt(fanIn) };
}

export function clipTextRecipe(name: string, shape: readonly number[]): Recipe {
  return plainRecipe(name, shape);
}

/**
 * A UNet that predicts noise = its input plus a random function of everything, so that a run of the sampler
 * contracts as it does with a trained model. The input travels from conv_in through the outermost skip
 * connection to conv_out in pairs of channels (+x, -x), because silu(x) - silu(-x) = x.
 * @param outer block_out_channels[0].
 */
export function unetRecipe(name: string, shape: readonly number[], outer: number): Recipe {
  const plain = plainRecipe(name, shape);
  const carriers = Math.min(8, outer);
  const sign = (channel: number) => (channel % 2 === 0 ? 1 : -1);
  if (name === 'conv_in.weight')
    return {
      ...plain,
      finish: (values, [, inputs, height, width]) => {
        const row = inputs! * height! * width!;
        for (let channel = 0; channel < carriers; channel++) {
          for (let index = 0; index < row; index++) values[channel * row + index]! *= 0.1;
          const centre = (channel >> 1) * height! * width! + 4;
          values[channel * row + centre] = sign(channel);
        }
      },
    };
  if (/^up_blocks\.\d+\.resnets\.\d+\.conv_shortcut\.weight$/.test(name) && shape[0] === outer)
    return {
      ...plain,
      finish: (values, [, inputs]) => {
        for (let channel = 0; channel < carriers; channel++) {
          for (let index = 0; index < inputs!; index++) values[channel * inputs! + index]! *= 0.3;
          values[channel * inputs! + inputs! - outer + channel] = 1;
        }
      },
    };
  if (name === 'conv_out.weight')
    return {
      ...plain,
      finish: (values, [outputs, inputs]) => {
        for (let index = 0; index < values.length; index++) values[index]! *= 0.3;
        for (let output = 0; output < outputs!; output++)
          for (const channel of [2 * output, 2 * output + 1])
            if (channel < carriers) values[(output * inputs! + channel) * 9 + 4] = sign(channel);
      },
    };
  return plain;
}

/**
 * A VAE whose latents times scaling_factor have about unit variance, whose posterior has a visible spread
 * (log variance about -2) and whose pixels stay within -1 ... 1.
 */
export function vaeRecipe(name: string, shape: readonly number[], scalingFactor: number): Recipe {
  const plain = plainRecipe(name, shape);
  const half = shape[0]! / 2;
  if (name === 'encoder.conv_out.weight')
    return {
      ...plain,
      finish: (values) => {
        const means = values.length / 2;
        for (let index = 0; index < values.length; index++)
          values[index]! *= index < means ? 1 / scalingFactor : 0.5;
      },
    };
  if (name === 'encoder.conv_out.bias')
    return {
      ...plain,
      finish: (values) => {
        for (let channel = half; channel < shape[0]!; channel++) values[channel]! -= 2;
      },
    };
  if (name === 'quant_conv.weight' || name === 'post_quant_conv.weight')
    return {
      offset: 0,
      amplitude: 0.05,
      finish: (values, [size]) => {
        for (let channel = 0; channel < size!; channel++) values[channel * size! + channel]! += 1;
      },
    };
  if (name === 'decoder.conv_in.weight') return { ...plain, amplitude: plain.amplitude * scalingFactor };
  if (name === 'decoder.conv_out.weight') return { ...plain, amplitude: plain.amplitude * 0.5 };
  return plain;
}
