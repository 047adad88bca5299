/** How a block of a page is to be tried; see docs-check.ts. */
export type Manner =
  | { readonly kind: 'run' | 'fails' | 'server' | 'parse' }
  | { readonly kind: 'not here'; readonly reason: string };

/** A fenced block that a reader would paste. */
export interface Block {
  readonly language: 'sh' | 'python' | 'json';
  readonly text: string;
  /** Of its fence, counted from 1. */
  readonly line: number;
  readonly manner: Manner;
}

const fence = /^```(\w*)\s*$/;
const directive = /^<!-- check: (.+) -->$/;

/** The blocks of a Markdown page, in order. @throws Error naming the line of a directive that is none. */
export function readBlocks(markdown: string): Block[] {
  const lines = markdown.split('\n');
  const blocks: Block[] = [];
  let said: string | undefined;
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index]!;
    const comment = directive.exec(line.trim());
    if (comment !== null) {
      said = comment[1];
      continue;
    }
    const opened = fence.exec(line.trim());
    if (opened === null) {
      if (line.trim() !== '') said = undefined;
      continue;
    }
    const end = lines.findIndex((other, at) => at > index && other.trim() === '```');
    if (end < 0) throw new Error(`line ${index + 1}: the block has no end`);
    const language = opened[1];
    if (language === 'sh' || language === 'python' || language === 'json')
      blocks.push({
        language,
        text: lines.slice(index + 1, end).join('\n'),
        line: index + 1,
        manner: language === 'json' ? { kind: 'parse' } : mannerOf(said, index + 1),
      });
    said = undefined;
    index = end;
  }
  return blocks;
}

function mannerOf(said: string | undefined, line: number): Manner {
  if (said === undefined) return { kind: 'run' };
  if (said === 'server' || said === 'fails') return { kind: said };
  const reason = /^not here, (.+)$/.exec(said)?.[1];
  if (reason === undefined) throw new Error(`line ${line}: unknown directive "${said}"`);
  return { kind: 'not here', reason };
}
