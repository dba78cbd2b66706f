/** `down`: killed, ended, or not up yet. `paused`: stopped by SIGSTOP; it accepts connections and says nothing. */
export type NodeState = 'running' | 'paused' | 'down';

/** One server of a test cluster. Its properties are those of now: they change with the acts. */
export interface TestNode {
  /** `node-1`, `node-2`, … */
  readonly name: string;
  /** Always `127.0.0.1`. */
  readonly host: string;
  /** The advertised port: the relay's, or the server's own with `relay: false`. Constant. */
  readonly port: number;
  /** `host:port`. */
  readonly address: string;
  /** The port that the server itself listens on; a connection to it goes past the relay. */
  readonly serverPort: number;
  /** A node that is built anew gets another. */
  readonly serverId: number;
  /** The server's UUID (a rebuilt node may have a new one). `undefined` on MariaDB. */
  readonly serverUuid: string | undefined;
  /** As the server says: `9.7.4`, `10.11.18-MariaDB-log`. */
  readonly version: string;
  /** Process id while the server runs; `undefined` in a container. */
  readonly pid: number | undefined;
  /** Container id; `undefined` for a native server. */
  readonly container: string | undefined;
  /** Data directory; in a container, the path there. */
  readonly dataDir: string;
  readonly state: NodeState;
}
