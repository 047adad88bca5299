import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoadedModels } from '../../src/installation/load-models.ts';
import { createResidentCheckpoints, type ResidentOptions } from './resident-checkpoints.ts';

const served = ['base', 'refiner', 'other'].map((name) => ({ name, serves: [name, `${name} too`] }));
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** What happens while checkpoints are loaded. @param fails says why one cannot be, if it cannot. */
function watched(
  room: () => boolean,
  fails: (name: string) => string | undefined = () => undefined,
  lower: ResidentOptions['lower'] = async () => false,
) {
  const events: string[] = [];
  const onLoading = (name: string) => void events.push(`at ${name}`);
  const resident = createResidentCheckpoints({
    ...{ served, loadsTogether: room, lower },
    open: async (name, together, onNetwork) => {
      events.push(`open ${name}${together ? ' beside others' : ''}`);
      await turn();
      const reason = fails(name);
      if (reason !== undefined) throw new Error(reason);
      onNetwork();
      return { name, release: async () => void events.push(`release ${name}`) } as unknown as LoadedModels;
    },
  });
  return { events, onLoading, resident };
}

test('checkpoints are loaded at the same time where there is room, else one after the other', async () => {
  const roomy = watched(() => true);
  await roomy.resident.load(['base', 'refiner'], roomy.onLoading);
  assert.deepEqual(roomy.events, [
    ...['at base', 'open base beside others', 'at refiner', 'open refiner beside others'],
    ...['at base', 'at refiner'],
  ]);
  const tight = watched(() => false);
  await tight.resident.load(['base', 'refiner'], tight.onLoading);
  assert.deepEqual(tight.events, [
    ...['at base', 'open base', 'at base', 'at refiner', 'open refiner', 'at refiner'],
  ]);
  for (const { resident } of [roomy, tight]) {
    assert.deepEqual(resident.names(), ['base', 'refiner']);
    assert.deepEqual(
      [...resident.byServedName].map(([key, { name }]) => [key, name]),
      [
        ['base', 'base'],
        ['base too', 'base'],
        ['refiner', 'refiner'],
        ['refiner too', 'refiner'],
      ],
    );
  }
  roomy.events.length = 0;
  await roomy.resident.load(['refiner', 'other'], roomy.onLoading);
  assert.deepEqual(roomy.events, ['at other', 'open other beside others', 'at other'], 'what is there stays');
});

test('of checkpoints that are loaded at the same time none stays where one fails, which is told last', async () => {
  const { events, onLoading, resident } = watched(
    () => true,
    (name) => (name === 'base' ? 'base is damaged' : undefined),
  );
  await assert.rejects(resident.load(['base', 'refiner'], onLoading), /base is damaged/);
  assert.deepEqual(events.slice(-3), ['at refiner', 'release refiner', 'at base']);
  assert.deepEqual(resident.names(), []);
  assert.equal(resident.byServedName.size, 0);
});

/** core/framework/bfc_arena.cc */
const noRoom = 'BFCArena::AllocateRawInternal Failed to allocate memory for requested buffer of size 1';

test('where memory does not last for all at once they are loaded anew, one after the other, under a smaller plan', async () => {
  let lowered = 0;
  let firstTry = true;
  const { events, onLoading, resident } = watched(
    () => lowered === 0,
    (name) => {
      if (name !== 'refiner' || !firstTry) return undefined;
      firstTry = false;
      return noRoom;
    },
    async () => {
      events.push('lower');
      lowered++;
      return true;
    },
  );
  await resident.load(['base', 'refiner'], onLoading);
  assert.equal(lowered, 1);
  assert.deepEqual(events.slice(events.indexOf('release base')), [
    ...['release base', 'at refiner', 'lower'],
    ...['at base', 'open base', 'at base', 'at refiner', 'open refiner', 'at refiner'],
  ]);
  assert.deepEqual(resident.names(), ['base', 'refiner']);
});
