/** What came of an undo, in a sentence for the user. */
export interface UndoResult {
  readonly isDone: boolean;
  readonly message: string;
}
