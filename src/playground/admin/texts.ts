/** Every English text of the operators' page. */
export const adminTexts = {
  title: 'Administration',
  back: 'Make pictures',
  queues: {
    title: 'Queues',
    waiting: 'waiting',
    processing: 'running',
    completed: 'completed a minute',
    failed: 'failed a minute',
    route: 'checkpoints',
    paused: 'paused',
    pause: 'Pause',
    resume: 'Resume',
  },
  workers: {
    title: 'Workers',
    free: 'free',
    busy: (request: string | undefined) => (request === undefined ? 'busy' : `works on ${request}`),
    models: (resident: readonly string[], routes: readonly string[]) =>
      `loaded: ${resident.length > 0 ? resident.join(', ') : 'nothing'}; serves: ${routes.join(', ')}`,
    memory: (what: string, bytes: number | undefined) =>
      bytes === undefined ? `memory: ${what}` : `memory: ${what}, about ${(bytes / 1e9).toFixed(1)} GB`,
  },
  models: {
    title: 'Models',
    none: 'No worker has told of its models.',
    serves: (names: readonly string[]) => `answers to ${names.join(', ')}`,
    loaded: (loaded: number, installed: number) => `loaded on ${loaded} of ${installed}`,
    load: 'Load',
    unload: 'Unload',
    rescan: 'Look at the folders anew',
    unserved: (entry: string, worker: string, reason: string) =>
      `${entry} on ${worker} is not served: ${reason}`,
  },
  requests: {
    unfinished: 'Running and waiting',
    none: 'Nothing runs or waits.',
    waits: 'waits',
    step: (step: number | undefined, steps: number | undefined, worker: string | undefined) =>
      `${step === undefined ? 'begins' : `step ${step} of ${steps}`}${worker === undefined ? '' : ` on ${worker}`}`,
    about: (time: string, owner: string, attempts: number) =>
      `${time}, key ${owner}${attempts > 1 ? `, attempt ${attempts}` : ''}`,
    front: 'To the front',
    cancel: 'Cancel',
    failures: 'Recent failures',
    noFailures: 'Nothing failed in the last hour.',
    retry: 'Make it again',
  },
  keys: {
    title: 'API keys',
    name: 'Name',
    credits: 'Credits',
    perMinute: 'A minute',
    maxQueued: 'At a time',
    admin: 'admin key',
    create: 'Create',
    made: 'The new key, shown only this once:',
    limits: (key: {
      readonly admin: boolean;
      readonly credits?: number;
      readonly requests_per_minute?: number;
      readonly max_queued?: number;
      readonly endpoints?: readonly string[];
    }) =>
      [
        key.admin ? 'admin' : '',
        key.credits === undefined ? 'credits not limited' : `${key.credits} credits`,
        key.requests_per_minute === undefined ? '' : `${key.requests_per_minute} a minute`,
        key.max_queued === undefined ? '' : `${key.max_queued} at a time`,
        key.endpoints === undefined ? '' : `only ${key.endpoints.join(', ')}`,
      ]
        .filter((part) => part !== '')
        .join(', '),
    creditsFor: (name: string) => `Credits to add to ${name}`,
    addCredits: 'Add credits',
    revoke: 'Revoke',
    revokeSure: 'Revoke for good?',
  },
  audit: {
    title: 'What administrators did',
    none: 'Nothing yet.',
  },
};
