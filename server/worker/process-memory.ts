/** How much memory a process takes, with those that it has started. */
import { readdir, readFile } from 'node:fs/promises'

/** Bytes of a process and its descendants that are in memory; `undefined` where the system does not tell. Only Linux lists them in files. */
export async function processMemory(pid: number): Promise<number | undefined> {
  try {
    const own = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))
    if (own === null) return undefined
    let bytes = Number(own[1]) * 1024
    for (const child of await childrenOf(pid)) bytes += (await processMemory(child)) ?? 0
    return bytes
  } catch {
    return undefined
  }
}

async function childrenOf(pid: number): Promise<number[]> {
  const children: number[] = []
  for (const thread of await readdir(`/proc/${pid}/task`)) {
    const text = await readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(() => '')
    children.push(...text.split(' ').filter(Boolean).map(Number))
  }
  return children
}
