/** The files that a graph takes its weights from. */
import { realpathSync, statSync } from 'node:fs'
import { dirname, relative, sep } from 'node:path'
import type { TensorInfo } from '../../checkpoints/checkpoint'
import { WeightFileChangedError } from './graph-errors'

interface Stamp {
  readonly size: number
  readonly modified: number
}

/** Weight files by their true names, as they were when the graph was made. */
export class WeightFiles {
  /** The folder that all of them are in or below. */
  readonly folder: string
  private readonly stamps: ReadonlyMap<string, Stamp>
  private readonly realPaths: ReadonlyMap<string, string>

  /** @throws WeightFileChangedError for a file that is gone or shorter than its tensors need */
  constructor(
    private readonly model: string,
    infos: readonly TensorInfo[],
  ) {
    const ends = new Map<string, number>()
    for (const { file, end } of infos) ends.set(file, Math.max(end, ends.get(file) ?? 0))
    this.realPaths = new Map([...ends.keys()].map(file => [file, this.look(file, () => realpathSync(file))]))
    this.stamps = new Map([...ends.keys()].map(file => [file, this.stampOf(file)]))
    for (const [file, { size }] of this.stamps) {
      if (size < (ends.get(file) as number)) throw new WeightFileChangedError(model, file, `has only ${size} bytes now`)
    }
    this.folder = commonFolder([...this.realPaths.values()])
  }

  /** Names a tensor's file relative to {@link folder}. */
  locate({ file, begin, end }: TensorInfo): Pick<TensorInfo, 'file' | 'begin' | 'end'> {
    const path = relative(this.folder, this.realPaths.get(file) as string)
    return { file: path.split(sep).join('/'), begin, end }
  }

  /** Makes sure that the files are what they were: a graph reads from them while it runs. @throws WeightFileChangedError */
  check(): void {
    for (const [file, { size, modified }] of this.stamps) {
      const now = this.stampOf(file)
      if (now.size !== size)
        throw new WeightFileChangedError(this.model, file, `had ${size} bytes and has ${now.size} now`)
      if (now.modified !== modified) throw new WeightFileChangedError(this.model, file, 'was written to since')
    }
  }

  private stampOf(file: string): Stamp {
    return this.look(file, () => {
      const { size, mtimeMs } = statSync(file)
      return { size, modified: mtimeMs }
    })
  }

  private look<T>(file: string, action: () => T): T {
    try {
      return action()
    } catch (cause) {
      throw new WeightFileChangedError(this.model, file, `cannot be read any more: ${(cause as Error).message}`, cause)
    }
  }
}

function commonFolder(files: readonly string[]): string {
  const [first = '', ...rest] = files.map(file => dirname(file))
  return rest.reduce((folder, other) => {
    let common = folder
    while (other !== common && !other.startsWith(common.endsWith(sep) ? common : common + sep)) common = dirname(common)
    return common
  }, first)
}
