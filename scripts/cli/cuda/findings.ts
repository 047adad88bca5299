/** One thing a machine has or lacks. */
export interface Finding {
  /** missing: CUDA cannot run; warning: it may fail or be slow; note: worth knowing. */
  readonly level: 'ok' | 'missing' | 'warning' | 'note';
  readonly text: string;
  /** What to do about it. */
  readonly fix?: string;
}

const marks: Readonly<Record<Finding['level'], string>> = {
  ok: '  ok    ',
  missing: 'MISSING ',
  warning: 'warning ',
  note: '  -     ',
};

/** Findings under their headings, what to do below each. */
export function showFindings(sections: ReadonlyMap<string, readonly Finding[]>): string {
  return [...sections]
    .map(([heading, findings]) =>
      [
        heading,
        ...findings.flatMap(({ level, text, fix }) => [
          `  ${marks[level]}${text}`,
          ...(fix === undefined ? [] : [`            -> ${fix}`]),
        ]),
      ].join('\n'),
    )
    .join('\n\n');
}
