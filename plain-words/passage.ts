/** A piece of prose: a paragraph of a page or of a comment, a message, a help text, or the name of a test. */
export interface Passage {
  readonly file: string
  /** The line where it begins, counted from 1. */
  readonly line: number
  readonly kind: 'paragraph' | 'heading' | 'cell' | 'string' | 'test name'
  /** The text, in which {@link NAME} stands for each piece of code and each inserted value. */
  readonly text: string
  /** The text as it is in the file, on one line. */
  readonly source: string
}

/** Stands for code, a link's address or an inserted value: one word, whatever it holds. */
export const NAME = '⟦name⟧'
