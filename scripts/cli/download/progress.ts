import { showBytes } from './sizes.ts';

/** How far a transfer is; `total` is undefined where the server does not say. */
export type OnBytes = (done: number, total: number | undefined) => void;

const width = 30;

function line(label: string, done: number, total: number | undefined): string {
  if (total === undefined) return `${label}  ${showBytes(done)}`;
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const filled = Math.round(share * width);
  const bar = `${'█'.repeat(filled)}${'░'.repeat(width - filled)}`;
  return `${label}  ${bar}  ${Math.floor(share * 100)} %  ${showBytes(done)} of ${showBytes(total)}`;
}

/**
 * A bar that a terminal keeps redrawing, and elsewhere (a log) a line for every tenth.
 * @param out where it goes, stderr by default.
 */
export function progressBar(
  label: string,
  out: { readonly isTTY?: boolean; write(text: string): unknown } = process.stderr,
): OnBytes {
  let drawnAt = Number.NEGATIVE_INFINITY;
  let tenth = -1;
  return (done, total) => {
    const isLast = done === total;
    if (out.isTTY) {
      if (!isLast && performance.now() - drawnAt < 100) return;
      drawnAt = performance.now();
      out.write(`\r\u001b[K${line(label, done, total)}${isLast ? '\n' : ''}`);
      return;
    }
    const reached = total ? Math.floor((10 * done) / total) : Math.floor(done / 2 ** 30);
    if (reached === tenth) return;
    tenth = reached;
    out.write(`${line(label, done, total)}\n`);
  };
}
