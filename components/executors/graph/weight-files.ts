/** The files that a graph takes its weights from. */
import { realpathSync, statSync } from 'node:fs'
import nodePath, { relative, sep } from 'node:path'
import type { FileStamp, TensorInfo } from '../../checkpoints/checkpoint'
import { WeightDrivesError, WeightFileChangedError } from './graph-errors'

/** Weight files by their true names, and what they were like when the model was loaded. */
export class WeightFiles {
  /** The folder that all of them are in or below. */
  readonly folder: string
  private readonly stampOfEach = new Map<string, FileStamp>()
  private readonly realPaths: ReadonlyMap<string, string>

  /**
   * @throws WeightFileChangedError for a file that is gone, or no longer what it was when the model was loaded; WeightDrivesError for files of several
   * drives
   */
  constructor(
    private readonly model: string,
    infos: readonly TensorInfo[],
    /** A file that is written later, by its true name. */
    spilled?: string,
  ) {
    for (const { file, stamp } of infos)
      if (!this.stampOfEach.has(file)) this.stampOfEach.set(file, stamp ?? this.stampOf(file))
    this.check()
    this.realPaths = new Map(
      [...this.stampOfEach.keys()].map(file => [file, this.look(file, () => realpathSync(file))]),
    )
    const files = [...this.realPaths.values(), ...(spilled === undefined ? [] : [spilled])]
    const folder = commonFolder(files)
    if (folder === undefined) throw new WeightDrivesError(this.model, files)
    this.folder = folder
  }

  /** What the files were like when the model was loaded. */
  get stamps(): readonly FileStamp[] {
    return [...this.stampOfEach.values()]
  }

  /** Names a tensor's file relative to {@link folder}. */
  locate({ file, begin, end }: TensorInfo): Pick<TensorInfo, 'file' | 'begin' | 'end'> {
    return { file: this.nameOf(this.realPaths.get(file) as string), begin, end }
  }

  /** Names a file that is below {@link folder} as a graph does. */
  nameOf(path: string): string {
    return relative(this.folder, path).split(sep).join('/')
  }

  /** Makes sure that the files are what they were: a graph reads from them while it runs. @throws WeightFileChangedError */
  check(): void {
    for (const [file, { size, modified }] of this.stampOfEach) {
      const now = this.stampOf(file)
      if (now.size !== size)
        throw new WeightFileChangedError(this.model, file, `had ${size} bytes and has ${now.size} now`)
      if (now.modified !== modified) throw new WeightFileChangedError(this.model, file, 'was written to since')
    }
  }

  private stampOf(file: string): FileStamp {
    const { size, mtimeMs: modified } = this.look(file, () => statSync(file))
    return { size, modified }
  }

  private look<T>(file: string, action: () => T): T {
    try {
      return action()
    } catch (cause) {
      throw new WeightFileChangedError(this.model, file, `cannot be read any more: ${(cause as Error).message}`, cause)
    }
  }
}

/**
 * The deepest folder that all files are in or below; `undefined` for files of several drives of Windows.
 *
 * @param system the rules of paths. Default: those of this system
 */
export function commonFolder(
  files: readonly string[],
  { dirname, sep }: Pick<typeof nodePath, 'dirname' | 'sep'> = nodePath,
): string | undefined {
  const [first = '', ...rest] = files.map(file => dirname(file))
  let common = first
  for (const other of rest) {
    while (other !== common && !other.startsWith(common.endsWith(sep) ? common : common + sep)) {
      const parent = dirname(common)
      if (parent === common) return undefined
      common = parent
    }
  }
  return common
}
