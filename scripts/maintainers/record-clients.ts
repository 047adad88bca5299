import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { picture, startTestService } from '../../src/gateway/testing/service.ts';

/**
 * Runs the published Python clients of OpenAI's and AUTOMATIC1111's APIs against a gateway of this tree and
 * keeps what they send, for the tests to send again: `node scripts/maintainers/record-clients.ts PYTHON`,
 * where PYTHON is one of a virtual environment with `pip install openai webuiapi`.
 */

/** Script, the file it writes, and where its client's source was read. */
const clients = [
  ['openai_images.py', 'openai-python.json', ''],
  ['webui_api.py', 'webuiapi.json', '34593d0c36a4e4d99789192f1667a0a6e30b1460'],
] as const;

const [python, only] = process.argv.slice(2);
if (python === undefined)
  throw new Error('usage: node scripts/maintainers/record-clients.ts PYTHON [SCRIPT]');
for (const [script, recorded, commit] of clients) {
  if (only !== undefined && only !== script) continue;
  const service = await startTestService({ publicUrl: undefined });
  try {
    const base = await service.app.listen({ host: '127.0.0.1', port: 0 });
    const child = spawn(python, [path.join(import.meta.dirname, 'record-clients', script)], {
      stdio: ['pipe', 'inherit', 'inherit'],
      env: {
        ...process.env,
        GATEWAY: base,
        GATEWAY_KEY: service.key,
        CLIENT_COMMIT: commit,
        RECORDED: path.join(import.meta.dirname, '../../src/gateway/testing/recorded', recorded),
      },
    });
    child.stdin.end(await picture(64, 64));
    const [code] = (await once(child, 'close')) as [number];
    if (code !== 0) process.exitCode = code;
  } finally {
    await service.close();
  }
}
