/**
 * What things cost a server, in ms of its CPU. Measured on MySQL 9.7.4, one client on the loopback interface, as the time in
 * /proc/PID/stat over 3,000 statements each (1,000 connects), with and without 1,000 idle sessions beside it; rounded up.
 */
export const COSTS = {
  /** The sample: a SELECT of 14 variables by name, `gtid_executed` with one UUID among them (25 to 53 µs). */
  sample: 0.055,
  /** SHOW REPLICA STATUS, and what takes its turn (17 to 33 µs; SHOW SESSION STATUS 70 to 110, once in 60). */
  second: 0.03,
  /** SHOW GLOBAL VARIABLES, as the first sample on a connection (327 to 517 µs), and the one that tells the kind. */
  firstSample: 0.8,
  /** Connecting with caching_sha2_password, whose hash the server remembers, without TLS (270 to 460 µs). */
  connect: 0.31,
  /** SET SESSION after connecting, and a short write. */
  setUp: 0.03,
  write: 0.1,
} as const;

/** Cores of a server. */
export const CORES = 16;
/** There and back, ms: within one region. */
export const ROUND_TRIP_MS = 0.5;
