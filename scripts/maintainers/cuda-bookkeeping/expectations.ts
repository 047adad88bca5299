import assert from 'node:assert/strict';
import { deviceTrouble } from '../../../workers/engine/device-trouble.ts';
import { type Call, type Findings, named, type Steps } from './calls.ts';

/** Throws where the calls are not what they should be; else says what was seen, in one line. */
type Expectation = (steps: Steps, findings: Findings) => string;

const at = (steps: Steps, step: string): readonly Call[] => {
  const calls = steps.get(step);
  assert.ok(calls !== undefined, `no step ${step}`);
  return calls;
};
const allocations = (calls: readonly Call[]) => named(calls, 'cudaMalloc');
const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);
const bytes = (calls: readonly Call[]) => sum(calls.map(({ numbers }) => numbers[0]!));
const threads = (calls: readonly Call[]) => new Set(calls.map(({ thread }) => thread)).size;
const mebi = (count: unknown) => `${(Number(count) / 2 ** 20).toFixed(1)} MiB`;

export const expectations: Readonly<Record<string, Expectation>> = {
  'one arena for three sessions': (steps, { same, TotalAllocated, NumArenaExtensions }) => {
    const [first, others] = [allocations(at(steps, 'first')), allocations(at(steps, 'others'))];
    assert.ok(first.length > 0);
    assert.equal(others.length, 0, 'the other sessions have taken memory of their own');
    assert.equal(same, 'true', 'the sessions tell of different arenas');
    return `${first.length} allocations in the first session's run, none in the others'; ${mebi(TotalAllocated)} in ${NumArenaExtensions} extensions, as all three say`;
  },

  shrinkage: (steps, { before, after }) => {
    const freed = named(at(steps, 'shrink'), 'cudaFree');
    assert.ok(freed.length > 0 && Number(after) < Number(before));
    return `${freed.length} pieces given back after the run: ${mebi(before)} before, ${mebi(after)} after`;
  },

  'the arena of an idle device': (steps, { before, after, givenBack }) => {
    const freed = named(at(steps, 'trim'), 'cudaFree');
    assert.ok(freed.length > 0 && Number(after) < Number(before));
    assert.equal(givenBack, Number(before) - Number(after), 'what the device has free again');
    return `trimmed by a session of its own: ${mebi(before)} before, ${mebi(after)} after, and the next run goes on`;
  },

  'a limit for all sessions': (steps, findings) => expectations['a limit of memory']!(steps, findings),

  'a limit of memory': (steps, { failure, TotalAllocated }) => {
    const limit = 8 * 2 ** 20;
    assert.equal(deviceTrouble(String(failure)), 'memory', String(failure));
    assert.ok(Number(TotalAllocated) <= limit);
    assert.ok(named(at(steps, 'small'), 'cudaLaunchKernel', '__cudaLaunchKernel').length > 0);
    return `a run beyond ${mebi(limit)} fails for want of memory, a smaller one goes on; ${mebi(TotalAllocated)} taken`;
  },

  graphs: (steps, { refusal }) => {
    const all = [...steps.values()].flat();
    const captures = named(all, 'cudaStreamBeginCapture');
    assert.equal(captures.length, 2, 'one capture for each of two shapes');
    assert.equal(threads([...captures, ...named(all, 'cudaGraphLaunch')]), 1, 'captured on one thread');
    assert.equal(named(all, 'cudaMalloc-DURING-CAPTURE').length, 0);
    for (const rows of [256, 512]) {
      assert.equal(named(at(steps, `capture ${rows}`), 'cudaStreamBeginCapture').length, 1);
      const replays = at(steps, `replay ${rows}`);
      assert.equal(named(replays, 'cudaGraphLaunch').length, 5);
      assert.equal(named(replays, 'cudaLaunchKernel', '__cudaLaunchKernel', 'cudaMalloc').length, 0);
    }
    const plain = at(steps, 'no graph');
    assert.equal(named(plain, 'cudaGraphLaunch', 'cudaStreamBeginCapture').length, 0);
    assert.ok(named(plain, 'cudaLaunchKernel', '__cudaLaunchKernel').length > 0);
    assert.match(String(refusal), /the arena cannot shrink/);
    return 'two shapes: one capture each, all on one thread, five replays of one launch each; a third shape runs without; no allocation under a capture; the arena does not shrink under graphs';
  },

  'a network of the product': (steps, { failure, filled }) => {
    assert.equal(filled, 5, 'outputs lie in the arrays that were given for them');
    const captures = named([...steps.values()].flat(), 'cudaStreamBeginCapture');
    assert.equal(captures.length, 2, 'one capture for each of two shapes');
    assert.equal(threads(captures), 1);
    const replays = at(steps, 'replays');
    assert.equal(named(replays, 'cudaGraphLaunch').length, 4);
    assert.equal(named(replays, 'cudaLaunchKernel', '__cudaLaunchKernel', 'cudaMalloc').length, 0);
    const plain = named(at(steps, 'no graph'), 'cudaLaunchKernel', '__cudaLaunchKernel').length;
    assert.ok(plain > 0 && named(at(steps, 'no graph'), 'cudaGraphLaunch').length === 0);
    assert.equal(failure, 'cancelled');
    assert.equal(named(at(steps, 'again'), 'cudaGraphLaunch').length, 1, 'usable after a cancel');
    return `a text encoder's MLP at batches 1 and 2 is captured once each, on one thread, and a run is one launch in place of ${plain} kernels; a third batch runs without; a cancelled run leaves the graph usable`;
  },

  'networks in memory of ours': (steps, { own, one, more, alone, both, left }) => {
    const [single, second, together] = [Number(one), Number(more), Number(both)];
    assert.ok(Number(own) > 1.9 * single, 'two sessions of their own take twice as much');
    assert.ok(second < 0.1 * single, `${second} bytes for a second session on the same weights`);
    assert.equal(together, alone, 'a checkpoint in the place of another takes no more');
    assert.equal(left, 0, 'all is given back');
    // What convolutions are turned in on the way.
    const rooms = allocations(at(steps, 'exchange')).length;
    assert.ok(rooms <= 4 && named(at(steps, 'exchange'), 'cudaFree').length === rooms);
    const copied = bytes(named(at(steps, 'exchange'), 'cudaMemcpy'));
    assert.ok(copied > 0.9 * single && copied <= single);
    return `a UNet takes ${mebi(one)} (two sessions of their own ${mebi(own)}), a second session on its weights ${mebi(more)}; another checkpoint in its place: ${mebi(copied)} copied, nothing allocated that is kept, no session`;
  },

  'networks side by side': (steps, { inTurn, sideBySide, left }) => {
    assert.equal(sideBySide, inTurn, 'what they take once they are loaded');
    assert.equal(left, 0, 'all is given back');
    const [one, both] = [at(steps, 'in turn'), at(steps, 'side by side')];
    const sizes = (calls: readonly Call[], name: string) =>
      named(calls, name)
        .map(({ numbers }) => numbers[0]!)
        .sort((a, b) => a - b);
    // Without an allocation more, there is none that passes.
    assert.deepEqual(sizes(both, 'cudaMalloc'), sizes(one, 'cudaMalloc'));
    assert.deepEqual(sizes(both, 'cudaMemcpy'), sizes(one, 'cudaMemcpy'), 'each weight is copied once');
    return `all networks of base and refiner take ${mebi(sideBySide)} in ${allocations(both).length} allocations, side by side as in turn; ${mebi(bytes(named(both, 'cudaMemcpy')))} copied`;
  },

  'five checkpoints': (_steps, findings) => {
    const plans = ['resident', 'exchanged', 'text-on-cpu'].map((plan) => {
      const [planned, taken] = ['planned', 'taken'].map((what) => Number(findings[`${plan}: ${what}`]));
      // Tensors of the same bytes are there once, whoever has them.
      assert.ok(taken! <= 1.02 * planned! && taken! > 0.9 * planned!, `${plan}: ${taken} of ${planned}`);
      return `${plan} ${mebi(taken)} of ${mebi(planned)}`;
    });
    return `what their weights take, of what the plan says: ${plans.join(', ')}`;
  },

  'LoRAs on the device': (steps, { count, touched, factors }) => {
    const copied = (step: string) => {
      const copies = named(at(steps, step), 'cudaMemcpy', 'cudaMemcpyAsync');
      return bytes(copies.filter(({ numbers }) => numbers[1] === 1));
    };
    assert.equal(copied('variant') - copied('again'), factors, 'a variant brings its factors');
    const own = allocations(at(steps, 'variant')).filter(({ numbers }) => numbers[0]! >= Number(touched));
    assert.equal(own.length, 1, 'and has one piece of memory for the weights that are changed');
    assert.ok(bytes(own) < 1.1 * Number(touched));
    assert.equal(copied('into the seat'), factors, 'where weights are exchanged, nothing but factors comes');
    assert.equal(allocations(at(steps, 'into the seat')).length, 0);
    assert.equal(copied('out of it'), touched, 'and what was touched comes back');
    return `${count} layers of ${touched} bytes changed by factors of ${factors}, which alone are copied; taken out again by a copy of ${copied('out of it')}`;
  },

  'mixed devices': (steps, { before, after, isSame }) => {
    assert.ok(Number(after) < Number(before) && Number(after) > 0, 'one network leaves, the others stay');
    assert.equal(isSame, 'true', 'on the CPU an encoder computes what it does without a GPU');
    const kernels = (step: string) => named(at(steps, step), 'cudaLaunchKernel', '__cudaLaunchKernel').length;
    assert.equal(at(steps, 'on the CPU').length, 0, 'calls of the CUDA runtime for a run on the CPU');
    assert.ok(kernels('on both') > 0);
    return `a text encoder goes to the CPU: ${mebi(before)} before, ${mebi(after)} after; it computes there what it does without a GPU, to the bit, without a call of CUDA, and beside ${kernels('on both')} kernels of another network`;
  },

  devices: (_steps, { name, index, computeCapability, freeBytes, others }) => {
    assert.deepEqual({ name, index, others }, { name: 'fake', index: 0, others: 0 });
    assert.equal(freeBytes, 2 ** 34);
    return `one, ${name}, ${mebi(freeBytes)} free, compute capability ${computeCapability}, as the fake runtime says`;
  },

  'weights of our own': (steps, { weightBytes, taken }) => {
    assert.equal(taken, weightBytes, 'what the device has less of');
    const weights = (step: string) =>
      [...allocations(at(steps, step)), ...named(at(steps, step), 'cudaMemcpy', 'cudaMemcpyAsync')].filter(
        ({ numbers }) => numbers[0] === weightBytes,
      );
    assert.equal(weights('own').length, 2, 'a session of its own allocates and copies its weight');
    assert.equal(weights('given').length, 0, 'a session that is given the weight does neither');
    assert.equal(weights('runs').length, 0);
    return `two sessions on one given weight of ${mebi(weightBytes)}: ${mebi(bytes(weights('given')))} allocated or copied for it; one without: allocated once, copied once`;
  },
};
