/** Where a prompt comes from: the command line, standard input or a file. */
import { readText } from '../src/files/read-text'
import { InvalidPromptError } from './invalid-prompt-error'
import { readStandardInput, type StandardInputProblem } from './read-standard-input'

/** Longest prompt, in bytes. No text model reads a thousandth of it. */
const LONGEST = 2 ** 20

/**
 * Returns the prompt: the words, or the text on standard input if they are `-`, or that of a file.
 *
 * @throws InvalidPromptError for no prompt, two prompts, or a text that cannot be read
 */
export async function readPrompt(words: readonly string[], file: string | undefined): Promise<string> {
  if (file === undefined) {
    if (words.length === 0)
      throw new InvalidPromptError('is missing. Say what the picture should show: generate "red apple"')
    const prompt = words.join(' ')
    return prompt === '-' ? readInput() : prompt
  }
  if (words.length > 0)
    throw new InvalidPromptError('was given twice: in words and by --prompt-file. Leave out one of them.')
  if (file === '-') return readInput()
  try {
    return oneLine(await readText(file, LONGEST))
  } catch (cause) {
    throw new InvalidPromptError(`cannot be read from ${file}: ${(cause as Error).message}`, cause)
  }
}

async function readInput(): Promise<string> {
  const problems: Readonly<Record<StandardInputProblem, string>> = {
    'too-long': `on standard input is longer than ${LONGEST} bytes. Shorten it.`,
    'is-folder': 'on standard input is a folder. Pass a text: generate - < prompt.txt',
  }
  const bytes = await readStandardInput(LONGEST, problem => new InvalidPromptError(problems[problem]))
  return oneLine(bytes.toString('utf8'))
}

/** A text of several lines as one line, as text models take it. */
function oneLine(text: string): string {
  return text
    .replace(/^\uFEFF/, '')
    .split(/[\r\n]+/)
    .map(line => line.trim())
    .filter(line => line !== '')
    .join(' ')
}
