import { type ParseArgsConfig, parseArgs } from 'node:util';
import { exitWith } from './report-failure.ts';

/**
 * The arguments of a command that reads them before anything else. What it does not take ends it with one
 * sentence and exit code 1; a stack of Node's own files would say no more.
 */
export function readArguments<Config extends ParseArgsConfig>(
  command: string,
  config: Config,
): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs(config);
  } catch (error) {
    return exitWith(command, error);
  }
}
