export { Observers, type ThreadOpened } from './observers.ts';
