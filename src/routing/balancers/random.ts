import type { Balancer } from '../route.js';
import { atPoint } from './weights.js';

/** Any node, as often as its weight says. */
export const random: Balancer = (nodes, context) => atPoint(nodes, context.random());
