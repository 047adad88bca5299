import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Config, readConfig, withVariables } from '../../../src/config/config.ts';
import { leastCudaBytes } from '../../../src/installation/least-memory.ts';
import type { CudaDevice } from '../../../src/networks/runtime/cuda/cuda-devices.ts';
import { hasCudaProvider } from '../../../src/networks/runtime/cuda/cuda-folder.ts';
import type { Device } from '../../../src/networks/runtime/device.ts';
import { moduleFile } from '../../../src/process/module-file.ts';
import { ownCommand } from '../../../src/process/own-command.ts';

/** The devices that can be used, in the driver's order, and what is wrong with the others or with all. */
export interface CudaAnswer {
  readonly usable: readonly UsableDevice[];
  readonly problems: readonly string[];
}

export interface UsableDevice {
  readonly device: Device & `cuda:${number}`;
  readonly name: string;
  readonly freeBytes: number;
}

/** Answers which devices have so many bytes free; asks how many where there is any device. */
export type LookForCuda = (bytes: () => Promise<number>) => Promise<CudaAnswer>;

type Environment = NodeJS.ProcessEnv;

/**
 * The configuration with the device that DEVICE=auto stands for here and now: the first GPU where provider,
 * libraries, driver and enough free memory are there, else the CPU. It is decided once for a process, so that
 * what it makes again it makes on the same device. Any other device stays as it was set, and of DEVICES it is
 * the first one.
 * @param environment that the configuration was read from.
 * @throws Error where DEVICES=all finds none.
 */
export async function chooseDevice(
  config: Config,
  environment: Environment = process.env,
  look: LookForCuda = lookForCuda,
): Promise<Config> {
  return (await chooseDevices(config, environment, look)).configs[0];
}

export interface ChosenDevices {
  /** One for each device, in which what follows from the device follows from that one. */
  readonly configs: readonly [Config, ...Config[]];
  /** Why devices of the machine are left out by DEVICES=all. */
  readonly leftOut: readonly string[];
}

/** The same for a process that computes on all its devices. @throws Error where DEVICES=all finds none. */
export async function chooseDevices(
  config: Config,
  environment: Environment = process.env,
  look: LookForCuda = lookForCuda,
): Promise<ChosenDevices> {
  const { devices } = config;
  if (devices === undefined) {
    const chosen = config.isDeviceAutomatic ? await firstOrCpu(config, environment, look) : config;
    return { configs: [chosen], leftOut: [] };
  }
  if (devices === 'all') return await allUsable(config, environment, look);
  const [first, ...others] = devices.map((device) => onDevice(environment, device));
  return { configs: [first!, ...others], leftOut: [] };
}

async function firstOrCpu(config: Config, environment: Environment, look: LookForCuda): Promise<Config> {
  const bytes = leastBytes(config);
  const { usable, problems } = await look(bytes);
  const [first] = usable;
  if (first === undefined) return { ...config, deviceReason: `DEVICE=auto: no GPU: ${problems.join('; ')}` };
  const deviceReason = `DEVICE=auto: ${described(first, await bytes())}`;
  return { ...onDevice(environment, first.device), isDeviceAutomatic: true, deviceReason };
}

async function allUsable(
  config: Config,
  environment: Environment,
  look: LookForCuda,
): Promise<ChosenDevices> {
  const bytes = leastBytes(config);
  const { usable, problems } = await look(bytes);
  const needed = usable.length === 0 ? 0 : await bytes();
  const [first, ...others] = usable.map((one) => ({
    ...onDevice(environment, one.device),
    deviceReason: `DEVICES=all: ${described(one, needed)}`,
  }));
  if (first === undefined) throw new Error(`DEVICES=all: no GPU can be used: ${problems.join('; ')}`);
  return { configs: [first, ...others], leftOut: problems };
}

function onDevice(environment: Environment, device: Device): Config {
  return readConfig(withVariables(environment, { DEVICE: device, DEVICES: undefined }));
}

/** What is wrong with a models folder is told by whoever loads it. */
function leastBytes(config: Config): () => Promise<number> {
  const { modelsDir, serveModels } = config;
  let known: Promise<number> | undefined;
  return () => {
    known ??=
      modelsDir === undefined
        ? Promise.resolve(0)
        : leastCudaBytes(modelsDir, serveModels, config).catch(() => 0);
    return known;
  };
}

function described({ name, freeBytes }: UsableDevice, bytes: number): string {
  return `${name}, ${gigabytes(freeBytes)} free of the ${gigabytes(bytes)} needed at least`;
}

/** Compute capabilities that the provider for CUDA 13 has machine code for (75;80;86;89;90a;120a, no PTX). */
const supported = /^(7\.5|8\.\d|9\.0|12\.0)$/;

/** The devices that can be used and have the memory. */
export function usableDevices(devices: readonly CudaDevice[], bytes: number): CudaAnswer {
  const problems: string[] = [];
  const usable: UsableDevice[] = [];
  for (const { index, name, computeCapability, freeBytes } of devices) {
    if (!supported.test(computeCapability))
      problems.push(
        `cuda:${index} (${name}) is of compute capability ${computeCapability}, for which the provider is not built`,
      );
    else if (freeBytes < bytes)
      problems.push(
        `cuda:${index} (${name}) has ${gigabytes(freeBytes)} free, and ${gigabytes(bytes)} are needed at least`,
      );
    else usable.push({ device: `cuda:${index}`, name, freeBytes });
  }
  if (devices.length === 0) problems.push('the driver sees no device');
  return { usable, problems };
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

const program = moduleFile(import.meta.url, '../../look-for-cuda.ts');
const patienceMs = 60_000;

const lookForCuda: LookForCuda = async (bytes) => {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return unusable(
      `ONNX Runtime has CUDA for Linux on x64 only; this is ${process.platform} ${process.arch}`,
    );
  if (!hasCudaProvider())
    return unusable(`the CUDA provider is not installed (${ownCommand('cuda:install')})`);
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [program, String(await bytes())], {
      timeout: patienceMs,
    });
    return JSON.parse(stdout.trim().split('\n').at(-1)!) as CudaAnswer;
  } catch (error) {
    const { signal, code } = error as { signal?: string; code?: number | string };
    return unusable(`looking for one ended with ${signal ?? `exit code ${code}`}`);
  }
};

/** None can be used, and why. */
export function unusable(problem: string): CudaAnswer {
  return { usable: [], problems: [problem] };
}
