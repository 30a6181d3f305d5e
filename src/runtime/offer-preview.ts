/** Previews that are made when somebody asks for them, and only as long as the run waits. */
import { PreviewExpiredError } from '../errors/preview-expired-error'
import type { PreviewEvent, PreviewImage } from './events'
import { isPromise, type MaybePromise } from './maybe-promise'

/** Tells listeners of a preview. Waits until they have looked at it, and until all pictures are made that they have asked for. */
export function offerPreview(
  place: Pick<PreviewEvent, 'path' | 'step' | 'total'>,
  makeImages: () => Promise<readonly PreviewImage[]>,
  emit: (event: PreviewEvent) => MaybePromise<void>,
): MaybePromise<void> {
  let isOver = false
  const pending: Promise<unknown>[] = []
  const images = async () => {
    if (isOver) throw new PreviewExpiredError(place.path, place.step)
    const making = makeImages()
    pending.push(making.catch(() => undefined)) // The caller that requested them gets the error.
    return making
  }
  const end = (): MaybePromise<void> => {
    if (pending.length > 0) return Promise.all(pending.splice(0)).then(end)
    isOver = true
  }
  const told = emit({ type: 'preview', ...place, images })
  return isPromise(told) ? (told.finally(end) as Promise<void>) : end()
}
