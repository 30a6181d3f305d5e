/** Holds our results against all cases of a folder of goldens at once. */
import { type CaseResult, GoldensRequestError, type GoldensSelection, runGoldens } from './run-goldens'

/** Cases of a folder of goldens do not agree with what we compute. */
export class GoldensFailedError extends Error {
  constructor(
    folder: string,
    /** How all cases went. */
    readonly results: readonly CaseResult[],
  ) {
    const failed = results.filter(({ status }) => status !== 'passed')
    const lines = failed.map(({ area, name, status, problem }) => `  - ${area}/${name} ${status}: ${problem ?? ''}`)
    super(`${failed.length} of ${results.length} cases of ${folder} did not pass:\n${lines.join('\n')}`)
    this.name = 'GoldensFailedError'
  }
}

/**
 * Runs the selected cases of a folder of goldens, one after another.
 *
 * ```ts
 * test('as recorded', () => checkGoldens('goldens', { areas: ['schedulers'] }))
 * ```
 * @throws GoldensFailedError naming each case that did not pass, with the first number that is off; GoldensRequestError if the folder holds no goldens, or
 * none that is asked for
 */
export async function checkGoldens(
  folder: string | URL,
  selection: GoldensSelection = {},
): Promise<readonly CaseResult[]> {
  const results: CaseResult[] = []
  for await (const result of runGoldens(folder, selection)) results.push(result)
  if (results.length === 0) throw new GoldensRequestError(`${folder} has no case that is selected.`)
  if (results.some(({ status }) => status !== 'passed')) throw new GoldensFailedError(String(folder), results)
  return results
}
