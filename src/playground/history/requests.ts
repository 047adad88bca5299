import { CallFailed } from '../../client/http.ts';
import { client, submit } from '../parts/api.ts';
import { createStore, type Store } from '../parts/store.ts';
import type { Body, Result, Slug } from '../parts/wire.ts';
import { type Database, openDatabase } from './database.ts';
import { createFollower } from './follow.ts';
import { type EntryPictures, type HistoryEntry, isUnfinished, type Live } from './history-entry.ts';
import { thumbnailOf } from './thumbnail.ts';

/** The requests of this browser: sending them, following them to their end, and keeping what came out. */

/** The newest first. */
export const entries = createStore<readonly HistoryEntry[]>([]);
/** Id of the request on the stage. */
export const chosen = createStore<string | undefined>(undefined);

const lives = new Map<string, Store<Live>>();
let database: Promise<Database> | undefined;
const opened = (): Promise<Database> => {
  database ??= openDatabase();
  return database;
};

export function liveOf(id: string): Store<Live> {
  const known = lives.get(id) ?? createStore<Live>({});
  lives.set(id, known);
  return known;
}

function entryOf(id: string | undefined): HistoryEntry | undefined {
  return entries.get().find((entry) => entry.id === id);
}

/** Changes an entry, here and in the database; one that was deleted meanwhile stays deleted. */
async function change(id: string, changes: Partial<HistoryEntry>): Promise<void> {
  const entry = entryOf(id);
  if (entry === undefined) return;
  const changed = { ...entry, ...changes };
  entries.set(entries.get().map((other) => (other.id === id ? changed : other)));
  await kept((await opened()).putEntry(changed));
}

/** Where the browser has no room left the page goes on without a memory. */
function kept(write: Promise<void>): Promise<void> {
  return write.catch(() => undefined);
}

const follower = createFollower({
  onLive: (id, live) => liveOf(id).set({ ...liveOf(id).get(), ...live }),
  onStatus: (id, status) => void change(id, { status }),
  onEnd: async (id, end) => {
    // Without them the stage shows the server's own, for as long as it has them.
    if (end.result) await keepPictures(id, end.result).catch(() => undefined);
    await change(id, end);
    lives.delete(id);
  },
});

/** Brings the history back and follows what had not ended. */
export async function restore(): Promise<void> {
  const stored = await (await opened()).entries();
  entries.set(stored);
  chosen.set(stored[0]?.id);
  for (const entry of [...stored].reverse()) if (isUnfinished(entry)) follower.follow(entry.id);
}

export interface Submission {
  readonly slug: Slug;
  readonly body: Body;
  readonly input?: { readonly name: string; readonly url?: string; readonly picture?: Blob };
  readonly comparison?: string;
}

/** @throws CallFailed with the server's reason where it refuses. */
export async function send({ slug, body, input, comparison }: Submission): Promise<string> {
  const file = input?.url === undefined ? input?.picture : undefined;
  const sent = input?.url === undefined ? body : { ...body, image: input.url };
  const id = await submit(slug, sent, file);
  const entry: HistoryEntry = {
    ...{ id, slug, body, createdAt: Date.now(), status: 'QUEUED' },
    ...(input && { input: { name: input.name, ...(input.url !== undefined && { url: input.url }) } }),
    ...(comparison !== undefined && { comparison }),
  };
  // What is shown is what a reload would show.
  const storage = await opened();
  await kept(storage.putEntry(entry));
  if (input?.picture) await kept(storage.putPictures(id, { input: input.picture }));
  entries.set([entry, ...entries.get()]);
  follower.follow(id);
  return id;
}

/** Ends a request; one that has ended by itself meanwhile is left as it is. */
export async function cancelRequest(id: string): Promise<void> {
  try {
    await client.cancel(id);
  } catch (error) {
    if (!(error instanceof CallFailed) || (error.status !== 409 && error.status !== 404)) throw error;
  }
}

/** Takes requests out of the history, with their pictures; those that have not ended are cancelled. */
export async function deleteEntries(ids: readonly string[]): Promise<void> {
  const doomed = entries.get().filter((entry) => ids.includes(entry.id));
  await kept((await opened()).delete(ids));
  entries.set(entries.get().filter((entry) => !ids.includes(entry.id)));
  if (chosen.get() !== undefined && ids.includes(chosen.get()!)) chosen.set(entries.get()[0]?.id);
  for (const entry of doomed.filter(isUnfinished)) {
    follower.forget(entry.id);
    await cancelRequest(entry.id).catch(() => undefined);
  }
}

export async function picturesOf(id: string): Promise<EntryPictures> {
  return (await opened()).pictures(id);
}

async function keepPictures(id: string, { images }: Result): Promise<void> {
  const storage = await opened();
  const outputs = await Promise.all(images.map(({ url }) => client.picture(url)));
  if (entryOf(id) === undefined) return;
  await kept(storage.putPictures(id, { ...(await storage.pictures(id)), outputs }));
  const thumbnail = await thumbnailOf(outputs[0]!);
  if (thumbnail) await change(id, { thumbnail });
}
