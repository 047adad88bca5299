import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { picture, startTestService } from '../../src/gateway/testing/service.ts';

/**
 * Runs the published Python client of OpenAI against a gateway of this tree and keeps what it sends, for the
 * tests to send again: `node scripts/maintainers/record-clients.ts PYTHON`, where PYTHON is one of a virtual
 * environment with `pip install openai`.
 */

const [python] = process.argv.slice(2);
if (python === undefined) throw new Error('usage: node scripts/maintainers/record-clients.ts PYTHON');
const service = await startTestService({ publicUrl: undefined });
try {
  const base = await service.app.listen({ host: '127.0.0.1', port: 0 });
  const child = spawn(python, [path.join(import.meta.dirname, 'record-clients', 'openai_images.py')], {
    stdio: ['pipe', 'inherit', 'inherit'],
    env: {
      ...process.env,
      GATEWAY: base,
      GATEWAY_KEY: service.key,
      RECORDED: path.join(import.meta.dirname, '../../src/gateway/testing/recorded/openai-python.json'),
    },
  });
  child.stdin.end(await picture(64, 64));
  const [code] = (await once(child, 'close')) as [number];
  process.exitCode = code;
} finally {
  await service.close();
}
