/**
 * `npm run cuda:install`: the CUDA provider libraries of the installed onnxruntime-node, which its npm
 * package lacks.
 */
import { parseArgs } from 'node:util';
import { reportFailure } from '../../src/process/report-failure.ts';
import { installProvider, packageUrl } from './cuda/install-provider.ts';
import { pinnedPackage } from './cuda/pinned-package.ts';
import { bindingFolder, runtimeVersion } from './cuda/provider-files.ts';
import { progressBar } from './download/progress.ts';

const usage = `npm run cuda:install -- (--pinned | --sha256 HEX | --unpinned) [--url URL]
  --pinned       the wheel of onnxruntime-gpu of this release, whose hash is known here (CUDA 13)
  --sha256 HEX   hash the package must have
  --unpinned     take what the server gives, and print its hash
  --url URL      the package, a NuGet .nupkg or a wheel of onnxruntime-gpu, or a mirror of one; with --pinned a mirror of that
                 (default otherwise ${packageUrl(runtimeVersion)})`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      sha256: { type: 'string' },
      unpinned: { type: 'boolean', default: false },
      pinned: { type: 'boolean', default: false },
      url: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const choices = [values.pinned, values.sha256 !== undefined, values.unpinned];
  if (values.help || choices.filter((chosen) => chosen).length !== 1) {
    console.log(usage);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const pin = values.pinned ? pinnedPackage(runtimeVersion) : undefined;
  const sha256 = pin?.sha256 ?? values.sha256?.toLowerCase();
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/.test(sha256))
    throw new Error(`--sha256 ${values.sha256}: must be 64 hexadecimal digits`);
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error(
      `ONNX Runtime has CUDA for Linux on x64 only; this is ${process.platform} ${process.arch}`,
    );
  const record = await installProvider({
    folder: bindingFolder,
    version: runtimeVersion,
    url: values.url ?? pin?.url,
    sha256,
    onBytes: progressBar('CUDA provider'),
  });
  console.log(`ONNX Runtime ${record.version}: CUDA provider installed into ${bindingFolder}`);
  console.log(`sha256 of the package: ${record.sha256}${values.unpinned ? ' (taken as it came)' : ''}`);
  console.log('Next: npm run models -- doctor');
}

await main().catch(reportFailure);
