import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** A built image, its files mounted. */
export interface Image {
  readonly name: string;
  readonly folder: string;
  /** A folder of this machine that is its /tmp. */
  readonly temporary: string;
  readonly user: string;
  readonly workDirectory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly command: readonly string[];
  readonly healthcheck: readonly string[];
}

interface Inspected {
  readonly Docker: {
    readonly config: {
      readonly User: string;
      readonly WorkingDir: string;
      readonly Env: readonly string[];
      readonly Cmd: readonly string[];
      readonly Healthcheck: { readonly Test: readonly string[] };
    };
  };
}

const baseName = 'docker.io/library/node:24-bookworm-slim';

export interface Builder {
  build(target: string): Image;
  /** Takes the images' files away, so that `work` can be removed; their layers stay in it. */
  close(): void;
}

/** Builds targets of the Dockerfile in `root` on `work/base`; keeps what it makes in `work`. */
export function builder(root: string, work: string): Builder {
  const store = ['--root', path.join(work, 'store'), '--runroot', path.join(work, 'run')];
  const buildah = (args: readonly string[], stdio: 'pipe' | 'inherit' = 'pipe'): string =>
    (execFileSync('buildah', [...store, '--storage-driver', 'overlay', ...args], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', stdio, 'inherit'],
    }) ?? '') as string;
  const last = (text: string): string => text.trim().split('\n').at(-1)!;

  if (!buildah(['images', '--format', '{{.Name}}']).includes(baseName.split(':')[0]!)) {
    const container = last(buildah(['from', 'scratch']));
    buildah(['add', '--quiet', container, path.join(work, 'base'), '/']);
    const places = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
    buildah(['config', '--env', `PATH=${places}`, '--cmd', 'node', container]);
    buildah(['commit', '--quiet', container, baseName]);
    buildah(['rm', container]);
  }
  // Debian 12's buildah does not know the flag, which only says how often is asked until the first success.
  const file = path.join(work, 'Dockerfile');
  writeFileSync(
    file,
    readFileSync(path.join(root, 'Dockerfile'), 'utf8').replaceAll(/ --start-interval=\S+/g, ''),
  );
  const build = (target: string): Image => {
    const name = `sdxl-${target}`;
    const how = [
      '--layers',
      '--format',
      'docker',
      '--isolation',
      'chroot',
      '--network',
      'host',
      '--pull-never',
    ];
    buildah(['bud', '--file', file, ...how, '--target', target, '--tag', name, '.'], 'inherit');
    const container = last(buildah(['from', '--pull-never', `localhost/${name}`]));
    const { config } = (JSON.parse(buildah(['inspect', '--type', 'image', `localhost/${name}`])) as Inspected)
      .Docker;
    const temporary = mkdtempSync(path.join(work, 'tmp-'));
    chmodSync(temporary, 0o1777);
    return {
      ...{ temporary, name, folder: last(buildah(['mount', container])) },
      ...{ user: config.User, workDirectory: config.WorkingDir, command: config.Cmd },
      environment: Object.fromEntries(
        config.Env.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
      ),
      // The first word says how it is given: CMD.
      healthcheck: config.Healthcheck.Test.slice(1),
    };
  };
  return {
    build,
    close: () => {
      buildah(['umount', '--all']);
      buildah(['rm', '--all']);
    },
  };
}
