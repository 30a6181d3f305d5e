/** Warnings of prompts: those of several encoders for one text are alike. */
import type { RunContext } from '../../src'

/** Texts that warnings name one by one. */
const MOST_WARNINGS = 10

/** What is wrong with some texts of a list. */
export interface PromptProblems {
  /** Returns the end of a sentence for a text with a problem: `is empty.` */
  readonly problemOf: (prompt: string) => string | undefined
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
  warnOfEach(code: string, what: string, prompts: readonly string[], { problemOf, more }: PromptProblems): void {
    const problems = prompts.flatMap((prompt, i) => {
      const problem = problemOf(prompt)
      return problem ? [[i, problem] as const] : []
    })
    for (const [i, problem] of problems.slice(0, MOST_WARNINGS)) {
      this.warn(code, `The ${numbered(what, i, prompts)} ${problem}`)
    }
    const others = problems.length - MOST_WARNINGS
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
