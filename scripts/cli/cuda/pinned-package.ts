/** A package with the provider libraries of a release, and the hash it must have. */
export interface PinnedPackage {
  readonly url: string;
  /** SHA-256 in hexadecimal. */
  readonly sha256: string;
  /** Major version of CUDA that its libraries are linked to. */
  readonly cuda: number;
}

/**
 * By release of ONNX Runtime: the Linux x64 wheel of onnxruntime-gpu on PyPI (any CPython's: the provider
 * libraries are the same kind of file in each). The hash is the one that Nix packages of this very file build
 * against. The package on nuget.org has no published hash that could be pinned.
 */
const pinned: Readonly<Record<string, PinnedPackage>> = {
  '1.30.0': {
    url: 'https://files.pythonhosted.org/packages/bb/75/09a6c97136c747608867a63114d988384e6ddb5507e08bbe9ced08744a4c/onnxruntime_gpu-1.30.0-cp314-cp314-manylinux_2_28_x86_64.whl',
    sha256: '5aacc98f394a13f4891c0a07e60479d8fb0b1ea6f3328b6b38cfc88f9dfb05ea',
    cuda: 13,
  },
};

/** @throws Error where no package of that release is pinned. */
export function pinnedPackage(version: string): PinnedPackage {
  const found = pinned[version];
  if (found === undefined)
    throw new Error(
      `no package of ONNX Runtime ${version} is pinned (only ${Object.keys(pinned).join(', ')}): give --sha256 HEX, or --unpinned`,
    );
  return found;
}
