import { type CharTest, type Node, PatternError, type PlaceTest, parsePattern } from './pattern-syntax.ts';

/**
 * Regular expressions whose search takes time proportional to text times pattern, whatever either holds:
 * simulation of all states at once (Thompson 1968; as a virtual machine: Cox, "Regular Expression Matching:
 * the Virtual Machine Approach", 2009). JavaScript's own engine backtracks, and one bad pattern with one bad
 * prompt would stop the whole process. Not re2js 2.10, which knows word boundaries of ASCII alone: \bгол\b
 * would not be found in a Russian sentence.
 *
 * The syntax is that of parsePattern.
 */
export type LinearPattern = (text: string) => boolean;

type Instruction =
  | { readonly op: 'char'; readonly test: CharTest }
  | { readonly op: 'place'; readonly test: PlaceTest }
  | { readonly op: 'goto'; readonly targets: number[] }
  | { readonly op: 'match' };

const mostInstructions = 5000;

/** @throws PatternError naming what is not supported, and where. */
export function linearPattern(source: string): LinearPattern {
  const program = compile(parsePattern(source));
  return (text) => search(program, text);
}

function compile(node: Node): Instruction[] {
  const program: Instruction[] = [];
  const emit = (instruction: Instruction): number => {
    if (program.length >= mostInstructions) throw new PatternError('the pattern is too large');
    return program.push(instruction) - 1;
  };
  const jump = (): number[] => {
    const targets: number[] = [];
    emit({ op: 'goto', targets });
    return targets;
  };
  const add = (part: Node): void => {
    if (part.type === 'char') emit({ op: 'char', test: part.test });
    else if (part.type === 'place') emit({ op: 'place', test: part.test });
    else if (part.type === 'sequence') for (const each of part.parts) add(each);
    else if (part.type === 'choice') {
      const ends: number[][] = [];
      const starts = jump();
      for (const each of part.parts) {
        starts.push(program.length);
        add(each);
        ends.push(jump());
      }
      for (const end of ends) end.push(program.length);
    } else repeat(part);
  };
  const repeat = ({ part, least, most }: Extract<Node, { type: 'repeat' }>): void => {
    for (let i = 0; i < least; i++) add(part);
    if (most === Number.POSITIVE_INFINITY) {
      const start = program.length;
      const enter = jump();
      enter.push(program.length);
      add(part);
      jump().push(start);
      enter.push(program.length);
      return;
    }
    const skips: number[][] = [];
    for (let i = least; i < most; i++) {
      const skip = jump();
      skip.push(program.length);
      skips.push(skip);
      add(part);
    }
    for (const skip of skips) skip.push(program.length);
  };
  add(node);
  emit({ op: 'match' });
  return program;
}

function search(program: readonly Instruction[], text: string): boolean {
  const chars = [...text];
  let states: number[] = [];
  // When a state was last entered: each is entered at most once for each character.
  const entered = new Int32Array(program.length).fill(-1);
  for (let at = 0; at <= chars.length; at++) {
    const before = chars[at - 1] ?? '';
    const char = chars[at] ?? '';
    // A match may begin at every character.
    const pending = [...states, 0];
    const waiting: number[] = [];
    while (pending.length > 0) {
      const state = pending.pop()!;
      if (entered[state] === at) continue;
      entered[state] = at;
      const instruction = program[state]!;
      if (instruction.op === 'match') return true;
      if (instruction.op === 'goto') pending.push(...instruction.targets);
      else if (instruction.op === 'char') waiting.push(state);
      else if (instruction.test(before, char)) pending.push(state + 1);
    }
    if (char === '') return false;
    states = [];
    for (const state of waiting) {
      const instruction = program[state]!;
      if (instruction.op === 'char' && instruction.test(char)) states.push(state + 1);
    }
  }
  return false;
}
