/** Tensor name -> shape. */
export type Shapes = Map<string, readonly number[]>;

/** Adds `<name>.weight` of `shape` and `<name>.bias` of its first extent. */
export function affine(shapes: Shapes, name: string, shape: readonly number[]): void {
  shapes.set(`${name}.weight`, shape);
  shapes.set(`${name}.bias`, [shape[0]!]);
}

/** A ResnetBlock2D; `timeWidth` is absent in the VAE, whose resnets know no time. */
export function resnet(
  shapes: Shapes,
  name: string,
  input: number,
  output: number,
  timeWidth?: number,
): void {
  affine(shapes, `${name}.norm1`, [input]);
  affine(shapes, `${name}.conv1`, [output, input, 3, 3]);
  if (timeWidth !== undefined) affine(shapes, `${name}.time_emb_proj`, [output, timeWidth]);
  affine(shapes, `${name}.norm2`, [output]);
  affine(shapes, `${name}.conv2`, [output, output, 3, 3]);
  if (input !== output) affine(shapes, `${name}.conv_shortcut`, [output, input, 1, 1]);
}

/** Numbers in all tensors together. */
export function parameterCount(shapes: Shapes): number {
  let count = 0;
  for (const shape of shapes.values()) count += elementCount(shape);
  return count;
}

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}
