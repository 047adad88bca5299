/** `npm run cuda:install`: the CUDA provider libraries of the installed onnxruntime-node, which its npm package lacks. */
import { parseArgs } from 'node:util';
import { installProvider, packageUrl } from './cuda/install-provider.ts';
import { bindingFolder, runtimeVersion } from './cuda/provider-files.ts';
import { progressBar } from './models/progress.ts';

const usage = `npm run cuda:install -- (--sha256 HEX | --unpinned) [--url URL]
  --sha256 HEX   hash the package must have
  --unpinned     take what the server gives, and print its hash
  --url URL      the package, a NuGet .nupkg or mirror of it (default ${packageUrl(runtimeVersion)})`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      sha256: { type: 'string' },
      unpinned: { type: 'boolean', default: false },
      url: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help || (values.sha256 === undefined) !== values.unpinned) {
    console.log(usage);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const sha256 = values.sha256?.toLowerCase();
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/.test(sha256))
    throw new Error(`--sha256 ${values.sha256}: must be 64 hexadecimal digits`);
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error(
      `ONNX Runtime has CUDA for Linux on x64 only; this is ${process.platform} ${process.arch}`,
    );
  const record = await installProvider({
    folder: bindingFolder,
    version: runtimeVersion,
    url: values.url,
    sha256,
    onBytes: progressBar('CUDA provider'),
  });
  console.log(`ONNX Runtime ${record.version}: CUDA provider installed into ${bindingFolder}`);
  console.log(`sha256 of the package: ${record.sha256}${values.unpinned ? ' (taken as it came)' : ''}`);
  console.log('Next: npm run models -- doctor');
}

await main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
