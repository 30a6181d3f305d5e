/** Runs the cases of a folder of goldens. */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathOf } from '../../src/files/path-of'
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
  /** Area of the case, e.g. `schedulers`. */
  readonly area: string
  /** Name of the case. */
  readonly name: string
  /** How the case went. */
  readonly status: 'passed' | 'failed' | 'unsupported'
  /** What was wrong. */
  readonly problem?: string
}

/** The runner is asked for something that is not there. */
export class GoldensRequestError extends Error {
  constructor(problem: string) {
    super(problem)
    this.name = 'GoldensRequestError'
  }
}

interface CaseEntry {
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

/** Runs the selected cases one after another and yields how each went.
 * @throws GoldensRequestError if the folder holds no goldens, or none of an area that is asked for */
export async function* runGoldens(place: string | URL, selection: GoldensSelection = {}): AsyncIterable<CaseResult> {
  const folder = pathOf(place, 'folder')
  const cases = await readIndex(folder)
  const known = new Set(cases.map(({ area }) => area))
  for (const area of selection.areas ?? []) {
    if (!known.has(area))
      throw new GoldensRequestError(`${folder} has no area "${area}"; it has ${[...known].join(', ')}.`)
  }
  const isSelected = matcher(selection.casePattern)
  for (const entry of cases) {
    if (selection.areas && !selection.areas.includes(entry.area)) continue
    yield* runCase({ ...entry, path: join(folder, entry.path) }, isSelected)
  }
}

async function readIndex(folder: string): Promise<readonly CaseEntry[]> {
  try {
    return (JSON.parse(await readFile(join(folder, 'index.json'), 'utf8')) as { cases: CaseEntry[] }).cases
  } catch (error) {
    throw new GoldensRequestError(
      `${folder} holds no goldens: its index.json cannot be read (${(error as Error).message}).`,
    )
  }
}

/** Runs those parts of a case whose name is selected. */
async function* runCase(entry: CaseEntry, isSelected: (name: string) => boolean): AsyncIterable<CaseResult> {
  const { area, name, path } = entry
  let json: Json
  try {
    json = JSON.parse(await readFile(join(path, 'case.json'), 'utf8')) as Json
  } catch (error) {
    if (isSelected(name)) yield { area, name, status: 'failed', problem: failureText(error) }
    return
  }
  for (const part of areas[area]?.partsOf?.(json) ?? ['']) {
    const fullName = part === '' ? name : `${name}/${part}`
    if (isSelected(fullName)) yield await runPart({ area, name: fullName, path }, json, part)
  }
}

async function runPart({ area, name, path }: CaseEntry, json: Json, part: string): Promise<CaseResult> {
  let golden: GoldenCase | undefined
  try {
    const checks = areas[area]
    if (checks === undefined) throw new UnsupportedGoldenError(`the area "${area}"`)
    golden = await GoldenCase.open(area, name, path, json)
    await checks.check(golden, part)
    return { area, name, status: 'passed' }
  } catch (error) {
    const status = error instanceof UnsupportedGoldenError ? 'unsupported' : 'failed'
    return { area, name, status, problem: failureText(error) }
  } finally {
    await golden?.close()
  }
}

function failureText(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}
