import { parseArgs } from 'node:util';
import { bodies } from '../../../src/contract/bodies/bodies.ts';
import type { Endpoint } from '../../../src/contract/endpoints.ts';
import type { KeyLimits } from '../../../src/jobs/keys/api-keys.ts';
import { mostCredits } from '../../../src/jobs/keys/credits.ts';
import { ownCommand } from '../../../src/process/own-command.ts';

/** What `npm run keys` was asked to do. */
export type KeyCommand =
  | { readonly what: 'create'; readonly name: string; readonly limits: KeyLimits }
  | { readonly what: 'list' }
  | { readonly what: 'export' }
  | { readonly what: 'import' }
  | { readonly what: 'revoke'; readonly key: string }
  | { readonly what: 'credit'; readonly key: string; readonly credits: number };

/** The command line was not understood; the message says why. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const usage = `usage: ${ownCommand('keys create --name NAME')} [--endpoints sdxl-torch,sdxl-img2img] [--credits N]
                           [--requests-per-minute N] [--max-queued N] [--admin]
       ${ownCommand('keys list')}
       ${ownCommand('keys revoke ID')}
       ${ownCommand('keys credit ID AMOUNT')}
       ${ownCommand('keys export > FILE')}
       ${ownCommand('keys import < FILE')}

What create leaves out is not limited. ID is the id that list shows, or the key itself. A negative AMOUNT (after --) takes credits
away. --admin lets a key give its requests a priority. export writes every key with its limits and balance, but not what lets a
client in (only its digest); import adds those that do not exist.`;

const endpointNames = Object.keys(bodies) as Endpoint[];

/** @throws UsageError naming the argument. */
export function parseKeyCommand(args: readonly string[]): KeyCommand {
  const [what, ...rest] = args;
  switch (what) {
    case 'create':
      return create(rest);
    case 'list':
    case 'export':
    case 'import':
      positionals(what, rest, []);
      return { what };
    case 'revoke': {
      const [key] = positionals(what, rest, ['ID']);
      return { what, key: key! };
    }
    case 'credit': {
      const [key, amount] = positionals(what, rest, ['ID', 'AMOUNT']);
      return { what, key: key!, credits: creditsOf('AMOUNT', amount!, -mostCredits) };
    }
    default:
      throw new UsageError(what === undefined ? 'no command given' : `unknown command "${what}"`);
  }
}

function create(args: readonly string[]): KeyCommand {
  const { values } = parsed(args, {
    name: { type: 'string' },
    endpoints: { type: 'string' },
    credits: { type: 'string' },
    'requests-per-minute': { type: 'string' },
    'max-queued': { type: 'string' },
    admin: { type: 'boolean' },
  });
  const { name, endpoints, credits, admin } = values;
  const perMinute = values['requests-per-minute'];
  const maxQueued = values['max-queued'];
  if (typeof name !== 'string' || name.trim() === '') throw new UsageError('create needs --name NAME');
  return {
    what: 'create',
    name,
    limits: {
      ...(typeof endpoints === 'string' && { endpoints: endpointsOf(endpoints) }),
      ...(typeof credits === 'string' && { credits: creditsOf('--credits', credits, 0) }),
      ...(typeof perMinute === 'string' && { requestsPerMinute: count('--requests-per-minute', perMinute) }),
      ...(typeof maxQueued === 'string' && { maxQueued: count('--max-queued', maxQueued) }),
      admin: admin === true,
    },
  };
}

function positionals(what: string, args: readonly string[], names: readonly string[]): string[] {
  const given = parsed(args, {}).positionals;
  if (given.length !== names.length)
    throw new UsageError(
      names.length === 0 ? `${what} takes no arguments` : `expected ${names.join(' and ')}`,
    );
  return given;
}

function parsed(
  args: readonly string[],
  options: Readonly<Record<string, { readonly type: 'string' | 'boolean' }>>,
) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: Object.keys(options).length === 0 });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function endpointsOf(text: string): Endpoint[] {
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !endpointNames.includes(name as Endpoint));
  if (unknown !== undefined)
    throw new UsageError(`--endpoints: "${unknown}" is none of ${endpointNames.join(', ')}`);
  return [...new Set(names)] as Endpoint[];
}

function creditsOf(what: string, text: string, least: number): number {
  const credits = Number(text);
  if (!/^-?\d+(\.\d{1,6})?$/.test(text) || credits < least || credits > mostCredits)
    throw new UsageError(
      `${what} must be a number from ${least} to ${mostCredits} with at most 6 decimals, got "${text}"`,
    );
  return credits;
}

function count(what: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text))
    throw new UsageError(`${what} must be a whole number from 1, got "${text}"`);
  return Number(text);
}
