import path from 'node:path';
import { requireOwnData } from '../checkpoints/exported/external-data.ts';
import { openInferenceSession } from './runtime/inference-session.ts';
import { requireLength } from './runtime/tensors.ts';

/** A classifier that says whether a picture may be shown. */
export interface SafetyChecker {
  /**
   * @param clipInput the picture as CLIP's image encoder takes it, [3, 224, 224].
   * @param image the picture [height, width, 3] in 0 ... 1.
   * @returns whether the classifier objects to it.
   */
  isUnsafe(
    clipInput: Float32Array,
    image: Float32Array,
    height: number,
    width: number,
    signal?: AbortSignal,
  ): Promise<boolean>;
  release(): Promise<void>;
}

const clipShape = [1, 3, 224, 224];
const inputs = ['clip_input', 'images'];
const verdict = 'has_nsfw_concepts';

/**
 * Opens `model.onnx` of a folder with the interface under which Stable Diffusion's safety checker was
 * published as ONNX: inputs `clip_input` and `images`, output `has_nsfw_concepts` (diffusers,
 * OnnxStableDiffusionPipeline). It runs on the CPU.
 * @throws CheckpointError for a file that reaches outside its folder; Error naming the file and what its
 * interface lacks.
 */
export async function openSafetyChecker(directory: string): Promise<SafetyChecker> {
  const file = path.join(directory, 'model.onnx');
  await requireOwnData(file);
  const session = await openInferenceSession(file, { device: 'cpu' }).catch((cause: unknown) => {
    throw new Error(`${file}: cannot be loaded: ${(cause as Error).message}`, { cause });
  });
  const [takes, gives] = [session.inputs, session.outputs].map((ports) => ports.map(({ name }) => name));
  const missing = [
    ...inputs.filter((name) => !takes!.includes(name)),
    ...[verdict].filter((name) => !gives!.includes(name)),
  ];
  if (missing.length > 0 || takes!.length > inputs.length) {
    await session.release();
    throw new Error(
      `${file}: is no safety checker: it takes ${takes} and gives ${gives}, wanted ${inputs} and ${verdict}`,
    );
  }
  return {
    release: () => session.release(),
    isUnsafe: async (clipInput, image, height, width, signal) => {
      requireLength('clip_input', clipInput.length, clipShape);
      const shape = [1, height, width, 3];
      requireLength('images', image.length, shape);
      const feeds = {
        clip_input: { data: clipInput, shape: clipShape },
        images: { data: image, shape },
      };
      const { [verdict]: answer } = await session.run(feeds, { outputs: [verdict], signal });
      return [...(answer!.data as Uint8Array)].some((flag) => flag !== 0);
    },
  };
}
