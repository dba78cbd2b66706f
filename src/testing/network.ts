/** How a node is cut off. */
export interface Partition {
  /**
   * `drop` (default): connections are reset, new ones refused. `delay`: bytes arrive `delayMs` later. `blackhole`: bytes vanish,
   * connections stay open, new ones are accepted and silent.
   */
  readonly mode?: 'drop' | 'delay' | 'blackhole';
  /** Delay of each byte each way, in ms. Default 100. Only for `delay`. */
  readonly delayMs?: number;
  /** Which bytes are concerned, seen from the node. Default `'both'`. `drop` is always both. */
  readonly direction?: 'both' | 'toServer' | 'fromServer';
  /** Whether the node's own replication connection to its source, or all of a group's with it, are cut as well. Default `true`. */
  readonly replication?: boolean;
  /** Whether clients are cut off as well. Default `true`. */
  readonly clients?: boolean;
}

/** Server ids are the node's number plus a multiple of this: a node built anew needs another, or it skips its own old transactions. */
export const SERVER_ID_STEP = 100;

/** What happens to a byte: it vanishes, or it is late by so many ms (0: passed on at once). */
export type Treatment = 'vanish' | number;

/** The way of bytes through the relay before the server `to`, on a connection that the server `from` opened, if one did. Both by node number. */
export interface Way {
  readonly to: number;
  readonly from: number | undefined;
  /** The connection belongs to both ends alike: members of one group opened it. */
  readonly mutual?: boolean;
  readonly toServer: boolean;
}

/** Who is cut off from whom, by node number. Relays ask it for every chunk. */
export class Network {
  readonly #partitions = new Map<number, Required<Partition>>();

  cut(node: number, partition: Partition): void {
    const { mode = 'drop', delayMs = 100, direction = 'both', replication = true, clients = true } = partition;
    const ways = mode === 'drop' ? 'both' : direction;
    this.#partitions.set(node, { mode, delayMs, direction: ways, replication, clients });
  }

  heal(node: number): void {
    this.#partitions.delete(node);
  }

  /** Nothing passes, one way at least. */
  isCut(node: number): boolean {
    const partition = this.#partitions.get(node);
    return partition !== undefined && partition.mode !== 'delay';
  }

  /** Nothing passes and nothing says so. */
  isSilent(node: number): boolean {
    const partition = this.#partitions.get(node);
    return partition?.mode === 'blackhole' && partition.clients;
  }

  /** The connection must be reset: one of its ends is dropped. */
  isDropped(way: Omit<Way, 'toServer'>): boolean {
    return this.#incoming(way)?.mode === 'drop' || this.#outgoing(way.from)?.mode === 'drop';
  }

  treat(way: Way): Treatment {
    if (this.#partitions.size === 0) return 0;
    const near = treatmentBy(this.#incoming(way), way.toServer);
    const far = treatmentBy(this.#outgoing(way.from), !way.toServer);
    return near === 'vanish' || far === 'vanish' ? 'vanish' : near + far;
  }

  #incoming({ to, from, mutual }: Omit<Way, 'toServer'>): Required<Partition> | undefined {
    const partition = this.#partitions.get(to);
    if (from === undefined && partition?.clients === false) return undefined;
    return mutual === true && partition?.replication === false ? undefined : partition;
  }

  #outgoing(node: number | undefined): Required<Partition> | undefined {
    const partition = node === undefined ? undefined : this.#partitions.get(node);
    return partition?.replication === true ? partition : undefined;
  }
}

function treatmentBy(partition: Required<Partition> | undefined, toServer: boolean): Treatment {
  if (partition === undefined || partition.direction === (toServer ? 'fromServer' : 'toServer')) return 0;
  switch (partition.mode) {
    case 'delay':
      return partition.delayMs;
    case 'blackhole':
      return 'vanish';
    case 'drop':
      return 0;
  }
}
