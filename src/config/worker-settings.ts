import { baseName, isServedName } from '../contract/served-names.ts';
import { cudaIndex, type Device, isDevice } from '../networks/runtime/device.ts';
import {
  type Kind,
  listOf,
  memorySize,
  oneOf,
  onOrOff,
  place,
  type Setting,
  wholeNumber,
} from './setting-kinds.ts';

const device: Kind<Device | 'auto'> = {
  allowed: 'auto, cpu, webgpu or cuda:N (cuda:0 is the first device)',
  parse: (text) => (text === 'auto' || isDevice(text) ? text : undefined),
};

const devices: Kind<readonly Device[] | 'all'> = {
  allowed: 'all, or a list such as cuda:0,cuda:1 that names each device once',
  parse: (text) => {
    if (text === 'all') return text;
    const named = text.split(',').map((item) => item.trim());
    if (!named.every(isDevice)) return undefined;
    const different = new Set(named.map((each) => cudaIndex(each) ?? each));
    return different.size === named.length ? Object.freeze(named) : undefined;
  },
};

/** What only workers read (and the scripts that load checkpoints as they do). */
export const workerSettings = {
  modelsDir: {
    variable: 'MODELS_DIR',
    kind: place('a folder'),
    sentence:
      'Folder of checkpoints, one sub-folder or file each. Unset: `npm start` and the commands take ' +
      'DATA_DIR/models, with the demo checkpoint behind each name that nothing there serves.',
  },
  serveModels: {
    variable: 'SERVE_MODELS',
    kind: listOf(isServedName, `a served name such as ${baseName} or juggernaut`),
    default: '',
    sentence:
      'Which models of MODELS_DIR a worker serves, by the names that requests use. Unset: all it finds.',
  },
  residentModels: {
    variable: 'RESIDENT_MODELS',
    kind: wholeNumber(1, 64),
    sentence:
      'Checkpoints that stay loaded at once; a job for another one takes their place. ' +
      'Unset: all on the CPU, 2 elsewhere (base and refiner in float16 are 13 GB of weights).',
  },
  loraVariants: {
    variable: 'LORA_VARIANTS',
    kind: wholeNumber(1, 16),
    default: '1',
    sentence:
      'Combinations of LoRAs whose merged networks stay loaded beside their checkpoint; the one used longest ago ' +
      'leaves. Each takes what the changed networks take (the UNet of SDXL: 10 GB on the CPU, 5 GB in float16).',
  },
  swapAfterSeconds: {
    variable: 'SWAP_AFTER_SECONDS',
    kind: wholeNumber(0, 3600),
    default: '30',
    sentence:
      'A job whose checkpoint is not loaded waits this long for jobs of those that are; ' +
      'then checkpoints are exchanged.',
  },
  healthFile: {
    variable: 'HEALTH_FILE',
    kind: place('a file'),
    sentence: 'File in which a worker says every few seconds how it is, for `node workers/health.ts`.',
  },
  device: {
    variable: 'DEVICE',
    kind: device,
    default: 'auto',
    sentence:
      'Where the networks run. auto: the first GPU where CUDA provider, libraries, driver and enough memory are ' +
      'there, else the CPU, and the log, /readyz and the determinism report say which and why. ' +
      'Another device that is not there is an error, never a silent fallback.',
  },
  devices: {
    variable: 'DEVICES',
    kind: devices,
    sentence:
      'Several devices for one worker process instead of DEVICE: each has an engine of its own and takes jobs for ' +
      'itself, and one that fails is tried again while the others go on. `all`: every GPU that can be used; ' +
      'none is an error. Settings of memory and of residency count for each.',
  },
  deviceMemoryLimit: {
    variable: 'DEVICE_MEMORY_LIMIT',
    kind: memorySize,
    sentence:
      'Most that a worker may take of a CUDA device that others use too. It looks at what is free when it ' +
      'starts, chooses how its networks are held there, and computes in no more than that leaves ' +
      '(docs/memory.md). Unset: all that is free.',
  },
  vaeTiling: {
    variable: 'VAE_TILING',
    kind: oneOf('auto', 'on', 'off'),
    default: 'auto',
    sentence:
      'Whether pictures above 640 x 640 are decoded (and input pictures encoded) in overlapping tiles, which ' +
      'takes less memory and changes pixels a little. `auto`: where there is not enough for the whole.',
  },
  vaePrecision: {
    variable: 'VAE_PRECISION',
    kind: oneOf('float16', 'float32'),
    default: 'float16',
    sentence:
      'What the VAE computes in on CUDA. In float16 its activations are scaled to fit (exactly, by powers of ' +
      'two), and a picture that does not is computed again in float32. Elsewhere all is float32.',
  },
  cudaGraphs: {
    variable: 'CUDA_GRAPHS',
    kind: onOrOff,
    default: 'on',
    sentence:
      'Whether steps of the size that text to image has by default are captured as CUDA graphs, whose kernels are launched ' +
      'at once. What was captured keeps its part of the device memory.',
  },
  deterministic: {
    variable: 'DETERMINISTIC',
    kind: onOrOff,
    default: 'off',
    sentence:
      'on: on CUDA the same request gives the same bytes on the same device, driver and build, as it always ' +
      'does on the CPU; a step takes about 1.1 of the time (counted, not measured; see docs/reliability.md).',
  },
  promptEmphasis: {
    variable: 'PROMPT_EMPHASIS',
    kind: oneOf('no-norm', 'original'),
    default: 'no-norm',
    sentence: '`original` restores the mean after weighting tokens, as "Original" of A1111 does.',
  },
  safetyChecker: {
    variable: 'SAFETY_CHECKER',
    kind: place('a folder'),
    sentence: 'Folder with the model.onnx of a safety classifier; a picture it objects to is FAILED.',
  },
  c2paCertificate: {
    variable: 'C2PA_CERTIFICATE',
    kind: place('a file'),
    sentence:
      'Certificate of your own with those above it, in PEM: every picture is signed with it as made by a trained ' +
      'algorithm (content credentials, C2PA). Needs C2PA_KEY and the package @contentauth/c2pa-node.',
  },
  c2paKey: {
    variable: 'C2PA_KEY',
    kind: place('a file'),
    sentence: 'Private key of C2PA_CERTIFICATE, PKCS #8 in PEM without a password.',
  },
  engineBatch: {
    variable: 'ENGINE_BATCH',
    kind: wholeNumber(1, 16),
    default: '1',
    sentence:
      'Samples of one request computed together: faster on a GPU, but low bits then depend on the companions.',
  },
  engineThreads: {
    variable: 'ENGINE_THREADS',
    kind: wholeNumber(0, 1024),
    default: '0',
    sentence: 'Threads of one network call on the CPU; 0 lets ONNX Runtime take one per physical core.',
  },
  engineSilenceMinSeconds: {
    variable: 'ENGINE_SILENCE_MIN_SECONDS',
    kind: wholeNumber(1, 86_400),
    default: '30',
    sentence:
      'An engine that computes nothing and gives no sign of life for this long is ended and replaced; ' +
      'one at work is given at least this long, or 20 times what such work has taken on this device.',
  },
  engineSilenceMaxSeconds: {
    variable: 'ENGINE_SILENCE_MAX_SECONDS',
    kind: wholeNumber(1, 86_400),
    sentence:
      'An engine at work is given no more than this between two signs of life (a step, a network loaded), ' +
      'and all of it for work that this worker has not done before. Unset: 1800 on the CPU, 600 elsewhere.',
  },
} as const satisfies Record<string, Setting>;
