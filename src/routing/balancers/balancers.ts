import type { Balancer } from '../route.js';
import { adaptive } from './adaptive.js';
import { leastInFlight } from './least-in-flight.js';
import { random } from './random.js';
import { roundRobin } from './round-robin.js';

/** The balancers that the option `balance` names. */
export const balancers: Readonly<Record<'adaptive' | 'round-robin' | 'random' | 'least-in-flight', Balancer>> = {
  adaptive,
  'round-robin': roundRobin,
  random,
  'least-in-flight': leastInFlight,
};
