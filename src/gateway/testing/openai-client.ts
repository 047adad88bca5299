import assert from 'node:assert/strict';
import OpenAI, { APIError } from 'openai';
import type { GatewaySettings } from '../gateway.ts';
import { startTestService, type TestService } from './service.ts';

/** A service on a real socket with a LoRA named ink, and OpenAI's own client of it, which asks once. */
export async function startOpenAiService(settings: Partial<GatewaySettings> = {}): Promise<{
  readonly service: TestService;
  readonly client: OpenAI;
  /** Where the service listens. */
  readonly base: string;
}> {
  const service = await startTestService({ publicUrl: undefined, ...settings }, undefined, {
    loras: { usable: [{ name: 'ink', kind: 'lora', trigger_words: [] }], broken: [] },
  });
  const base = await service.app.listen({ host: '127.0.0.1', port: 0 });
  const client = new OpenAI({ apiKey: service.key, baseURL: `${base}/v1`, maxRetries: 0 });
  return { service, client, base };
}

/** What OpenAI's client throws. */
export async function failure(call: Promise<unknown>): Promise<APIError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof APIError, String(error));
  return error;
}
