/** The pending step was given up because the turn was interrupted. Cleanup may still write. */
export class TurnInterrupted extends Error {
  constructor() {
    super('the turn was interrupted');
    this.name = 'TurnInterrupted';
  }
}
