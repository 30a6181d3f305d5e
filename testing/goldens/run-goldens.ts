/** Runs the cases of a folder of goldens. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { areas } from './areas'
import { GoldenCase, type Json, UnsupportedGoldenError } from './golden-case'

/** Which cases to run. */
export interface GoldensSelection {
  /** Areas; by default all of the folder. */
  areas?: readonly string[] | undefined
  /** Part of the case's name, or a pattern with `*`. */
  casePattern?: string | undefined
}

/** How one case went. */
export interface CaseResult {
  readonly area: string
  readonly name: string
  readonly status: 'passed' | 'failed' | 'unsupported'
  /** What was wrong. */
  readonly problem?: string
}

interface IndexEntry {
  readonly area: string
  readonly name: string
  readonly path: string
}

function matcher(pattern: string | undefined): (name: string) => boolean {
  if (pattern === undefined) return () => true
  if (!pattern.includes('*')) return name => name.includes(pattern)
  const parts = pattern.split('*').map(part => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
  const expression = new RegExp(`^${parts.join('.*')}$`)
  return name => expression.test(name)
}

/** Runs the selected cases one after another and yields how each went. */
export async function* runGoldens(folder: string, selection: GoldensSelection = {}): AsyncIterable<CaseResult> {
  const index = JSON.parse(await readFile(join(folder, 'index.json'), 'utf8')) as { cases: IndexEntry[] }
  const isSelected = matcher(selection.casePattern)
  for (const { area, name, path } of index.cases) {
    if (selection.areas && !selection.areas.includes(area)) continue
    const json = JSON.parse(await readFile(join(folder, path, 'case.json'), 'utf8')) as Json
    const parts = areas[area]?.partsOf?.(json) ?? ['']
    for (const part of parts) {
      const fullName = part === '' ? name : `${name}/${part}`
      if (isSelected(fullName)) yield await runCase({ area, name: fullName, path: join(folder, path) }, json, part)
    }
  }
}

async function runCase({ area, name, path }: IndexEntry, json: Json, part: string): Promise<CaseResult> {
  let golden: GoldenCase | undefined
  try {
    const checks = areas[area]
    if (checks === undefined) throw new UnsupportedGoldenError(`the area "${area}"`)
    golden = await GoldenCase.open(area, name, path, json)
    await checks.check(golden, part)
    return { area, name, status: 'passed' }
  } catch (error) {
    const status = error instanceof UnsupportedGoldenError ? 'unsupported' : 'failed'
    return { area, name, status, problem: error instanceof Error ? `${error.name}: ${error.message}` : String(error) }
  } finally {
    await golden?.close()
  }
}
