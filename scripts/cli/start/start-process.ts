import { type Config, ConfigError, localUrl, readConfig } from '../../../src/config/config.ts';
import { endWithNpm } from '../../../src/process/end-with-npm.ts';
import { failureText } from '../../../src/process/report-failure.ts';
import { type Launched, launch } from './launch.ts';

/** A terminal's Ctrl-C can arrive twice, once from the terminal and once handed on by npm. */
const sameKeystrokeMs = 1000;

/**
 * What `npm start` is: configuration, what is printed, and signals around `launch`.
 * @param worker and `demoModels`: see LaunchOptions.
 */
export async function startProcess(worker: readonly string[], demoModels?: string): Promise<void> {
  const say = (line: string): void => {
    process.stdout.write(`${line}\n`);
  };
  // The terminal may close before the children have ended.
  process.stdout.on('error', () => undefined);

  const cancelled = new AbortController();
  let launched: Launched | undefined;
  let firstSignal: number | undefined;
  const onSignal = (): void => {
    if (firstSignal === undefined) {
      firstSignal = performance.now();
      say('stopping: the job in hand goes back to the queue (again to end at once)');
      cancelled.abort();
      void launched?.stop().then(() => process.exit(0));
    } else if (performance.now() - firstSignal > sameKeystrokeMs) {
      launched?.kill();
      process.exit(1);
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  endWithNpm(['start']);

  try {
    const config = readConfig();
    launched = await launch({ config, say, worker, demoModels }, cancelled.signal);
    for (const line of welcome(config, launched)) say(line);
    if (firstSignal !== undefined) await launched.stop();
  } catch (error) {
    if (firstSignal !== undefined) process.exit(0);
    process.stderr.write(`${error instanceof ConfigError ? '' : 'cannot start: '}${failureText(error)}\n`);
    process.exit(1);
  }
}

function welcome(config: Config, { firstKey, pageLink, models }: Launched): string[] {
  const { auth, dataDir } = config;
  const publicUrl = config.publicUrl ?? localUrl(config);
  const key = auth ? ` -H 'x-api-key: ${firstKey ?? 'YOUR_KEY'}'` : '';
  return [
    '',
    `sdxl-server is up on ${publicUrl} (data in ${dataDir})`,
    '',
    ...(pageLink
      ? [`Open ${pageLink}`, '(the link signs in once, within an hour)']
      : [`Open ${publicUrl}/ and sign in with an API key`]),
    `The API is described at ${publicUrl}/docs/`,
    ...(firstKey ? ['', `API key, shown only this once: ${firstKey}`] : []),
    ...(models ? ['', models.description] : []),
    '',
    'Try it:',
    `  curl -X POST ${publicUrl}/v1/sdxl-torch${key} -H 'content-type: application/json' -d '{"prompt": "${models?.prompt ?? 'a red fox in the snow'}"}' -o picture.jpg`,
    '',
  ];
}
