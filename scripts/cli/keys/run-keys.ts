import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { type Config, readConfig } from '../../../src/config/config.ts';
import { redisPaths, requirePaths } from '../../../src/config/require-paths.ts';
import { type ApiKey, keyIdOf } from '../../../src/jobs/keys/api-keys.ts';
import { exportApiKeys, importApiKeys } from '../../../src/jobs/keys/key-transfer.ts';
import { type Connection, connect, failFastOptions } from '../../../src/jobs/redis/connection.ts';
import { redisAddressOf } from '../../../src/jobs/redis/redis-address.ts';
import { ownCommand } from '../../../src/process/own-command.ts';
import { failureText } from '../../../src/process/report-failure.ts';
import { type KeyCommand, parseKeyCommand, UsageError, usage } from './key-commands.ts';
import { type KeyServer, keysInRedis, keysOverHttp } from './key-server.ts';

const answerMs = 3000;

/**
 * `npm run keys -- create|list|revoke|credit|export|import`: the API keys in the Redis of REDIS_URL, or in
 * the private one of the `npm start` that runs on DATA_DIR; where SDXL_URL names a running server, through
 * its admin API with the key in SDXL_API_KEY. A new key alone goes to standard output, so that scripts can
 * take it.
 * @returns the exit code.
 */
export async function runKeys(args: readonly string[]): Promise<0 | 1> {
  let redis: Connection | undefined;
  try {
    const command = parseKeyCommand(args);
    const { SDXL_URL: url, SDXL_API_KEY: adminKey } = process.env;
    if (url) {
      if (!adminKey)
        throw new Error('SDXL_URL is set, but SDXL_API_KEY, an admin key of that server, is not');
      await run(keysOverHttp(url.replace(/\/+$/, ''), adminKey), command);
    } else {
      redis = await reach(readConfig());
      if (command.what === 'export' || command.what === 'import') await transfer(redis, command.what);
      else await run(keysInRedis(redis), command);
    }
    return 0;
  } catch (error) {
    tell(failureText(error));
    if (error instanceof UsageError) tell(`\n${usage}`);
    return 1;
  } finally {
    redis?.disconnect();
  }
}

const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const tell = (line: string): boolean => process.stderr.write(`${line}\n`);

async function reach(config: Config): Promise<Connection> {
  const { redisUrl, dataDir } = config;
  requirePaths(config, redisPaths);
  const file = path.join(dataDir, 'redis-url');
  const url = redisAddressOf(config) ?? (await readFile(file, 'utf8').catch(() => undefined));
  const absent = `REDIS_URL is not set and no "${ownCommand('start')}" runs on ${dataDir}`;
  if (url === undefined) throw new Error(absent);
  try {
    return await connect(url, failFastOptions(answerMs), () => undefined, answerMs);
  } catch (error) {
    throw redisUrl === undefined ? new Error(absent, { cause: error }) : error;
  }
}

async function transfer(redis: Connection, what: 'export' | 'import'): Promise<void> {
  if (what === 'export') {
    for (const line of await exportApiKeys(redis)) say(line);
    return;
  }
  const { added, present } = await importApiKeys(redis, await text(process.stdin), randomUUID());
  tell(`${added} API keys added, ${present} were there already`);
}

async function run(server: KeyServer, command: KeyCommand): Promise<void> {
  switch (command.what) {
    case 'create': {
      const { key, apiKey } = await server.create(command.name, command.limits);
      tell(`API key ${apiKey.id} (${apiKey.name}), shown only this once:`);
      say(key);
      return;
    }
    case 'list':
      for (const line of table(await server.list())) say(line);
      return;
    case 'export':
    case 'import':
      throw new Error(
        `${command.what} works on the Redis itself: run it where REDIS_URL or DATA_DIR reach it`,
      );
    case 'revoke': {
      const { id, name } = await wanted(server, command.key);
      await server.revoke(id);
      tell(`API key ${id} (${name}) is revoked`);
      return;
    }
    case 'credit': {
      const { id, name, credits } = await wanted(server, command.key);
      const balance = credits === undefined ? undefined : await server.credit(id, command.credits);
      if (balance === undefined) throw new Error(`API key ${id} (${name}) is unlimited: it has no credits`);
      tell(`API key ${id} (${name}) has ${balance} credits`);
    }
  }
}

/** @throws Error when neither an id nor a key is that text, which is not repeated: it may be a secret. */
async function wanted(server: KeyServer, idOrKey: string): Promise<ApiKey> {
  const keys = await server.list();
  const apiKey = keys.find(({ id }) => id === idOrKey) ?? keys.find(({ id }) => id === keyIdOf(idOrKey));
  if (apiKey === undefined) throw new Error('there is no such API key; "list" shows all of them');
  return apiKey;
}

/** One line per key, in columns. */
function table(keys: readonly ApiKey[]): string[] {
  const rows = [
    ['ID', 'NAME', 'ENDPOINTS', 'CREDITS', 'PER MINUTE', 'MAX QUEUED', 'ADMIN', 'CREATED'],
    ...keys.map((key) => [
      key.id,
      key.name,
      key.endpoints?.join(',') ?? 'all',
      String(key.credits ?? 'unlimited'),
      String(key.requestsPerMinute ?? 'unlimited'),
      String(key.maxQueued ?? 'unlimited'),
      key.admin ? 'yes' : 'no',
      new Date(key.createdAt).toISOString(),
    ]),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
}
