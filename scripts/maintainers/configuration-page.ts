/**
 * node scripts/maintainers/configuration-page.ts: writes the tables of settings into docs/configuration.md.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { withTables } from './configuration-page/settings-tables.ts';

const page = path.resolve(import.meta.dirname, '../../docs/configuration.md');
writeFileSync(page, withTables(readFileSync(page, 'utf8')));
