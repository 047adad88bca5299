interface Releasable {
  release(): Promise<void>;
}

type Openers = readonly (() => Promise<Releasable>)[];
type AllOpened<Open extends Openers> = { -readonly [Index in keyof Open]: Awaited<ReturnType<Open[Index]>> };

/** Opens all at once; where one fails, those that did not are released. @throws the first one's error. */
export async function openTogether<const Open extends Openers>(open: Open): Promise<AllOpened<Open>> {
  const opening = await Promise.allSettled(open.map((each) => each()));
  const opened = opening.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failure = opening.find((result) => result.status === 'rejected');
  if (failure === undefined) return opened as AllOpened<Open>;
  await Promise.all(opened.map((each) => each.release()));
  throw failure.reason;
}

/** Opens one after the other; where one fails, those before it are released. @throws its error. */
export async function openInTurn<const Open extends Openers>(open: Open): Promise<AllOpened<Open>> {
  const opened: Releasable[] = [];
  try {
    for (const each of open) opened.push(await each());
    return opened as AllOpened<Open>;
  } catch (error) {
    await Promise.all(opened.map((each) => each.release()));
    throw error;
  }
}
