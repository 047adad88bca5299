import type { LocatedWeight } from '../../../graphs/locate-weights.ts';
import type { NetworkSession } from '../network-session.ts';
import type { TensorValue } from '../tensor-values.ts';

/** Values of weights by their keys. */
export type WeightValues = Readonly<Record<string, TensorValue>>;

/** A network that is to be loaded with weights which lie in memory of ours. */
export interface GivenNetwork {
  readonly weights: readonly LocatedWeight[];
  /** The same for networks that differ in nothing but what their weights are. */
  readonly architecture: string;
  /**
   * Loads the graph with these values, which it uses as they are.
   * @returns also the weights that it could not use so and has loaded from their file.
   */
  open(values: WeightValues): Promise<OpenedNetwork>;
}

export interface OpenedNetwork {
  readonly session: NetworkSession;
  readonly refused: readonly string[];
}

/** Memory outside of the sessions that networks have their weights in. */
export interface OwnWeights {
  open(network: GivenNetwork): Promise<NetworkSession>;
}
