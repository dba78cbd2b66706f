import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listenOnFreePort } from '../../../src/testing/free-port.js';
import { Network } from '../../../src/testing/network.js';
import { Relay } from '../../../src/testing/relay.js';

let server: Server;
let network: Network;
let relay: Relay;
let sockets: Socket[];

beforeEach(async () => {
  sockets = [];
  network = new Network();
  server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket.on('error', () => undefined));
    socket.pipe(socket);
  });
  const port = await listenOnFreePort(server);
  relay = await Relay.create({ node: 1, port: () => port }, network);
  await relay.serverUp();
});

afterEach(async () => {
  relay.close();
  for (const socket of sockets) socket.destroy();
  server.close();
});

async function open(): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port: relay.port });
  sockets.push(socket);
  await once(socket, 'connect');
  return socket.on('error', () => undefined);
}

async function echo(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  let got = '';
  while (got.length < text.length) got += String((await once(socket, 'data'))[0]);
  return got;
}

const errorOf = async (socket: Socket): Promise<unknown> =>
  (await once(socket, 'error').catch((error: unknown) => [error]))[0];

describe('Relay', () => {
  it('passes bytes and ends both ways', async () => {
    const socket = await open();
    expect(await echo(socket, 'x'.repeat(2_000_000))).toHaveLength(2_000_000);
    socket.end();
    await once(socket, 'end');
  });

  it('resets and refuses while the server is down, and keeps its port', async () => {
    const socket = await open();
    await echo(socket, 'a');
    const { port } = relay;
    const error = errorOf(socket);
    relay.serverDown();
    expect(await error).toMatchObject({ code: 'ECONNRESET' });
    expect(await errorOf(connect({ host: '127.0.0.1', port }))).toMatchObject({ code: 'ECONNREFUSED' });
    await relay.serverUp();
    expect(await echo(await open(), 'b')).toBe('b');
    expect(relay.port).toBe(port);
  });

  it('keeps the order of bytes when a delay ends', async () => {
    const socket = await open();
    network.cut(1, { mode: 'delay', delayMs: 200, direction: 'toServer' });
    const got: string[] = [];
    socket.on('data', (chunk) => got.push(chunk.toString()));
    socket.write('1');
    await sleep(50);
    network.heal(1);
    socket.write('2');
    await expect.poll(() => got.join(''), { timeout: 20_000 }).toBe('12');
  });

  it('resets only the connections that lost bytes when a black hole ends', async () => {
    const [used, idle] = [await open(), await open()];
    await echo(used, 'a');
    await echo(idle, 'a');
    network.cut(1, { mode: 'blackhole' });
    used.write('lost');
    await sleep(100);
    const error = errorOf(used);
    network.heal(1);
    await relay.refresh();
    expect(await error).toMatchObject({ code: 'ECONNRESET' });
    expect(await echo(idle, 'still here')).toBe('still here');
  });

  it('cuts the connection of a replica that is dropped, as soon as it says who it is', async () => {
    network.cut(2, { mode: 'drop' });
    const [client, replica] = [await open(), await open()];
    const register = Buffer.alloc(22);
    register.writeUIntLE(18, 0, 3);
    register[4] = 0x15;
    register.writeUInt32LE(302, 5);
    const error = errorOf(replica);
    replica.write(register);
    expect(await error).toMatchObject({ code: 'ECONNRESET' });
    expect(await echo(client, 'a')).toBe('a');
  });
});
