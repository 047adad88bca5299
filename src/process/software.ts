import { readFileSync } from 'node:fs';

const packageFile = new URL('../../package.json', import.meta.url);
const { name, version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { name: string; version: string };

/** Of this software, as package.json has it. */
export { version };

/** What made a picture: name and version. */
export const software = `${name} ${version}`;
