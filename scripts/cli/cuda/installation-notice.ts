import { showBytes, table } from '../download/sizes.ts';
import { type CudaPackage, oldestDriver } from './cuda-packages.ts';
import type { DriverFacts } from './driver.ts';

/** What is about to be fetched, under which licences, and what it takes to be of use. */
export function installationNotice(
  packages: readonly CudaPackage[],
  there: readonly string[],
  folder: string,
  driver: DriverFacts,
): string {
  const sum = (numbers: readonly (number | undefined)[]) =>
    numbers.reduce<number>((total, each) => total + (each ?? 0), 0);
  const size = (bytes: number | undefined) => (bytes === undefined ? 'size unknown' : showBytes(bytes));
  const rows = packages.map(({ name, bytes, licence }) => [name, size(bytes), licence]);
  const download = sum(packages.map(({ bytes }) => bytes));
  const unpacked = sum(packages.map(({ unpackedBytes }) => unpackedBytes));
  return [
    ...(there.length === 0 ? [] : [`There already: ${there.join(', ')}`]),
    ...(packages.length === 0
      ? ['Nothing is to be fetched.']
      : [
          table(['to be fetched', 'size', 'licence, which you accept by installing it'], rows),
          `together ${showBytes(download)}, ${showBytes(unpacked)} unpacked, into ${folder}; removing that folder is uninstalling`,
        ]),
    `CUDA 13 takes an NVIDIA driver of ${oldestDriver} or newer; ${driverHere(driver)}`,
  ].join('\n');
}

function driverHere({ gpus, kernelModule, smiProblem }: DriverFacts): string {
  const version = gpus[0]?.driverVersion ?? kernelModule;
  if (version === undefined) return `there is none here now (${smiProblem})`;
  return Number.parseInt(version, 10) < oldestDriver
    ? `this machine has ${version}, which is TOO OLD: with it pictures are made on the CPU`
    : `this machine has ${version}`;
}
