/** Art direction around a client's prompt. */
export interface StyleTemplate {
  /** Holds `{prompt}` exactly once. */
  readonly prompt: string;
  readonly negativePrompt: string;
}
