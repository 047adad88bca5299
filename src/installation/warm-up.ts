import type { Models } from '../pipelines/models.ts';

/** Text to image is made at this size unless a request says otherwise. */
const side = 1024;
/** With guidance: the prompt and the negative prompt. */
const batch = 2;

/**
 * Runs UNet and VAE decoder once on zeros, at the size that requests have. For every new size of its input
 * ONNX Runtime's CUDA provider times all algorithms that cuDNN has for a convolution, seconds that no request
 * should wait for. A new size of an input picture still does.
 */
export async function warmUp({ textStages, unet, vaeDecoder }: Models, pictureSide = side): Promise<void> {
  const latentSide = Math.floor(pictureSide / vaeDecoder.factor);
  const tokens = textStages[0]!.encoder.tokens;
  await unet.predictNoise({
    latents: new Float32Array(batch * unet.channels * latentSide ** 2),
    batch,
    height: latentSide,
    width: latentSide,
    timestep: 0,
    encoderHiddenStates: new Float32Array(batch * tokens * unet.crossAttentionWidth),
    textEmbeds: new Float32Array(batch * unet.pooledWidth),
    timeIds: new Float32Array(batch * unet.timeIdCount),
  });
  await vaeDecoder.decode(new Float32Array(vaeDecoder.channels * latentSide ** 2), latentSide, latentSide);
}
