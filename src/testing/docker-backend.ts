import { randomUUID } from 'node:crypto';
import { DockerServer, type Testcontainers } from './docker-server.js';
import { ClusterStartError, messageOf } from './errors.js';
import { findFreePort } from './free-port.js';
import type { Settings } from './options.js';
import { runProgram } from './run-program.js';
import type { Backend, Server } from './server.js';
import { watchdog } from './watchdog.js';

/**
 * Servers as containers on the host's network, bound to 127.0.0.1, through `testcontainers`. The network of the host is what makes
 * addresses the same for clients and servers; it needs Linux, or a Docker Desktop that offers it.
 */
export class DockerBackend implements Backend {
  readonly name = 'docker';
  readonly #testcontainers: Testcontainers;
  readonly #settings: Settings;
  readonly #id: string;
  readonly #guarded: boolean;

  private constructor(parts: { testcontainers: Testcontainers; settings: Settings; id: string; guarded: boolean }) {
    this.#testcontainers = parts.testcontainers;
    this.#settings = parts.settings;
    this.#id = parts.id;
    this.#guarded = parts.guarded;
  }

  /** Throws `ClusterStartError` (`TESTCONTAINERS_MISSING`, `DOCKER_UNAVAILABLE`). */
  static async create(settings: Settings): Promise<DockerBackend> {
    const testcontainers = await loadTestcontainers();
    try {
      await testcontainers.getContainerRuntimeClient();
    } catch (cause) {
      throw new ClusterStartError('DOCKER_UNAVAILABLE', `Docker does not answer: ${messageOf(cause)}`, { cause });
    }
    settings.log(`${settings.flavor} in containers of ${settings.image}`);
    const id = randomUUID();
    const guarded = (await runProgram('docker', ['--version'])).code === 0;
    if (guarded) watchdog.guard(labelOf(id));
    return new DockerBackend({ testcontainers, settings, id, guarded });
  }

  async create(name: string): Promise<Server> {
    const { image } = this.#settings;
    const parts = { testcontainers: this.#testcontainers, image, label: this.#id, reaped: !this.#guarded, name };
    return new DockerServer(parts, await findFreePort());
  }

  async close(): Promise<void> {
    watchdog.release(labelOf(this.#id));
  }
}

function labelOf(id: string): string {
  return `label=mysql2-cluster=${id}`;
}

async function loadTestcontainers(): Promise<Testcontainers> {
  try {
    return await import('testcontainers');
  } catch (cause) {
    const message = "the docker backend needs the package 'testcontainers': npm install --save-dev testcontainers";
    throw new ClusterStartError('TESTCONTAINERS_MISSING', message, { cause });
  }
}
