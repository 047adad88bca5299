/** Where a network computes; `cuda:0` is the first NVIDIA device. */
export type Device = 'cpu' | 'webgpu' | `cuda:${number}`;

/** Whether a text is one of cpu, webgpu and cuda:N. */
export function isDevice(text: string): text is Device {
  return text === 'cpu' || text === 'webgpu' || /^cuda:\d{1,3}$/.test(text);
}

export function isCuda(device: Device): boolean {
  return device.startsWith('cuda:');
}

/** @throws Error naming the value if it is none of cpu, webgpu and cuda:N. */
export function parseDevice(text: string): Device {
  if (isDevice(text)) return text;
  throw new Error(
    `device is ${JSON.stringify(text)}; it must be cpu, webgpu or cuda:N (cuda:0, cuda:1, ...)`,
  );
}

/** The number of a CUDA device; undefined for any other. */
export function cudaIndex(device: Device): number | undefined {
  return isCuda(device) ? Number(device.slice('cuda:'.length)) : undefined;
}
