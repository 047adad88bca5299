import type { UnetInput } from '../networks/networks.ts';
import type { Models } from '../pipelines/models.ts';

/** Text to image is made at this size unless a request says otherwise. */
const side = 1024;
/** With guidance: the prompt and the negative prompt. */
const batch = 2;

/**
 * Runs every network that makes a picture of text once, at the size that requests have. A network's first run
 * on CUDA loads its kernels, and for every new size of its input the provider looks for the best algorithm of
 * each convolution: seconds that no request should wait for (the text encoders' first run took 1 s on an
 * H200, later ones 3 ms). A new size of an input picture still waits.
 */
export async function warmUp({ textStages, unet, vaeDecoder }: Models, pictureSide = side): Promise<void> {
  const latentSide = Math.floor(pictureSide / vaeDecoder.factor);
  const tokens = textStages[0]!.encoder.tokens;
  // One prompt after the other is encoded: see encodePrompts.
  for (const { encoder, tokenizer } of textStages)
    await encoder.encodePrompt(new Int32Array(encoder.tokens).fill(tokenizer.eos));
  const input: UnetInput = {
    latents: new Float32Array(batch * unet.channels * latentSide ** 2),
    batch,
    height: latentSide,
    width: latentSide,
    timestep: 0,
    encoderHiddenStates: new Float32Array(batch * tokens * unet.crossAttentionWidth),
    textEmbeds: new Float32Array(batch * unet.pooledWidth),
    timeIds: new Float32Array(batch * unet.timeIdCount),
  };
  // Steps of this shape are then launched at once.
  if (unet.capture === undefined) await unet.predictNoise(input);
  else await unet.capture(input);
  await vaeDecoder.decode(new Float32Array(vaeDecoder.channels * latentSide ** 2), latentSide, latentSide);
}
