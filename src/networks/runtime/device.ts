/** Where a network computes. */
export type Device = 'cpu' | 'webgpu' | `cuda:${number}`;

/** @throws Error naming the value if it is none of cpu, webgpu and cuda:N. */
export function parseDevice(text: string): Device {
  if (text === 'cpu' || text === 'webgpu' || /^cuda:\d{1,3}$/.test(text)) return text as Device;
  throw new Error(
    `device is ${JSON.stringify(text)}; it must be cpu, webgpu or cuda:N (cuda:0, cuda:1, ...)`,
  );
}
