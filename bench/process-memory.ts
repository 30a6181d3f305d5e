/** How much memory a process and all that it has started hold. Works on Linux. */
import { readdirSync, readFileSync } from 'node:fs'

/** Bytes in memory (RSS), of all processes together. What several of them share, such as the program of Node, counts for each. */
export interface TreeMemory {
  /** Now. */
  readonly rss: number
  /** At most so far, added up: more than there was at once, if they were largest at different times. */
  readonly peak: number
  readonly processes: number
}

/** Returns the memory of a process and of its descendants; `undefined` if it has ended or the system does not tell. */
export function treeMemory(root: number): TreeMemory | undefined {
  const found = processTree(root).flatMap(pid => memoryOf(pid) ?? [])
  if (found.length === 0) return undefined
  const sum = (amounts: readonly number[]) => amounts.reduce((total, amount) => total + amount, 0)
  return { rss: sum(found.map(({ rss }) => rss)), peak: sum(found.map(({ peak }) => peak)), processes: found.length }
}

/** A process and its descendants. */
function processTree(root: number): number[] {
  const childrenOf = new Map<number, number[]>()
  for (const pid of processes()) {
    const parent = parentOf(pid)
    if (parent !== undefined) childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), pid])
  }
  const tree = [root]
  // The list grows while it is gone through.
  for (const pid of tree) tree.push(...(childrenOf.get(pid) ?? []))
  return tree
}

function processes(): number[] {
  try {
    return readdirSync('/proc')
      .filter(name => /^\d+$/.test(name))
      .map(Number)
  } catch {
    return []
  }
}

function parentOf(pid: number): number | undefined {
  const stat = readIfThere(`/proc/${pid}/stat`) ?? ''
  // It follows the name, which may hold any characters, and the state.
  const parent = /^ \S (\d+)/.exec(stat.slice(stat.lastIndexOf(')') + 1))?.[1]
  return parent === undefined ? undefined : Number(parent)
}

function memoryOf(pid: number): { rss: number; peak: number } | undefined {
  const status = readIfThere(`/proc/${pid}/status`)
  const [rss, peak] = ['VmRSS', 'VmHWM'].map(field => new RegExp(`${field}:\\s+(\\d+)`).exec(status ?? '')?.[1])
  return rss === undefined || peak === undefined ? undefined : { rss: Number(rss) * 1024, peak: Number(peak) * 1024 }
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
