export type { FleetAddress } from './fleet-api.ts';
export { FleetThread } from './fleet-thread.ts';
