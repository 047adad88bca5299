import assert from 'node:assert/strict';
import { test } from 'node:test';
import { before } from '../../testing/hooks.ts';
import { type MemoryNeeds, planUse } from './memory-needs.ts';
import {
  arenaLimit,
  choosePlan,
  isRoomier,
  type MemoryPlan,
  memoryPlans,
  type PlannedUse,
  plansFor,
} from './memory-plans.ts';
import { publishedNeeds } from './published-needs.ts';

const options = { vaePrecision: 'float16', deterministic: false, batch: 1, encodes: false } as const;
let base: MemoryNeeds;
let both: MemoryNeeds;

before(async () => {
  base = await publishedNeeds('base', options);
  both = await publishedNeeds('base and refiner', options);
});

const uses = (needs: MemoryNeeds) => planUse(needs, plansFor(needs.unets, 'auto'));
const totalOf = (needs: MemoryNeeds, name: MemoryPlan['name']) =>
  uses(needs).find(({ plan }) => plan.name === name)!.use.total;
const gigabyte = 1e9;

test('the weights of SDXL 1.0 in float16 are those of its files, what base and refiner share once', () => {
  const [{ use }] = uses(base) as [PlannedUse];
  // Parameters of the published files: UNet 2,567,463,684, text encoders 123,060,480 and 694,659,840, VAE
  // 83,653,863; the refiner's UNet 2,259,545,604.
  const own = 2 * (2_567_463_684 + 123_060_480 + 694_659_840 + 83_653_863);
  // The first text encoder's last layer is not read: 7 of its 123 million.
  assert.ok(Math.abs(use.weights / own - 1) < 3e-3, `${use.weights}, not ${own}`);
  const [{ use: withRefiner }] = uses(both) as [PlannedUse];
  const refiner = withRefiner.weights - use.weights;
  assert.ok(Math.abs(refiner / (2 * 2_259_545_604) - 1) < 1e-3, String(refiner));
});

test('pictures of 1024 x 1024 fit into what they should', () => {
  assert.ok(totalOf(both, 'resident') <= 15.5 * gigabyte);
  assert.ok(totalOf(base, 'resident') <= 11 * gigabyte);
  assert.ok(totalOf(base, 'tiled-vae') <= 7.6 * gigabyte);
});

test('what loading side by side takes beside a plan is the other order in which an arena comes to its size', () => {
  const [resident] = uses(both) as [PlannedUse];
  assert.ok(resident.use.loading > 0);
  assert.ok(resident.use.loading < 0.05 * resident.use.arena);
  // Of one checkpoint there is one order by kind.
  assert.equal(uses(base)[0]!.use.loading, 0);
});

test('what deterministic group norms work in is known too', async (t) => {
  const needs = await publishedNeeds('base', { ...options, deterministic: true });
  const [plain, deterministic] = [uses(base)[0]!.use, uses(needs)[0]!.use];
  t.diagnostic(`arena: ${plain.arena} bytes, with deterministic norms ${deterministic.arena}`);
  assert.equal(deterministic.weights, plain.weights);
  assert.notEqual(deterministic.arena, plain.arena);
});

test('each plan takes less than the one before it', () => {
  for (const needs of [base, both]) {
    const totals = uses(needs).map(({ use }) => use.total);
    assert.deepEqual(
      totals,
      [...totals].sort((a, b) => b - a),
    );
    assert.equal(new Set(totals).size, totals.length);
  }
  assert.deepEqual(
    uses(base).map(({ plan }) => plan.name),
    ['resident', 'text-on-cpu', 'tiled-vae'],
  );
});

test('the roomiest plan that fits is taken; where none does, the smallest, and that is said', () => {
  const planned = uses(both);
  for (const { plan, use } of planned) {
    const chosen = choosePlan(planned, use.total);
    assert.deepEqual([chosen.plan, chosen.fits], [plan, true]);
  }
  const { plan, fits } = choosePlan(planned, 6 * gigabyte);
  assert.deepEqual([plan.name, fits], ['tiled-vae', false]);
});

test('a limit holds for weights, arena and libraries together, wherever a plan fits into it', () => {
  for (const planned of [uses(base), uses(both)]) {
    for (const { use } of planned)
      for (const more of [0, 0.3 * gigabyte]) {
        const most = use.total + more;
        const { use: taken } = choosePlan(planned, most);
        const limit = arenaLimit(planned, most);
        assert.ok(limit >= taken.arena);
        assert.ok(taken.weights + taken.libraries + limit <= most);
      }
    // Too little for any: the smallest plan is tried.
    assert.equal(arenaLimit(planned, gigabyte), planned.at(-1)!.use.arena);
  }
});

test('tiles are in every plan where they are wanted, and in none where they are not', () => {
  assert.deepEqual(
    plansFor(1, 'on').map(({ name, tilesVae }) => [name, tilesVae]),
    [
      ['resident', true],
      ['text-on-cpu', true],
    ],
  );
  assert.deepEqual(
    plansFor(2, 'off').map(({ name, tilesVae }) => [name, tilesVae]),
    [
      ['resident', false],
      ['exchanged', false],
      ['text-on-cpu', false],
    ],
  );
});

test('each plan is roomier than those behind it, whatever is wanted of tiles', () => {
  for (const [place, plan] of memoryPlans.entries())
    for (const [other, than] of memoryPlans.entries()) assert.equal(isRoomier(plan, than), place < other);
  assert.equal(isRoomier(plansFor(2, 'on')[0]!, memoryPlans[1]!), true);
});
