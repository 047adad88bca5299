import assert from 'node:assert/strict';
import { test } from 'node:test';
import { routesInOrder, type Standing } from './choose-route.ts';
import { priorityUnit } from './places.ts';

const head = (route: string, number: number, waitedMs = 0, priority = 50) => ({
  route,
  place: priority * priorityUnit + number,
  waitedMs,
});
const standing = (facts: Partial<Standing>): Standing => ({
  heads: [],
  resident: new Set(['alpha']),
  withdrawn: new Set(),
  residentForMs: 60_000,
  others: [],
  swapAfterMs: 30_000,
  ...facts,
});
const other = (resident: string[], busy = false) => ({ routes: ['alpha', 'beta', 'gamma'], resident, busy });
const order = (facts: Partial<Standing>) => routesInOrder(standing(facts));

test('jobs whose models are loaded go first although another was accepted earlier', () => {
  assert.deepEqual(order({ heads: [head('beta', 1, 900), head('alpha', 2)] }), ['alpha', 'beta']);
});

test('among loaded models the order of acceptance counts', () => {
  const resident = new Set(['alpha', 'beta']);
  assert.deepEqual(order({ resident, heads: [head('alpha', 2), head('beta', 1)] }), ['beta', 'alpha']);
});

test('with nothing to do for the loaded models others are taken at once', () => {
  assert.deepEqual(order({ heads: [head('gamma', 2), head('beta', 1)] }), ['beta', 'gamma']);
});

test('a job is left to a free worker that has its models, not to a busy one', () => {
  const heads = [head('beta', 1)];
  assert.deepEqual(order({ heads, others: [other(['beta'])] }), []);
  assert.deepEqual(order({ heads, others: [other(['beta'], true)] }), ['beta']);
  assert.deepEqual(order({ heads, others: [other(['gamma'])] }), ['beta']);
});

test('a free worker that does not take its job loses it after the patience', () => {
  const others = [other(['beta'])];
  assert.deepEqual(order({ heads: [head('beta', 1, 30_000)], others }), ['beta']);
});

test('a job that has waited for the patience goes before later ones of the loaded models', () => {
  assert.deepEqual(order({ heads: [head('alpha', 2, 1000), head('beta', 1, 30_000)] }), ['beta', 'alpha']);
});

test('but not before earlier ones, which are no stream without an end', () => {
  assert.deepEqual(order({ heads: [head('alpha', 1, 31_000), head('beta', 2, 30_000)] }), ['alpha', 'beta']);
});

test('models that were just loaded are used for as long as the patience before they are exchanged', () => {
  const heads = [head('alpha', 2, 50_000), head('beta', 1, 60_000)];
  assert.deepEqual(order({ heads, residentForMs: 29_000 }), ['alpha', 'beta']);
  assert.deepEqual(order({ heads, residentForMs: 30_000 }), ['beta', 'alpha']);
});

test('a lower priority number goes first whatever is loaded', () => {
  const heads = [head('alpha', 1), head('beta', 2, 0, 1), head('gamma', 3, 90_000, 60)];
  assert.deepEqual(order({ heads }), ['beta', 'alpha', 'gamma']);
});

test('without patience everything runs in the order of acceptance', () => {
  const heads = [head('alpha', 2), head('beta', 1), head('gamma', 3)];
  assert.deepEqual(order({ heads, swapAfterMs: 0, residentForMs: 0 }), ['beta', 'alpha', 'gamma']);
});

test('a job whose models could not be loaded here is left to any worker that serves it', () => {
  const heads = [head('beta', 1, 60_000)];
  const withdrawn = new Set(['beta']);
  assert.deepEqual(order({ heads, withdrawn, others: [other(['gamma'], true)] }), []);
  assert.deepEqual(order({ heads, withdrawn, others: [{ ...other([]), routes: ['alpha'] }] }), ['beta']);
  assert.deepEqual(order({ heads, withdrawn }), ['beta']);
});
