import { describe, expect, it } from 'vitest';
import { Network } from '../../../src/testing/network.js';

const clientToOne = { to: 1, from: undefined, toServer: true };
const oneToClient = { to: 1, from: undefined, toServer: false };
const twoAsksOne = { to: 1, from: 2, toServer: true };
const oneSendsTwo = { to: 1, from: 2, toServer: false };

describe('Network', () => {
  it('passes everything at first and after heal', () => {
    const network = new Network();
    expect(network.treat(clientToOne)).toBe(0);
    network.cut(1, { mode: 'blackhole' });
    expect(network.treat(clientToOne)).toBe('vanish');
    network.heal(1);
    expect(network.treat(clientToOne)).toBe(0);
  });

  it('sees directions from the node that is cut off', () => {
    const network = new Network();
    network.cut(2, { mode: 'blackhole', direction: 'toServer' });
    expect([network.treat(oneSendsTwo), network.treat(twoAsksOne)]).toEqual(['vanish', 0]);
    network.cut(2, { mode: 'blackhole', direction: 'fromServer' });
    expect([network.treat(oneSendsTwo), network.treat(twoAsksOne)]).toEqual([0, 'vanish']);
    network.cut(1, { mode: 'blackhole', direction: 'fromServer' });
    expect([network.treat(oneToClient), network.treat(clientToOne)]).toEqual(['vanish', 0]);
  });

  it('adds the delays of both ends', () => {
    const network = new Network();
    network.cut(1, { mode: 'delay' });
    network.cut(2, { mode: 'delay', delayMs: 30 });
    expect([network.treat(oneToClient), network.treat(oneSendsTwo)]).toEqual([100, 130]);
  });

  it('spares what members of a group say to each other if told so, whoever opened the connection', () => {
    const network = new Network();
    const member = { to: 2, from: 1, mutual: true, toServer: true };
    network.cut(2, { mode: 'blackhole' });
    expect([network.treat(member), network.treat({ ...member, to: 1, from: 2 })]).toEqual(['vanish', 'vanish']);
    network.cut(2, { mode: 'blackhole', replication: false });
    expect([network.treat(member), network.treat({ ...member, to: 1, from: 2 })]).toEqual([0, 0]);
    expect(network.treat({ to: 2, from: undefined, toServer: true })).toBe('vanish');
  });

  it('spares clients if told so', () => {
    const network = new Network();
    network.cut(1, { clients: false });
    expect([network.isDropped(clientToOne), network.isDropped(twoAsksOne)]).toEqual([false, true]);
    network.cut(1, { mode: 'blackhole', clients: false });
    expect([network.treat(clientToOne), network.treat(twoAsksOne)]).toEqual([0, 'vanish']);
  });

  it('drops both ways whatever the direction, and spares replication if told so', () => {
    const network = new Network();
    network.cut(2, { direction: 'toServer' });
    expect([network.isDropped({ to: 2, from: undefined }), network.isDropped({ to: 1, from: 2 })]).toEqual([
      true,
      true,
    ]);
    expect(network.isDropped({ to: 1, from: undefined })).toBe(false);
    network.cut(2, { replication: false });
    expect([network.isDropped({ to: 2, from: undefined }), network.isDropped({ to: 1, from: 2 })]).toEqual([
      true,
      false,
    ]);
  });
});
