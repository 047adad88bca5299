/** What is read only when a process starts. */
export interface StartSettings {
  /** Flags of Node and V8, `--name` or `--name=value`. */
  readonly flags: readonly string[];
  /** Variables for the C library; what is set already stays. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Begins this process anew with the flags and variables that it lacks. Its id, parent, working directory,
 * arguments and open standard streams stay (execve(2)), so whoever started it notices nothing. Returns where
 * it has them already, and where the system cannot replace a process (Windows).
 */
export function execWith({ flags, environment }: StartSettings): void {
  const missing = flags.filter((flag) => !process.execArgv.some((given) => nameOf(given) === nameOf(flag)));
  const unset = Object.entries(environment).filter(([name]) => process.env[name] === undefined);
  if (process.execve === undefined || (missing.length === 0 && unset.length === 0)) return;
  process.execve(
    process.execPath,
    [process.execPath, ...process.execArgv, ...missing, ...process.argv.slice(1)],
    { ...process.env, ...Object.fromEntries(unset) },
  );
}

function nameOf(flag: string): string {
  return flag.split('=', 1)[0]!.replaceAll('_', '-');
}
