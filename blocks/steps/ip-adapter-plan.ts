/** How many pictures IP-Adapters get, as far as it is known before a run begins. */
import { type Adapters, IP_ADAPTER, type IPAdapterSet, type TensorPlaceholder } from '../../components'
import type { RunPlan } from '../../src'

/** The name of the number of pictures of an adapter in {@link RunPlan.widths}. */
const nameOf = (adapter: number) => `ipAdapterPictures.${adapter}`

/** The numbers of pictures for the plan of a run. */
export function ipAdapterWidths(pictures: readonly (number | undefined)[]): Readonly<Record<string, number>> {
  return Object.fromEntries(pictures.flatMap((count, i) => (count === undefined ? [] : [[nameOf(i), count]])))
}

/** Placeholders for the tokens that a call of so many samples gets; `undefined` if nothing is known of them. */
export function plannedTokens(
  adapters: Adapters,
  batch: number,
  widths: RunPlan['widths'] = {},
): readonly TensorPlaceholder[] | undefined {
  const set = adapters.get<IPAdapterSet>(IP_ADAPTER)
  return set?.placeholders(
    batch,
    set.adapters.map((_, i) => widths[nameOf(i)]),
  )
}
