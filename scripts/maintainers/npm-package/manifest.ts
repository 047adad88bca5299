/** What is read and written of a package.json. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

/**
 * Packages of which only these files are used: the npm package carries them and does not depend on the rest.
 * npm would fetch 290 MB of onnxruntime-node, whose install script gets CUDA libraries of another release
 * than ours, or fails where there is no internet; a dependency of swagger-ui-dist reports each installation.
 */
export const carried: Readonly<Record<string, readonly string[]>> = {
  'onnxruntime-node': [
    ...['package.json', 'README.md'],
    ...['x64', 'arm64'].map((arch) => `bin/napi-v6/linux/${arch}/libonnxruntime.so.1`),
  ],
  'swagger-ui-dist': [
    ...['package.json', 'LICENSE', 'NOTICE'],
    ...['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'],
  ],
};

/** Parts that only a checkout has a use for. */
const ofCheckout = ['scripts', 'devDependencies', 'overrides', 'allowScripts', 'scarfSettings'];

/** package.json as it is in the npm package. */
export function packedManifest(manifest: Manifest): Manifest {
  const without = <Value>(record: Readonly<Record<string, Value>>, names: readonly string[]) =>
    Object.fromEntries(Object.entries(record).filter(([name]) => !names.includes(name)));
  return {
    ...(without(manifest, ofCheckout) as Manifest),
    dependencies: without(manifest.dependencies, Object.keys(carried)),
  };
}
