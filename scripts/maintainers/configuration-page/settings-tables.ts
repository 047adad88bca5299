import { gatewaySettings } from '../../../src/config/gateway-settings.ts';
import type { Setting } from '../../../src/config/setting-kinds.ts';
import { sharedSettings } from '../../../src/config/settings.ts';
import { workerSettings } from '../../../src/config/worker-settings.ts';

const tables = { shared: sharedSettings, gateway: gatewaySettings, worker: workerSettings };

/**
 * The page with what stands between `<!-- settings: NAME -->` and `<!-- end -->` written anew, for each of
 * the names shared, gateway and worker.
 * @throws Error naming a table that the page has no place for.
 */
export function withTables(page: string): string {
  return Object.entries<Record<string, Setting>>(tables).reduce((text, [name, table]) => {
    const place = new RegExp(`(<!-- settings: ${name} -->\n)[^]*?(<!-- end -->)`);
    if (!place.test(text)) throw new Error(`the page has no place for the settings of ${name}`);
    return text.replace(place, (_, begin, end) => `${begin}\n${rows(table)}\n\n${end}`);
  }, page);
}

function rows(table: Record<string, Setting>): string {
  return [
    '| variable | default | allowed | |',
    '|---|---|---|---|',
    ...Object.values(table).map(
      ({ variable, default: usual, kind, sentence }) =>
        `| \`${variable}\` | ${usual ? `\`${usual}\`` : 'unset'} | ${kind.allowed} | ${sentence} |`,
    ),
  ].join('\n');
}
