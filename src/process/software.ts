import { readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from './package-root.ts';

const packageFile = path.join(packageRoot, 'package.json');
const { name, version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { name: string; version: string };

/** Of this software, as package.json has them. */
export { name as softwareName, version };

/** What made a picture: name and version. */
export const software = `${name} ${version}`;
