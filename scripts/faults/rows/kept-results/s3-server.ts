import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { boundToParent } from '../../../../src/process/bound-process.ts';
import { proveStore } from '../../../../src/results/open-results.ts';
import { s3Store } from '../../../../src/results/s3-store.ts';
import { freePort } from '../../../../src/testing/free-port.ts';

/**
 * A server of somebody else that speaks S3's protocol and keeps what it has taken when it is killed: the
 * command in S3_SERVER, in which PORT and FOLDER are replaced, such as
 * `s3rver --address 127.0.0.1 --port PORT --directory FOLDER --configure-bucket pictures`.
 * It is asked for a bucket named pictures, with these credentials.
 */
export interface KillableServer {
  readonly url: string;
  start(): Promise<void>;
  kill(): Promise<void>;
}

export const s3ServerCommand = process.env.S3_SERVER;
/** Those that s3rver has built in. */
const credentials = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };

export function s3Environment(url: string): NodeJS.ProcessEnv {
  return {
    RESULTS: 's3://pictures/results',
    AWS_ENDPOINT_URL: url,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  };
}

export async function startS3Server(folder: string): Promise<KillableServer> {
  if (s3ServerCommand === undefined) throw new Error('S3_SERVER names no command, see rows/kept-results');
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const words = s3ServerCommand.replaceAll('PORT', String(port)).replaceAll('FOLDER', folder).split(' ');
  const store = s3Store({
    ...{ bucket: 'pictures', prefix: 'probe', endpoint: url, region: 'us-east-1' },
    ...{ ...credentials, sessionToken: undefined },
  });
  let child: ChildProcess | undefined;
  const server: KillableServer = {
    url,
    start: async () => {
      child = spawn(...boundToParent('KILL', words[0]!, words.slice(1)), { stdio: 'ignore' });
      for (;;) {
        if (child.exitCode !== null) throw new Error(`${s3ServerCommand} ended with code ${child.exitCode}`);
        const problem = await proveStore(store).catch((error: unknown) => error);
        if (problem === undefined) return;
        await setTimeout(50);
      }
    },
    kill: async () => {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
  await server.start();
  return server;
}
