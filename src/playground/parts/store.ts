import { useEffect, useReducer } from 'preact/hooks';

/** A value that views follow. */
export interface Store<Value> {
  get(): Value;
  set(next: Value): void;
  /** Calls back after every change until the returned function is called. */
  subscribe(listener: () => void): () => void;
}

export function createStore<Value>(initial: Value): Store<Value> {
  let value = initial;
  const listeners = new Set<() => void>();
  return {
    get: () => value,
    set: (next) => {
      if (Object.is(next, value)) return;
      value = next;
      for (const listener of [...listeners]) listener();
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/** The store's value now; the view is drawn again when it changes. */
export function useStore<Value>(store: Store<Value>): Value {
  const [, redraw] = useReducer((count: number, _: undefined) => count + 1, 0);
  const drawn = store.get();
  useEffect(() => {
    const follow = () => redraw(undefined);
    // It may have changed between drawing and now.
    if (!Object.is(store.get(), drawn)) follow();
    return store.subscribe(follow);
  }, [store]);
  return drawn;
}
