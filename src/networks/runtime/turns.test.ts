import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTurns } from './turns.ts';

function recorder() {
  const events: string[] = [];
  const work =
    (name: string, failing = false) =>
    async () => {
      events.push(`+${name}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
      events.push(`-${name}`);
      if (failing) throw new Error(name);
      return name;
    };
  return { events, work };
}

test('who shares goes together; who wants to be alone waits for them, and those who came later for him', async () => {
  const { events, work } = recorder();
  const turns = createTurns();
  await Promise.all([
    turns.shared(work('a')),
    turns.shared(work('b')),
    turns.alone(work('c')),
    turns.shared(work('d')),
    turns.shared(work('e')),
    turns.alone(work('f')),
  ]);
  assert.deepEqual(events, '+a +b -a -b +c -c +d +e -d -e +f -f'.split(' '));
});

test('a turn gives what its work gives, and one that fails holds nobody up', async () => {
  const { work } = recorder();
  const turns = createTurns();
  const failing = [turns.alone(work('a', true)), turns.shared(work('b', true))];
  const [last, shared] = [turns.alone(work('c')), turns.shared(work('d'))];
  await assert.rejects(failing[0]!, /a/);
  await assert.rejects(failing[1]!, /b/);
  assert.equal(await last, 'c');
  assert.equal(await shared, 'd');
});
