import dns from 'node:dns';
import { isIP } from 'node:net';
import { promisify } from 'node:util';
import { formatAddress } from '../address.js';
import type { Clock, Timer } from '../clock.js';
import { readRdsEndpoint } from '../rds-endpoint.js';
import type { Seed } from '../seeds.js';
import type { Address } from '../topology/node-report.js';

/** What DNS is asked. */
export interface NameService {
  /** All addresses of a host, as the system finds them (hosts file, search domains). */
  lookup(host: string): Promise<readonly { readonly address: string; readonly family: number }[]>;
  /** The targets of a service. */
  service(name: string): Promise<readonly { readonly name: string; readonly port: number }[]>;
}

// Taken from the module at each call: what an application sets by `dns.setServers()` holds here too.
const system: NameService = {
  lookup: (host) => promisify(dns.lookup)(host, { all: true, verbatim: true }),
  service: (name) => promisify(dns.resolveSrv)(name),
};

/** What the names among the seeds need of their surroundings. */
export interface SeedNamesContext {
  readonly clock: Clock;
  /** The first answers are waited for that long, ms; then the names stand for themselves. */
  readonly timeoutMs: number;
  /** Called when the first answers are there, and whenever they change. */
  readonly onChange: () => void;
  readonly names?: NameService;
}

/** Names are asked for again after this time, ms. */
const REFRESH_MS = 30_000;
/** When a seed fails they are asked for at once, but not more often than this. */
const PAUSE_MS = 1000;

/**
 * The addresses that the seeds stand for. A service (SRV) stands for its targets, a host name with several addresses of one
 * family for each of them (a headless service), any other name for itself: the connection finds its address then. Names are
 * asked for again from time to time and when a seed fails; while DNS fails, what it told last holds.
 */
export class SeedNames {
  readonly #context: SeedNamesContext;
  readonly #names: NameService;
  readonly #targets = new Map<Seed, readonly Seed[]>();
  readonly #errors = new Map<Seed, Error>();
  readonly #named: readonly Seed[];
  #byAddress: ReadonlyMap<Address, Seed> = new Map();
  #askedAt = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;
  #asking = false;
  #stopped = false;
  /** The first answers are there, or have been waited for long enough. */
  settled: boolean;

  constructor(seeds: readonly Seed[], context: SeedNamesContext) {
    this.#context = context;
    this.#names = context.names ?? system;
    this.#named = seeds.filter(isNamed);
    for (const seed of seeds) this.#targets.set(seed, seed.srv ? [] : [seed]);
    this.settled = this.#named.length === 0;
    this.#collect();
  }

  /** The seeds by the addresses that are to be probed. */
  get byAddress(): ReadonlyMap<Address, Seed> {
    return this.#byAddress;
  }

  /** Why a service has no targets: service → error. */
  get errors(): ReadonlyMap<string, Error> {
    return new Map([...this.#errors].map(([seed, error]) => [seed.address, error]));
  }

  start(): void {
    if (this.settled) return this.#context.onChange();
    const { clock, timeoutMs } = this.#context;
    this.#timer = clock.after(timeoutMs, () => this.#settle());
    void this.#ask();
  }

  /** A seed does not answer: its name may lead elsewhere by now. */
  refresh(): void {
    const { clock } = this.#context;
    if (this.#named.length === 0 || this.#asking || clock.now() - this.#askedAt < PAUSE_MS) return;
    void this.#ask();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  async #ask(): Promise<void> {
    this.#asking = true;
    this.#askedAt = this.#context.clock.now();
    await Promise.all(this.#named.map((seed) => this.#resolve(seed)));
    this.#asking = false;
    if (this.#stopped) return;
    const changed = this.#collect();
    if (!this.settled) this.#settle();
    else if (changed) this.#context.onChange();
    this.#timer?.cancel();
    this.#timer = this.#context.clock.after(REFRESH_MS, () => this.refresh(), true);
  }

  #settle(): void {
    this.settled = true;
    this.#context.onChange();
  }

  async #resolve(seed: Seed): Promise<void> {
    try {
      const targets = seed.srv ? await this.#service(seed) : await this.#host(seed);
      this.#targets.set(seed, targets);
      this.#errors.delete(seed);
    } catch (error) {
      // A host that is not found says so when it is connected to.
      if (seed.srv) this.#errors.set(seed, error as Error);
    }
  }

  async #service(seed: Seed): Promise<readonly Seed[]> {
    const targets = await this.#names.service(seed.host);
    return targets.map(({ name, port }) => at(seed, name, port));
  }

  async #host(seed: Seed): Promise<readonly Seed[]> {
    const found = await this.#names.lookup(seed.host);
    // One address of each family is one server on two networks: the connection takes the one that answers.
    const several = [4, 6].map((family) => found.filter((it) => it.family === family)).find((it) => it.length > 1);
    return several === undefined
      ? [seed]
      : several.map(({ address }) => at({ ...seed, tlsName: seed.tlsName ?? seed.host }, address, seed.port));
  }

  /** True when the addresses are others than before. */
  #collect(): boolean {
    const next = new Map<Address, Seed>();
    for (const targets of this.#targets.values()) {
      for (const seed of targets) if (!next.has(seed.address)) next.set(seed.address, seed);
    }
    const same =
      next.size === this.#byAddress.size && [...next.keys()].every((address) => this.#byAddress.has(address));
    if (!same) this.#byAddress = next;
    return !same;
  }
}

// Endpoints of RDS stand for themselves: their names tell more than their addresses.
function isNamed({ srv, address, host }: Seed): boolean {
  const stands = isIP(host) !== 0 || address.startsWith('127.0.0.1:') || readRdsEndpoint(host) !== undefined;
  return srv || !stands;
}

function at(seed: Seed, host: string, port: number): Seed {
  return Object.freeze({ ...seed, host, port, srv: false, address: formatAddress({ host, port }) });
}
