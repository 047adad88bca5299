/**
 * Where a sampler's randomness comes from. One source belongs to one sample (image): its draws never depend
 * on how many samples run beside it.
 */
export interface NoiseSource {
  /** The next standard normals of this sample's generator, one per latent value (channels x height x width). */
  normal(): Float32Array;
  /**
   * Opens the sample's Brownian path over [sigmaMin, sigmaMax]. The returned function gives the increment
   * between two noise levels divided by the square root of their distance, so each value has unit variance
   * and the sign convention of k-diffusion's BrownianTreeNoiseSampler.
   */
  brownian(sigmaMin: number, sigmaMax: number): (sigma: number, sigmaNext: number) => Float32Array;
}
