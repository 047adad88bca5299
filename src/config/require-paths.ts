import { PathError, requireFile, requireFolder, requireWritable } from '../process/usable-path.ts';
import { type Config, ConfigError } from './config.ts';
import { settings } from './settings.ts';

const checks = {
  modelsDir: requireFolder,
  safetyChecker: requireFolder,
  contentDenyList: requireFile,
  c2paCertificate: requireFile,
  c2paKey: requireFile,
  healthFile: requireWritable,
  redisTlsCa: requireFile,
  redisTlsCert: requireFile,
  redisTlsKey: requireFile,
} as const satisfies Partial<Record<keyof Config, (what: string, place: string) => void>>;

/** What `signingFilesOf` names. */
export const signingPaths = ['c2paCertificate', 'c2paKey'] as const;

/** What `redisAddressOf` names. */
export const redisPaths = ['redisTlsCa', 'redisTlsCert', 'redisTlsKey'] as const;

/**
 * That the files and folders of these settings, where they are set, can be used.
 * @throws ConfigError naming every one that cannot, and why.
 */
export function requirePaths(config: Config, names: readonly (keyof typeof checks)[]): void {
  const complaints: string[] = [];
  for (const name of names) {
    const place = config[name];
    if (place === undefined) continue;
    try {
      checks[name](settings[name].variable, place);
    } catch (error) {
      if (!(error instanceof PathError)) throw error;
      complaints.push(error.message);
    }
  }
  if (complaints.length > 0) throw new ConfigError(['Bad configuration:', ...complaints].join('\n  '));
}
