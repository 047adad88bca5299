/**
 * What ONNX Runtime's fused CUDA kernels take: anything else they refuse when they run, so it is given to
 * plain operators. Read from onnxruntime/contrib_ops/cuda/diffusion of the main branch, 2023 to 2026.
 */

/**
 * BiasSplitGelu: bias_split_gelu.cc knows these widths of its input; the refiner's 6144 and 12288 are not
 * among them.
 */
export function isSplitGeluWidth(width: number): boolean {
  return width === 2560 || width === 5120 || width === 10240;
}

/** BiasAdd: the widths of every version of bias_add.cc. */
export function isBiasAddWidth(width: number): boolean {
  return width === 320 || width === 640 || width === 1280;
}

/** Threads of group_norm_impl.cu take channels in pairs; a group may not be wider than a block of 512. */
export function isGroupNormWidth(channels: number, groups: number): boolean {
  const channelsPerGroup = channels / groups;
  return Number.isInteger(channelsPerGroup) && channelsPerGroup % 2 === 0 && channelsPerGroup <= 512;
}
