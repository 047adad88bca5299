import type { DriverFacts, Gpu } from './driver.ts';
import type { Finding } from './findings.ts';

/** Oldest driver branch for CUDA 12.x by minor version compatibility (CUDA compatibility guide, table 2). */
const oldestDriver = 525;
/** The same for CUDA 13.x. */
const oldestDriverFor13 = 580;
/**
 * Compute capabilities of the Linux x64 package: machine code for 6.0, 7.0, 7.5, 8.0, 8.6, 8.9, 9.0a and
 * 12.0a, no PTX.
 */
const supportedMajors = new Set([6, 7, 8]);
const supportedExactly = new Set(['9.0', '12.0']);

/** The driver as processes here see it, and each device's age. */
export function driverFindings({ pciDevices, kernelModule, gpus, smiProblem }: DriverFacts): Finding[] {
  if (gpus.length > 0) return gpus.flatMap(gpuFindings);
  if (kernelModule !== undefined)
    return [
      { level: 'ok', text: `kernel driver ${kernelModule} is loaded` },
      {
        level: 'missing',
        text: `no device can be used: ${smiProblem}`,
        fix: "in a container: start it with --gpus all (NVIDIA Container Toolkit); else install the driver's user-space packages of the same version",
      },
    ];
  if (pciDevices > 0)
    return [
      {
        level: 'missing',
        text: `${pciDevices} NVIDIA device${pciDevices > 1 ? 's' : ''} on the PCI bus, but no driver (${smiProblem})`,
        fix: `install the NVIDIA driver, ${oldestDriver} or newer, and load it (modprobe nvidia, or restart)`,
      },
    ];
  return [
    {
      level: 'missing',
      text: `no NVIDIA device and no driver (/proc/driver/nvidia/version is not there, ${smiProblem})`,
      fix: 'use DEVICE=cpu here, or run the worker on a machine with a GPU; in a container: start it with --gpus all',
    },
  ];
}

function gpuFindings({ index, name, driverVersion, computeCapability }: Gpu): Finding[] {
  const findings: Finding[] = [
    {
      level: 'ok',
      text: `cuda:${index}: ${name}, compute capability ${computeCapability}, driver ${driverVersion}`,
    },
  ];
  if (Number.parseInt(driverVersion, 10) < oldestDriver)
    findings.push({
      level: 'missing',
      text: `driver ${driverVersion} is older than CUDA 12 allows`,
      fix: `install ${oldestDriver} or newer`,
    });
  else if (Number.parseInt(driverVersion, 10) < oldestDriverFor13)
    findings.push({
      level: 'note',
      text: `driver ${driverVersion} runs no provider built for CUDA 13`,
      fix: `install ${oldestDriverFor13} or newer, or a provider built for CUDA 12`,
    });
  const major = Number.parseInt(computeCapability, 10);
  if (!supportedMajors.has(major) && !supportedExactly.has(computeCapability))
    findings.push({
      level: 'warning',
      text: `compute capability ${computeCapability} is not among those that ONNX Runtime's packages for Linux are built for (6.x, 7.x, 8.x, 9.0, 12.0)`,
    });
  return findings;
}
