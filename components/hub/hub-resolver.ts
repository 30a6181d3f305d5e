/** Lets every component and index be loaded by the id of a repository on the Hub. */
import { join } from 'node:path'
import { z } from 'zod'
import { isContainedPath } from '../../src/files/contained-path'
import { readText } from '../../src/files/read-text'
import { parseJson } from '../../src/format/parse-json'
import { WEIGHT_INDEX } from '../../src/format/text-limits'
import {
  type RepositoryPart,
  type RepositoryResolver,
  registerRepositoryResolver,
} from '../../src/hub/repository-resolver'
import { missingWeights } from '../checkpoints/open-checkpoint'
import { isWeightIndex, weightCandidates } from '../checkpoints/weight-names'
import { fetchSnapshot, lookUp, type Snapshot } from './fetch-snapshot'
import { InvalidRepositoryNameError } from './hub-errors'
import { type HubOptions, openCache } from './hub-options'
import { selectPart } from './model-files'
import { isHubId } from './repository-names'

// Not a record of strings, which would drop a tensor called "__proto__".
const indexSchema = z.object({ weight_map: z.custom<object>(value => typeof value === 'object' && value !== null) })

/** Fetches what a component needs: its config, and the weights of its variant. */
export const hubResolver: RepositoryResolver = {
  isRepositoryId: isHubId,

  async resolve(id, part, options) {
    if (part.subfolder && !isContainedPath(part.subfolder)) {
      throw new InvalidRepositoryNameError(part.subfolder, `is not a folder of the repository ${id}.`)
    }
    const snapshot = await fetchSnapshot(id, names => selectPart(names, part), options)
    if (part.weights !== undefined) await fetchShards(id, part, snapshot, options)
    return snapshot.folder
  },

  findCached(id, part, options) {
    const { cache, revision } = openCache(id, options)
    const { snapshot, missing } = lookUp(cache, revision, names => selectPart(names, part))
    if (snapshot === undefined || missing.length > 0) return undefined
    options.commits?.keep(id, options.revision, snapshot.commit)
    return snapshot.folder
  },
}

registerRepositoryResolver(hubResolver)

/** Fetches the files that the index of the weights names, where an index is what is read. */
async function fetchShards(id: string, part: RepositoryPart, snapshot: Snapshot, options: HubOptions): Promise<void> {
  const { subfolder = '', weights } = part
  if (weights === undefined) return
  const prefix = subfolder === '' ? '' : `${subfolder}/`
  const beside = snapshot.names.filter(name => name.startsWith(prefix)).map(name => name.slice(prefix.length))
  const chosen = weightCandidates(weights).find(name => beside.includes(name))
  if (chosen === undefined) {
    // Only the server knows the other files: the local folder holds no more than was chosen.
    const top = beside.filter(name => !name.includes('/')).sort()
    throw missingWeights(`${id}/${subfolder}`, weights, top)
  }
  if (!isWeightIndex(chosen)) return
  const parsed = indexSchema.safeParse(await readIndex(join(snapshot.folder, prefix + chosen)))
  // The reader of an index refuses a wrong one.
  if (!parsed.success) return
  const shards = new Set(
    Object.values(parsed.data.weight_map as Record<string, unknown>)
      .filter(isContainedPath)
      .map(name => prefix + name),
  )
  await fetchSnapshot(id, names => names.filter(name => shards.has(name)), { ...options, revision: snapshot.commit })
}

async function readIndex(file: string): Promise<unknown> {
  try {
    return parseJson(await readText(file, WEIGHT_INDEX.bytes), WEIGHT_INDEX.values)
  } catch {
    return undefined
  }
}
