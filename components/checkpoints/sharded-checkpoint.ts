/**
 * Weights that are spread over several safetensors files, with an index that says which tensor lies where.
 * Counterpart: diffusers utils/hub_utils.py (_get_checkpoint_shard_files).
 */
import { basename, dirname, join } from 'node:path'
import { printableValue } from '../../src/errors/printable'
import { isContainedPath } from '../../src/files/contained-path'
import { WEIGHT_INDEX } from '../../src/format/text-limits'
import { readConfig } from '../configs/read-config'
import type { SafetensorsCheckpoint, SafetensorsTensor } from './checkpoint'
import { isPickleName, PickleCheckpointError } from './pickle-checkpoint-error'
import { SafetensorsError } from './safetensors-error'
import { SafetensorsFile } from './safetensors-file'

/** An open checkpoint of several files; to its reader it looks like one. */
export class ShardedCheckpoint implements SafetensorsCheckpoint {
  private constructor(
    readonly path: string,
    /** The shard of each tensor. */
    private readonly shards: ReadonlyMap<string, SafetensorsFile>,
  ) {}

  /**
   * Opens an index, e.g. `diffusion_pytorch_model.safetensors.index.json`, and all files that it names. These must be beside it.
   *
   * @throws MissingFileError if the index or a shard is not there
   * @throws InvalidConfigError if the index is not a JSON object
   * @throws PickleCheckpointError if a shard is a pickle
   * @throws SafetensorsError if a shard is not right, or if it does not hold what the index says (`invalid-index`)
   */
  static async open(path: string): Promise<ShardedCheckpoint> {
    const folder = dirname(path)
    const index = await readConfig(folder, basename(path), WEIGHT_INDEX)
    const weightMap = parseWeightMap(index['weight_map'], path)
    const files = new Map<string, SafetensorsFile>()
    try {
      for (const name of new Set(weightMap.values())) files.set(name, await SafetensorsFile.open(join(folder, name)))
      return new ShardedCheckpoint(path, assignShards(weightMap, files, path))
    } catch (error) {
      await closeAll(files.values())
      throw error
    }
  }

  get keys(): readonly string[] {
    return [...this.shards.keys()]
  }

  info(key: string): SafetensorsTensor {
    return this.shardOf(key).info(key)
  }

  readFloat32(key: string): Promise<Float32Array> {
    return this.shardOf(key).readFloat32(key)
  }

  readBytes(key: string): Promise<Uint8Array<ArrayBuffer>> {
    return this.shardOf(key).readBytes(key)
  }

  close(): Promise<void> {
    return closeAll(new Set(this.shards.values()))
  }

  private shardOf(key: string): SafetensorsFile {
    const shard = this.shards.get(key)
    if (shard === undefined) {
      throw new SafetensorsError(this.path, 'missing-tensor', 'is not in this checkpoint.', { tensor: key })
    }
    return shard
  }
}

/** The file name of each tensor's shard. */
function parseWeightMap(weightMap: unknown, path: string): Map<string, string> {
  if (typeof weightMap !== 'object' || weightMap === null || Array.isArray(weightMap)) {
    throw new SafetensorsError(path, 'invalid-index', '"weight_map" must be an object from tensors to file names.')
  }
  return new Map(
    Object.entries(weightMap).map(([tensor, name]: [string, unknown]) => {
      // A name and no path: an index must not lead out of its folder.
      if (!isContainedPath(name) || name.includes('/')) {
        const detail = `is said to be in ${printableValue(name)}, expected the name of a file beside the index.`
        throw new SafetensorsError(path, 'invalid-index', detail, { tensor })
      }
      if (isPickleName(name)) throw new PickleCheckpointError(join(dirname(path), name))
      return [tensor, name]
    }),
  )
}

function assignShards(
  weightMap: ReadonlyMap<string, string>,
  files: ReadonlyMap<string, SafetensorsFile>,
  path: string,
): Map<string, SafetensorsFile> {
  const names = new Map([...files].map(([name, file]) => [name, new Set(file.keys)]))
  const shards = new Map<string, SafetensorsFile>()
  for (const [tensor, name] of weightMap) {
    const file = files.get(name)
    if (file === undefined || !file.storedKeys.has(tensor)) {
      const detail = `is said to be in "${name}", but is not there. The index and the files are of different checkpoints.`
      throw new SafetensorsError(path, 'invalid-index', detail, { tensor })
    }
    // Scales belong to their weights.
    if (names.get(name)?.has(tensor)) shards.set(tensor, file)
  }
  return shards
}

async function closeAll(files: Iterable<SafetensorsFile>): Promise<void> {
  for (const file of files) await file.close()
}
