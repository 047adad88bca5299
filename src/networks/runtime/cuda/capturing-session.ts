import { openInferenceSession } from '../inference-session.ts';
import { type NetworkSession, plainSession } from '../network-session.ts';
import { RuntimeError } from '../runtime-error.ts';
import type { RuntimeModel } from '../stage.ts';
import { cudaGraphs } from './cuda-graphs.ts';

/** What ONNX Runtime calls what it refuses or fails at here. */
const aboutGraphs = /graph capture|cuda ?graph/i;

/**
 * Loads a graph whose runs can be captured as CUDA graphs; where the runtime refuses that for this graph it
 * is loaded without, which costs time and is said on stderr.
 * @param index of the device.
 * @throws RuntimeError where the runtime refuses it for another reason.
 */
export async function openCapturingSession(model: RuntimeModel, index: number): Promise<NetworkSession> {
  const open = (graphs: boolean) =>
    openInferenceSession(model.model, { ...model.options, cuda: { ...model.options.cuda, graphs } });
  let session: Awaited<ReturnType<typeof open>>;
  try {
    session = await open(true);
  } catch (error) {
    if (!(error instanceof RuntimeError) || !aboutGraphs.test(error.message)) throw error;
    say(error);
    session = await open(false);
    return plainSession(session);
  }
  const graphs = cudaGraphs(session, index);
  return {
    ...plainSession(session),
    run: (inputs, signal, targets) => graphs.run(inputs, { signal, targets }),
    capture: (inputs) => graphs.capture(inputs).catch(say),
    release: async () => {
      await session.release();
      graphs.free();
    },
  };
}

function say({ message }: Error): void {
  process.stderr.write(`engine: no CUDA graph, the same is computed without: ${message}\n`);
}
