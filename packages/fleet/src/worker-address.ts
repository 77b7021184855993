/**
 * Whether an address is one of a worker, on loopback or at a host that the operator has named: the secret of the fleet is sent nowhere
 * else, since an address is read in a lease, and whoever writes a thread's home could put another one there.
 * @param workers names of hosts; with a dot in front all names that end so are meant
 */
export function isWorkerAddress(workers: readonly string[], address: string): boolean {
  const host = URL.parse(address)?.hostname;
  if (host === undefined) return false;
  return ['127.0.0.1', ...workers].some((name) => host === name || (name.startsWith('.') && host.endsWith(name)));
}
