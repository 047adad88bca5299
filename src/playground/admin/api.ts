import { call } from '../parts/api.ts';
import type { Act, AdminRequest, Key, KeyWishes, Models, NewKey, Overview, Queues, Worker } from './wire.ts';

/** Calls of the admin API. @throws CallFailed as call does; 403 where the key is no admin key. */

async function read<Answer>(path: string): Promise<Answer> {
  return (await call(`v1/admin/${path}`)).json() as Promise<Answer>;
}

async function act<Answer>(method: 'POST' | 'DELETE', path: string, body?: object): Promise<Answer> {
  const init = body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  return (await call(`v1/admin/${path}`, { method, ...init })).json() as Promise<Answer>;
}

/** Requests that are listed of each kind. */
const most = 50;

export async function readOverview(): Promise<Overview> {
  // Alone at first: without a valid key one refusal is enough.
  const queues = await read<Queues>('queues');
  const [waiting, running, failed, { workers }, models, { keys }, { acts }] = await Promise.all([
    read<{ requests: AdminRequest[] }>(`requests?status=QUEUED&limit=${most}`),
    read<{ requests: AdminRequest[] }>(`requests?status=PROCESSING&limit=${most}`),
    read<{ requests: AdminRequest[] }>(`requests?status=FAILED&limit=${most}`),
    read<{ workers: Worker[] }>('workers'),
    read<Models>('models'),
    read<{ keys: Key[] }>('keys'),
    read<{ acts: Act[] }>('audit'),
  ]);
  // What runs first; of what waits, the oldest first.
  const unfinished = [...running.requests, ...waiting.requests.toReversed()];
  return { queues, unfinished, failures: failed.requests, workers, models, keys, acts };
}

export const pause = () => act('POST', 'queues/pause');
export const resume = () => act('POST', 'queues/resume');
export const cancelAny = (id: string) => act('DELETE', `requests/${id}`);
export const retry = (id: string) => act('POST', `requests/${id}/retry`);
export const moveToFront = (id: string) => act('POST', `requests/${id}/front`);
export const rescanModels = () => act('POST', 'models/rescan');
export const orderModel = (name: string, word: 'load' | 'unload') =>
  act('POST', `models/${encodeURIComponent(name)}/${word}`);
export const createKey = (wishes: KeyWishes) => act<NewKey>('POST', 'keys', wishes);
export const revokeKey = (id: string) => act('DELETE', `keys/${id}`);
export const addCredits = (id: string, credits: number) => act('POST', `keys/${id}/credits`, { credits });
