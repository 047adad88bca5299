/** What a checkpoint that was trained on little knows: `known-words.json` in its folder says so. */
export interface KnownWords {
  /** What to call it: "the demo checkpoint". */
  readonly name: string;
  /** A clause for people: what it makes, and what to do about it. */
  readonly note: string;
  /** In lower case. Every other word of a prompt says nothing to it. */
  readonly words: readonly string[];
  /** Prompts that show what it can do. */
  readonly examples: readonly string[];
}

/** The known words of a model that a worker serves. */
export interface ServedKnownWords extends KnownWords {
  readonly model: string;
  /** The names it is served under. */
  readonly serves: readonly string[];
}
