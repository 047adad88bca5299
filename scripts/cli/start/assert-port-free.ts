import { once } from 'node:events';
import net from 'node:net';

const reasons: Record<string, string> = {
  EADDRINUSE: 'is in use by another program: stop it, or start with another PORT',
  EACCES: 'may not be opened by this user: start with a PORT of 1024 or above',
  EADDRNOTAVAIL: 'cannot be opened: HOST is no address of this machine',
};

/** @throws with what to change where the address cannot be listened on. */
export async function assertPortFree(host: string, port: number): Promise<void> {
  const server = net.createServer().listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    throw new Error(`port ${port} of ${host} ${reasons[code] ?? `cannot be opened: ${message}`}`);
  }
  server.close();
  await once(server, 'close');
}
