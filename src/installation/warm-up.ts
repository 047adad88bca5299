import type { ClipTextEncoder, Unet, UnetInput, VaeDecoder, Warmable } from '../networks/networks.ts';
import { createTurns } from '../networks/runtime/turns.ts';

/** Text to image is made at this size unless a request says otherwise. */
const pictureSide = 1024;
/** With guidance: the prompt and the negative prompt. */
const batch = 2;

/**
 * Runs networks that make a picture of text once, at the size that requests have. A network's first run on
 * CUDA loads its kernels, and for every new size of its input the provider looks for the best algorithm of
 * each convolution: seconds that no request should wait for (the text encoders' first run took 1 s on an
 * H200, later ones 3 ms). A new size of an input picture still waits.
 *
 * One at a time, as two runs at once compute in twice the memory; and each session once, whichever networks
 * have it: those of checkpoints that share a text encoder or a VAE, or the UNets of one architecture that are
 * exchanged for one another.
 */
export interface WarmUps {
  /** @param endOfText a token without which the encoder takes no prompt. */
  textEncoder(encoder: ClipTextEncoder, endOfText: number): Promise<void>;
  /** @param tokens of a prompt. @param factor pixels to a latent. */
  unet(unet: Unet, tokens: number, factor: number): Promise<void>;
  vaeDecoder(decoder: VaeDecoder): Promise<void>;
}

export function createWarmUps(side = pictureSide): WarmUps {
  const turns = createTurns();
  const once = ({ warmedUp }: Warmable, size: string, run: () => Promise<unknown>): Promise<void> =>
    turns.alone(async () => {
      if (warmedUp?.has(size)) return;
      await run();
      warmedUp?.add(size);
    });
  return {
    // One prompt after the other is encoded: see encodePrompts.
    textEncoder: (encoder, endOfText) =>
      once(encoder, 'prompt', () => encoder.encodePrompt(new Int32Array(encoder.tokens).fill(endOfText))),
    unet: (unet, tokens, factor) => {
      const latentSide = Math.floor(side / factor);
      const input = (): UnetInput => ({
        ...{ batch, height: latentSide, width: latentSide, timestep: 0 },
        latents: new Float32Array(batch * unet.channels * latentSide ** 2),
        encoderHiddenStates: new Float32Array(batch * tokens * unet.crossAttentionWidth),
        textEmbeds: new Float32Array(batch * unet.pooledWidth),
        timeIds: new Float32Array(batch * unet.timeIdCount),
      });
      const { capture } = unet;
      // Steps of a shape that is captured are launched at once.
      return capture === undefined
        ? once(unet, `${side}`, () => unet.predictNoise(input()))
        : once(unet, `${side}, captured`, () => capture(input()));
    },
    vaeDecoder: (decoder) => {
      const latentSide = Math.floor(side / decoder.factor);
      const latents = () => new Float32Array(decoder.channels * latentSide ** 2);
      return once(decoder, `${side}`, () => decoder.decode(latents(), latentSide, latentSide));
    },
  };
}
