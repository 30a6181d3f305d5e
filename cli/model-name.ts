/** How the record of a run names models. */
import { basename } from 'node:path'
import { absolutePath } from '../src/files/absolute-path'
import { isRepositoryId } from '../src/hub/repository-resolver'

/** Names a model in a record: the id of a repository, or a folder's own name. */
export function modelName(model: string): string {
  return isRepositoryId(model) ? model : basename(absolutePath(model))
}
