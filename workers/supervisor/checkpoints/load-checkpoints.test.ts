import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FromEngine } from '../../protocol.ts';
import type { EngineChannel, Hearing } from '../engines/engine-channel.ts';
import type { SilenceLimits } from '../engines/silence-limits.ts';
import { loadCheckpoints } from './load-checkpoints.ts';

/** An engine that says what it is told to, and how long silence may last after each word. */
function channelOf(limits: Readonly<Record<string, number>>) {
  const learned: string[] = [];
  const silences: number[] = [];
  let hearing: Hearing | undefined;
  const channel = {
    hear: (next: Hearing) => {
      hearing = next;
      return () => undefined;
    },
    expect: (work: { limitMs(): number } | undefined) => void silences.push(work?.limitMs() ?? 0),
    kill: () => hearing!.onLost('signal SIGKILL'),
  } as unknown as EngineChannel;
  const known: SilenceLimits = {
    idleMs: 0,
    ofRun: () => ({ limitMs: () => 0, learn: () => undefined }),
    ofLoad: (name) => ({ limitMs: () => limits[name] ?? 0, learn: () => void learned.push(name) }),
  };
  const loaded = loadCheckpoints(channel, known, true);
  const say = (message: Partial<FromEngine>) => hearing!.onMessage(message as FromEngine);
  const at = (checkpoint: string) => say({ type: 'loading', checkpoint });
  return { loaded, say, at, learned, silences };
}

test('of checkpoints that are loaded at the same time the longest silence is waited for, and each teaches its own', async () => {
  const { loaded, say, at, learned, silences } = channelOf({ base: 500, refiner: 200 });
  for (const name of ['refiner', 'base', 'refiner', 'refiner', 'base']) at(name);
  assert.deepEqual(silences.slice(1), [200, 500, 500, 500, 500]);
  assert.deepEqual(learned, ['refiner', 'refiner', 'base']);
  say({ type: 'loaded' });
  assert.equal((await loaded).type, 'loaded');
});

test('the checkpoint that was heard of last is the one that an engine has failed at', async () => {
  const { loaded, say, at } = channelOf({});
  at('base');
  at('refiner');
  at('base');
  say({ type: 'refused', message: 'base is damaged' });
  await assert.rejects(loaded, { name: 'LoadError', message: 'base is damaged', checkpoint: 'base' });
});
