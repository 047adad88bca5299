import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { boundToParent } from '../../process/bound-process.ts';
import { freePort } from '../../testing/free-port.ts';

/** A server of Redis's on a port of 127.0.0.1, as somebody else's would be. */
export interface TcpRedis {
  readonly port: number;
  /** Where it keeps its files. */
  readonly directory: string;
  /** Arguments of redis-cli; what it answers. */
  ask(...words: readonly string[]): string;
  /** Ends it and removes its files. */
  remove(): Promise<void>;
}

/**
 * @param settings its command line; `PORT` and `DIRECTORY` in them stand for its own.
 * @param files text by name, written into its directory first.
 */
export async function startTcpRedis(
  settings: readonly string[] = ['--port', 'PORT'],
  files: Readonly<Record<string, string>> = {},
  prepare: (directory: string) => void = () => undefined,
): Promise<TcpRedis> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'tcp-redis-'));
  const port = await freePort();
  const fill = (text: string): string =>
    text.replaceAll('PORT', String(port)).replaceAll('DIRECTORY', directory);
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(directory, name), fill(text));
  prepare(directory);
  const args = settings.map(fill);
  const server = spawn(...boundToParent('KILL', 'redis-server', [...args, '--dir', directory]), {
    stdio: 'ignore',
  });
  await listening(server, port);
  return {
    port,
    directory,
    ask: (...words) =>
      execFileSync('redis-cli', ['-p', String(port), ...words], { encoding: 'utf8', stdio: 'pipe' }).trim(),
    remove: async () => {
      if (server.exitCode === null && server.signalCode === null) {
        const ended = once(server, 'exit');
        server.kill('SIGKILL');
        await ended;
      }
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function listening(server: ChildProcess, port: number): Promise<void> {
  for (;;) {
    if (server.exitCode !== null) throw new Error(`redis-server ended with code ${server.exitCode}`);
    const socket = net.connect(port, '127.0.0.1');
    const isUp = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Writes an authority (ca.crt) and a certificate for localhost and 127.0.0.1 (server.crt, server.key). */
export function makeCertificates(directory: string): void {
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' });
  };
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...curve,
    '-days',
    '2',
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
    '-subj',
    '/CN=test authority',
  );
  openssl('req', ...curve, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=localhost');
  execFileSync('sh', ['-c', 'printf "subjectAltName=DNS:localhost,IP:127.0.0.1" > names'], {
    cwd: directory,
  });
  openssl(
    ...['x509', '-req', '-in', 'server.csr', '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial'],
    ...['-out', 'server.crt', '-days', '2', '-extfile', 'names'],
  );
}

/** Settings of a server that speaks TLS alone, with what `makeCertificates` wrote. */
export const tlsSettings = [
  ...['--port', '0', '--tls-port', 'PORT', '--tls-auth-clients', 'no'],
  ...['--tls-cert-file', 'DIRECTORY/server.crt', '--tls-key-file', 'DIRECTORY/server.key'],
  ...['--tls-ca-cert-file', 'DIRECTORY/ca.crt'],
];
