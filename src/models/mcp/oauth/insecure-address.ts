const LOCAL_NAMES: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

/**
 * Refuses an address that what is secret would be sent to, or that the user would be sent to, without encryption. Addresses of this
 * machine need none.
 * @param what whose address it is, for the message @throws Error with a reason for the user
 */
export function refuseInsecure(address: string, what: string): void {
  const url = URL.parse(address);
  if (url === null) throw new Error(`${what} is malformed`);
  const { protocol, hostname } = url;
  if (protocol === 'https:' || (protocol === 'http:' && LOCAL_NAMES.includes(hostname))) return;
  throw new Error(`${what} must start with https://, not ${protocol}//`);
}
