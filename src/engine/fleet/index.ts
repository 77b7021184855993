export { FleetThread } from './fleet-thread.ts';
