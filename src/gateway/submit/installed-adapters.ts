import { namedAdapter } from '../../contract/answers/adapters.ts';
import { type FewStepLoras, fewStepLoras } from '../../contract/bodies/few-step-loras.ts';
import { ApiError } from '../../contract/errors.ts';
import type { GenerationRequest } from '../../contract/generation.ts';
import { unknownNameMessage } from '../../contract/names/nearest-names.ts';
import { show } from '../../contract/show.ts';
import { type WorkerList, workersOf } from './worker-list.ts';

/**
 * The request with its LoRAs under the names that the workers have them by.
 * @throws ApiError with the reason where one is there and cannot be used, else with the nearest names.
 */
export async function withInstalledLoras<Request extends Pick<GenerationRequest, 'loras'>>(
  request: Request,
  route: string,
  { expected }: Pick<WorkerList, 'expected'>,
): Promise<Request> {
  const { loras } = request;
  if (loras === undefined) return request;
  const serving = workersOf(route, await expected());
  // Nothing is known of any: the worker that comes says what it has.
  if (serving.length === 0) return request;
  const usable = [
    ...new Set(serving.flatMap((worker) => worker.loras?.usable.map(({ name }) => name) ?? [])),
  ];
  const broken = serving.flatMap((worker) => worker.loras?.broken ?? []);
  const found = loras.map((lora) => {
    const name = namedAdapter(lora.name, usable);
    if (name !== undefined) return { ...lora, name };
    const reason = broken.find((each) => each.name === lora.name)?.reason;
    throw new ApiError(
      'invalidParameter',
      reason === undefined
        ? unknownNameMessage('loras:', lora.name, 'a LoRA', usable)
        : `loras: ${show(lora.name)} cannot be used: ${reason}`,
    );
  });
  const names = found.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) throw new ApiError('invalidParameter', `loras: ${show(twice)} is named twice`);
  return { ...request, loras: found };
}

/**
 * What the LoRAs that a body names want of its steps.
 * @param served name of the checkpoint.
 */
export async function fewStepLorasOf(
  fields: unknown,
  served: string,
  { expected }: Pick<WorkerList, 'expected'>,
): Promise<FewStepLoras> {
  // Where no worker is left the request is refused for that, further on.
  const serving = workersOf(served, await expected().catch(() => []));
  return fewStepLoras(
    fields,
    serving.flatMap(({ loras }) => loras?.usable ?? []),
  );
}
