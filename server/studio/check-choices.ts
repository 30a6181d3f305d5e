/** Checks the components that a job chooses, before it waits. */
import { findName } from '../../components/configs/find-name'
import { ModularError } from '../../src'
import { nearestName } from '../../src/errors/nearest-name'
import type { CatalogEntry } from '../http/catalog'
import { type FieldProblem, pointerTo } from '../http/problem'
import { makeValidator, type Validator } from '../http/validate-inputs'
import type { ChosenComponents, ComponentChoice } from '../jobs/job'
import { makeChosen } from '../worker/chosen-components'
import { CHOOSABLE, type Choosable, type OfferedComponent } from './offered-components'

/** Characters of settings as JSON: more than any needs. */
const LONGEST_SETTINGS = 5_000

/** Validators of settings, which take a moment to make. */
const validators = new WeakMap<OfferedComponent, Validator>()

/** What does not fit, with the places in the body of the request. */
export function checkChoices({ components: offered }: CatalogEntry, chosen: ChosenComponents): FieldProblem[] {
  return CHOOSABLE.flatMap(kind => {
    const choice = chosen[kind]
    if (choice === undefined) return []
    const problem = (detail: string, ...place: string[]): FieldProblem[] => [
      { pointer: pointerTo(['components', kind, ...place]), detail },
    ]
    const choices = offered[kind]?.choices
    if (choices === undefined) return problem(`The pipeline has no ${kind} to choose.`)
    if (JSON.stringify(choice.settings ?? {}).length > LONGEST_SETTINGS) {
      return problem(`The settings may have at most ${LONGEST_SETTINGS} characters as JSON.`, 'settings')
    }
    const found = choices.find(({ name }) => findName([name], choice.name) !== undefined)
    if (found === undefined) {
      const nearest = nearestName(
        choice.name,
        choices.map(({ name }) => name),
      )
      return problem(`There is no such ${kind}.${nearest ? ` Did you mean "${nearest}"?` : ''}`, 'name')
    }
    const problems = validatorOf(found, kind)(choice.settings ?? {})
    return problems.length > 0 ? [...problems] : conflicts(kind, choice)
  })
}

function validatorOf(offered: OfferedComponent, kind: Choosable): Validator {
  const known = validators.get(offered)
  if (known) return known
  const made = makeValidator(offered.settings, ['components', kind, 'settings'])
  validators.set(offered, made)
  return made
}

/** Settings that exclude each other: the component itself knows them. */
function conflicts(kind: Choosable, choice: ComponentChoice): FieldProblem[] {
  try {
    makeChosen({ [kind]: choice }, {})
    return []
  } catch (error) {
    if (!(error instanceof ModularError)) throw error
    return [{ pointer: pointerTo(['components', kind, 'settings']), detail: error.message }]
  }
}
