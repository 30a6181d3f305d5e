/** Warnings of prompts: those of several encoders for one text are alike. */
import type { RunContext } from '../../src'

/** Texts that warnings name one by one. */
const MOST_WARNINGS = 10

/** What is wrong with some texts of a list. */
export interface PromptProblems {
  /** The end of a sentence for each text, by its place in the list: `is empty.` */
  readonly problems: ReadonlyMap<number, string>
  /** The end of a sentence for all others: `are empty.` */
  readonly more: string
}

/** Warns of each thing once in a run. */
export class PromptWarnings {
  private readonly warned = new Set<string>()

  constructor(private readonly context: RunContext) {}

  /**
   * Warns of the first texts with a problem one by one, and once of all others.
   *
   * @param what - what the texts are: `prompt`
   * @param prompts - all texts
   */
  warnOfEach(code: string, what: string, prompts: readonly string[], { problems, more }: PromptProblems): void {
    const shown = [...problems].slice(0, MOST_WARNINGS)
    for (const [i, problem] of shown) this.warn(code, `The ${numbered(what, i, prompts)} ${problem}`)
    const others = problems.size - shown.length
    if (others > 0) this.warn(code, `${others} more ${what}s ${more}`)
  }

  private warn(code: string, message: string): void {
    if (this.warned.has(message)) return
    this.warned.add(message)
    this.context.warn(code, message)
  }
}

/** `prompt`, or `prompt 2` where there are several. */
function numbered(what: string, index: number, all: readonly unknown[]): string {
  return all.length === 1 ? what : `${what} ${index + 1}`
}
