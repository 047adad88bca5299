import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { ToEngine } from '../../protocol.ts';
import { fakeRequest, silentLog } from '../../testing/queue.ts';
import type { EngineChannel } from './engine-channel.ts';
import { runToOutcome } from './engine-run.ts';

test('a run on an engine that is lost already asks nothing of it and kills nothing later', async () => {
  const asked: string[] = [];
  const channel: EngineChannel = {
    pid: 1,
    ended: Promise.resolve('signal SIGKILL'),
    lost: Promise.resolve({ how: 'signal SIGKILL', hung: false }),
    send: (message: ToEngine) => void asked.push(message.type),
    hear: ({ onLost }) => {
      onLost('signal SIGKILL');
      return () => void asked.push('left');
    },
    expect: () => undefined,
    kill: () => void asked.push('killed'),
    disconnect: () => undefined,
  };
  const run = runToOutcome({
    channel,
    order: { type: 'run', run: 1, request: fakeRequest('x'), inputImage: undefined },
    work: { limitMs: () => 1000, learn: () => undefined },
    signal: AbortSignal.abort('cancel'),
    ...{ onProgress: () => undefined, onComputed: () => undefined, cancelGraceMs: 1, log: silentLog },
  });
  await assert.rejects(run, {
    message: /signal SIGKILL\) before it had begun this request$/,
    blameless: true,
  });
  await setTimeout(20);
  assert.deepEqual(asked, ['left']);
});
