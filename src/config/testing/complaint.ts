import assert from 'node:assert/strict';
import { ConfigError, readConfig } from '../config.ts';

/** What is said of an environment that is refused. */
export function complaint(environment: Record<string, string>): string {
  try {
    readConfig(environment);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.message;
  }
  assert.fail('no complaint');
}
