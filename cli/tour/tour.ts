/** `tesserae tour`: five small programs, each with a text, its code, its output and its pictures. */
import { mkdir, readFile } from 'node:fs/promises'
import { extname, join, relative } from 'node:path'
import { wrap } from '../../src/documentation/wrap'
import { absolutePath } from '../../src/files/absolute-path'
import { UnwritableFileError } from '../../src/files/unwritable-file-error'
import { colors } from '../colors'
import { abortOnInterrupt } from '../interrupt'
import { packageFolder } from '../package-folder'
import { print } from '../print'
import { Questions } from './questions'
import { runProgram } from './run-program'
import { terminalPicture } from './terminal-picture'
import { TOUR_TEMPLATE } from './tour-project'
import { type TourStep, tourSteps } from './tour-steps'

/** Options of the command, as commander gives them. */
export interface TourOptions {
  /** Runs all steps without asking in between. */
  all?: boolean
}

/** Folder for the files that the programs write, in the current one. */
const FILES = 'tesserae-tour'

/** Longest line of a text. */
const LONGEST_LINE = 80

/**
 * Shows and runs a step of the tour, or all of them. On a terminal it asks before each program, unless one step or `all` is passed.
 *
 * @param number - the step, from 1; all of them by default
 * @throws UnwritableFileError if there can be no folder for the pictures
 * @throws TourProgramError if a program fails
 */
export async function tour(number: number | undefined, { all = false }: TourOptions = {}): Promise<void> {
  const steps = number === undefined ? tourSteps : [tourSteps[number - 1] as TourStep]
  const asks = number === undefined && !all && process.stdin.isTTY && process.stdout.isTTY
  const folder = absolutePath(FILES)
  const interrupt = abortOnInterrupt(() => {})
  const questions = asks ? new Questions(interrupt.signal) : undefined
  try {
    await mkdir(folder, { recursive: true }).catch(error => {
      throw UnwritableFileError.from(folder, error)
    })
    for (const step of steps) {
      await introduce(step)
      if ((await questions?.continues('Press Enter to run it, or q to quit: ')) === false) return
      await runProgram(programOf(step), folder, interrupt.signal)
      await showFiles(step, folder)
      if (step === tourSteps.at(-1)) continue
      const next = `Press Enter for step ${tourSteps.indexOf(step) + 2} of ${tourSteps.length}, or q to quit: `
      if ((await questions?.continues(`\n${next}`)) === false) return
    }
  } finally {
    questions?.close()
    interrupt.release()
  }
  if (steps.at(-1) === tourSteps.at(-1)) print('\nTo change the programs: npx tesserae tour --out my-tour')
}

/** The compiled program of a step. */
function programOf({ name }: TourStep): string {
  return join(packageFolder, 'dist', 'templates', 'tour', `${name}.mjs`)
}

/** Prints the title, the text and the code of a step. */
async function introduce(step: TourStep): Promise<void> {
  const width = Math.min(process.stdout.columns || LONGEST_LINE, LONGEST_LINE)
  const code = await readFile(join(TOUR_TEMPLATE, `${step.name}.mts`), 'utf8')
  const heading = `Step ${tourSteps.indexOf(step) + 1} of ${tourSteps.length}: ${step.title}`
  // Texts and programs are those of this package: their colours may reach the terminal.
  console.log(`\n${colors.bold(wrap(heading, '', width))}\n\n${wrap(step.text, '', width)}\n`)
  console.log(colors.cyan(code))
}

/** Prints what a program has written, and where to read on. */
async function showFiles(step: TourStep, folder: string): Promise<void> {
  print('')
  for (const name of step.files) {
    const file = join(folder, name)
    if (extname(name) === '.png' && process.stdout.isTTY) {
      // Some terminals report 0 columns.
      const columns = process.stdout.columns || LONGEST_LINE
      const picture = await terminalPicture(file, { columns, colorDepth: process.stdout.getColorDepth() })
      // Not for print(), which escapes the codes of colours.
      if (picture !== undefined) console.log(picture)
    }
    print(file)
  }
  print('\nRead on:')
  for (const [task, page] of Object.entries(step.readOn)) {
    print(`  ${task}: ${relative('', join(packageFolder, page))}`)
  }
}
