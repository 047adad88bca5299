import { readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../../..');
const { packages } = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')) as {
  packages: Readonly<Record<string, { readonly dev?: boolean }>>;
};

/**
 * What of an image's files, from its root, does not belong into it: tests and their support, oracles,
 * packages that only development needs, secrets, what Git or CI have.
 */
export function complaintsAbout(files: readonly string[]): string[] {
  const unwanted: readonly [RegExp, string][] = [
    [/^app\/(?!node_modules\/).*(\.test\.ts$|\/(testing|oracles)\/)/, 'a test'],
    [/(^|\/)(\.env[^/]*|\.npmrc|\.netrc|id_[a-z0-9]+|[^/]+\.(key|p12))$/, 'a secret'],
    [/^app\/(?!node_modules\/).*\.pem$/, 'a secret'],
    [/^app\/(\.git|\.ci|data|cuda-libraries)\//, 'of the checkout'],
    [/^app\/scripts\/(maintainers|bench|faults|lab)\//, 'for maintainers'],
  ];
  return files.flatMap((file) => {
    const found = unwanted.find(([pattern]) => pattern.test(file));
    if (found) return `${file}: ${found[1]}`;
    // Those that production packages need too are not marked as `dev`.
    const place = /^app\/(node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1];
    return place !== undefined && packages[place]?.dev ? `${file}: a development dependency` : [];
  });
}
