const width = 24;
const secondsBetweenLines = 30;

export interface Progress {
  /** `cost` of the unit's work; `stored` where it took no time because it was done before. */
  done(label: string, cost: number, stored: boolean): void;
  end(): void;
}

/** Where the bar goes: a terminal or a log. */
export interface Output {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/**
 * A bar that a terminal keeps redrawing, and elsewhere (a log) a line every half minute; with the time that
 * is left, judged by the pace of what was computed in this run.
 */
export function showProgress(
  title: string,
  units: number,
  wholeCost: number,
  out: Output,
  now: () => number = () => performance.now(),
): Progress {
  const started = now();
  let shownAt = out.isTTY ? Number.NEGATIVE_INFINITY : started;
  let [finished, spent, computed] = [0, 0, 0];
  const line = (label: string) => {
    const share = wholeCost === 0 ? 1 : Math.min(1, spent / wholeCost);
    const filled = Math.floor(share * width);
    const bar = `${'█'.repeat(filled)}${'░'.repeat(width - filled)}`;
    const left =
      computed === 0 ? '' : `  ${duration(((wholeCost - spent) * (now() - started)) / computed)} left`;
    return `${title}  ${bar}  ${finished}/${units}${finished === units ? '' : left}  ${label}`;
  };
  return {
    done(label, cost, stored) {
      finished++;
      spent += cost;
      if (!stored) computed += cost;
      const time = now();
      const isLast = finished === units;
      if (out.isTTY) {
        if (!isLast && time - shownAt < 100) return;
        out.write(`\r\u001b[K${line(label).slice(0, 118)}${isLast ? '\n' : ''}`);
      } else {
        if (!isLast && time - shownAt < secondsBetweenLines * 1000) return;
        out.write(`${line(label)}\n`);
      }
      shownAt = time;
    },
    end() {
      if (out.isTTY && finished < units) out.write('\n');
    },
  };
}

function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${(minutes / 60).toFixed(1)} h`;
}
