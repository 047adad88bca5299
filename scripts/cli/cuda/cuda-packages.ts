import { providerLibraries } from '../../../src/networks/runtime/cuda/cuda-folder.ts';

/** A zip with libraries that the CUDA provider consists of or needs. */
export interface CudaPackage {
  readonly name: string;
  readonly url: string;
  /** SHA-256 in hexadecimal; undefined where whatever the server gives is taken. */
  readonly sha256: string | undefined;
  /** Of the package; undefined where it is not known beforehand. */
  readonly bytes?: number;
  /** Of its libraries. */
  readonly unpackedBytes?: number;
  readonly licence: string;
  /** Where in the zip the libraries are: the first of these that has one. */
  readonly folders: readonly string[];
  readonly libraries: readonly string[];
}

const toolkit = {
  licence: 'CUDA Toolkit EULA (https://docs.nvidia.com/cuda/eula/)',
  folders: ['nvidia/cu13/lib'],
};
const host = 'https://files.pythonhosted.org/packages';

/** Where the provider's libraries are in a NuGet package and in a Python wheel. */
export const providerPlaces = {
  licence: 'MIT License',
  folders: ['runtimes/linux-x64/native', 'onnxruntime/capi'],
  libraries: providerLibraries,
};

/**
 * By release of ONNX Runtime: the Linux x64 wheel of onnxruntime-gpu on PyPI (any CPython's: the provider
 * libraries are the same kind of file in each). Names, sizes and hashes of all packages are those of PyPI's
 * index, 2026-11-26. The package on nuget.org has no published hash that could be pinned.
 */
const providers: Readonly<Record<string, CudaPackage>> = {
  '1.30.0': {
    ...providerPlaces,
    name: 'onnxruntime-gpu 1.30.0, CUDA provider',
    url: `${host}/bb/75/09a6c97136c747608867a63114d988384e6ddb5507e08bbe9ced08744a4c/onnxruntime_gpu-1.30.0-cp314-cp314-manylinux_2_28_x86_64.whl`,
    sha256: '5aacc98f394a13f4891c0a07e60479d8fb0b1ea6f3328b6b38cfc88f9dfb05ea',
    bytes: 246_693_192,
    unpackedBytes: 272_068_632,
  },
};

/** @throws Error where no package of that release is pinned. */
export function pinnedProvider(version: string): CudaPackage {
  const found = providers[version];
  if (found === undefined)
    throw new Error(
      `no package of ONNX Runtime ${version} is pinned (only ${Object.keys(providers).join(', ')}): give --url URL --sha256 HEX`,
    );
  return found;
}

/**
 * What the pinned provider needs (its NEEDED entries, and what it and cuDNN open by name when they first
 * compute), in the releases that torch 2.11 is built and tested with: CUDA 13.0.2, which driver 580 brings
 * all it needs for, and cuDNN 9.19. Of cuFFT, which onnxruntime-gpu's metadata asks for, the provider has no
 * symbol and no name.
 */
export const libraryPackages: readonly CudaPackage[] = [
  {
    ...toolkit,
    name: 'nvidia-cuda-runtime 13.0.96',
    url: `${host}/2e/24/d1558f3b68b1d26e706813b1d10aa1d785e4698c425af8db8edc3dced472/nvidia_cuda_runtime-13.0.96-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl`,
    sha256: '7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548',
    bytes: 2_243_632,
    unpackedBytes: 704_288,
    libraries: ['libcudart.so.13'],
  },
  {
    ...toolkit,
    name: 'nvidia-cuda-nvrtc 13.0.88',
    url: `${host}/c3/68/483a78f5e8f31b08fb1bb671559968c0ca3a065ac7acabfc7cee55214fd6/nvidia_cuda_nvrtc-13.0.88-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl`,
    sha256: 'ad9b6d2ead2435f11cbb6868809d2adeeee302e9bb94bcf0539c7a40d80e8575',
    bytes: 90_215_200,
    unpackedBytes: 113_718_680,
    libraries: ['libnvrtc-builtins.so.13.0', 'libnvrtc.so.13'],
  },
  {
    ...toolkit,
    name: 'nvidia-curand 10.4.0.35',
    url: `${host}/a5/9f/be0a41ca4a4917abf5cb9ae0daff1a6060cc5de950aec0396de9f3b52bc5/nvidia_curand-10.4.0.35-py3-none-manylinux_2_27_x86_64.whl`,
    sha256: '1aee33a5da6e1db083fe2b90082def8915f30f3248d5896bcec36a579d941bfc',
    bytes: 59_544_258,
    unpackedBytes: 132_698_328,
    libraries: ['libcurand.so.10'],
  },
  {
    ...toolkit,
    name: 'nvidia-cublas 13.1.0.3',
    url: `${host}/e7/44/423ac00af4dd95a5aeb27207e2c0d9b7118702149bf4704c3ddb55bb7429/nvidia_cublas-13.1.0.3-py3-none-manylinux_2_27_x86_64.whl`,
    sha256: 'ee8722c1f0145ab246bccb9e452153b5e0515fd094c3678df50b2a0888b8b171',
    bytes: 423_133_236,
    unpackedBytes: 595_773_576,
    libraries: ['libcublasLt.so.13', 'libcublas.so.13'],
  },
  {
    name: 'nvidia-cudnn-cu13 9.19.0.56',
    url: `${host}/a3/22/0b4b932655d17a6da1b92fa92ab12844b053bb2ac2475e179ba6f043da1e/nvidia_cudnn_cu13-9.19.0.56-py3-none-manylinux_2_27_x86_64.whl`,
    sha256: 'd20e1734305e9d68889a96e3f35094d733ff1f83932ebe462753973e53a572bf',
    bytes: 366_066_321,
    unpackedBytes: 493_410_224,
    licence: 'cuDNN SLA (https://docs.nvidia.com/deeplearning/cudnn/latest/reference/eula.html)',
    folders: ['nvidia/cudnn/lib'],
    libraries: [
      'libcudnn.so.9',
      'libcudnn_graph.so.9',
      'libcudnn_ops.so.9',
      'libcudnn_cnn.so.9',
      'libcudnn_adv.so.9',
      'libcudnn_heuristic.so.9',
      'libcudnn_engines_precompiled.so.9',
      'libcudnn_engines_runtime_compiled.so.9',
    ],
  },
];

/** Oldest driver branch for CUDA 13 (CUDA compatibility guide, table 2). */
export const oldestDriver = 580;
