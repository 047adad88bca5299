/**
 * `npm run docs:check`: runs every command of the README and of docs/*.md in a clean clone of the last
 * commit, in the order of each page.
 *
 *     node scripts/maintainers/docs-check.ts [--page docs/api.md]... [--except TEXT]... [--keep]
 *
 * Fenced blocks marked `sh` and `python` are run, `json` ones are parsed. A comment before a block says what
 * is different about it: `<!-- check: server -->` runs on beside the rest of the page and is waited for until
 * /readyz answers 200, `<!-- check: not here, REASON -->` needs what a test machine lacks and is only
 * printed, `<!-- check: fails -->` must end with another exit code than 0. Where the server printed a key, it
 * stands for `SG_...` in what follows, and its address for http://127.0.0.1:8080. A picture that a block
 * writes must be one.
 */
import { execFileSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { freePort } from '../../src/testing/free-port.ts';
import { readBlocks } from './docs-check/blocks.ts';
import { type Outcome, openPage } from './docs-check/run-page.ts';

const root = path.resolve(import.meta.dirname, '../..');
const { values } = parseArgs({
  options: {
    page: { type: 'string', multiple: true },
    except: { type: 'string', multiple: true, default: [] },
    keep: { type: 'boolean', default: false },
  },
});
const pages = values.page ?? ['README.md', 'CONTRIBUTING.md', ...globSync('docs/*.md', { cwd: root }).sort()];

const scratch = mkdtempSync(path.join(os.tmpdir(), 'docs-check-'));
const clone = path.join(scratch, 'sdxl-server');
execFileSync('git', ['clone', '--quiet', root, clone]);
process.stdout.write(`clean clone: ${clone}\n`);

const counts: Record<Outcome, number> = { passed: 0, failed: 0, 'not run': 0 };
for (const page of pages) {
  const blocks = readBlocks(readFileSync(path.join(clone, page), 'utf8'));
  const runner = openPage(clone, await freePort());
  try {
    for (const block of blocks) {
      const excepted = values.except.find((text) => block.text.includes(text));
      const { outcome, detail } =
        excepted === undefined
          ? await runner.run(block)
          : ({ outcome: 'not run', detail: `\n  --except ${excepted}` } as const);
      counts[outcome]++;
      process.stdout.write(
        `${outcome.padEnd(8)}${page}:${block.line}  ${block.text.split('\n')[0]}${detail}\n`,
      );
    }
  } finally {
    await runner.close();
  }
}
if (!values.keep) rmSync(scratch, { recursive: true, force: true });
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed, ${counts['not run']} not run here\n`);
process.exitCode = counts.failed > 0 ? 1 : 0;
