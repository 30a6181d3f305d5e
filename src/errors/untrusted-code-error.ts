/** Code that somebody else wrote, and that nobody has said to trust. */
import { ModularError } from './modular-error'
import { printableName } from './printable'

/** Why code is not run. */
export type UntrustedCodeReason = 'not-trusted' | 'not-pinned' | 'changed'

/** What a model's folder would have had run. */
export interface RefusedCode {
  /** Folder or repository, as the caller named it. */
  readonly source: string
  /** Where its files lie, to be read. */
  readonly folder: string
  /** What pins exactly this code: a commit, or `sha256:…` of the files of a folder. */
  readonly revision: string
  /** The module that would have run first. */
  readonly module: string
  /** The class that would have been made. */
  readonly className: string
  /** All files of code, which the module may ask for, with their sizes in bytes. */
  readonly files: ReadonlyMap<string, number>
  /** Packages that it asks for, with their versions. */
  readonly requirements: Readonly<Record<string, string>>
}

/** Files that a message names. */
const MOST_FILES = 8

/** Code of a model's folder was not run: it was not trusted, what was trusted is not pinned, or it is not what was trusted. */
export class UntrustedCodeError extends ModularError {
  override readonly code = 'UNTRUSTED_CODE'

  constructor(
    /** Why the code is not trusted. */
    readonly reason: UntrustedCodeReason,
    /** What would have run. */
    readonly refused: RefusedCode,
    /** The revision that the caller gave. */
    given: string | undefined,
  ) {
    const { source, folder, revision } = refused
    const why = {
      'not-trusted': `${source} contains custom code, which runs only if you trust it.`,
      'not-pinned':
        `${source} contains custom code, and trustRemoteCode needs a pinned revision, not ${given === undefined ? 'any revision' : JSON.stringify(given)}: ` +
        'the contents of a branch, a tag or a folder can change.',
      changed: `the code of ${source} is not that of the trusted revision ${JSON.stringify(given)}.`,
    }[reason]
    super(
      `${why} ${whatWouldRun(refused)} Read it in ${folder}. If you trust it, pass { trustRemoteCode: true, revision: ${JSON.stringify(revision)} }.`,
    )
  }
}

function whatWouldRun({ module, className, files, requirements }: RefusedCode): string {
  const listed = [...files].slice(0, MOST_FILES).map(([file, size]) => `${printableName(file)} (${size} bytes)`)
  const others = files.size > MOST_FILES ? ` and ${files.size - MOST_FILES} more` : ''
  const packages = Object.entries(requirements).map(([name, range]) => printableName(`${name} ${range}`))
  const needs = packages.length > 0 ? `, which asks for ${packages.join(', ')}` : ''
  return `It would have run ${module} and created its class ${className}${needs}; its code files are ${listed.join(', ')}${others}.`
}
